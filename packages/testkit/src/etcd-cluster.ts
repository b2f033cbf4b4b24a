import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { dataFolder, neededBytes } from './etcd.js';
import { eventually } from './eventually.js';
import { freePort } from './ports.js';
import { guardProcesses, type ProcessGuard } from './process-guard.js';

/** Several real etcds that are one. */
export interface TestEtcdCluster {
  /** `http://127.0.0.1:port` of every member. */
  endpoints: string[];
  /** The member that leads; waits up to a minute for an election. */
  leader(): Promise<number>;
  /** Makes this member the leader; another may be elected at any time after. */
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
  /** The end of what the process wrote. */
  written: string;
}

/** On a busy machine votes are split and timers late. */
const electionMs = 60_000;

/**
 * Free ports, data in memory where the machine has room there. Resolves when there is a leader. The members end with this process, also when that
 * is killed. Needs Debian's etcd-server.
 */
export async function startEtcdCluster(size: number): Promise<TestEtcdCluster> {
  const dataDir = mkdtempSync(join(dataFolder('/dev/shm', size * neededBytes), 'kubelab-etcd-'));
  const guard = guardProcesses(dataDir);
  const members: Member[] = [];
  for (let index = 0; index < size; index++) {
    const [client, peer] = [`http://127.0.0.1:${await freePort()}`, `http://127.0.0.1:${await freePort()}`];
    members.push({ name: `m${index}`, client, peer, written: '' });
  }
  const at = (index: number): Member => {
    const member = members[index];
    if (!member) throw new Error(`there is no member ${index}`);
    return member;
  };
  const restart = (index: number): void => spawnMember(at(index), { members, dataDir, guard });
  const cluster: TestEtcdCluster = {
    endpoints: members.map(({ client }) => client),
    leader: () => eventually(() => leaderOf(members), { what: 'a leader', timeoutMs: electionMs }),
    lead: (index) =>
      eventually(() => transfer(members, at(index)), { what: `${at(index).name} leading`, timeoutMs: electionMs }),
    kill: (index) => killMember(at(index)),
    restart,
    freeze: (index) => void at(index).process?.kill('SIGSTOP'),
    thaw: (index) => void at(index).process?.kill('SIGCONT'),
    async stop() {
      await Promise.all(members.map(killMember));
      rmSync(dataDir, { recursive: true, force: true });
      await guard.release();
    },
  };
  for (const index of members.keys()) restart(index);
  try {
    await cluster.leader();
  } catch (error) {
    await cluster.stop();
    throw error;
  }
  return cluster;
}

interface Surroundings {
  members: readonly Member[];
  dataDir: string;
  guard: ProcessGuard;
}

function spawnMember(member: Member, { members, dataDir, guard }: Surroundings): void {
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
  const child = spawn('etcd', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  child.stderr.on('data', (chunk: Buffer) => {
    member.written = (member.written + chunk.toString()).slice(-1_000);
  });
  guard.watch(child);
  member.process = child;
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

async function transfer(members: readonly Member[], to: Member): Promise<void> {
  const leading = members[await leaderOf(members)];
  if (leading === undefined || leading === to) return;
  await ask(leading, 'transfer-leadership', { targetID: (await statusOf(to)).member });
}

/** A member that has ended on its own account: nobody waits for its vote. */
function assertRunning({ name, process, written }: Member): void {
  if (process === undefined || (process.exitCode === null && process.signalCode === null)) return;
  throw new Error(`${name} has ended (${process.signalCode ?? process.exitCode}): ${written}`);
}

async function leaderOf(members: readonly Member[]): Promise<number> {
  const states = await Promise.allSettled(members.map(statusOf));
  const index = states.findIndex(({ status, ...rest }) => {
    const value = 'value' in rest ? rest.value : undefined;
    return status === 'fulfilled' && value !== undefined && value.leader !== '0' && value.leader === value.member;
  });
  if (index < 0) {
    for (const member of members) assertRunning(member);
    throw new Error('nobody leads');
  }
  return index;
}
