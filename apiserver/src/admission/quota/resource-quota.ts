/** Enforces ResourceQuotas: what is created is charged to the namespace's quotas before it is stored. */

import { addAmounts, type ResourceAmounts } from '@kubelab/api/pod/resource-amounts';
import { isInScope } from '@kubelab/api/quota/scopes';
import { usageOf } from '@kubelab/api/quota/usage';
import type { ResourceQuota } from '@kubelab/api/types';
import { deepClone } from '@kubelab/apimachinery/json';
import type { GroupResource, UnstructuredObject } from '@kubelab/apimachinery/meta';
import { parseQuantity, Quantity } from '@kubelab/apimachinery/quantity';
import type { Clock } from '@kubelab/component/clock';
import type { AdmissionPlugin, AdmissionRequest, ObjectAccess } from '../../contracts.js';
import { refuse } from '../refusal.js';
import { missingRequirements } from './missing-requirements.js';
import { type Charge, RecentCharges } from './recent-charges.js';

const quotas: GroupResource = { group: '', resource: 'resourcequotas' };
/** Updates of these may change what they count for. */
const chargedOnUpdate = new Set(['persistentvolumeclaims', 'services']);

export interface ResourceQuotaOptions {
  objects: ObjectAccess;
  clock: Clock;
}

export function createResourceQuota(options: ResourceQuotaOptions): AdmissionPlugin {
  const evaluator = new QuotaEvaluator(options);
  return {
    name: 'ResourceQuota',
    async validate(request) {
      if (!request.namespace || !request.object || !isCharged(request)) return;
      await evaluator.charge(request, request.namespace, request.object);
    },
  };
}

function isCharged({ operation, subresource, definition }: AdmissionRequest): boolean {
  if (!definition.storagePath) return false;
  const isPod = definition.group === '' && definition.plural === 'pods';
  if (isPod && operation === 'UPDATE') return subresource === 'resize';
  if (subresource !== '') return false;
  if (operation === 'CREATE') return !(definition.group === '' && definition.plural === 'events');
  return operation === 'UPDATE' && definition.group === '' && chargedOnUpdate.has(definition.plural);
}

class QuotaEvaluator {
  readonly #recent: RecentCharges;
  readonly #objects: ObjectAccess;

  constructor(options: ResourceQuotaOptions) {
    this.#objects = options.objects;
    this.#recent = new RecentCharges(options);
  }

  async charge(request: AdmissionRequest, namespace: string, object: UnstructuredObject): Promise<void> {
    const resource = resourceOf(request);
    const delta = deltaOf(resource, request);
    const matching = this.#objects
      .peekAll<ResourceQuota>(quotas, namespace)
      .filter((quota) => isInScope(quota, resource, object));
    for (const quota of matching) {
      checkRequirements(request, resource, object, quota);
      checkCounted(request, resource, object, quota);
    }
    const charged: Charge[] = [];
    try {
      for (const quota of matching) {
        const amounts = mask(delta, hardOf(quota));
        if (amounts.size === 0) continue;
        const objectName = object.metadata.name;
        const charge = { namespace, quota: quota.metadata.name, resource, objectName, amounts };
        await this.#chargeOne(request, charge);
        charged.push(charge);
      }
    } catch (error) {
      if (!request.dryRun) await this.#takeBack(charged);
      throw error;
    }
  }

  /** Compare-and-swap on the quota's status: two requests never spend the same rest. */
  async #chargeOne(request: AdmissionRequest, charge: Charge): Promise<void> {
    const { namespace, quota: name } = charge;
    const change = (current: UnstructuredObject | undefined): UnstructuredObject | undefined => {
      // Called again after a conflict: what the last attempt announced does not count twice.
      this.#recent.remove(charge);
      if (!current) return undefined;
      const quota = current as unknown as ResourceQuota;
      const used = this.#affordable(request, quota, charge);
      quota.status = { ...quota.status, used };
      // At once and not after the write: whoever counts in the meantime has to know of it.
      if (!request.dryRun) this.#recent.add(charge);
      return current;
    };
    if (request.dryRun) {
      change(deepClone(await this.#objects.get(quotas, namespace, name)));
      return;
    }
    try {
      await this.#objects.update(quotas, namespace, name, change);
    } catch (error) {
      this.#recent.remove(charge);
      throw error;
    }
  }

  /** The new `used`; throws 403 when the quota does not allow it. */
  #affordable(request: AdmissionRequest, quota: ResourceQuota, charge: Charge): Record<string, string> {
    const { amounts } = charge;
    const used = new Map(Object.entries(quota.status?.used ?? {}).map(([name, value]) => [name, parseQuantity(value)]));
    if (exceeded(quota, used, amounts).length > 0) {
      // What was deleted since the last count is only known after counting again.
      for (const [name, value] of this.#measure(quota, charge)) used.set(name, value);
    }
    const over = exceeded(quota, used, amounts);
    if (over.length > 0) throw refuse(request, exceededText(quota, used, amounts, over));
    addAmounts(used, amounts);
    return Object.fromEntries([...used].map(([name, value]) => [name, value.toString()]));
  }

  /** From what is stored and what is about to be. */
  #measure(quota: ResourceQuota, { namespace, resource, amounts }: Charge): ResourceAmounts {
    const total: ResourceAmounts = new Map([...amounts.keys()].map((name) => [name, Quantity.zero]));
    const counted = this.#objects
      .peekAll<UnstructuredObject>(resource, namespace)
      .filter((object) => isInScope(quota, resource, object))
      .map((object) => usageOf(resource, object));
    const pending = this.#recent.pending(namespace, quota.metadata.name, resource);
    for (const usage of [...counted, ...pending]) {
      addAmounts(total, new Map([...usage].filter(([name]) => total.has(name))));
    }
    return total;
  }

  async #takeBack(charged: readonly Charge[]): Promise<void> {
    for (const charge of charged) {
      this.#recent.remove(charge);
      await this.#objects.update(quotas, charge.namespace, charge.quota, (current) => {
        const used = (current as unknown as ResourceQuota | undefined)?.status?.used;
        if (!used) return undefined;
        for (const [key, amount] of charge.amounts)
          used[key] = parseQuantity(used[key] ?? '0')
            .sub(amount)
            .toString();
        return current;
      });
    }
  }
}

function resourceOf({ definition }: AdmissionRequest): GroupResource {
  return { group: definition.group, resource: definition.plural };
}

/** What the request adds; nothing is given back here, that is the business of the quota controller. */
function deltaOf(resource: GroupResource, request: AdmissionRequest): ResourceAmounts {
  const usage = usageOf(resource, request.object as UnstructuredObject);
  if (request.operation === 'UPDATE' && request.oldObject) {
    for (const [name, old] of usageOf(resource, request.oldObject)) {
      const rest = (usage.get(name) ?? Quantity.zero).sub(old);
      usage.set(name, rest);
    }
  }
  return new Map([...usage].filter(([, quantity]) => quantity.sign() > 0));
}

/** What the quota's controller has taken note of: until it has, nothing is limited. */
function hardOf(quota: ResourceQuota): Record<string, string> {
  return quota.status?.hard ?? {};
}

/** Throws StatusError 403 where the controller has not counted yet what it limits. */
function checkCounted(
  request: AdmissionRequest,
  resource: GroupResource,
  object: UnstructuredObject,
  quota: ResourceQuota,
): void {
  const [hard, used] = [hardOf(quota), quota.status?.used ?? {}];
  const limited = [...usageOf(resource, object).keys()].filter((name) => hard[name] !== undefined).sort();
  if (limited.every((name) => used[name] !== undefined)) return;
  throw refuse(request, `status unknown for quota: ${quota.metadata.name}, resources: ${limited.join(',')}`);
}

function mask(amounts: ResourceAmounts, hard: Record<string, string>): ResourceAmounts {
  return new Map([...amounts].filter(([name]) => hard[name] !== undefined));
}

function checkRequirements(
  request: AdmissionRequest,
  resource: GroupResource,
  object: UnstructuredObject,
  quota: ResourceQuota,
): void {
  const missing = missingRequirements(resource, object, Object.keys(hardOf(quota)));
  if (missing !== '') throw refuse(request, `failed quota: ${quota.metadata.name}: must specify ${missing}`);
}

function exceeded(quota: ResourceQuota, used: ResourceAmounts, amounts: ResourceAmounts): string[] {
  const hard = hardOf(quota);
  return [...amounts.keys()]
    .filter((name) => {
      const wanted = (used.get(name) ?? Quantity.zero).add(amounts.get(name) ?? Quantity.zero);
      return wanted.compare(parseQuantity(hard[name] ?? '0')) > 0;
    })
    .sort();
}

function exceededText(
  quota: ResourceQuota,
  used: ResourceAmounts,
  amounts: ResourceAmounts,
  names: readonly string[],
): string {
  const hard = hardOf(quota);
  const list = (value: (name: string) => string): string => names.map((name) => `${name}=${value(name)}`).join(',');
  const requested = list((name) => (amounts.get(name) ?? Quantity.zero).toString());
  const spent = list((name) => (used.get(name) ?? Quantity.zero).toString());
  const limited = list((name) => parseQuantity(hard[name] ?? '0').toString());
  return `exceeded quota: ${quota.metadata.name}, requested: ${requested}, used: ${spent}, limited: ${limited}`;
}
