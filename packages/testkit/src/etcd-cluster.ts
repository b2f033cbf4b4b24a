import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.js';
import { freePort } from './ports.js';

/** Several real etcds that are one. */
export interface TestEtcdCluster {
  /** `http://127.0.0.1:port` of every member. */
  endpoints: string[];
  /** The member that leads; rejects while none does. */
  leader(): Promise<number>;
  /** Makes this member the leader. */
  lead(member: number): Promise<void>;
  /** SIGKILL; the data stays for {@link TestEtcdCluster.restart}. */
  kill(member: number): Promise<void>;
  restart(member: number): void;
  /** SIGSTOP: the member keeps its connections and says nothing. */
  freeze(member: number): void;
  thaw(member: number): void;
  stop(): Promise<void>;
}

interface Member {
  name: string;
  client: string;
  peer: string;
  process?: ChildProcess;
}

/** Free ports, data in memory where the machine has /dev/shm. Resolves when there is a leader. Needs Debian's etcd-server. */
export async function startEtcdCluster(size: number): Promise<TestEtcdCluster> {
  const dataDir = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'kubelab-etcd-'));
  const members: Member[] = [];
  for (let index = 0; index < size; index++) {
    const [client, peer] = [`http://127.0.0.1:${await freePort()}`, `http://127.0.0.1:${await freePort()}`];
    members.push({ name: `m${index}`, client, peer });
  }
  const at = (index: number): Member => {
    const member = members[index];
    if (!member) throw new Error(`there is no member ${index}`);
    return member;
  };
  const restart = (index: number): void => void spawnMember(at(index), members, dataDir);
  const cluster: TestEtcdCluster = {
    endpoints: members.map(({ client }) => client),
    leader: () => leaderOf(members),
    async lead(index) {
      const leading = at(await leaderOf(members));
      const targetID = (await statusOf(at(index))).member;
      await ask(leading, 'transfer-leadership', { targetID });
    },
    kill: (index) => killMember(at(index)),
    restart,
    freeze: (index) => void at(index).process?.kill('SIGSTOP'),
    thaw: (index) => void at(index).process?.kill('SIGCONT'),
    async stop() {
      await Promise.all(members.map(killMember));
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
  for (const index of members.keys()) restart(index);
  await eventually(cluster.leader, { what: 'a leader' });
  return cluster;
}

function spawnMember(member: Member, members: readonly Member[], dataDir: string): void {
  const { name, client, peer } = member;
  const args = [
    `--name=${name}`,
    `--data-dir=${join(dataDir, name)}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=${members.map((each) => `${each.name}=${each.peer}`).join()}`,
    '--log-level=error',
  ];
  member.process = spawn('etcd', args, { stdio: 'ignore' });
}

async function killMember(member: Member): Promise<void> {
  const running = member.process;
  delete member.process;
  if (!running || running.exitCode !== null || running.signalCode !== null) return;
  const gone = new Promise((resolve) => running.once('exit', resolve));
  running.kill('SIGKILL');
  await gone;
}

async function ask(member: Member, method: string, body: object): Promise<unknown> {
  const response = await fetch(`${member.client}/v3/maintenance/${method}`, {
    method: 'POST',
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(2_000),
  });
  if (!response.ok) throw new Error(`${method}: ${await response.text()}`);
  return response.json();
}

async function statusOf(member: Member): Promise<{ member: string; leader: string }> {
  const { header, leader } = (await ask(member, 'status', {})) as { header: { member_id: string }; leader?: string };
  return { member: header.member_id, leader: leader ?? '0' };
}

async function leaderOf(members: readonly Member[]): Promise<number> {
  const states = await Promise.allSettled(members.map(statusOf));
  const index = states.findIndex(({ status, ...rest }) => {
    const value = 'value' in rest ? rest.value : undefined;
    return status === 'fulfilled' && value !== undefined && value.leader !== '0' && value.leader === value.member;
  });
  if (index < 0) throw new Error('nobody leads');
  return index;
}
