import {
  generateName,
  isCIdentifier,
  isConfigMapKey,
  isDNS1035Label,
  isDNS1123Label,
  isDNS1123Subdomain,
  isEnvVarName,
  isHTTPHeaderName,
  isHTTPPath,
  isQualifiedName,
  isRelaxedEnvVarName,
  isValidCIDR,
  isValidIP,
  isValidLabelValue,
  isValidPathSegmentName,
  isValidPercent,
  isValidPortName,
  isValidPortNum,
  isWildcardDNS1123Subdomain,
  randomSuffix,
  safeEncode,
} from './names.js';

describe('formats', () => {
  test.each([
    [isDNS1123Label, ['a', '0', 'a-b', 'a'.repeat(63)], ['', '-a', 'a-', 'A', 'a.b', 'a\n', 'a'.repeat(64)]],
    [
      isDNS1123Subdomain,
      ['a', 'a.b', '1.2', `${'a'.repeat(63)}.b`],
      ['', '.', 'a..b', 'a.', 'A', 'a_b', 'a'.repeat(254)],
    ],
    [isDNS1035Label, ['a', 'a1'], ['1a', '', 'a.b', 'a-']],
    [isQualifiedName, ['a', 'A.b_c-d', 'x.io/a', '1'], ['', '/a', 'a/', 'a/b/c', '-a', 'X/a', 'a'.repeat(64)]],
    [isValidLabelValue, ['', 'a', 'A_b.c'], ['-', 'a b', 'a/b', 'é', 'a'.repeat(64)]],
    [isValidPortName, ['http', 'a1', '1a'], ['', '80', 'Http', 'a--b', '-a', 'a-', 'a'.repeat(16)]],
    [isCIdentifier, ['a', '_A1'], ['1a', 'a-b', '']],
    [isEnvVarName, ['A', 'a.b-c', '_x'], ['1a', '', 'a b', '..', '.', '..x']],
    [isRelaxedEnvVarName, ['1a', 'a b', '.'], ['', 'a=b', 'é']],
    [isConfigMapKey, ['a', '.a', 'A_b-c.d'], ['', '.', '..', '..a', 'a/b', 'a'.repeat(254)]],
    [isHTTPHeaderName, ['X-A'], ['', 'a b', 'a_b']],
    [isValidPercent, ['1%', '100%'], ['1', '%', '-1%']],
    [isWildcardDNS1123Subdomain, ['*.a', '*.a.b'], ['*', '*.*.a', 'a.*', '*a']],
    [isHTTPPath, ['c', 'b/c', '%20~'], ['', 'b c', 'ä']],
    [isValidPathSegmentName, ['a', '...', 'a:b'], ['.', '..', 'a/b', 'a%b']],
    [
      isValidIP,
      ['1.2.3.4', '010.0.0.1', '::', '2001:db8::1', '::ffff:1.2.3.4'],
      ['', '1.2.3', '1.2.3.256', 'fe80::1%eth0', '1.2.3.4/5', ':::'],
    ],
    [
      isValidCIDR,
      ['10.0.0.0/8', '10.1.2.3/8', '2001:db8::/64', '::ffff:1.2.3.4/120'],
      ['', '10.0.0.0', '10.0.0.0/33', '::/129', '1.2.3.4/', '1.2.3.4/08', '::ffff:1.2.3.4/95'],
    ],
  ] as const)('%p', (check, good, bad) => {
    for (const value of good) expect([value, check(value)]).toEqual([value, []]);
    for (const value of bad) expect([value, check(value).length > 0]).toEqual([value, true]);
  });

  it('says what upstream says', () => {
    expect(isDNS1123Label('My')).toEqual([
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
    ]);
    expect(isDNS1123Label('a.b')).toEqual(['must not contain dots']);
    expect(isDNS1123Label('a'.repeat(64))).toEqual(['must be no more than 63 bytes']);
    expect(isQualifiedName('')).toEqual([
      'name part must be non-empty',
      "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
    ]);
    expect(isValidPathSegmentName('a/b%')).toEqual([`may not contain '/'`, `may not contain '%'`]);
    expect(isValidPathSegmentName('..')).toEqual([`may not be '..'`]);
    expect(isValidIP('x')).toEqual(['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']);
    expect(isValidPortNum(0)).toEqual(['must be between 1 and 65535, inclusive']);
  });

  it('counts bytes, not characters', () => {
    expect(isValidLabelValue('é'.repeat(32))[0]).toBe('must be no more than 63 bytes');
  });
});

describe('generated names', () => {
  it('adds five safe letters to at most 58 characters', () => {
    expect(generateName('web-')).toMatch(/^web-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    const long = generateName('a'.repeat(80));
    expect(long).toHaveLength(63);
    expect(new Set(Array.from({ length: 50 }, () => randomSuffix(10))).size).toBe(50);
    expect(randomSuffix(0)).toBe('');
  });

  it('encodes hashes as upstream', () => {
    expect(safeEncode('0123456789')).toBe('456789bcdf');
    expect(safeEncode('')).toBe('');
  });
});
