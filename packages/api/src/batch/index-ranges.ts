/** Lists of completion indexes, as `1,3-5,7`. */
import { goQuote } from '@kubelab/apimachinery/go-quote';

/** How many indexes `text` names, all below `completions`. Throws Error with upstream's reason for what is no such list. */
export function countIndexes(text: string, completions: number): number {
  if (text === '') return 0;
  let last: number | undefined;
  let total = 0;
  for (const part of text.split(',')) {
    const [first, end] = parseInterval(part, completions);
    if (last !== undefined && last >= first) throw notIncreasing(last, first);
    total += end - first + 1;
    last = end;
  }
  return total;
}

function parseInterval(text: string, completions: number): [number, number] {
  const limits = text.split('-');
  if (limits.length > 2) {
    const rule = "violates the requirement that an index interval can have at most two parts separated by '-'";
    throw new Error(`the fragment ${goQuote(text)} ${rule}`);
  }
  const first = parseIndex(limits[0] ?? '', completions);
  if (limits[1] === undefined) return [first, first];
  const end = parseIndex(limits[1], completions);
  if (first >= end) throw notIncreasing(first, end);
  return [first, end];
}

function parseIndex(text: string, completions: number): number {
  if (!/^\+?\d+$/.test(text)) throw new Error(`cannot convert string to integer for index: ${goQuote(text)}`);
  const index = Number(text);
  if (index >= completions) throw new Error(`too large index: ${goQuote(text)}`);
  return index;
}

function notIncreasing(previous: number, current: number): Error {
  return new Error(`non-increasing order, previous: ${previous}, current: ${current}`);
}
