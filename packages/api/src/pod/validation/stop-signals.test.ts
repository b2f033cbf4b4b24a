import { stopSignalsOf } from './stop-signals.js';

test('the signals of a system', () => {
  expect(stopSignalsOf('linux')).toContain('SIGTERM');
  expect(stopSignalsOf('windows')).toEqual(['SIGKILL', 'SIGTERM']);
});

test.each(['', 'plan9', 'constructor', '__proto__'])('nobody knows those of %j', (os) => {
  expect(stopSignalsOf(os)).toBeUndefined();
});
