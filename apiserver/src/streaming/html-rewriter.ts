/** A stream that rewrites the links of an HTML page on its way through. */

import { Transform, type TransformCallback } from 'node:stream';
import { type RewriteContext, rewriteTag } from './link-rewriting.js';

/** A "tag" that goes on for longer is not one. */
const maxTagLength = 64 * 1024;

/** Bytes outside of tags pass unchanged, whatever their encoding, because latin1 keeps every byte. */
export class HtmlRewriter extends Transform {
  #held = '';

  constructor(private readonly context: RewriteContext) {
    super();
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const text = this.#held + chunk.toString('latin1');
    const open = text.lastIndexOf('<');
    const isOpen = open >= 0 && text.indexOf('>', open) < 0 && text.length - open < maxTagLength;
    this.#held = isOpen ? text.slice(open) : '';
    done(null, this.#rewrite(isOpen ? text.slice(0, open) : text));
  }

  override _flush(done: TransformCallback): void {
    done(null, this.#rewrite(this.#held));
  }

  #rewrite(text: string): Buffer {
    return Buffer.from(
      text.replace(/<[a-zA-Z][^<>]*>/g, (tag) => rewriteTag(tag, this.context)),
      'latin1',
    );
  }
}
