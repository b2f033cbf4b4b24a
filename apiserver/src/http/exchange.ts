/** One request on its way through the server: what the pipeline has found out about it so far, and where the answer goes. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestContext, RequestInfo, UserInfo } from '../contracts.js';
import { Warnings } from './warnings.js';

export class Exchange implements RequestContext {
  readonly warnings = new Warnings();
  readonly query: URLSearchParams;
  /** Set by the pipeline before dispatch. */
  user: UserInfo = { name: '', groups: [] };
  /** The time for the request is over and the client knows: there is nothing left to answer. */
  expired = false;

  constructor(
    readonly request: IncomingMessage,
    readonly response: ServerResponse,
    readonly info: RequestInfo,
    query: URLSearchParams,
  ) {
    this.query = query;
  }

  warn(message: string): void {
    this.warnings.add(message);
  }

  get method(): string {
    return this.request.method ?? 'GET';
  }

  get userAgent(): string {
    return this.request.headers['user-agent'] ?? '';
  }
}
