/** Printer columns of custom kinds. */
import { stringifyExact } from '@kubelab/apimachinery/exact-json';
import { isObject } from '@kubelab/apimachinery/json';
import { parseJsonPath } from '@kubelab/apimachinery/json-path';
import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import { ageColumn, nameColumn, since } from '../columns.js';
import type { PrinterColumn } from '../resource.js';
import type { CustomResourceColumnDefinition } from '../types.js';

/** The name, then what the definition asks for; the age where it asks for nothing. */
export function customColumns(declared: readonly CustomResourceColumnDefinition[] | undefined): PrinterColumn[] {
  const own = declared?.length ? declared.map(customColumn) : [{ ...ageColumn(), type: 'date' as const }];
  return [nameColumn(), ...own] as unknown as PrinterColumn[];
}

function customColumn(column: CustomResourceColumnDefinition): PrinterColumn {
  const { name, type, format = '', jsonPath, priority = 0 } = column;
  const path = parseJsonPath(jsonPath);
  return {
    name,
    type: type as PrinterColumn['type'],
    format,
    description: column.description || `Custom resource definition column (in JSONPath format): ${jsonPath}`,
    priority,
    cell: (object: UnstructuredObject, { now }) => cellOf(path.find(object), type, now),
  };
}

/** Null where there is nothing, or nothing of the column's type. */
function cellOf(found: readonly unknown[], type: string, now: Date): string | number | bigint | boolean | null {
  const [value] = found;
  if (value === undefined || value === null) return null;
  switch (type) {
    case 'string':
      // Several values are printed one after the other, as kubectl's templates do.
      return found.map(textOf).join(' ');
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : typeof value === 'bigint' ? value : null;
    case 'number':
      return typeof value === 'number' || typeof value === 'bigint' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date':
      return typeof value === 'string' ? dateText(value, now) : null;
    default:
      return null;
  }
}

function dateText(value: string, now: Date): string {
  return Number.isNaN(Date.parse(value)) ? '<invalid>' : since(value, now);
}

function textOf(value: unknown): string {
  return isObject(value) || Array.isArray(value) ? stringifyExact(value) : String(value);
}
