/** Upstream's request metrics. */

import { performance } from 'node:perf_hooks';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Exchange } from './exchange.js';
import { mediaType } from './media-types.js';
import { AllSeries, type RequestLabels, registerDurations } from './request-series.js';

export interface RequestMetrics {
  /** Counts the request as running; call the result once when its answer is complete. */
  started(exchange: Exchange): () => void;
  /** The server ended the request to protect itself. */
  terminated(exchange: Exchange, code: number): void;
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
  const all = new AllSeries();
  const running = { mutating: 0, readOnly: 0 };
  new Counter({
    name: 'apiserver_request_total',
    help: 'Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, scope, component, and HTTP response code.',
    labelNames: [...identity, 'dry_run', 'code'],
    registers,
    collect() {
      this.reset();
      for (const { labels, dryRun, codes } of all) {
        for (const [code, count] of codes) this.inc({ ...labels, dry_run: dryRun, code: String(code) }, count);
      }
    },
  });
  const name = 'apiserver_request_duration_seconds';
  const help =
    'Response latency distribution in seconds for each verb, dry run value, group, version, resource, subresource, scope and component.';
  registerDurations(registry, { name, help }, all);
  new Gauge({
    name: 'apiserver_current_inflight_requests',
    help: 'Maximal number of currently used inflight request limit of this apiserver per request kind in last second.',
    labelNames: ['request_kind'],
    registers,
    collect() {
      this.set({ request_kind: 'mutating' }, running.mutating);
      this.set({ request_kind: 'readOnly' }, running.readOnly);
    },
  });
  const longRunning = new Gauge({
    name: 'apiserver_longrunning_requests',
    help: 'Gauge of all active long-running apiserver requests broken out by verb, group, version, resource, scope and component. Not all requests are tracked this way.',
    labelNames: [...identity],
    registers,
  });

  const terminations = new Counter({
    name: 'apiserver_request_terminations_total',
    help: 'Number of requests which apiserver terminated in self-defense.',
    labelNames: [...identity, 'code'],
    registers,
  });

  return {
    terminated: (exchange, code) => terminations.inc({ ...labelsOf(exchange), code: String(code) }),
    started(exchange) {
      const start = performance.now();
      const labels = labelsOf(exchange);
      const long = isLongRunning(exchange);
      const kind = isMutating(exchange.method) ? 'mutating' : 'readOnly';
      if (long) longRunning.inc({ ...labels });
      else running[kind]++;
      return () => {
        if (long) longRunning.dec({ ...labels });
        else running[kind]--;
        const series = all.of(labels, exchange.query.get('dryRun') === 'All' ? 'All' : '');
        series.answered(exchange.response.statusCode);
        if (!long) series.took((performance.now() - start) / 1000);
      };
    },
  };
}

function isMutating(method: string): boolean {
  return method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS';
}

function labelsOf(exchange: Exchange): RequestLabels {
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
