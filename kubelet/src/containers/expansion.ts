/**
 * Replaces `$(NAME)` by the variable's value. `$$` is a literal dollar sign, and a reference to a variable that is not defined stays as written,
 * as in upstream's third_party/forked/golang/expansion.
 */
export function expand(input: string, lookup: (name: string) => string | undefined): string {
  let output = '';
  let index = 0;
  while (index < input.length) {
    const char = input[index] as string;
    if (char !== '$' || index + 1 >= input.length) {
      output += char;
      index += 1;
      continue;
    }
    const next = input[index + 1];
    const end = next === '(' ? input.indexOf(')', index + 2) : -1;
    if (next === '$') {
      output += '$';
      index += 2;
    } else if (end > 0) {
      const name = input.slice(index + 2, end);
      output += lookup(name) ?? `$(${name})`;
      index = end + 1;
    } else {
      output += `$${next}`;
      index += 2;
    }
  }
  return output;
}
