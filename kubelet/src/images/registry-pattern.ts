/** Patterns of registries and paths in pull secrets: `reg.io`, `*.reg.io:5000/team`. Pure. */

/** Whether a pattern means an image. A `*` is for one part of the host name; a port has to be the same; a path is a prefix. */
export function matchesPattern(pattern: string, image: string): boolean {
  const wanted = split(pattern);
  const given = split(image);
  if (wanted.port !== given.port || wanted.labels.length !== given.labels.length) return false;
  if (!given.path.startsWith(wanted.path)) return false;
  return wanted.labels.every((label, index) => matchesGlob(label, given.labels[index] as string));
}

function split(text: string): { labels: string[]; port: string; path: string } {
  const slash = text.indexOf('/');
  const authority = slash < 0 ? text : text.slice(0, slash);
  const [, host = authority, port = ''] = /^(.*?)(?::(\d+))?$/.exec(authority) ?? [];
  return { labels: host.split('.'), port, path: slash < 0 ? '' : text.slice(slash) };
}

/** Go's filepath.Match for what can stand in a host name: `*` and classes. A class that does not end matches nothing. */
function matchesGlob(pattern: string, text: string): boolean {
  if (!/^(?:[^[\]]|\[\^?[^\]]+\])*$/.test(pattern)) return false;
  const pieces = pattern.match(/\[\^?[^\]]+\]|./g) ?? [];
  // Only the last star has to be tried again, so this never takes longer than pattern times text: anybody may write a pattern.
  let piece = 0;
  let star = -1;
  let resume = 0;
  for (let at = 0; at < text.length; ) {
    if (pieces[piece] === '*') {
      star = piece++;
      resume = at;
    } else if (matchesOne(pieces[piece], text[at] as string)) {
      piece++;
      at++;
    } else if (star >= 0) {
      piece = star + 1;
      at = ++resume;
    } else return false;
  }
  return pieces.slice(piece).every((rest) => rest === '*');
}

function matchesOne(piece: string | undefined, character: string): boolean {
  if (!piece?.startsWith('[')) return piece === character;
  const [, negated = '', members = ''] = /^\[(\^?)(.*)\]$/.exec(piece) ?? [];
  const ranges = [...members.matchAll(/(.)-(.)|(.)/g)].map(([one, from = one, to = one]) => [from, to] as const);
  return ranges.some(([from, to]) => from <= character && character <= to) !== (negated === '^');
}
