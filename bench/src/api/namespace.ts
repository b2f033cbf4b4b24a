/** A namespace of the benchmark's own, gone with it. */

import { randomBytes } from 'node:crypto';
import { Connection, encodeRequest } from './connection.js';
import type { Target } from './target.js';

/** Times that the objects of a namespace are deleted: a server answers 504 when it runs out of time, and the next time there are fewer. */
const removals = 20;

/** Gives `use` the path of a new namespace, and removes it and what it holds. Rejects when the server refuses to make it. */
export async function inNamespace<T>(target: Target, use: (path: string) => Promise<T>): Promise<T> {
  const path = await createNamespace(target);
  let result: T;
  try {
    result = await use(path);
  } catch (error) {
    // What went wrong first is what counts.
    await removeNamespace(target, path).catch(() => undefined);
    throw error;
  }
  await removeNamespace(target, path);
  return result;
}

async function createNamespace(target: Target): Promise<string> {
  const name = `bench-${randomBytes(4).toString('hex')}`;
  const path = `/api/v1/namespaces/${name}`;
  const connection = await Connection.open(target);
  try {
    await accepted(connection, target, '/api/v1/namespaces', { metadata: { name } });
    // Pods need it, and a server without controllers has nobody who makes it; where there is one, it may be faster.
    await accepted(connection, target, `${path}/serviceaccounts`, { metadata: { name: 'default' } }, [409]);
    return path;
  } finally {
    connection.close();
  }
}

async function accepted(
  connection: Connection,
  target: Target,
  path: string,
  object: unknown,
  alsoGood: readonly number[] = [],
): Promise<void> {
  const request = encodeRequest(target, 'POST', path, { body: JSON.stringify(object) });
  const { status, body } = await connection.send(request, { keepBody: true });
  if (status === 201 || alsoGood.includes(status)) return;
  throw new Error(`the server answered a POST to ${path} with ${status}: ${body?.toString().slice(0, 500).trim()}`);
}

async function removeNamespace(target: Target, path: string): Promise<void> {
  const connection = await Connection.open(target);
  const remove = async (at: string, body: unknown): Promise<number> =>
    (await connection.send(encodeRequest(target, 'DELETE', at, { body: JSON.stringify(body) }))).status;
  try {
    for (const plural of ['pods', 'configmaps']) {
      for (let count = 0; count < removals; count++) {
        if ((await remove(`${path}/${plural}`, { gracePeriodSeconds: 0 })) !== 504) break;
      }
    }
    await remove(path, {});
  } finally {
    connection.close();
  }
}
