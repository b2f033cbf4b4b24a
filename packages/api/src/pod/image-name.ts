/** Just enough of image references to know the tag, which decides the pull policy. */

const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const host =
  '(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\\[[0-9a-fA-F:]+\\])(?::[0-9]+)?';
const reference = new RegExp(
  `^(?:${host}/)?${component}(?:/${component})*(?::(?<tag>[\\w][\\w.-]{0,127}))?(?:@(?<digest>[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?$`,
);

/** The tag of an image; `latest` when it has neither tag nor digest, empty when it has only a digest or cannot be read. */
export function imageTag(image: string): string {
  const groups = image.match(reference)?.groups;
  if (!groups) return '';
  return groups['tag'] ?? (groups['digest'] === undefined ? 'latest' : '');
}

/** Upstream's default: pull `:latest` always, everything else once. */
export function defaultPullPolicy(image: string): 'Always' | 'IfNotPresent' {
  return imageTag(image) === 'latest' ? 'Always' : 'IfNotPresent';
}
