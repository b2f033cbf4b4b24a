/** Signatures that were checked lately, so that a client's token costs one RSA operation and not one per request. */

import { createHash } from 'node:crypto';
import type { Clock } from '@kubelab/component/clock';
import type { JWTPayload } from 'jose';

/** Upstream keeps successes for ten seconds. What a token is bound to is checked every time all the same. */
const keepMs = 10_000;
const maxEntries = 4096;

export class VerifiedTokens {
  readonly #entries = new Map<string, { payload: JWTPayload; until: number }>();

  constructor(private readonly clock: Clock) {}

  /** The token's payload; `verify` is called when it is not remembered, and its errors are not kept. */
  async payloadOf(token: string, verify: () => Promise<JWTPayload>): Promise<JWTPayload> {
    const key = createHash('sha256').update(token).digest('base64');
    const known = this.#entries.get(key);
    if (known && known.until > this.clock.now()) return known.payload;
    const payload = await verify();
    this.#entries.delete(key);
    this.#entries.set(key, { payload, until: this.clock.now() + keepMs });
    if (this.#entries.size > maxEntries) this.#dropOldest();
    return payload;
  }

  #dropOldest(): void {
    const oldest = this.#entries.keys().next();
    if (!oldest.done) this.#entries.delete(oldest.value);
  }
}
