import { advertiseAddress, configWith, validate } from './config.js';

const good = configWith({
  'etcd-servers': ['https://etcd:2379'],
  'tls-cert-file': 'a',
  'tls-private-key-file': 'b',
  'service-account-signing-key-file': 'c',
  'service-account-issuer': ['https://issuer'],
});

describe('validate', () => {
  it('accepts what is complete', () => {
    expect(validate(good)).toEqual([]);
  });

  it('names every problem', () => {
    const bad = { ...good, 'etcd-servers': [], 'secure-port': 70000, 'authorization-mode': ['RBAC', 'Magic'] };
    expect(validate(bad)).toEqual([
      '--etcd-servers must be specified',
      '--secure-port 70000 must be between 0 and 65535, inclusive',
      'authorization-mode "Magic" is not a valid mode: choose from Node, RBAC, AlwaysAllow, AlwaysDeny',
    ]);
  });

  it.each([
    [{ 'etcd-certfile': 'x' }, '--etcd-certfile and --etcd-keyfile must be specified together'],
    [{ 'etcd-servers': ['etcd:2379'] }, 'is not a URL such as https://127.0.0.1:2379'],
    [{ 'service-cluster-ip-range': '10.96.0.0' }, '--service-cluster-ip-range must be an IPv4 CIDR'],
    [{ 'service-node-port-range': '5-1' }, '--service-node-port-range must be a range'],
    [{ 'advertise-address': 'here' }, '--advertise-address must be an IP address, not "here"'],
    [{ 'goaway-chance': 0.5 }, '--goaway-chance must be 0'],
  ])('%j', (change, text) => {
    expect(validate({ ...good, ...change }).join()).toContain(text);
  });
});

it('advertises the bind address when it is one', () => {
  expect(advertiseAddress({ ...good, 'bind-address': '10.1.2.3' })).toBe('10.1.2.3');
  expect(advertiseAddress({ ...good, 'advertise-address': '10.9.9.9' })).toBe('10.9.9.9');
});
