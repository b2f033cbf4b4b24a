import { InvalidArgumentError } from 'commander';

export function parseWholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

export function parseSeconds(text: string): number {
  const seconds = parseWholeNumber(text);
  if (seconds === 0) throw new InvalidArgumentError('It must be at least 1.');
  return seconds;
}

export function parseLineCount(text: string): string {
  return text === 'all' ? text : String(parseWholeNumber(text));
}
