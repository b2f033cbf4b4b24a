/** The apiserver's flags: upstream's names, defaults and meaning. */

import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import {
  boolFlag,
  durationFlag,
  type FlagValues,
  intFlag,
  listFlag,
  numberFlag,
  stringFlag,
} from '@kubelab/component/flags';
import { type AuthorizationMode, authorizationModes } from './authorization/authorization.js';
import { validateCorsOrigins } from './http/cors.js';

export const apiserverFlags = {
  'etcd-servers': listFlag('List of etcd servers to connect with (scheme://ip:port), comma separated.'),
  'etcd-cafile': stringFlag('SSL Certificate Authority file used to secure etcd communication.'),
  'etcd-certfile': stringFlag('SSL certification file used to secure etcd communication.'),
  'etcd-keyfile': stringFlag('SSL key file used to secure etcd communication.'),
  'etcd-prefix': stringFlag('The prefix to prepend to all resource paths in etcd.', '/registry'),
  'etcd-compaction-interval': durationFlag(
    'The interval of compaction requests. If 0, the compaction request from apiserver is disabled.',
    300_000,
  ),
  'bind-address': stringFlag('The IP address on which to listen for the --secure-port port.', '0.0.0.0'),
  'secure-port': intFlag('The port on which to serve HTTPS with authentication and authorization.', 6443),
  'advertise-address': stringFlag(
    'The IP address on which to advertise the apiserver to members of the cluster. If blank, the --bind-address will be used; if that is unspecified, an address of the host.',
  ),
  'tls-cert-file': stringFlag(
    'File containing the x509 certificate for HTTPS (CA cert, if any, concatenated after server cert).',
  ),
  'tls-private-key-file': stringFlag('File containing the x509 private key matching --tls-cert-file.'),
  'cors-allowed-origins': listFlag(
    'Regular expressions of the origins whose pages may read answers (CORS), comma separated. Each must pin the start and the end of the host, for example //example\\.com(:|$). If empty, CORS is not enabled.',
  ),
  'client-ca-file': stringFlag(
    'If set, any request presenting a client certificate signed by one of the authorities in the client-ca-file is authenticated with an identity corresponding to the CommonName of the client certificate.',
  ),
  'anonymous-auth': boolFlag('Enables anonymous requests to the secure port of the API server.', true),
  'authorization-mode': listFlag('Ordered list of plug-ins to do authorization on secure port.', ['AlwaysAllow']),
  'enable-bootstrap-token-auth': boolFlag(
    "Enable to allow secrets of type 'bootstrap.kubernetes.io/token' in the 'kube-system' namespace to be used for TLS bootstrapping authentication.",
  ),
  'enable-admission-plugins': listFlag('Admission plugins that should be enabled in addition to default enabled ones.'),
  'disable-admission-plugins': listFlag(
    'Admission plugins that should be disabled although they are in the default enabled plugins list.',
  ),
  'allow-privileged': boolFlag('If true, allow privileged containers.', false),
  'service-account-key-file': listFlag(
    'File containing PEM-encoded x509 RSA or ECDSA private or public keys, used to verify ServiceAccount tokens. If unspecified, --tls-private-key-file is used.',
  ),
  'service-account-signing-key-file': stringFlag(
    'Path to the file that contains the current private key of the service account token issuer.',
  ),
  'service-account-issuer': listFlag(
    'Identifier of the service account token issuer. The first is used to generate tokens, all are accepted.',
  ),
  'service-account-jwks-uri': stringFlag(
    'Overrides the URI for the JSON Web Key Set in the discovery doc served at /.well-known/openid-configuration.',
  ),
  'service-account-lookup': boolFlag(
    'If true, validate ServiceAccount tokens exist in etcd as part of authentication.',
    true,
  ),
  'service-account-max-token-expiration': durationFlag(
    'The maximum validity duration of a token created by the service account token issuer.',
    0,
  ),
  'service-account-extend-token-expiration': boolFlag(
    'Turns on projected service account expiration extension during token generation, which helps safe transition from legacy token to bound service account token feature.',
    true,
  ),
  'api-audiences': listFlag('Identifiers of the API. By default the issuers.'),
  'service-cluster-ip-range': stringFlag(
    'A CIDR notation IP range from which to assign service cluster IPs.',
    '10.0.0.0/24',
  ),
  'service-node-port-range': stringFlag(
    'A port range to reserve for services with NodePort visibility, inclusive at both ends.',
    '30000-32767',
  ),
  'kubelet-client-certificate': stringFlag('Path to a client cert file for TLS.'),
  'kubelet-client-key': stringFlag('Path to a client key file for TLS.'),
  'kubelet-certificate-authority': stringFlag('Path to a cert file for the certificate authority.'),
  'kubelet-preferred-address-types': listFlag(
    'List of the preferred NodeAddressTypes to use for kubelet connections.',
    ['Hostname', 'InternalDNS', 'InternalIP', 'ExternalDNS', 'ExternalIP'],
  ),
  'proxy-client-cert-file': stringFlag(
    'Client certificate used to prove the identity of the aggregator when it must call out during a request. Checked at start; no requests are aggregated yet.',
  ),
  'proxy-client-key-file': stringFlag('Private key for the client certificate of --proxy-client-cert-file.'),
  'requestheader-client-ca-file': stringFlag(
    'Root certificate bundle to use to verify client certificates on incoming requests before trusting usernames in headers.',
  ),
  'requestheader-allowed-names': listFlag(
    'List of client certificate common names to allow to provide usernames in headers. If empty, any client certificate validated by the authorities is allowed.',
  ),
  'requestheader-username-headers': listFlag('List of request headers to inspect for usernames.'),
  'requestheader-uid-headers': listFlag('List of request headers to inspect for UIDs.'),
  'requestheader-group-headers': listFlag('List of request headers to inspect for groups.'),
  'requestheader-extra-headers-prefix': listFlag('List of request header prefixes to inspect.'),
  'event-ttl': durationFlag('Amount of time to retain events.', 3_600_000),
  'min-request-timeout': intFlag(
    'The minimum number of seconds a watch must keep a request open before timing it out; a randomized value above it is used.',
    1800,
  ),
  'request-timeout': durationFlag(
    'The duration a handler must keep a request open before timing it out; the default for all requests but watches and other long-running ones.',
    60_000,
  ),
  'max-requests-inflight': intFlag(
    'The maximum number of non-mutating requests that run at the same time, long-running ones aside. Others are answered with 429. 0 for no limit.',
    400,
  ),
  'max-mutating-requests-inflight': intFlag(
    'The maximum number of mutating requests that run at the same time, long-running ones aside. Others are answered with 429. 0 for no limit.',
    200,
  ),
  'shutdown-delay-duration': durationFlag(
    'Time to delay the termination, in which the server keeps serving and /readyz says no.',
    0,
  ),
  'shutdown-grace': durationFlag('Time that running requests get to finish when the server stops.', 5_000),
  'default-not-ready-toleration-seconds': intFlag(
    'The tolerationSeconds of the toleration for notReady:NoExecute that is added by default to every pod.',
    300,
  ),
  'default-unreachable-toleration-seconds': intFlag(
    'The tolerationSeconds of the toleration for unreachable:NoExecute that is added by default to every pod.',
    300,
  ),
  'goaway-chance': numberFlag(
    'Accepted for compatibility: this server speaks HTTP/1.1, which has no GOAWAY. Must be 0.',
    0,
  ),
} as const;

export type ApiserverConfig = FlagValues<typeof apiserverFlags>;

/** Every flag's default, with `given` over it: for servers that run inside a test. */
export function configWith(given: Partial<ApiserverConfig>): ApiserverConfig {
  const defaults = Object.fromEntries(Object.entries(apiserverFlags).map(([name, flag]) => [name, flag.default]));
  return { ...(defaults as ApiserverConfig), ...given };
}

/** All problems with the values, as sentences. Files are read, and their problems reported, when the server starts. */
export function validate(config: ApiserverConfig): string[] {
  return [
    ...requiredFlags(config),
    ...pairs(config),
    ...validateNetwork(config),
    ...validateEtcd(config),
    ...validateModes(config),
    ...validateLoad(config),
    ...validateCorsOrigins(config['cors-allowed-origins']),
    ...(config['goaway-chance'] === 0 ? [] : ['--goaway-chance must be 0: HTTP/2 is not served']),
  ];
}

function requiredFlags(config: ApiserverConfig): string[] {
  const problems: string[] = [];
  if (config['etcd-servers'].length === 0) problems.push('--etcd-servers must be specified');
  for (const flag of ['tls-cert-file', 'tls-private-key-file', 'service-account-signing-key-file'] as const) {
    if (config[flag] === '') problems.push(`--${flag} must be specified`);
  }
  if (config['service-account-issuer'].length === 0) problems.push('--service-account-issuer must be specified');
  return problems;
}

/** Flags that make sense only together. */
function pairs(config: ApiserverConfig): string[] {
  const together = [
    ['etcd-certfile', 'etcd-keyfile'],
    ['kubelet-client-certificate', 'kubelet-client-key'],
    ['proxy-client-cert-file', 'proxy-client-key-file'],
  ] as const;
  return together
    .filter(([a, b]) => (config[a] === '') !== (config[b] === ''))
    .map(([a, b]) => `--${a} and --${b} must be specified together`);
}

function validateNetwork(config: ApiserverConfig): string[] {
  const problems: string[] = [];
  const port = config['secure-port'];
  if (port < 0 || port > 65535) problems.push(`--secure-port ${port} must be between 0 and 65535, inclusive`);
  for (const flag of ['bind-address', 'advertise-address'] as const) {
    if (config[flag] !== '' && isIP(config[flag]) === 0)
      problems.push(`--${flag} must be an IP address, not "${config[flag]}"`);
  }
  const range = config['service-cluster-ip-range'];
  const [address = '', bits = ''] = range.split('/');
  if (isIP(address) !== 4 || !/^\d+$/.test(bits) || Number(bits) < 8 || Number(bits) > 29) {
    problems.push(`--service-cluster-ip-range must be an IPv4 CIDR between /8 and /29, not "${range}"`);
  }
  const ports = /^(\d+)-(\d+)$/.exec(config['service-node-port-range']);
  if (!ports || Number(ports[1]) > Number(ports[2]) || Number(ports[2]) > 65535 || Number(ports[1]) < 1) {
    problems.push(
      `--service-node-port-range must be a range such as 30000-32767, not "${config['service-node-port-range']}"`,
    );
  }
  return problems;
}

function validateEtcd(config: ApiserverConfig): string[] {
  const problems: string[] = [];
  for (const server of config['etcd-servers']) {
    if (!/^https?:\/\/[^/]+\/?$/.test(server))
      problems.push(`--etcd-servers: "${server}" is not a URL such as https://127.0.0.1:2379`);
  }
  if (!config['etcd-prefix'].startsWith('/')) problems.push('--etcd-prefix must begin with a slash');
  return problems;
}

function validateLoad(config: ApiserverConfig): string[] {
  const problems: string[] = [];
  for (const flag of ['max-requests-inflight', 'max-mutating-requests-inflight', 'min-request-timeout'] as const) {
    if (config[flag] < 0) problems.push(`--${flag} can not be negative value`);
  }
  if (config['request-timeout'] <= 0) problems.push('--request-timeout must be greater than zero');
  return problems;
}

function validateModes(config: ApiserverConfig): string[] {
  const modes = config['authorization-mode'];
  if (modes.length === 0) return ['at least one --authorization-mode must be passed'];
  const known: readonly string[] = authorizationModes;
  return modes
    .filter((mode) => !known.includes(mode))
    .map((mode) => `authorization-mode ${JSON.stringify(mode)} is not a valid mode: choose from ${known.join(', ')}`);
}

export function authorizationModesOf(config: ApiserverConfig): AuthorizationMode[] {
  return config['authorization-mode'] as AuthorizationMode[];
}

/** --advertise-address, or the bind address, or the first address of the host that is not a loopback. */
export function advertiseAddress(config: ApiserverConfig): string {
  if (config['advertise-address'] !== '') return config['advertise-address'];
  const bind = config['bind-address'];
  if (bind !== '' && bind !== '0.0.0.0' && bind !== '::') return bind;
  for (const addresses of Object.values(networkInterfaces())) {
    const address = addresses?.find((candidate) => candidate.family === 'IPv4' && !candidate.internal);
    if (address) return address.address;
  }
  return '127.0.0.1';
}
