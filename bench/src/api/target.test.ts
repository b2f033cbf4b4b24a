import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { targetOf } from './target.js';

const folder = mkdtempSync(join(tmpdir(), 'kubelab-bench-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function kubeconfig(server: string, user: object = {}): string {
  const path = join(folder, 'config');
  const context = (name: string): object => ({ name, context: { cluster: name, user: 'me' } });
  const cluster = (name: string, url: string): object => ({ name, cluster: { server: url } });
  const config = {
    clusters: [cluster('one', server), cluster('two', 'https://two.example')],
    users: [{ name: 'me', user }],
    contexts: [context('one'), context('two')],
    'current-context': 'one',
  };
  writeFileSync(path, JSON.stringify(config));
  return path;
}

test('the current context, or another one', () => {
  const path = kubeconfig('https://[::1]:6443', { token: 't' });
  expect(targetOf(path)).toMatchObject({ host: '::1', port: 6443, serverName: undefined, authorization: 'Bearer t' });
  expect(targetOf(path, 'two')).toMatchObject({ host: 'two.example', port: 443, serverName: 'two.example' });
});

test('what cannot be measured is said', () => {
  expect(() => targetOf(join(folder, 'none'))).toThrow(`kubeconfig ${folder}/none cannot be read`);
  expect(() => targetOf(kubeconfig('https://x'), 'three')).toThrow('has no context "three"');
  expect(() => targetOf(kubeconfig('http://127.0.0.1:8080'))).toThrow(
    'names the server http://127.0.0.1:8080: only https',
  );
  expect(() => targetOf(kubeconfig('nowhere'))).toThrow('names the server nowhere: only https://host:port');
  expect(() => targetOf(kubeconfig('https://x/proxy/path'))).toThrow('only https://host:port');
  const broken = { 'client-certificate-data': Buffer.from('no certificate').toString('base64') };
  expect(() => targetOf(kubeconfig('https://x', broken))).toThrow('holds certificates or a key that cannot be used');
});
