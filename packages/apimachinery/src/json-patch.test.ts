import { applyJsonPatch } from './json-patch.js';
import { applyMergePatch } from './merge-patch.js';
import { StatusError } from './status-error.js';

function failure(action: () => unknown): StatusError {
  try {
    action();
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
  throw new Error('did not throw');
}

describe('applyJsonPatch', () => {
  const document = { a: 1, list: [1, 2, 3], object: { 'x/y': 'z', 'm~n': 0 } };

  test.each([
    [[{ op: 'add', path: '/b', value: 2 }], { ...document, b: 2 }],
    [[{ op: 'add', path: '/list/1', value: 9 }], { ...document, list: [1, 9, 2, 3] }],
    [[{ op: 'add', path: '/list/-', value: 4 }], { ...document, list: [1, 2, 3, 4] }],
    [[{ op: 'add', path: '/list/3', value: 4 }], { ...document, list: [1, 2, 3, 4] }],
    [[{ op: 'remove', path: '/list/-1' }], { ...document, list: [1, 2] }],
    [[{ op: 'remove', path: '/a' }], { list: document.list, object: document.object }],
    [[{ op: 'replace', path: '/list/0', value: null }], { ...document, list: [null, 2, 3] }],
    [[{ op: 'replace', path: '/object/x~1y', value: 1 }], { ...document, object: { 'x/y': 1, 'm~n': 0 } }],
    [[{ op: 'remove', path: '/object/m~0n' }], { ...document, object: { 'x/y': 'z' } }],
    [[{ op: 'move', from: '/a', path: '/object/a' }], { list: document.list, object: { ...document.object, a: 1 } }],
    [[{ op: 'copy', from: '/list', path: '/copy' }], { ...document, copy: [1, 2, 3] }],
    [[{ op: 'test', path: '/list', value: [1, 2, 3] }], document],
    [[{ op: 'test', path: '/none', value: null }], document],
    [[{ op: 'add', path: '/b' }], { ...document, b: null }],
    [[], document],
  ])('%j', (patch, expected) => {
    const before = JSON.stringify(document);
    expect(applyJsonPatch(document, patch)).toEqual(expected);
    expect(JSON.stringify(document)).toBe(before);
  });

  test.each([
    [
      { op: 'replace', path: '/none', value: 1 },
      'replace operation does not apply: doc is missing key: /none: missing value',
    ],
    [
      { op: 'add', path: '/x/y/z', value: 1 },
      'add operation does not apply: doc is missing path: "/x/y/z": missing value',
    ],
    [
      { op: 'remove', path: '/none' },
      "error in remove for path: '/none': unable to remove nonexistent key: none: missing value",
    ],
    [{ op: 'test', path: '/a', value: 2 }, 'testing value /a failed: test failed'],
    [
      { op: 'add', path: '/list/9', value: 1 },
      "error in add for path: '/list/9': Unable to access invalid index: 9: invalid index referenced",
    ],
    [{ op: 'add', path: '/list/x', value: 1 }, /value was not a proper array index: 'x'/],
    [{ op: 'move', from: '/none', path: '/b' }, /unable to get nonexistent key: none/],
    [{ op: 'frob', path: '/a' }, 'Unexpected kind: frob'],
    [{ op: 'replace', path: '', value: {} }, /doc is missing path: {2}?: missing value|doc is missing path/],
    [{ op: 'add', path: '/constructor/prototype/x', value: 1 }, /doc is missing path/],
    [{ op: 'copy', from: '/constructor', path: '/b' }, /nonexistent key/],
  ])('%j does not apply', (operation, reason) => {
    const error = failure(() => applyJsonPatch(document, [operation]));
    expect(error.code).toBe(422);
    expect(error.reason).toBe('Invalid');
    expect(error.message).toBe('the server rejected our request due to an error in our request');
    if (reason instanceof RegExp) expect((error.cause as Error).message).toMatch(reason);
    else expect((error.cause as Error).message).toBe(reason);
  });

  it('refuses what is no patch', () => {
    expect(failure(() => applyJsonPatch({}, { op: 'add' }))).toMatchObject({
      code: 400,
      message: 'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp',
    });
    expect(failure(() => applyJsonPatch({}, ['x'])).code).toBe(400);
    expect(failure(() => applyJsonPatch({}, [{ op: 'add', path: 5 }])).message).toMatch(
      /jsonPatchOp\.path of type string/,
    );
    expect(failure(() => applyJsonPatch({}, new Array(10_001).fill({ op: 'test' })))).toMatchObject({
      code: 413,
      message: 'Request entity is too large: The allowed maximum operations in a JSON patch is 10000, got 10001',
    });
  });

  it('stops copies that grow without bound', () => {
    const copies = Array.from({ length: 30 }, (_, index) => ({ op: 'copy', from: '', path: `/${index}` }));
    expect(failure(() => applyJsonPatch({ a: 'x' }, copies)).code).toBe(422);
    const doubling = Array.from({ length: 40 }, () => ({ op: 'copy', from: '/a', path: '/a/-' }));
    expect(failure(() => applyJsonPatch({ a: ['0123456789'] }, doubling)).cause).toMatchObject({
      message: expect.stringContaining('exceeding the limit 3145728'),
    });
  });

  it('keeps the patch apart from the document', () => {
    const patch = [{ op: 'add', path: '/a', value: { b: 1 } }];
    const result = applyJsonPatch({}, [...patch, { op: 'add', path: '/a/c', value: 2 }]);
    expect(result).toEqual({ a: { b: 1, c: 2 } });
    expect(patch[0]?.value).toEqual({ b: 1 });
  });

  it('does not reach prototypes', () => {
    const result = applyJsonPatch({}, [{ op: 'add', path: '/__proto__', value: { polluted: true } }]);
    expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

describe('applyMergePatch (RFC 7386, appendix A)', () => {
  test.each([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('%j with %j', (document, patch, expected) => {
    const before = JSON.stringify(document);
    expect(applyMergePatch(document, patch)).toEqual(expected);
    expect(JSON.stringify(document)).toBe(before);
  });

  it('refuses what is no object', () => {
    expect(failure(() => applyMergePatch({}, []))).toMatchObject({
      code: 400,
      message: 'error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}',
    });
    expect(failure(() => applyMergePatch({}, null)).code).toBe(400);
  });
});
