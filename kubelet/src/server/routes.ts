/** The kubelet's paths, as upstream's server has them. Pure. */

export type Route =
  | {
      name:
        | 'healthz'
        | 'pods'
        | 'runningpods'
        | 'configz'
        | 'summary'
        | 'metrics'
        | 'resourceMetrics'
        | 'cadvisorMetrics'
        | 'probeMetrics';
    }
  | { name: 'containerLogs'; namespace: string; pod: string; container: string }
  | { name: 'exec' | 'attach' | 'run'; namespace: string; pod: string; uid?: string; container: string }
  | { name: 'portForward'; namespace: string; pod: string; uid?: string };

const fixed: Readonly<Record<string, Route>> = {
  '/healthz': { name: 'healthz' },
  '/healthz/ping': { name: 'healthz' },
  '/pods': { name: 'pods' },
  '/runningpods': { name: 'runningpods' },
  '/configz': { name: 'configz' },
  '/stats/summary': { name: 'summary' },
  '/metrics': { name: 'metrics' },
  '/metrics/resource': { name: 'resourceMetrics' },
  '/metrics/cadvisor': { name: 'cadvisorMetrics' },
  '/metrics/probes': { name: 'probeMetrics' },
};

/** Undefined for a path that is none of the kubelet's, or cannot be decoded. */
export function routeOf(pathname: string): Route | undefined {
  const path = pathname.length > 1 ? pathname.replace(/\/+$/, '') : pathname;
  const known = fixed[path];
  if (known) return known;
  const parts = decoded(path.split('/').slice(1));
  if (!parts || parts.some((part) => part === '')) return undefined;
  const [name, namespace, pod, third, fourth, ...rest] = parts;
  if (!namespace || !pod || rest.length > 0) return undefined;
  switch (name) {
    case 'containerLogs':
      return third && !fourth ? { name, namespace, pod, container: third } : undefined;
    case 'exec':
    case 'attach':
    case 'run':
      if (!third) return undefined;
      return fourth
        ? { name, namespace, pod, uid: third, container: fourth }
        : { name, namespace, pod, container: third };
    case 'portForward':
      if (fourth) return undefined;
      return third ? { name, namespace, pod, uid: third } : { name, namespace, pod };
    default:
      return undefined;
  }
}

function decoded(parts: string[]): string[] | undefined {
  try {
    return parts.map(decodeURIComponent);
  } catch {
    // A malformed escape names nothing.
    return undefined;
  }
}
