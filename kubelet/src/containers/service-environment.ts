import type { Service } from '@kubelab/api/types';

/** The variables that tell a container about services: NAME_SERVICE_HOST and the link variables that Docker once made. */
export function serviceEnvironment(services: readonly Service[]): Map<string, string> {
  const variables = new Map<string, string>();
  for (const service of services) {
    const host = service.spec?.clusterIP;
    const ports = service.spec?.ports ?? [];
    const first = ports[0];
    if (!host || host === 'None' || !first) continue;
    const prefix = variableName(service.metadata.name);
    variables.set(`${prefix}_SERVICE_HOST`, host);
    variables.set(`${prefix}_SERVICE_PORT`, String(first.port));
    for (const port of ports) {
      if (port.name) variables.set(`${prefix}_SERVICE_PORT_${variableName(port.name)}`, String(port.port));
    }
    addLinkVariables(variables, prefix, host, ports);
  }
  return variables;
}

function addLinkVariables(
  variables: Map<string, string>,
  prefix: string,
  host: string,
  ports: readonly { port: number; protocol?: string }[],
): void {
  const address = host.includes(':') ? `[${host}]` : host;
  ports.forEach(({ port, protocol = 'TCP' }, index) => {
    const url = `${protocol.toLowerCase()}://${address}:${port}`;
    if (index === 0) variables.set(`${prefix}_PORT`, url);
    const name = `${prefix}_PORT_${port}_${protocol.toUpperCase()}`;
    variables.set(name, url);
    variables.set(`${name}_PROTO`, protocol.toLowerCase());
    variables.set(`${name}_PORT`, String(port));
    variables.set(`${name}_ADDR`, host);
  });
}

function variableName(name: string): string {
  return name.toUpperCase().replaceAll('-', '_');
}

/**
 * The services a pod of `namespace` hears about: the API server's always, its own namespace's when service links are enabled (upstream's
 * getServiceEnvVarMap).
 */
export function servicesFor(all: readonly Service[], namespace: string, enableServiceLinks: boolean): Service[] {
  const byName = new Map<string, Service>();
  for (const service of all) {
    const { name, namespace: own } = service.metadata;
    const isMaster = own === 'default' && name === 'kubernetes';
    if (isMaster && !byName.has(name)) byName.set(name, service);
    if (own === namespace && enableServiceLinks) byName.set(name, service);
  }
  return [...byName.values()].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}
