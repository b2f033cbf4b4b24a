import { hostNetworkHostsFile, podHostsFile } from './hosts-file.js';

const fixed = `# Kubernetes-managed hosts file.
127.0.0.1	localhost
::1	localhost ip6-localhost ip6-loopback
fe00::0	ip6-localnet
fe00::0	ip6-mcastprefix
fe00::1	ip6-allnodes
fe00::2	ip6-allrouters
`;

describe('podHostsFile', () => {
  test('has the fixed entries and the pod itself', () => {
    const text = podHostsFile({ podIPs: ['10.244.1.5'], hostname: 'web-0', domain: '', hostAliases: [] });
    expect(text).toBe(`${fixed}10.244.1.5\tweb-0\n`);
  });

  test('names the subdomain first', () => {
    const domain = 'web.shop.svc.cluster.local';
    const text = podHostsFile({ podIPs: ['10.244.1.5'], hostname: 'web-0', domain, hostAliases: [] });
    expect(text).toBe(`${fixed}10.244.1.5\tweb-0.${domain}\tweb-0\n`);
  });

  test('adds host aliases at the end', () => {
    const hostAliases = [{ ip: '1.2.3.4', hostnames: ['a', 'b.example'] }, { ip: '5.6.7.8' }];
    const text = podHostsFile({ podIPs: [], hostname: 'x', domain: '', hostAliases });
    expect(text).toBe(`${fixed}\n# Entries added by HostAliases.\n1.2.3.4\ta\tb.example\n5.6.7.8\t\n`);
  });

  test('host network pods get the node file', () => {
    expect(hostNetworkHostsFile('127.0.0.1 localhost\n', [])).toBe(
      '# Kubernetes-managed hosts file (host network).\n127.0.0.1 localhost\n',
    );
  });
});
