import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { StatusError } from '@kubelab/apimachinery/status-error';
import { ConnectionError, type KubeClient } from '@kubelab/client/client';
import { silentLogger } from '@kubelab/component/logger';
import { FakeClock, settle } from '@kubelab/testkit/fake-clock';
import { applyManifest } from './apply.js';
import { bootstrapTokenSecret, clusterInfo, parseBootstrapToken } from './bootstrap-token.js';
import { type Manifest, parseManifests, readManifests } from './manifests.js';

const token = parseBootstrapToken('abcdef.0123456789abcdef\n');

describe('the bootstrap token', () => {
  it.each(['', 'abcdef', 'ABCDEF.0123456789abcdef', 'abcdef.0123', 'abcdef.0123456789abcdef.x'])(
    '"%s" is none',
    (text) => {
      expect(() => parseBootstrapToken(text)).toThrow('the bootstrap token is not of the form');
    },
  );

  it('becomes the Secret that the API server looks for', () => {
    const { type, metadata, data } = bootstrapTokenSecret(token) as Manifest & { data: Record<string, string> };
    expect(type).toBe('bootstrap.kubernetes.io/token');
    expect(metadata).toEqual({ name: 'bootstrap-token-abcdef', namespace: 'kube-system' });
    expect(Buffer.from(data['token-secret']!, 'base64').toString()).toBe('0123456789abcdef');
    expect(Buffer.from(data['auth-extra-groups']!, 'base64').toString()).toBe(
      'system:bootstrappers:kubeadm:default-node-token',
    );
  });

  it('signs cluster-info so that its holder can trust it', () => {
    const { data } = clusterInfo(token, { server: 'https://apiserver:6443', ca: 'PEM' }) as Manifest & {
      data: Record<string, string>;
    };
    const [header, payload, signature] = data['jws-kubeconfig-abcdef']!.split('.');
    expect(JSON.parse(Buffer.from(header!, 'base64url').toString())).toEqual({ alg: 'HS256', kid: 'abcdef' });
    expect(payload).toBe('');
    const signed = `${header}.${Buffer.from(data['kubeconfig']!).toString('base64url')}`;
    expect(signature).toBe(createHmac('sha256', token.secret).update(signed).digest('base64url'));
  });
});

describe('manifests', () => {
  it("are the repository's, complete", () => {
    const manifests = readManifests('deploy/addons', { DNS_IMAGE: 'kubelab/dns:test' });
    expect(manifests.map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`)).toEqual([
      'ServiceAccount kube-system/coredns',
      'Service kube-system/kube-dns',
      'Deployment kube-system/coredns',
      'StorageClass undefined/standard',
    ]);
    expect(JSON.stringify(manifests)).toContain('"image":"kubelab/dns:test"');
    expect(readFileSync('deploy/addons/dns.yaml', 'utf8')).toContain('clusterIP: 10.96.0.10');
  });

  it('refuse a value that nobody gives', () => {
    expect(() => parseManifests('a: $(NOPE)', { file: 'x.yaml', values: {} })).toThrow(
      'x.yaml: there is no value for $(NOPE)',
    );
  });

  it.each(['a: 1', 'apiVersion: v1\nkind: Pod', 'apiVersion: v1\nkind: Pod\nmetadata: {}', '- 1'])(
    'refuse a document that is no object: %s',
    (text) => {
      expect(() => parseManifests(text, { file: 'x.yaml', values: {} })).toThrow(
        'lacks apiVersion, kind or metadata.name',
      );
    },
  );

  it('skip empty documents', () => {
    expect(parseManifests('---\n---\n', { file: 'x.yaml', values: {} })).toEqual([]);
  });
});

describe('applyManifest', () => {
  const manifest: Manifest = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'b' } };
  const discovery = JSON.stringify({ resources: [{ name: 'configmaps', kind: 'ConfigMap', namespaced: true }] });

  /** A server that answers a patch with these errors, one after the other, and then does it. */
  function server(...errors: Error[]): { client: KubeClient; patches: unknown[][] } {
    const patches: unknown[][] = [];
    const client = {
      raw: async () => ({ code: 200, headers: {}, body: discovery }),
      patch: async (...args: unknown[]) => {
        patches.push(args);
        const error = errors.shift();
        if (error) throw error;
        return manifest;
      },
    } as unknown as KubeClient;
    return { client, patches };
  }

  const status = (code: number): StatusError => new StatusError({ code, reason: '', message: `code ${code}` });

  async function apply(client: KubeClient, timeoutMs = 60_000): Promise<void> {
    const clock = new FakeClock();
    let over = false;
    const done = applyManifest(manifest, {
      client,
      timeoutMs,
      clock,
      logger: silentLogger,
      signal: new AbortController().signal,
    }).finally(() => {
      over = true;
    });
    done.catch(() => undefined);
    for (let turn = 0; turn < 1000 && !over; turn++) {
      await settle();
      await clock.advance(200);
    }
    await done;
  }

  it('applies server-side, with force and under its own name', async () => {
    const { client, patches } = server();
    await apply(client);
    expect(patches).toEqual([
      [
        { group: '', version: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true },
        'a',
        'b',
        'apply',
        manifest,
        { fieldManager: 'kubelab-addon-manager', force: true },
      ],
    ]);
  });

  it('outlasts a cluster that is still coming up', async () => {
    const { client, patches } = server(
      new ConnectionError('refused'),
      status(503),
      status(403),
      status(404),
      status(401),
    );
    await apply(client);
    expect(patches).toHaveLength(6);
  });

  it.each([400, 415, 422])('gives up at once on %i', async (code) => {
    const { client, patches } = server(status(code));
    await expect(apply(client)).rejects.toThrow(`cannot apply ConfigMap a: code ${code}`);
    expect(patches).toHaveLength(1);
  });

  it('gives up when its time is over', async () => {
    const { client } = server(...Array.from({ length: 100 }, () => status(503)));
    await expect(apply(client, 2000)).rejects.toThrow('cannot apply ConfigMap a: code 503');
  });
});
