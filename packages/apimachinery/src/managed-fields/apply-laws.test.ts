import fc from 'fast-check';
import { apply, deployment, ownedBy, schema, specOf, t1, update, withPod } from './apply-fixture.js';
import { fieldSetOf, withDeclaredFields } from './extract.js';
import { decodeOwners } from './managers.js';
import { entriesOf } from './update.js';

const names = fc.constantFrom('a', 'b', 'c', 'd');
const containers = fc
  .uniqueArray(
    fc.record(
      {
        name: names,
        image: fc.constantFrom('x', 'y'),
        args: fc.array(names, { maxLength: 2 }),
        env: fc.uniqueArray(fc.record({ name: names, value: names }), { selector: (item) => item.name, maxLength: 3 }),
      },
      { requiredKeys: ['name'] },
    ),
    { selector: (item) => item.name, maxLength: 3 },
  )
  .map((list) => withPod({ containers: list }));

describe('laws of apply', () => {
  it('is idempotent, also over what others wrote', () => {
    fc.assert(
      fc.property(containers, containers, (theirs, mine) => {
        const live = update(undefined, theirs, 'other');
        const first = apply(live, mine, 'me', { force: true });
        // Who owned an empty list as a whole comes to own what has been put into it, at the next write.
        const second = apply(first.object, mine, 'me', { time: t1 });
        expect(specOf(second.object)).toEqual(specOf(first.object));
        expect(apply(second.object, mine, 'me', { time: t1 }).changed).toBe(false);
      }),
    );
  });

  it('brings exactly the last configuration when nobody else takes part', () => {
    fc.assert(
      fc.property(containers, containers, (first, second) => {
        const live = apply(undefined, first);
        const { object } = apply(live.object, second);
        expect(withoutEmpty(specOf(object)) ?? {}).toEqual(withoutEmpty(specOf(second)));
      }),
    );
  });

  it('leaves nothing owned that is not there, and lets the others apply again', () => {
    fc.assert(
      fc.property(containers, containers, containers, (theirs, before, after) => {
        let live = update(apply(undefined, theirs, 'they').object, before, 'editor');
        live = apply(live, before, 'me', { force: true }).object;
        live = apply(live, after, 'me', { force: true }).object;
        live = apply(live, deployment({}), 'me').object;
        expect(ownedBy(live, 'me')).toBeUndefined();
        const present = withDeclaredFields(fieldSetOf(schema, live), schema);
        for (const owner of decodeOwners(entriesOf(live)).values()) {
          expect(
            owner.set
              .difference(present)
              .paths()
              .filter((path) => !isList(path)),
          ).toEqual([]);
        }
        expect(apply(live, theirs, 'they', { force: true }).object).toBeDefined();
      }),
    );
  });
});

/** Lists by themselves are owned by updates but not part of extracted sets. */
const isList = (path: readonly string[]): boolean => ['f:containers', 'f:env'].includes(path.at(-1) ?? '');

/** Emptied lists and objects may go or stay; order of items is upstream's affair. */
function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(withoutEmpty);
    return items.every((item) => typeof item === 'object' && item !== null && 'name' in item)
      ? items.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
      : items;
  }
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value)
    .map(([key, field]): [string, unknown] => [key, withoutEmpty(field)])
    .filter(([, field]) => typeof field !== 'object' || field === null || Object.keys(field).length > 0)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(fields);
}
