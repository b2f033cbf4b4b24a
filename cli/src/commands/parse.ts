import { InvalidArgumentError } from 'commander';

export function parseWholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

export function parseLineCount(text: string): string {
  return text === 'all' ? text : String(parseWholeNumber(text));
}
