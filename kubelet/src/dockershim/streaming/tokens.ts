/** Streaming requests that wait for their client: each is redeemed once, by the token in its URL, within a minute. */
import { randomBytes } from 'node:crypto';
import type { Clock, Timer } from '@kubelab/component/clock';
import { CriError } from '@kubelab/proto/cri-error';

const lifetimeMs = 60_000;
const capacity = 1000;

export class Tokens<T> {
  private readonly waiting = new Map<string, { request: T; expiry: Timer }>();

  constructor(private readonly clock: Clock) {}

  issue(request: T): string {
    if (this.waiting.size >= capacity) {
      throw new CriError('RESOURCE_EXHAUSTED', 'maximum number of in-flight requests exceeded');
    }
    const token = randomBytes(12).toString('base64url');
    const expiry = this.clock.setTimeout(() => this.waiting.delete(token), lifetimeMs);
    this.waiting.set(token, { request, expiry });
    return token;
  }

  /** Undefined for a token that is unknown, used or expired. */
  redeem(token: string): T | undefined {
    const entry = this.waiting.get(token);
    this.waiting.delete(token);
    entry?.expiry.clear();
    return entry?.request;
  }

  clear(): void {
    for (const token of [...this.waiting.keys()]) this.redeem(token);
  }
}
