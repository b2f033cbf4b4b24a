/** Strings as Go's `%q` writes them, which is how most of upstream's messages quote what a client sent. */

const named: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '"': '\\"',
  '\\': '\\\\',
};

/** What Go calls printable: letters, marks, numbers, punctuation, symbols and the ASCII space. */
export const isPrintable = (char: string): boolean => /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(char);

function escaped(char: string): string {
  const short = named[char];
  if (short !== undefined) return short;
  if (isPrintable(char)) return char;
  const code = char.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code < 0x80) return `\\x${hex.padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

export function goQuote(text: string): string {
  // Nearly everything that is quoted is plain.
  if (/^[ !#-[\]-~]*$/.test(text)) return `"${text}"`;
  // Half a pair of surrogates is no character: what arrives as UTF-8 has none.
  return `"${[...text.replace(/\p{Cs}/gu, '\ufffd')].map(escaped).join('')}"`;
}
