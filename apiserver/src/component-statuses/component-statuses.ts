/** componentstatuses: what the health endpoints of the control plane say when somebody asks. Deprecated upstream, served all the same. */

import { request } from 'node:https';
import type { ComponentStatus } from '@kubelab/api/types';
import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import { methodNotSupported } from '@kubelab/apimachinery/status-error';
import { transientEntry } from '../registry/transient-entry.js';
import type { Entry, ResourceStore } from '../storage/store.js';

const groupResource = { group: '', resource: 'componentstatuses' };
const probeTimeoutMs = 5_000;

export interface Probe {
  name: string;
  /** Resolves with the message of a healthy component, rejects for another. */
  check(): Promise<string>;
}

/** Upstream's components, where upstream looks for them. */
export function controlPlaneProbes(etcdHealthy: () => Promise<void>): Probe[] {
  return [
    { name: 'controller-manager', check: () => fetchHealth('https://127.0.0.1:10257/healthz') },
    { name: 'etcd-0', check: () => etcdHealthy().then(() => 'ok') },
    { name: 'scheduler', check: () => fetchHealth('https://127.0.0.1:10259/healthz') },
  ];
}

/** The certificates of these endpoints are their own: upstream does not check them either. */
function fetchHealth(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { rejectUnauthorized: false, timeout: probeTimeoutMs, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text = (text + chunk).slice(0, 1024);
      });
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`unhealthy http status code: ${response.statusCode} and body: ${text}`));
      });
    });
    asked.on('timeout', () => asked.destroy(new Error('context deadline exceeded')));
    asked.on('error', (error) => reject(new Error(`Get ${JSON.stringify(url)}: ${error.message}`)));
    asked.end();
  });
}

/** A store whose objects are made on every read. There is nothing to watch and nothing to write. */
export function componentStatusStore(probes: readonly Probe[]): ResourceStore {
  const refuse = (action: string): Promise<never> => Promise.reject(methodNotSupported(groupResource, action));
  return {
    async get(key) {
      const probe = probes.find(({ name }) => name === key);
      return probe && entryOf(probe);
    },
    async list({ predicate } = {}) {
      const entries = await Promise.all(probes.map(entryOf));
      return { entries: predicate ? entries.filter(predicate) : entries, revision: 0 };
    },
    watch: () => refuse('watch'),
    create: () => refuse('create'),
    update: () => refuse('update'),
    peek: () => undefined,
    peekAll: () => [],
    onChange: () => () => undefined,
    ready: () => Promise.resolve(),
  };
}

async function entryOf(probe: Probe): Promise<Entry> {
  const health = await probe.check().then(
    (message) => ({ status: 'True', message }),
    (error: unknown) => ({ status: 'False', error: error instanceof Error ? error.message : String(error) }),
  );
  const object: Omit<ComponentStatus, 'metadata'> & { metadata: object } = {
    kind: 'ComponentStatus',
    apiVersion: 'v1',
    metadata: { name: probe.name, creationTimestamp: null },
    conditions: [{ type: 'Healthy', ...health }],
  };
  return transientEntry(probe.name, object as unknown as UnstructuredObject);
}
