/** Chains of certificates that have been found good: many connections present the same one. */

import { type PeerCertificates, parsePresented, type VerifiedPeer } from './certificate-chain.js';

/** More than identities with certificates come and go at the same time. */
const maxChains = 500;

/** Holds one parsed certificate for all connections of a client, which may be a thousand watches, and verifies it once. */
export class VerifiedChains {
  readonly #known = new Map<string, VerifiedPeer>();

  /** Asks `verify` for a chain that is not known yet. Throws what it throws, and remembers nothing of it. */
  of(presented: readonly Buffer[], verify: (certificates: PeerCertificates) => VerifiedPeer): VerifiedPeer {
    // DER tells its own length: no two chains look the same one after the other.
    const key = presented.map((certificate) => certificate.toString('latin1')).join('');
    const known = this.#known.get(key);
    if (known) return known;
    const peer = verify(parsePresented(presented));
    const oldest = this.#known.keys().next().value;
    if (this.#known.size >= maxChains && oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(key, peer);
    return peer;
  }
}
