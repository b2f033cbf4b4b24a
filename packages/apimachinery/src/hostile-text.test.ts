/** Texts that a pattern with more than one way to match would take hours for. Without its fix, each of these hangs. */
import { duplicateKeys, parseJson } from './json.js';
import { Quantity } from './quantity.js';

const many = 200_000;

test.each([
  ['zeros', `${'0'.repeat(many)}!`],
  ['digits', `${'1'.repeat(many)}!`],
  ['digits after zeros', `${'0'.repeat(many)}${'1'.repeat(many)}!`],
  ['a fraction', `0.${'0'.repeat(many)}!`],
  ['a suffix', `1${'E'.repeat(many)}!`],
])('a quantity of %s is refused at once', (_, text) => {
  expect(() => Quantity.parse(text)).toThrow('quantities must match the regular expression');
});

test.each(['007', '0', '00', '.5', '0.5', '5.', '1e3', '1E3', '2Ki', '+1', '-0.5m', '12E'])(
  '%s is still a quantity',
  (text) => {
    expect(() => Quantity.parse(text)).not.toThrow();
  },
);

test.each(['{"a":1e999}', '[-1E+400]', `{"a":[{"b":${'9'.repeat(400)}}]}`])(
  '%s holds a number beyond all doubles',
  (text) => {
    expect(() => parseJson(text)).toThrow('value out of range');
  },
);

test.each(['{"a":"1e999"}', '1e308', '1e-999', '1e0001'])('%s does not', (text) => {
  expect(() => parseJson(text)).not.toThrow();
});

test.each(['[', '{"a":'])('%s ten thousand times is too deep', (opening) => {
  const text = opening.repeat(10_000);
  expect(() => parseJson(text)).toThrow('exceeded max depth');
  expect(duplicateKeys(text)).toEqual([]);
});

test('a hundred thousand duplicates are each found once', () => {
  const fields = Array.from({ length: 100_000 }, (_, index) => `"k${index}":1,"k${index}":2`);
  expect(duplicateKeys(`{${fields.join(',')}}`)).toHaveLength(100_000);
});
