/**
 * Pure: the commands of a Markdown document, and whether what they print is what it shows. A document's ```console blocks are a
 * terminal's screen:
 *
 *     # wait up to 60s
 *     $ kubectl get pods \
 *     >   --no-headers
 *     web-... 1/1 Running ...
 *     ...
 *
 * `$ ` begins a command and `> ` goes on with it; the lines after it are what it prints. `...` stands for any text within a line, white
 * space around it included, and alone on a line for any number of lines. A line that begins with `...` may have other lines before it, and
 * one that also ends with `...` others after it: its text is somewhere. How much white space there is does not matter, nor do empty lines.
 * A command that shows no output may print anything. A line that begins with `#` is a comment; three kinds mean something for the command
 * below them: `# wait up to 60s` runs it again until it succeeds, `# exits with 1` expects that exit code instead of 0,
 * `# with --runtime=docker` is about clusters of that runtime alone.
 */
import { parseDuration } from '@kubelab/apimachinery/duration';

export interface WalkthroughCommand {
  /** For `sh -c`; several lines when the document has them. */
  command: string;
  /** Lines that its output must match; empty: any output will do. */
  expected: readonly string[];
  exitCode: number;
  /** How long the command may be tried again, in milliseconds; 0: it is run once. */
  waitMs: number;
  /** Only for clusters whose nodes have this runtime; undefined: for all. */
  runtime?: string;
  /** Of its `$ ` in the document, from 1. */
  line: number;
}

/** The document is not in the format; the message names the line. */
export class WalkthroughError extends Error {
  override readonly name = 'WalkthroughError';

  constructor(line: number, message: string) {
    super(`line ${line}: ${message}`);
  }
}

/** Commands in order; only those below the heading `section` (its subsections included) when it is given. */
export function parseWalkthrough(markdown: string, options: { section?: string } = {}): WalkthroughCommand[] {
  const { section } = options;
  const blocks = consoleBlocks(markdown);
  const chosen = section === undefined ? blocks : blocks.filter(({ headings }) => headings.includes(section));
  const commands = chosen.flatMap(parseBlock);
  if (commands.length > 0) return commands;
  throw new WalkthroughError(1, `no commands in ${section === undefined ? 'the document' : `section "${section}"`}`);
}

interface Line {
  text: string;
  number: number;
}

interface Block {
  /** Of the sections it is in, outermost first. */
  headings: string[];
  lines: Line[];
}

function consoleBlocks(markdown: string): Block[] {
  const blocks: Block[] = [];
  const sections: { level: number; title: string }[] = [];
  let fence: { mark: string; indent: number; opened: number; block: Block | undefined } | undefined;
  markdown.split(/\r?\n/).forEach((text, index) => {
    const number = index + 1;
    if (fence) {
      if (text.trim() === fence.mark) fence = undefined;
      else fence.block?.lines.push({ text: withoutIndent(text, fence.indent), number });
      return;
    }
    const opening = /^(\s*)(`{3,}|~{3,})\s*([^\s`]*)/.exec(text);
    if (opening) {
      const [, indent = '', mark = '', language] = opening;
      const block = language === 'console' ? { headings: sections.map(({ title }) => title), lines: [] } : undefined;
      if (block) blocks.push(block);
      fence = { mark, indent: indent.length, opened: number, block };
      return;
    }
    const [, hashes, title] = /^(#{1,6})\s+(.*?)\s*#*$/.exec(text) ?? [];
    if (hashes === undefined || title === undefined) return;
    while ((sections.at(-1)?.level ?? 0) >= hashes.length) sections.pop();
    sections.push({ level: hashes.length, title });
  });
  if (fence) throw new WalkthroughError(fence.opened, 'the code block is never closed');
  return blocks;
}

/** A block inside a list item is indented with it. */
function withoutIndent(text: string, indent: number): string {
  return text.slice(Math.min(indent, text.length - text.trimStart().length));
}

function parseBlock({ lines }: Block): WalkthroughCommand[] {
  const commands: (WalkthroughCommand & { expected: string[] })[] = [];
  let settings: Pick<WalkthroughCommand, 'waitMs' | 'exitCode' | 'runtime'> = { waitMs: 0, exitCode: 0 };
  let open = false;
  for (const { text, number } of lines) {
    const current = commands.at(-1);
    if (text.startsWith('$ ')) {
      commands.push({ command: text.slice(2).trim(), expected: [], ...settings, line: number });
      settings = { waitMs: 0, exitCode: 0 };
      open = true;
    } else if (open && current && /^>( |$)/.test(text)) {
      current.command += `\n${text.slice(2)}`;
    } else if (text.startsWith('#')) {
      settings = { ...settings, ...parseComment(text, number) };
      open = false;
    } else if (text.trim() !== '') {
      if (!current) throw new WalkthroughError(number, `output without a command before it: ${text.trim()}`);
      current.expected.push(text);
      open = false;
    }
  }
  return commands;
}

function parseComment(text: string, line: number): { waitMs?: number; exitCode?: number; runtime?: string } {
  const comment = text.replace(/^#+\s*/, '').trim();
  const [, limit] = /^wait up to (\S+)$/i.exec(comment) ?? [];
  const [, code] = /^exits with (\S+)$/i.exec(comment) ?? [];
  if (limit !== undefined) {
    try {
      return { waitMs: parseDuration(limit) };
    } catch (error) {
      throw new WalkthroughError(line, `"# wait up to ..." ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const [, runtime] = /^with --runtime=([a-z]+)$/.exec(comment) ?? [];
  if (runtime !== undefined) return { runtime };
  if (code === undefined) return {};
  if (!/^\d{1,3}$/.test(code)) throw new WalkthroughError(line, `"# exits with ${code}" names no exit code`);
  return { exitCode: Number(code) };
}

/** Whether a command's output is what the document shows. */
export function matchesOutput(expected: readonly string[], output: string): boolean {
  if (expected.length === 0) return true;
  const patterns = tidy(expected).flatMap(withGaps);
  const lines = tidy(output.split('\n'));
  // reached[i]: the patterns so far can end before line i.
  let reached = [true, ...lines.map(() => false)];
  for (const pattern of patterns) {
    const first = reached.indexOf(true);
    reached = reached.map((_, index) => {
      if (pattern === gap) return first >= 0 && index >= first;
      return index > 0 && reached[index - 1] === true && matchesLine(pattern, lines[index - 1] ?? '');
    });
  }
  return reached.at(-1) === true;
}

/** Stands for any number of lines. */
const gap = '...';

function withGaps(pattern: string): string[] {
  if (pattern === gap || !pattern.startsWith(gap)) return [pattern];
  return pattern.endsWith(gap) ? [gap, pattern, gap] : [gap, pattern];
}

function tidy(lines: readonly string[]): string[] {
  return lines.map((line) => line.trim().replace(/\s+/g, ' ')).filter((line) => line !== '');
}

/** Pieces between `...` must follow each other; the first begins the line and the last ends it. */
function matchesLine(pattern: string, line: string): boolean {
  const [first = '', ...rest] = pattern.split(gap).map((piece) => piece.trim());
  const last = rest.pop();
  if (last === undefined) return first === line;
  if (!line.startsWith(first)) return false;
  let from = first.length;
  for (const piece of rest) {
    const at = line.indexOf(piece, from);
    if (at < 0) return false;
    from = at + piece.length;
  }
  return line.length - from >= last.length && line.endsWith(last);
}
