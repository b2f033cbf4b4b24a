import { InFlightRequests, requestKind } from './in-flight.js';

const somebody = { name: 'somebody', groups: ['system:authenticated'] };
const admin = { name: 'admin', groups: ['system:masters'] };

test('reads and writes have places of their own', () => {
  const requests = new InFlightRequests({ readOnly: 2, mutating: 1 });
  expect(requests.enter('readOnly', somebody)).toBe(true);
  expect(requests.enter('readOnly', somebody)).toBe(true);
  expect(requests.enter('readOnly', somebody)).toBe(false);
  expect(requests.enter('mutating', somebody)).toBe(true);
  expect(requests.enter('mutating', somebody)).toBe(false);
  requests.leave('mutating');
  expect(requests.enter('mutating', somebody)).toBe(true);
});

test('masters always get a place, which others then lack', () => {
  const requests = new InFlightRequests({ readOnly: 1, mutating: 1 });
  expect(requests.enter('readOnly', admin)).toBe(true);
  expect(requests.enter('readOnly', admin)).toBe(true);
  expect(requests.enter('readOnly', somebody)).toBe(false);
});

test('0 is no limit', () => {
  const requests = new InFlightRequests({ readOnly: 0, mutating: 0 });
  for (let count = 0; count < 1000; count++) expect(requests.enter('mutating', somebody)).toBe(true);
});

test.each([
  ['get', 'readOnly'],
  ['list', 'readOnly'],
  ['create', 'mutating'],
  ['deletecollection', 'mutating'],
  ['post', 'mutating'],
])('%s is %s', (verb, kind) => {
  expect(requestKind(verb)).toBe(kind);
});
