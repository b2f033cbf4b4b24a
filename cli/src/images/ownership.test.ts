import { hasContent, isOwnedBy, ownedName, ownerOf } from './ownership.js';

const owner = ownerOf('kubelab', '/home/me/kubelab');

describe('an owner', () => {
  it('is a project of a checkout', () => {
    expect(owner).toMatch(/^kubelab-[0-9a-f]{8}$/);
    expect(ownerOf('kubelab', '/home/me/other')).not.toBe(owner);
    expect(ownerOf('kubelab-test', '/home/me/kubelab')).not.toBe(owner);
  });

  it.each([
    [ownedName('kubelab/node', '0123456789ab', owner), true],
    [ownedName('kubelab/base', 'bookworm', owner), true],
    ['kubelab/node:dev', false],
    ['kubelab/node:0123456789ab', false],
    [`kubelab/node:${owner}`, false],
    [`somebody/node:0123456789ab-${owner}`, false],
    [`registry.example.com/kubelab/node:0123456789ab-${owner}`, false],
    [ownedName('kubelab/node', '0123456789ab', `x-${owner}`), false],
    [ownedName('kubelab/node', '0123456789ab', ownerOf('kubelab', '/other')), false],
    ['<none>:<none>', false],
  ])('of %s: %s', (name, expected) => {
    expect(isOwnedBy(name, owner)).toBe(expected);
  });

  it('shares contents with other owners', () => {
    expect(hasContent('kubelab/node:abc-other-12345678', 'kubelab/node', 'abc')).toBe(true);
    expect(hasContent('kubelab/node:abc', 'kubelab/node', 'abc')).toBe(true);
    expect(hasContent('kubelab/node:abcd-other-12345678', 'kubelab/node', 'abc')).toBe(false);
    expect(hasContent('kubelab/control:abc', 'kubelab/node', 'abc')).toBe(false);
  });
});
