import { versionDocument } from './version.js';

test('has the form that clients check', () => {
  const { major, minor, gitVersion, gitCommit } = versionDocument();
  expect(`v${major}.${minor}`).toBe(/^v\d+\.\d+/.exec(gitVersion ?? '')?.[0]);
  expect(gitCommit).toMatch(/^[0-9a-f]{40}$/);
});
