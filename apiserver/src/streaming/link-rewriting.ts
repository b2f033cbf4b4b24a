/** Links in what a proxied server answers are made to lead through the proxy again, as upstream's proxy transport does. Pure. */

export interface RewriteContext {
  /** Path in front of everything the server knows of itself. */
  prefix: string;
  /** Host and port under which the server was asked. */
  backendHost: string;
  /** Host that the client asked. */
  requestHost: string;
}

/** A URL of the server as the client has to ask for it. Relative ones and those of other hosts stay. */
export function rewriteUrl(text: string, context: RewriteContext): string {
  const parsed = splitUrl(text);
  if (!parsed) return text;
  const { origin, host, path, rest } = parsed;
  if (host !== '' && host !== context.backendHost && host !== context.requestHost) return text;
  if (!path.startsWith('/')) return text;
  const start = host === context.requestHost ? origin : '';
  if (path === context.prefix || path.startsWith(`${context.prefix}/`)) return `${start}${path}${rest}`;
  return `${start}${context.prefix}${path}${rest}`;
}

function splitUrl(text: string): { origin: string; host: string; path: string; rest: string } | undefined {
  const [, scheme = '', authority = '', path = '', rest = ''] =
    /^([a-zA-Z][a-zA-Z0-9+.-]*:)?(\/\/[^/?#]*)?([^?#]*)(.*)$/s.exec(text) ?? [];
  if (!['', 'http:', 'https:'].includes(scheme.toLowerCase())) return undefined;
  return { origin: `${scheme}${authority}`, host: authority.slice(2), path, rest };
}

/** Attributes with links, by tag: those that upstream rewrites. */
const linkAttributes: Readonly<Record<string, readonly string[]>> = {
  a: ['href'],
  applet: ['codebase'],
  area: ['href'],
  audio: ['src'],
  base: ['href'],
  blockquote: ['cite'],
  body: ['background'],
  button: ['formaction'],
  command: ['icon'],
  del: ['cite'],
  embed: ['src'],
  form: ['action'],
  frame: ['longdesc', 'src'],
  head: ['profile'],
  html: ['manifest'],
  iframe: ['longdesc', 'src'],
  img: ['longdesc', 'src', 'usemap'],
  input: ['src', 'usemap', 'formaction'],
  ins: ['cite'],
  link: ['href'],
  object: ['classid', 'codebase', 'data', 'usemap'],
  q: ['cite'],
  script: ['src'],
  source: ['src'],
  video: ['poster', 'src'],
};

const attributePattern = /(\s)([a-zA-Z-]+)(\s*=\s*)("[^"]*"|'[^']*'|[^\s"'>]+)/g;

/** One tag, from `<` to `>`. */
export function rewriteTag(tag: string, context: RewriteContext): string {
  const name = /^<([a-zA-Z]+)/.exec(tag)?.[1]?.toLowerCase() ?? '';
  const attributes = linkAttributes[name];
  if (!attributes) return tag;
  return tag.replace(attributePattern, (whole, space: string, key: string, equals: string, value: string) => {
    if (!attributes.includes(key.toLowerCase())) return whole;
    const quote = value.startsWith('"') || value.startsWith("'") ? value.charAt(0) : '';
    const inner = quote === '' ? value : value.slice(1, -1);
    return `${space}${key}${equals}${quote}${rewriteUrl(inner, context)}${quote}`;
  });
}
