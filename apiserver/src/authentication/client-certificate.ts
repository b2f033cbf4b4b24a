/** Users by TLS client certificate: the common name is the user, the organizations are the groups. */

import type { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Clock } from '@kubelab/component/clock';
import type { Authenticator, UserInfo } from '../contracts.js';
import {
  type CertificateAuthorities,
  checkValidity,
  presentedCertificates,
  type VerifiedPeer,
  verifyChain,
} from './certificate-chain.js';
import { VerifiedChains } from './verified-chains.js';

/** Object identifier under which a certificate may carry the user's uid. */
const uidAttribute = '1.3.6.1.4.1.57683.2';
const credentialIdKey = 'authentication.kubernetes.io/credential-id';

interface Subject {
  commonName: string;
  organizations: string[];
  uid: string | undefined;
}

/** Common name and organizations of a certificate. */
export function subjectOf(certificate: X509Certificate): Subject {
  // The types say string; repeated attributes are arrays.
  const subject = certificate.toLegacyObject().subject as unknown as Record<string, string | string[] | undefined>;
  const all = (key: string): string[] => [subject[key] ?? []].flat();
  return { commonName: all('CN').at(-1) ?? '', organizations: all('O'), uid: all(uidAttribute).at(-1) };
}

/** Verification results per connection: the expensive part of a request is done once per TLS connection. */
export class PeerVerifier {
  readonly #known = new WeakMap<Socket, { peer?: VerifiedPeer; error?: unknown }>();
  readonly #chains = new VerifiedChains();

  constructor(
    readonly authorities: CertificateAuthorities,
    private readonly clock: Clock,
  ) {}

  /** Undefined: no certificate. Throws when the certificate is not good (now). */
  verify(request: Parameters<Authenticator['authenticate']>[0]): VerifiedPeer | undefined {
    let known = this.#known.get(request.socket);
    if (!known) {
      known = this.#examine(request);
      this.#known.set(request.socket, known);
    }
    if (known.error !== undefined) throw known.error;
    if (known.peer) checkValidity(known.peer, this.clock.now());
    return known.peer;
  }

  #examine(request: Parameters<Authenticator['authenticate']>[0]): { peer?: VerifiedPeer; error?: unknown } {
    try {
      const presented = presentedCertificates(request);
      if (!presented) return {};
      return { peer: this.#chains.of(presented, (certificates) => verifyChain(certificates, this.authorities)) };
    } catch (error) {
      return { error };
    }
  }
}

export interface ClientCertificateOptions {
  /** From --client-ca-file. */
  authorities: CertificateAuthorities;
  clock: Clock;
}

/** The TLS server has to ask for certificates (`requestCert: true`) and must not reject unknown ones itself (`rejectUnauthorized: false`). */
export function createClientCertificateAuthenticator(options: ClientCertificateOptions): Authenticator {
  const verifier = new PeerVerifier(options.authorities, options.clock);
  const users = new WeakMap<X509Certificate, UserInfo>();
  return {
    async authenticate(request) {
      const peer = verifier.verify(request);
      if (!peer) return undefined;
      let user = users.get(peer.leaf);
      if (!user) {
        user = userOf(peer.leaf);
        if (user) users.set(peer.leaf, user);
      }
      return user;
    },
  };
}

function userOf(certificate: X509Certificate): UserInfo | undefined {
  const subject = subjectOf(certificate);
  if (subject.commonName === '') return undefined;
  const fingerprint = certificate.fingerprint256.replaceAll(':', '').toLowerCase();
  return {
    name: subject.commonName,
    ...(subject.uid ? { uid: subject.uid } : {}),
    groups: subject.organizations,
    extra: { [credentialIdKey]: [`X509SHA256=${fingerprint}`] },
  };
}
