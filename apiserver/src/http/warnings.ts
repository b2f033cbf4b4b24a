/** Warning headers: RFC 7234 code 299, as clients of Kubernetes print them. */

/** Upstream stops adding warnings when their texts exceed this many bytes together. */
const maxTotalBytes = 4096;
const maxWarningBytes = 256;

/** Collects the warnings of one request, without duplicates, in order. */
export class Warnings {
  readonly #texts: string[] = [];
  readonly #seen = new Set<string>();
  #bytes = 0;

  add(text: string): void {
    const shown = truncate(text);
    if (shown === '' || this.#seen.has(shown) || this.#bytes + shown.length > maxTotalBytes) return;
    this.#seen.add(shown);
    this.#bytes += shown.length;
    this.#texts.push(shown);
  }

  get isEmpty(): boolean {
    return this.#texts.length === 0;
  }

  /** Values for the Warning header. */
  headerValues(): string[] {
    return this.#texts.map((text) => `299 - ${quote(text)}`);
  }
}

function truncate(text: string): string {
  return text.length > maxWarningBytes ? text.slice(0, maxWarningBytes) : text;
}

/** A quoted-string of HTTP; what a header may not hold becomes a space (control characters) or `?` (beyond Latin-1). */
function quote(text: string): string {
  const escaped = text.replace(/[\\"]/g, '\\$&');
  return `"${Array.from(escaped, (char) => (char < ' ' || char === '\x7f' ? ' ' : char > '\xff' ? '?' : char)).join('')}"`;
}
