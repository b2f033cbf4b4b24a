/** Several errors as one message, in the form of upstream's aggregates: each text once, in brackets when there are more than one. */
export function aggregateMessage(messages: readonly string[]): string {
  const different = [...new Set(messages)];
  return different.length === 1 ? (different[0] as string) : `[${different.join(', ')}]`;
}
