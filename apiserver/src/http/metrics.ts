/** Upstream's request metrics. */

import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Exchange } from './exchange.js';
import { mediaType } from './media-types.js';

export interface RequestMetrics {
  /** Counts the request as running; call the result once when its answer is complete. */
  started(exchange: Exchange): () => void;
}

/** Subresources that keep their connection open: not counted among the requests in flight. */
const longRunningSubresources = new Set(['attach', 'exec', 'proxy', 'log', 'portforward']);

const methodVerbs: Readonly<Record<string, string>> = {
  get: 'GET',
  list: 'LIST',
  watch: 'WATCH',
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
  deletecollection: 'DELETECOLLECTION',
};

export function isLongRunning(exchange: Exchange): boolean {
  const { verb, subresource } = exchange.info;
  return verb === 'watch' || longRunningSubresources.has(subresource);
}

export function createRequestMetrics(registry: Registry): RequestMetrics {
  const identity = ['verb', 'group', 'version', 'resource', 'subresource', 'scope', 'component'] as const;
  const registers = [registry];
  const total = new Counter({
    name: 'apiserver_request_total',
    help: 'Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, scope, component, and HTTP response code.',
    labelNames: [...identity, 'dry_run', 'code'],
    registers,
  });
  const duration = new Histogram({
    name: 'apiserver_request_duration_seconds',
    help: 'Response latency distribution in seconds for each verb, dry run value, group, version, resource, subresource, scope and component.',
    labelNames: [...identity, 'dry_run'],
    buckets: [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60],
    registers,
  });
  const inflight = new Gauge({
    name: 'apiserver_current_inflight_requests',
    help: 'Maximal number of currently used inflight request limit of this apiserver per request kind in last second.',
    labelNames: ['request_kind'],
    registers,
  });
  const longRunning = new Gauge({
    name: 'apiserver_longrunning_requests',
    help: 'Gauge of all active long-running apiserver requests broken out by verb, group, version, resource, scope and component. Not all requests are tracked this way.',
    labelNames: [...identity],
    registers,
  });
  inflight.set({ request_kind: 'mutating' }, 0);
  inflight.set({ request_kind: 'readOnly' }, 0);

  return {
    started(exchange) {
      const start = process.hrtime.bigint();
      const labels = labelsOf(exchange);
      const long = isLongRunning(exchange);
      const kind = { request_kind: isMutating(exchange.method) ? 'mutating' : 'readOnly' };
      if (long) longRunning.inc(labels);
      else inflight.inc(kind);
      return () => {
        if (long) longRunning.dec(labels);
        else inflight.dec(kind);
        const dryRun = exchange.query.get('dryRun') ?? '';
        total.inc({ ...labels, dry_run: dryRun === 'All' ? 'All' : '', code: String(exchange.response.statusCode) });
        const seconds = Number(process.hrtime.bigint() - start) / 1e9;
        if (!long) duration.observe({ ...labels, dry_run: dryRun === 'All' ? 'All' : '' }, seconds);
      };
    },
  };
}

function isMutating(method: string): boolean {
  return method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS';
}

interface IdentityLabels {
  verb: string;
  group: string;
  version: string;
  resource: string;
  subresource: string;
  scope: string;
  component: string;
}

function labelsOf(exchange: Exchange): IdentityLabels {
  const { info } = exchange;
  if (!info.resourceRequest) {
    // Paths come from clients and must not become label values.
    const known = /^\/(api|apis|openapi|version|healthz|livez|readyz|metrics)(\/|$)/.exec(info.path)?.[0] ?? '';
    const subresource = known.replace(/\/$/, '');
    return {
      verb: exchange.method,
      group: '',
      version: '',
      resource: '',
      subresource,
      scope: '',
      component: 'apiserver',
    };
  }
  const { verb, apiGroup, apiVersion, resource, subresource } = info;
  return {
    verb: verbLabel(exchange, verb),
    group: apiGroup,
    version: apiVersion,
    resource,
    subresource,
    scope: scopeOf(exchange),
    component: 'apiserver',
  };
}

function verbLabel(exchange: Exchange, verb: string): string {
  if (longRunningSubresources.has(exchange.info.subresource)) return 'CONNECT';
  const isApply =
    verb === 'patch' && mediaType(exchange.request.headers['content-type']) === 'application/apply-patch+yaml';
  return isApply ? 'APPLY' : (methodVerbs[verb] ?? 'OTHER');
}

function scopeOf({ info }: Exchange): string {
  if (info.name !== '') return 'resource';
  return info.namespace === undefined ? 'cluster' : 'namespace';
}
