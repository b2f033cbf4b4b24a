/** A namespace of the benchmark's own, gone with it. */

import { randomBytes } from 'node:crypto';
import { Connection, encodeRequest } from './connection.js';
import type { Target } from './target.js';

/** Gives `use` the path of a new namespace, and removes it and what it holds. */
export async function inNamespace<T>(target: Target, use: (path: string) => Promise<T>): Promise<T> {
  const name = `bench-${randomBytes(4).toString('hex')}`;
  const path = `/api/v1/namespaces/${name}`;
  const connection = await Connection.open(target);
  const send = async (method: string, at: string, body: unknown): Promise<number> => {
    const request = encodeRequest(target, method, at, body === undefined ? {} : { body: JSON.stringify(body) });
    return (await connection.send(request)).status;
  };
  try {
    const code = await send('POST', '/api/v1/namespaces', { metadata: { name } });
    if (code !== 201) throw new Error(`the namespace was answered with ${code}`);
    // Pods need it, and a server without controllers has nobody who makes it; where there is one, it may be faster.
    const account = await send('POST', `${path}/serviceaccounts`, { metadata: { name: 'default' } });
    if (account !== 201 && account !== 409) throw new Error(`the service account was answered with ${account}`);
    return await use(path);
  } finally {
    for (const plural of ['pods', 'configmaps']) {
      await send('DELETE', `${path}/${plural}`, { gracePeriodSeconds: 0 });
    }
    await send('DELETE', path, undefined);
    connection.close();
  }
}
