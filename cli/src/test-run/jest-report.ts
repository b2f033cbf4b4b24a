import { readFile } from 'node:fs/promises';

/** Paths of the test files that failed, from what Jest's --json wrote; none when it ended before it could write. */
export async function readFailedFiles(report: string): Promise<string[]> {
  let text: string;
  try {
    text = await readFile(report, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  const { testResults } = JSON.parse(text) as { testResults: { name: string; status: string }[] };
  return testResults.filter(({ status }) => status === 'failed').map(({ name }) => name);
}
