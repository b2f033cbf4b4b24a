import { goQuote } from './go-quote.js';

describe('goQuote', () => {
  test.each<[string, string]>([
    ['plain text, {}', '"plain text, {}"'],
    ['', '""'],
    ['say "hi"\\', '"say \\"hi\\"\\\\"'],
    ['a\u0007\b\f\n\r\t\vz', '"a\\a\\b\\f\\n\\r\\t\\vz"'],
    ['\u0000\u001f\u007f', '"\\x00\\x1f\\x7f"'],
    ['é 世界 🎉', '"é 世界 🎉"'],
    ['\u00a0\u2028\ufeff', '"\\u00a0\\u2028\\ufeff"'],
    ['\u{e0001}', '"\\U000e0001"'],
    ['\ud800', '"\ufffd"'],
  ])('%j', (text, quoted) => {
    expect(goQuote(text)).toBe(quoted);
  });
});
