/** Token Secrets: fills those that users make, removes those of deleted accounts, and on demand makes one for every account. */

import { secrets as secretType, serviceAccounts } from '@kubelab/api/resource-types';
import type { Secret, ServiceAccount } from '@kubelab/api/types';
import { generateName } from '@kubelab/apimachinery/generate-name';
import { objectKey } from '@kubelab/apimachinery/meta';
import { isAlreadyExists, isConflict, isNotFound } from '@kubelab/apimachinery/status-error';
import type { Informer } from '@kubelab/client/informer';
import { readConfigFile } from '@kubelab/component/files';
import type { ReconcileResult, Reconciler } from '@kubelab/controller/reconciler';
import { type ControllerDefinition, createLoop, type ManagerContext } from '../manager/context.js';
import { isNamespaceTerminating } from '../pods/pod-control.js';
import { createLegacyTokenSigner, type LegacyTokenSigner } from './token.js';

const secretKind = 'kubernetes.io/service-account-token';
const nameAnnotation = 'kubernetes.io/service-account.name';
const uidAnnotation = 'kubernetes.io/service-account.uid';

export const legacyTokenController: ControllerDefinition = {
  name: 'serviceaccount-token-controller',
  // It makes the tokens that others authenticate with; upstream gives it no account of its own either.
  serviceAccount: undefined,
  enabled: (config) => config['service-account-private-key-file'] !== '',
  create: (context) => {
    const reconciler = new TokenReconciler(context);
    const loop = createLoop(context, 'serviceaccount_tokens', reconciler);
    const { accounts, secrets } = reconciler;
    const enqueue = (account: ServiceAccount): void => loop.enqueue(objectKey(account));
    accounts.addHandlers({ onAdd: enqueue, onUpdate: (_old, account) => enqueue(account), onDelete: enqueue });
    const enqueueOwner = (secret: Secret): void => {
      const name = accountName(secret);
      if (name) loop.enqueue(`${secret.metadata.namespace}/${name}`);
    };
    secrets.addHandlers({
      onAdd: enqueueOwner,
      onUpdate: (_old, secret) => enqueueOwner(secret),
      onDelete(secret) {
        reconciler.noteDeleted(secret);
        enqueueOwner(secret);
      },
    });
    return loop;
  },
};

function accountName(secret: Secret): string | undefined {
  return secret.type === secretKind ? secret.metadata.annotations?.[nameAnnotation] : undefined;
}

/** Before 1.24, a Secret that the account's list does not name was not its token. */
function namesOne({ secrets = [] }: ServiceAccount, own: readonly Secret[]): boolean {
  return own.some(({ metadata }) => secrets.some(({ name }) => name === metadata.name));
}

class TokenReconciler implements Reconciler {
  readonly accounts: Informer<ServiceAccount>;
  readonly secrets: Informer<Secret>;
  readonly #context: ManagerContext;
  readonly #signer: LegacyTokenSigner;
  readonly #ca: string;
  /** Names of Secrets that went, by account: an account may list names of Secrets that are yet to come, so that the list alone does not tell. */
  readonly #deleted = new Map<string, Set<string>>();

  constructor(context: ManagerContext) {
    const { config, informers } = context;
    this.#context = context;
    this.accounts = informers.of(serviceAccounts);
    this.secrets = informers.of(secretType);
    this.secrets.addIndex('service-account', (secret) => {
      const name = accountName(secret);
      return name ? [`${secret.metadata.namespace}/${name}`] : [];
    });
    this.#signer = createLegacyTokenSigner(
      readConfigFile('service-account-private-key-file', config['service-account-private-key-file']),
    );
    this.#ca = config['root-ca-file'] ? readConfigFile('root-ca-file', config['root-ca-file']).toString('base64') : '';
  }

  noteDeleted(secret: Secret): void {
    const name = accountName(secret);
    if (!name) return;
    const key = `${secret.metadata.namespace}/${name}`;
    this.#deleted.set(key, (this.#deleted.get(key) ?? new Set()).add(secret.metadata.name));
  }

  async reconcile(key: string): Promise<ReconcileResult> {
    const account = this.accounts.get(key);
    const own = this.secrets.byIndex('service-account', key);
    // The account's update brings it back here, for a new Secret if it is to have one.
    if (await this.#forgetDeleted(key, account)) return {};
    if (!account) {
      for (const secret of own) await this.#remove(secret);
      return {};
    }
    for (const secret of own) await this.#settle(account, secret);
    if (this.#context.config['legacy-token-secrets'] && !account.metadata.deletionTimestamp && !namesOne(account, own))
      await this.#make(account);
    return {};
  }

  /** Takes Secrets that went from the account's list; true when that changed it. */
  async #forgetDeleted(key: string, account: ServiceAccount | undefined): Promise<boolean> {
    const noted = this.#deleted.get(key);
    if (!noted) return false;
    const deleted = [...noted];
    const gone = new Set(deleted.filter((name) => !this.secrets.get(`${account?.metadata.namespace}/${name}`)));
    const listed = account?.secrets?.some(({ name }) => name !== undefined && gone.has(name));
    if (account && listed) {
      const secrets = account.secrets?.filter(({ name }) => name === undefined || !gone.has(name)) ?? [];
      // Of a conflict the loop tries again, with a newer account.
      await this.#context.client.update(serviceAccounts, { ...account, secrets });
    }
    // More may have gone in the meantime.
    for (const name of deleted) noted.delete(name);
    if (noted.size === 0) this.#deleted.delete(key);
    return listed === true;
  }

  /** Fills in what is missing; a Secret of an earlier account of the same name goes. */
  async #settle(account: ServiceAccount, secret: Secret): Promise<void> {
    const uid = secret.metadata.annotations?.[uidAnnotation];
    if (uid !== undefined && uid !== account.metadata.uid) {
      await this.#remove(secret);
      return;
    }
    const { token, namespace, 'ca.crt': ca } = secret.data ?? {};
    if (token && namespace && (ca === this.#ca || !this.#ca) && uid) return;
    const data = await this.#data(account, secret.metadata.name, token);
    const annotations = { ...secret.metadata.annotations, [uidAnnotation]: account.metadata.uid };
    await this.#context.client.update(secretType, {
      ...secret,
      metadata: { ...secret.metadata, annotations },
      data: { ...secret.data, ...data },
    });
  }

  async #data(account: ServiceAccount, secretName: string, token: string | undefined): Promise<Record<string, string>> {
    const { name, namespace = '', uid } = account.metadata;
    const signed =
      token ?? Buffer.from(await this.#signer.sign({ name, namespace, uid }, secretName)).toString('base64');
    return {
      token: signed,
      namespace: Buffer.from(namespace).toString('base64'),
      ...(this.#ca ? { 'ca.crt': this.#ca } : {}),
    };
  }

  async #make(account: ServiceAccount): Promise<void> {
    const { name, namespace = '', uid } = account.metadata;
    // A name from the account's own list is used again, so that a retry does not make a second Secret.
    const listed = account.secrets
      ?.map((reference) => reference.name ?? '')
      .find((candidate) => candidate.startsWith(`${name}-token-`));
    const secretName = listed ?? generateName(`${name}-token-`);
    const { client } = this.#context;
    try {
      if (!listed)
        await client.update(serviceAccounts, {
          ...account,
          secrets: [...(account.secrets ?? []), { name: secretName }],
        });
      await client.create(secretType, {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: secretName, namespace, annotations: { [nameAnnotation]: name, [uidAnnotation]: uid } },
        type: secretKind,
        data: await this.#data(account, secretName, undefined),
      });
    } catch (error) {
      if (!isAlreadyExists(error) && !isNamespaceTerminating(error)) throw error;
    }
  }

  async #remove(secret: Secret): Promise<void> {
    const { name, namespace, uid } = secret.metadata;
    try {
      await this.#context.client.delete(secretType, name, namespace, { preconditions: { uid } });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }
}
