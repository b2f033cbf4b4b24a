/**
 * The table of field numbers. One message per line: `field=number:type`, with the field's name in JSON. `meta.` names messages of meta/v1,
 * `core.v1.` and the like those of other packages, everything else is a scalar or a message of the same package. `[]` is a repeated
 * field; `*` a scalar that is a pointer in Go: its zero means something; `!` a field that JSON always has, empty or not (structs that are no
 * pointers, and what Go's tags do not let go), beside those that the schema requires; `^` a message whose fields JSON has among its parent's.
 * A package's line names the API version that its kinds are served under.
 */

import { builtinDefinitions } from '../definitions.js';
import { admissionregistrationFields } from './fields/admissionregistration.js';
import { apiextensionsFields } from './fields/apiextensions.js';
import { apiregistrationFields } from './fields/apiregistration.js';
import { appsFields } from './fields/apps.js';
import { authenticationFields } from './fields/authentication.js';
import { authorizationFields } from './fields/authorization.js';
import { autoscalingFields } from './fields/autoscaling.js';
import { batchFields } from './fields/batch.js';
import { certificatesFields } from './fields/certificates.js';
import { coordinationFields } from './fields/coordination.js';
import { coreFields } from './fields/core.js';
import { discoveryFields } from './fields/discovery.js';
import { eventsFields } from './fields/events.js';
import { flowcontrolFields } from './fields/flowcontrol.js';
import { metaFields } from './fields/meta.js';
import { networkingFields } from './fields/networking.js';
import { nodeFields } from './fields/node.js';
import { policyFields } from './fields/policy.js';
import { rbacFields } from './fields/rbac.js';
import { schedulingFields } from './fields/scheduling.js';
import { storageFields } from './fields/storage.js';

export interface MessageField {
  /** As JSON has it. */
  readonly name: string;
  readonly number: number;
  /** A scalar type, or the full name of a message: `core.v1.PodSpec`; of a map's values. */
  readonly type: string;
  readonly repeated: boolean;
  readonly map: boolean;
  readonly inline: boolean;
  /**
   * What Go's JSON encoder does with an empty value: it writes it, `pointer` if there is one and `always` in any case; or it leaves the
   * field out. `required` fields are as `always`, but lists are then empty rather than null.
   */
  readonly presence: 'pointer' | 'always' | 'required' | 'omitted';
}

export interface Message {
  /** `core.v1.PodSpec`. */
  readonly name: string;
  /** By number, ascending. */
  readonly fields: readonly MessageField[];
}

const scalars = new Set(['string', 'bool', 'int32', 'int64', 'double', 'bytes']);
/** Messages with a JSON form of their own, known in every package by these names. */
const shared = new Set(['Quantity', 'IntOrString', 'RawExtension']);
/** Kinds that every group has, in the package of meta/v1. */
const metaKinds = new Set(['DeleteOptions', 'Status', 'PartialObjectMetadata']);

interface Table {
  /** Lines by the full name of their message. */
  readonly lines: ReadonlyMap<string, string>;
  /** Packages by API version. */
  readonly packages: ReadonlyMap<string, string>;
}

let table: Table | undefined;

function readTable(): Table {
  const lines = new Map<string, string>();
  const packages = new Map<string, string>();
  for (const text of tables()) {
    let current = '';
    for (const line of text.split('\n')) {
      const [head = '', first = '', apiVersion] = line.split(' ', 3);
      if (head === 'package') {
        current = first;
        if (apiVersion !== undefined) packages.set(apiVersion, current);
      } else if (head !== '') lines.set(`${current}.${head}`, line);
    }
  }
  return { lines, packages };
}

function tables(): string[] {
  return [
    admissionregistrationFields,
    apiextensionsFields,
    apiregistrationFields,
    appsFields,
    authenticationFields,
    authorizationFields,
    autoscalingFields,
    batchFields,
    certificatesFields,
    coordinationFields,
    coreFields,
    discoveryFields,
    eventsFields,
    flowcontrolFields,
    metaFields,
    networkingFields,
    nodeFields,
    policyFields,
    rbacFields,
    schedulingFields,
    storageFields,
  ];
}

/** Full name of the message that is this kind's protobuf form; undefined for kinds that have none. */
export function messageOfKind(apiVersion: string, kind: string): string | undefined {
  table ??= readTable();
  const name = metaKinds.has(kind) ? `meta.${kind}` : `${table.packages.get(apiVersion) ?? ''}.${kind}`;
  return table.lines.has(name) ? name : undefined;
}

/** Undefined for a message that the table does not hold. */
export function findMessage(name: string): Message | undefined {
  table ??= readTable();
  const line = table.lines.get(name);
  if (line === undefined) return undefined;
  const required = requiredFields(name);
  const packageName = name.slice(0, name.lastIndexOf('.'));
  const fields = line
    .split(' ')
    .slice(1)
    .map((text) => parseField(packageName, text, required));
  return { name, fields: fields.sort((a, b) => a.number - b.number) };
}

/** Messages that JSON has only inside others share the definition of those. */
const definitionNames: Readonly<Record<string, string>> = {
  'core.v1.EphemeralContainerCommon': 'core.v1.EphemeralContainer',
  'admissionregistration.v1.Rule': 'admissionregistration.v1.RuleWithOperations',
};

function requiredFields(message: string): ReadonlySet<string> {
  const name = definitionNames[message] ?? message;
  const definitions = builtinDefinitions();
  const candidates = name.startsWith('meta.')
    ? [`io.k8s.apimachinery.pkg.apis.meta.v1.${name.slice('meta.'.length)}`]
    : [
        `io.k8s.api.${name}`,
        `io.k8s.apiextensions-apiserver.pkg.apis.${name}`,
        `io.k8s.kube-aggregator.pkg.apis.${name}`,
      ];
  const found = candidates.find((candidate) => Object.hasOwn(definitions, candidate));
  return new Set(found === undefined ? [] : (definitions[found]?.required ?? []));
}

const fieldPattern = /^([\w$-]+)=(\d+):([*^!]?)(map<string,)?([\w.]+)>?(\[\])?$/;

function parseField(packageName: string, text: string, required: ReadonlySet<string>): MessageField {
  const match = fieldPattern.exec(text);
  if (!match) throw new Error(`cannot read ${text} in the field numbers of ${packageName}`);
  const [, name = '', number = '', mark, map, type = '', list] = match;
  return {
    name,
    number: Number(number),
    type: scalars.has(type) || shared.has(type) || type.includes('.') ? type : `${packageName}.${type}`,
    repeated: list !== undefined,
    map: map !== undefined,
    inline: mark === '^',
    presence: presenceOf(mark, required.has(name)),
  };
}

function presenceOf(mark: string | undefined, required: boolean): MessageField['presence'] {
  if (mark === '*') return 'pointer';
  if (mark === '!') return 'always';
  return required ? 'required' : 'omitted';
}
