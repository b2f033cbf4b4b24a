import { createHash } from 'node:crypto';
import { certificateSigningRequests } from '@kubelab/api/resource-types';
import type { CertificateSigningRequest } from '@kubelab/api/types';
import { isAlreadyExists, isStatusError } from '@kubelab/apimachinery/status-error';
import { ConnectionError, type KubeClient } from '@kubelab/client/client';
import type { Clock } from '@kubelab/component/clock';

export interface SigningOptions {
  client: KubeClient;
  clock: Clock;
  /** PEM. */
  request: string;
  signerName: 'kubernetes.io/kube-apiserver-client-kubelet' | 'kubernetes.io/kubelet-serving';
  /** The same key asks under the same name, so that a restarted kubelet goes on with the request it already made. */
  keyPem: string;
  signal: AbortSignal;
}

/** What to log of a request that is made again: that the API server is not there yet, or does not know the token yet, needs no stack. */
export function whyNotSigned(error: unknown): Record<string, unknown> {
  const expected = isStatusError(error) || error instanceof ConnectionError || error instanceof SigningRefusedError;
  return expected ? { reason: error.message } : { error };
}

/** The cluster refused to sign. */
export class SigningRefusedError extends Error {
  override readonly name = 'SigningRefusedError';
}

const usages: Readonly<Record<SigningOptions['signerName'], string[]>> = {
  'kubernetes.io/kube-apiserver-client-kubelet': ['digital signature', 'client auth'],
  'kubernetes.io/kubelet-serving': ['digital signature', 'server auth'],
};

/** How long one watch may last before the request is read again. */
const watchSeconds = 60;

/** Sends a certificate signing request and waits until it is approved and signed. Returns the certificate in PEM. */
export async function requestCertificate(options: SigningOptions): Promise<string> {
  const { client, clock, signal } = options;
  const { name, uid } = (await submit(options)).metadata;
  while (!signal.aborted) {
    const current = await client.get(certificateSigningRequests, name);
    if (current.metadata.uid !== uid)
      throw new Error(`certificate signing request ${name} was replaced by another one`);
    const certificate = certificateOf(current) ?? (await watchFor(options, current));
    if (certificate !== undefined) return certificate;
    await clock.sleep(200, signal);
  }
  throw signal.reason;
}

async function submit(options: SigningOptions): Promise<CertificateSigningRequest> {
  const { client, request, signerName, keyPem } = options;
  const digest = createHash('sha256')
    .update(keyPem)
    .update(signerName)
    .update(request.length.toString())
    .digest('base64url');
  const name = `node-csr-${digest.toLowerCase().replace(/[^a-z0-9]/g, 'x')}`;
  try {
    return await client.create(certificateSigningRequests, {
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      metadata: { name },
      spec: { request: Buffer.from(request).toString('base64'), signerName, usages: usages[signerName] },
    });
  } catch (error) {
    if (isAlreadyExists(error)) return client.get(certificateSigningRequests, name);
    throw error;
  }
}

function certificateOf(request: CertificateSigningRequest): string | undefined {
  for (const { type, reason, message } of request.status?.conditions ?? []) {
    if (type === 'Denied')
      throw new SigningRefusedError(
        `certificate signing request was denied, reason: ${reason ?? ''}, message: ${message ?? ''}`,
      );
    if (type === 'Failed')
      throw new SigningRefusedError(
        `certificate signing request failed, reason: ${reason ?? ''}, message: ${message ?? ''}`,
      );
  }
  const { certificate } = request.status ?? {};
  return certificate ? Buffer.from(certificate, 'base64').toString('utf8') : undefined;
}

async function watchFor(options: SigningOptions, since: CertificateSigningRequest): Promise<string | undefined> {
  const { name, resourceVersion } = since.metadata;
  const params = { fieldSelector: `metadata.name=${name}`, resourceVersion, timeoutSeconds: watchSeconds };
  for await (const message of options.client.watch(certificateSigningRequests, undefined, params, options.signal)) {
    if (message.type === 'DELETED') throw new Error(`certificate signing request ${name} was deleted`);
    const certificate = message.type === 'BOOKMARK' ? undefined : certificateOf(message.object);
    if (certificate !== undefined) return certificate;
  }
  return undefined;
}
