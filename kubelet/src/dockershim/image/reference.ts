/** Image names as the engine's pull wants them. */

/** `busybox` is `{ name: 'busybox', tag: 'latest' }`; a digest takes the tag's place. */
export function splitReference(reference: string): { name: string; tag: string } {
  const at = reference.indexOf('@');
  if (at >= 0) {
    const { name } = splitTag(reference.slice(0, at));
    return { name, tag: reference.slice(at + 1) };
  }
  const { name, tag } = splitTag(reference);
  return { name, tag: tag || 'latest' };
}

/** A colon before the last slash belongs to the registry's port. */
function splitTag(text: string): { name: string; tag: string } {
  const colon = text.lastIndexOf(':');
  if (colon < 0 || colon < text.lastIndexOf('/')) return { name: text, tag: '' };
  return { name: text.slice(0, colon), tag: text.slice(colon + 1) };
}
