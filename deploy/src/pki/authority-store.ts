import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '@kubelab/component/logger';
import { type InspectOptions, whyReissue, whyReplaceAuthority } from './inspect.js';
import { type AuthorityName, authorities, type CertificateSpec } from './inventory.js';
import { generateServiceAccountKey, issueAuthority, issueCertificate, type KeyPair, type Validity } from './issue.js';
import { writeFileIfChanged } from './write-file.js';

const tenYears = 10 * 365 * 24 * 60 * 60 * 1000;

/** Everything secret of one cluster. */
export interface Pki {
  authorities: Record<AuthorityName, KeyPair>;
  certificates: Map<string, KeyPair>;
  serviceAccountKey: { privateKey: string; publicKey: string };
  /** `abcdef.0123456789abcdef` */
  bootstrapToken: string;
}

export interface StoreOptions extends InspectOptions {
  /** Folder that only this step mounts. */
  folder: string;
  validityMs: number;
  logger: Logger;
}

/** Reads what the folder holds, and makes (and keeps) what is missing, wrong or about to expire. */
export async function ensurePki(specs: readonly CertificateSpec[], options: StoreOptions): Promise<Pki> {
  const found = {} as Record<AuthorityName, KeyPair>;
  for (const name of Object.keys(authorities) as AuthorityName[]) found[name] = await ensureAuthority(name, options);
  const certificates = new Map<string, KeyPair>();
  for (const spec of specs) certificates.set(spec.name, await ensureCertificate(spec, found[spec.authority], options));
  return {
    authorities: found,
    certificates,
    serviceAccountKey: await ensureServiceAccountKey(options),
    bootstrapToken: ensureBootstrapToken(options),
  };
}

async function ensureAuthority(name: AuthorityName, options: StoreOptions): Promise<KeyPair> {
  const existing = readPair(options.folder, name);
  const why = existing ? whyReplaceAuthority(existing, options) : 'there is none';
  if (existing && why === undefined) return existing;
  options.logger.info('Creating certificate authority', { name, why });
  const pair = await issueAuthority(authorities[name].commonName, validityFrom(options.now, tenYears));
  writePair(options.folder, name, pair);
  return pair;
}

async function ensureCertificate(spec: CertificateSpec, authority: KeyPair, options: StoreOptions): Promise<KeyPair> {
  const existing = readPair(options.folder, spec.name);
  const why = existing ? whyReissue(existing, spec, authority, options) : 'there is none';
  if (existing && why === undefined) return existing;
  options.logger.info('Issuing certificate', { name: spec.name, subject: spec.commonName, why });
  const pair = await issueCertificate(spec, authority, validityFrom(options.now, options.validityMs));
  writePair(options.folder, spec.name, pair);
  return pair;
}

async function ensureServiceAccountKey({ folder }: StoreOptions): Promise<Pki['serviceAccountKey']> {
  const [keyFile, publicFile] = [join(folder, 'sa.key'), join(folder, 'sa.pub')];
  if (existsSync(keyFile) && existsSync(publicFile)) {
    return { privateKey: readFileSync(keyFile, 'utf8'), publicKey: readFileSync(publicFile, 'utf8') };
  }
  const key = await generateServiceAccountKey();
  writeFileIfChanged(publicFile, key.publicKey, { mode: 0o644 });
  writeFileIfChanged(keyFile, key.privateKey, { mode: 0o600 });
  return key;
}

function ensureBootstrapToken({ folder }: StoreOptions): string {
  const file = join(folder, 'bootstrap-token');
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  const token = `${randomBytes(3).toString('hex')}.${randomBytes(8).toString('hex')}`;
  writeFileIfChanged(file, token, { mode: 0o600 });
  return token;
}

function readPair(folder: string, name: string): KeyPair | undefined {
  const [certificate, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  if (!existsSync(certificate) || !existsSync(key)) return undefined;
  return { certificate: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') };
}

function writePair(folder: string, name: string, pair: KeyPair): void {
  writeFileIfChanged(join(folder, `${name}.key`), pair.key, { mode: 0o600 });
  writeFileIfChanged(join(folder, `${name}.crt`), pair.certificate, { mode: 0o644 });
}

/** From an hour ago, because clocks of containers and hosts may differ a little. */
function validityFrom(now: number, lengthMs: number): Validity {
  return { notBefore: new Date(now - 60 * 60 * 1000), notAfter: new Date(now + lengthMs) };
}
