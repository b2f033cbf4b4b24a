/** componentstatuses: what the health endpoints of the control plane say when somebody asks. Deprecated upstream, served all the same. */

import { request } from 'node:https';
import type { ComponentStatus, Lease } from '@kubelab/api/types';
import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import { methodNotSupported } from '@kubelab/apimachinery/status-error';
import type { ObjectAccess } from '../contracts.js';
import { transientEntry } from '../registry/transient-entry.js';
import type { Entry, ResourceStore } from '../storage/store.js';

const groupResource = { group: '', resource: 'componentstatuses' };
const probeTimeoutMs = 5_000;

export interface Probe {
  name: string;
  /** Resolves with the message of a healthy component, rejects for another. */
  check(): Promise<string>;
}

export interface ProbeSources {
  etcdHealthy(): Promise<void>;
  /** The host of the process that leads by this lease of kube-system; undefined for none. */
  leaderOf(lease: string): string | undefined;
}

/**
 * Upstream's components on upstream's ports, on the host that leads. Upstream looks on its own host only, where they need not be; so does
 * this one as long as nobody leads.
 */
export function controlPlaneProbes({ etcdHealthy, leaderOf }: ProbeSources): Probe[] {
  const urlOf = (lease: string, port: number): string => `https://${leaderOf(lease) ?? '127.0.0.1'}:${port}/healthz`;
  return [
    { name: 'controller-manager', check: () => fetchHealth(urlOf('kube-controller-manager', 10257)) },
    { name: 'etcd-0', check: () => etcdHealthy().then(() => 'ok') },
    { name: 'scheduler', check: () => fetchHealth(urlOf('kube-scheduler', 10259)) },
  ];
}

const leases = { group: 'coordination.k8s.io', resource: 'leases' };

/** A holder's identity is its host's name, an underscore and something random. */
export function leaderOf(objects: Pick<ObjectAccess, 'peek'>, name: string): string | undefined {
  const lease = objects.peek<Lease>(leases, 'kube-system', name);
  return /^([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)_/.exec(lease?.spec?.holderIdentity ?? '')?.[1];
}

/** The certificates of these endpoints are their own: upstream does not check them either. */
export function fetchHealth(url: string): Promise<string> {
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
    pathOf: (key) => key,
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
    metadata: { name: probe.name },
    conditions: [{ type: 'Healthy', ...health }],
  };
  return transientEntry(probe.name, object as unknown as UnstructuredObject);
}
