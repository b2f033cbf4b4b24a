import { type PodDnsInput, parseResolvConf, podDns } from './resolv-conf.js';

const base: PodDnsInput = {
  namespace: 'shop',
  policy: 'ClusterFirst',
  hostNetwork: false,
  node: { servers: ['192.0.2.53'], searches: ['corp.example'], options: ['timeout:1'] },
  clusterDns: ['10.96.0.10'],
  clusterDomain: 'cluster.local',
};

describe('parseResolvConf', () => {
  test('reads servers, searches and options', () => {
    const text = '# c\nnameserver 1.1.1.1\nnameserver 8.8.8.8\nsearch a.example. b\noptions ndots:2 edns0\n\njunk';
    expect(parseResolvConf(text)).toEqual({
      servers: ['1.1.1.1', '8.8.8.8'],
      searches: ['a.example', 'b'],
      options: ['ndots:2', 'edns0'],
    });
  });

  test('survives an empty file and bare keywords', () => {
    expect(parseResolvConf('nameserver\nsearch\n')).toEqual({ servers: [], searches: [], options: [] });
  });
});

describe('podDns', () => {
  test('ClusterFirst searches the namespace, the cluster, then the node', () => {
    expect(podDns(base).config).toEqual({
      servers: ['10.96.0.10'],
      searches: ['shop.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'corp.example'],
      options: ['ndots:5'],
    });
  });

  test('ClusterFirst in the host network is the node configuration', () => {
    expect(podDns({ ...base, hostNetwork: true }).config).toEqual(base.node);
  });

  test('ClusterFirstWithHostNet stays with the cluster', () => {
    const dns = podDns({ ...base, hostNetwork: true, policy: 'ClusterFirstWithHostNet' });
    expect(dns.config.servers).toEqual(['10.96.0.10']);
  });

  test('None takes only dnsConfig', () => {
    const dnsConfig = {
      nameservers: ['9.9.9.9'],
      searches: ['x'],
      options: [{ name: 'ndots', value: '1' }, { name: 'edns0' }],
    };
    expect(podDns({ ...base, policy: 'None', dnsConfig }).config).toEqual({
      servers: ['9.9.9.9'],
      searches: ['x'],
      options: ['ndots:1', 'edns0'],
    });
  });

  test('dnsConfig overrides an option and appends the rest', () => {
    const dnsConfig = { nameservers: ['10.96.0.10', '9.9.9.9'], options: [{ name: 'ndots', value: '2' }] };
    const { config } = podDns({ ...base, dnsConfig });
    expect(config.servers).toEqual(['10.96.0.10', '9.9.9.9']);
    expect(config.options).toEqual(['ndots:2']);
  });

  test('falls back to the node with a warning when there is no cluster DNS', () => {
    const dns = podDns({ ...base, clusterDns: [] });
    expect(dns.config).toEqual(base.node);
    expect(dns.warnings.map((warning) => warning.reason)).toEqual(['MissingClusterDNS']);
  });

  test('keeps three name servers and says so', () => {
    const dns = podDns({ ...base, dnsConfig: { nameservers: ['1', '2', '3'] } });
    expect(dns.config.servers).toEqual(['10.96.0.10', '1', '2']);
    expect(dns.warnings[0]?.message).toContain('the applied nameserver line is: 10.96.0.10 1 2');
  });
});
