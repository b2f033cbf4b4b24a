import { X509Certificate } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface StoredCertificate {
  /** Certificate and key in one PEM. */
  pem: string;
  notBefore: number;
  notAfter: number;
  dnsNames: string[];
  ips: string[];
  commonName: string;
}

/** How many old certificates are left for whoever looks for one. */
const keptFiles = 2;

/** Certificates with their keys in the kubelet's pki folder: dated files and a `NAME-current.pem` link, with upstream's names. */
export class CertificateStore {
  readonly #folder: string;
  readonly #prefix: string;

  /** `prefix` is `kubelet-client` or `kubelet-server`. */
  constructor(folder: string, prefix: string) {
    this.#folder = folder;
    this.#prefix = prefix;
  }

  get currentPath(): string {
    return join(this.#folder, `${this.#prefix}-current.pem`);
  }

  /** Undefined when there is none or what is there cannot be read as one. */
  async load(): Promise<StoredCertificate | undefined> {
    try {
      return parseCertificate(await readFile(this.currentPath, 'utf8'));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code?.startsWith('ERR_')) return undefined;
      throw error;
    }
  }

  async save(certificatePem: string, keyPem: string, now: Date): Promise<StoredCertificate> {
    const pem = `${certificatePem.trim()}\n${keyPem}`;
    const parsed = parseCertificate(pem);
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const name = `${this.#prefix}-${now.toISOString().slice(0, 19).replace(/[T:]/g, '-')}.pem`;
    await writeFile(join(this.#folder, name), pem, { mode: 0o600 });
    // The link changes in one step, so that a crash leaves the old certificate or the new one.
    const temporary = `${this.currentPath}.tmp`;
    await rm(temporary, { force: true });
    await symlink(join(this.#folder, name), temporary);
    await rename(temporary, this.currentPath);
    await this.#removeOld();
    return parsed;
  }

  async #removeOld(): Promise<void> {
    const dated = new RegExp(`^${this.#prefix}-\\d{4}-.*\\.pem$`);
    const files = (await readdir(this.#folder)).filter((name) => dated.test(name)).sort();
    await Promise.all(files.slice(0, -keptFiles).map((name) => rm(join(this.#folder, name), { force: true })));
  }
}

export function parseCertificate(pem: string): StoredCertificate {
  const certificate = new X509Certificate(pem);
  const names = (certificate.subjectAltName ?? '').split(', ');
  const ofKind = (kind: string): string[] =>
    names.filter((name) => name.startsWith(kind)).map((name) => name.slice(kind.length));
  return {
    pem,
    notBefore: Date.parse(certificate.validFrom),
    notAfter: Date.parse(certificate.validTo),
    dnsNames: ofKind('DNS:'),
    ips: ofKind('IP Address:'),
    commonName: /(?:^|\n)CN=(.*)/.exec(certificate.subject)?.[1] ?? '',
  };
}

/** When a certificate should be replaced: upstream's point between 70 and 90 percent of its life, chosen by `random` (0 to 1). */
export function rotationTime(certificate: Pick<StoredCertificate, 'notBefore' | 'notAfter'>, random: number): number {
  return certificate.notBefore + (certificate.notAfter - certificate.notBefore) * (0.7 + 0.2 * random);
}
