/** The files that the flags name, read and parsed at start: every problem with one is a ConfigError that names its flag. */

import { readConfigFile } from '@kubelab/component/files';
import { ConfigError } from '@kubelab/component/service';
import { type CertificateAuthorities, parseCertificateAuthorities } from './authentication/certificate-chain.js';
import type { ApiserverConfig } from './config.js';
import {
  parseSigningKey,
  parseVerificationKeys,
  type SigningKey,
  uniqueKeys,
  type VerificationKey,
} from './service-accounts/keys.js';

export interface AuthorityFile {
  pem: string;
  authorities: CertificateAuthorities;
}

export interface Credentials {
  serving: { cert: Buffer; key: Buffer };
  etcd: { ca?: Buffer; cert?: Buffer; key?: Buffer };
  clientCa?: AuthorityFile;
  requestHeaderCa?: AuthorityFile;
  signingKey: SigningKey;
  verificationKeys: VerificationKey[];
  kubelet: { cert?: string; key?: string; ca?: string };
}

type FileFlag = {
  [K in keyof ApiserverConfig]: ApiserverConfig[K] extends string ? K : never;
}[keyof ApiserverConfig];

/** Throws ConfigError. */
export function readCredentials(config: ApiserverConfig): Credentials {
  const optional = (flag: FileFlag): Buffer | undefined =>
    config[flag] === '' ? undefined : readConfigFile(flag, config[flag]);
  const authority = (flag: FileFlag): AuthorityFile | undefined => {
    const pem = optional(flag)?.toString();
    return pem === undefined
      ? undefined
      : { pem, authorities: parsed(flag, config[flag], () => parseCertificateAuthorities(pem)) };
  };
  for (const flag of ['proxy-client-cert-file', 'proxy-client-key-file'] as const) optional(flag);
  const signingFlag = 'service-account-signing-key-file';
  const signingPem = readConfigFile(signingFlag, config[signingFlag]).toString();
  const signingKey = parsed(signingFlag, config[signingFlag], () => parseSigningKey(signingPem));
  return {
    serving: {
      cert: readConfigFile('tls-cert-file', config['tls-cert-file']),
      key: readConfigFile('tls-private-key-file', config['tls-private-key-file']),
    },
    etcd: present({ ca: optional('etcd-cafile'), cert: optional('etcd-certfile'), key: optional('etcd-keyfile') }),
    ...present({ clientCa: authority('client-ca-file'), requestHeaderCa: authority('requestheader-client-ca-file') }),
    signingKey,
    verificationKeys: uniqueKeys([signingKey, ...verificationKeys(config)]),
    kubelet: present({
      cert: optional('kubelet-client-certificate')?.toString(),
      key: optional('kubelet-client-key')?.toString(),
      ca: optional('kubelet-certificate-authority')?.toString(),
    }),
  };
}

function verificationKeys(config: ApiserverConfig): VerificationKey[] {
  const flag = 'service-account-key-file';
  return config[flag].flatMap((path) => {
    const pem = readConfigFile(flag, path).toString();
    return parsed(flag, path, () => parseVerificationKeys(pem));
  });
}

function parsed<T>(flag: string, path: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new ConfigError([`--${flag}: file ${path}: ${error instanceof Error ? error.message : String(error)}`]);
  }
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Leaves out what is undefined, so that absent stays absent. */
function present<T extends object>(values: T): Present<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Present<T>;
}
