import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { load } from 'js-yaml';
import type { ClientConfig } from './config.js';

export interface Kubeconfig {
  apiVersion?: string;
  kind?: string;
  'current-context'?: string;
  clusters?: { name: string; cluster: KubeconfigCluster }[];
  users?: { name: string; user: KubeconfigUser }[];
  contexts?: { name: string; context: { cluster: string; user: string; namespace?: string } }[];
  preferences?: Record<string, unknown>;
}

export interface KubeconfigCluster {
  server: string;
  'certificate-authority'?: string;
  'certificate-authority-data'?: string;
  'insecure-skip-tls-verify'?: boolean;
  'tls-server-name'?: string;
}

export interface KubeconfigUser {
  'client-certificate'?: string;
  'client-certificate-data'?: string;
  'client-key'?: string;
  'client-key-data'?: string;
  token?: string;
  tokenFile?: string;
}

/** The file is missing, is no kubeconfig, or names things it does not hold. */
export class KubeconfigError extends Error {
  override readonly name = 'KubeconfigError';
}

/** Reads a kubeconfig file and resolves one of its contexts (default: the current one). Relative paths are relative to the file. */
export function loadKubeconfig(path: string, context?: string): ClientConfig {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new KubeconfigError(`kubeconfig ${path} cannot be read`, { cause: error });
  }
  return parseKubeconfig(text, { path, ...(context === undefined ? {} : { context }) });
}

export function parseKubeconfig(text: string, options: { path?: string; context?: string } = {}): ClientConfig {
  const where = options.path ?? 'kubeconfig';
  const config = parseYaml(text, where) as Kubeconfig | undefined | null;
  if (typeof config !== 'object' || config === null) throw new KubeconfigError(`${where} is not a kubeconfig`);
  const contextName = options.context ?? config['current-context'] ?? '';
  const context = config.contexts?.find((item) => item.name === contextName)?.context;
  if (!context) throw new KubeconfigError(`${where} has no context "${contextName}"`);
  const cluster = config.clusters?.find((item) => item.name === context.cluster)?.cluster;
  if (!cluster) throw new KubeconfigError(`${where} has no cluster "${context.cluster}"`);
  if (!cluster.server) throw new KubeconfigError(`${where}: cluster "${context.cluster}" has no server`);
  const user = config.users?.find((item) => item.name === context.user)?.user ?? {};
  return {
    ...clusterConfig(cluster, where),
    ...userConfig(user, where),
    ...(context.namespace ? { namespace: context.namespace } : {}),
  };
}

function parseYaml(text: string, where: string): unknown {
  try {
    return load(text);
  } catch (error) {
    throw new KubeconfigError(`${where} is not a kubeconfig`, { cause: error });
  }
}

function clusterConfig(cluster: KubeconfigCluster, where: string): ClientConfig {
  const ca = material(where, cluster['certificate-authority-data'], cluster['certificate-authority']);
  return {
    server: cluster.server,
    ...(ca ? { ca } : {}),
    ...(cluster['insecure-skip-tls-verify'] ? { insecureSkipTlsVerify: true } : {}),
    ...(cluster['tls-server-name'] ? { serverName: cluster['tls-server-name'] } : {}),
  };
}

function userConfig(user: KubeconfigUser, where: string): Partial<ClientConfig> {
  const cert = material(where, user['client-certificate-data'], user['client-certificate']);
  const key = material(where, user['client-key-data'], user['client-key']);
  const { token, tokenFile } = user;
  return {
    ...(cert ? { cert } : {}),
    ...(key ? { key } : {}),
    ...(token ? { token } : tokenFile ? { token: () => readFileSync(tokenFile, 'utf8').trim() } : {}),
  };
}

function material(where: string, data: string | undefined, file: string | undefined): Buffer | undefined {
  if (data) return Buffer.from(data, 'base64');
  if (!file) return undefined;
  const path = resolve(dirname(where), file);
  try {
    return readFileSync(path);
  } catch (error) {
    throw new KubeconfigError(`${where} names ${path}, which cannot be read`, { cause: error });
  }
}

const serviceAccountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

/** For programs that run as a pod: the service account's token and CA, and the `kubernetes` service from the environment. */
export function inClusterConfig(env: NodeJS.ProcessEnv = process.env): ClientConfig {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env;
  if (!host || !port)
    throw new KubeconfigError('not in a cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set');
  const address = host.includes(':') ? `[${host}]` : host;
  return {
    server: `https://${address}:${port}`,
    ca: readFileSync(`${serviceAccountFolder}/ca.crt`),
    token: () => readFileSync(`${serviceAccountFolder}/token`, 'utf8').trim(),
  };
}
