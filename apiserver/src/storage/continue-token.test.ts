import { decodeContinue, encodeContinue } from './continue-token.js';

const encoded = (text: string): string => Buffer.from(text).toString('base64url');

test('what was encoded is decoded', () => {
  const token = { revision: 7, startKey: 'default/web\u0000' };
  expect(decodeContinue(encodeContinue(token))).toEqual(token);
});

test.each([
  ['rubbish!', 'illegal base64 data at input byte 7'],
  ['abcde', 'illegal base64 data at input byte 4'],
  [encoded('rubbish'), "invalid character 'r' looking for beginning of value"],
  [encoded('[]'), 'json: cannot unmarshal array into Go value of type storage.continueToken'],
  [encoded('{"v":"v9"}'), 'server does not recognize this encoded version v9'],
  [encoded('{"v":"meta.k8s.io/v1"}'), 'incorrect encoded start resourceVersion (version meta.k8s.io/v1)'],
  [encoded('{"v":"meta.k8s.io/v1","rv":1}'), 'encoded start key empty (version meta.k8s.io/v1)'],
  [encoded('{"v":"meta.k8s.io/v1","rv":1,"start":"../x"}'), '../x'],
])('%s is refused', (token, why) => {
  expect(() => decodeContinue(token)).toThrow(`invalid continue token: continue key is not valid: ${why}`);
});
