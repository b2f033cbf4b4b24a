import { killedContainer, OomLog } from './oom-log.js';

const id = 'a1'.repeat(32);
const other = 'b2'.repeat(32);
const line = (group: string): string =>
  `6,1,2,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=x,mems_allowed=0,oom_memcg=${group},task_memcg=${group},task=sh,pid=7,uid=0\n`;

test.each([
  ['cgroupfs', line(`/docker/${other}/kubepods/besteffort/pod1/${id}`), id],
  ['systemd', line(`/kubepods.slice/docker-${id}.scope`), id],
  ['a group inside the container’s', line(`/kubepods/${id}/init`), id],
  ['something else', line('/system.slice/x.service'), undefined],
  ['another message', '6,1,2,-;veth1: renamed from eth0\n', undefined],
])('the container of a kill: %s', (_what, text, found) => {
  expect(killedContainer(text)).toBe(found);
});

test('is asked for what has come since, and remembers', () => {
  const records = [line(`/kubepods/${other}`)];
  const log = new OomLog(() => () => records.shift());
  expect(log.hasKilled(id)).toBe(false);
  records.push('6,1,2,-;noise\n', line(`/kubepods/${id}`));
  expect(log.hasKilled(id)).toBe(true);
  expect(log.hasKilled(other)).toBe(true);
  expect(log.hasKilled(id)).toBe(true);
});
