/** Which of the versions that a client offers is spoken. */

/** The offers of a comma-separated header. */
export function offersOf(header: string | string[] | undefined): string[] {
  const text = Array.isArray(header) ? header.join(',') : (header ?? '');
  return text
    .split(',')
    .map((offer) => offer.trim())
    .filter((offer) => offer !== '');
}

/** The client's first choice that the server knows; undefined when there is none. */
export function negotiate<T extends string>(offers: readonly string[], known: readonly T[]): T | undefined {
  return offers.find((offer): offer is T => (known as readonly string[]).includes(offer));
}
