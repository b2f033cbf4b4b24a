/** From nothing to a cluster and back to nothing, on a machine that has only Node and npm. */

import { eventually } from '@kubelab/testkit/eventually';
import { BareMachine } from './bare-machine.js';

const minute = 60_000;
const image = process.env['KUBELAB_MACHINE_IMAGE'];
let machine: BareMachine;

beforeAll(async () => {
  if (!image) throw new Error('KUBELAB_MACHINE_IMAGE is not set: run these tests with ./kubelab test machine');
  machine = await BareMachine.create(image);
}, 5 * minute);
afterAll(() => machine?.remove(), 2 * minute);

const kubectl = (args: string): Promise<string> => machine.must(`kubectl ${args}`);
const uids = (what: string): Promise<string> => kubectl(`get ${what} -A -o jsonpath='{.items[*].metadata.uid}'`);

interface Known {
  nodes: string;
  objects: string;
  pods: string;
}

async function know(): Promise<Known> {
  const [nodes, objects, pods] = [await uids('nodes'), await uids('deployments,configmaps'), await uids('pods')];
  return { nodes, objects, pods };
}

async function expectAllRunning(): Promise<void> {
  await eventually(
    async () => {
      expect(await kubectl('get nodes --no-headers')).not.toMatch(/NotReady/);
      const states = await kubectl(
        `get pods -A -o jsonpath='{range .items[*]}{.status.phase} {.status.containerStatuses[*].ready}{"\\n"}{end}'`,
      );
      expect(
        states
          .trim()
          .split('\n')
          .filter((line) => line !== 'Running true'),
      ).toEqual([]);
    },
    { what: 'all pods to run', timeoutMs: 3 * minute, intervalMs: 1_000 },
  );
}

let failed = false;
/** Each goes on where the one before it ended, so after a failure there is nothing to try. Minutes are many: machines are shared. */
function step(name: string, minutes: number, run: () => Promise<void>): void {
  test(
    name,
    async () => {
      if (failed) throw new Error('not tried, because an earlier step has failed');
      failed = true;
      await run();
      failed = false;
    },
    minutes * minute,
  );
}

step('up brings a cluster to a machine that has nothing', 50, async () => {
  const output = await machine.must('./kubelab up', 40 * minute);
  expect(output).toMatch(/Cluster kubelab is up/);
  await machine.must('apt-get install -y -q --no-install-recommends kubernetes-client', 5 * minute);
  expect(await kubectl('config current-context')).toBe('kubelab\n');
  expect((await kubectl('get nodes --no-headers')).match(/\sReady\s/g)).toHaveLength(3);
});

step('a second up changes nothing', 10, async () => {
  const before = await machine.must('docker ps -aq --no-trunc');
  expect(await machine.must('./kubelab up', 5 * minute)).toMatch(/nothing was changed/);
  expect(await machine.must('docker ps -aq --no-trunc')).toBe(before);
});

let known: Known;

step('up brings the same cluster back after its engine was killed', 20, async () => {
  await kubectl('create deployment web --image=nginx --replicas=3');
  await kubectl('create configmap memory --from-literal=kept=yes');
  await kubectl('rollout status deployment/web --timeout=120s');
  await kubectl('run alone --image=nginx');
  await kubectl('wait --for=condition=Ready pod/alone --timeout=120s');
  known = await know();
  await machine.must('kill -9 $(cat /run/docker.pid) $(cat /run/docker/containerd/containerd.pid)');
  await machine.must('./kubelab up', 10 * minute);
  await expectAllRunning();
  expect(await know()).toEqual(known);
});

step('up brings the same cluster back after the machine was switched off', 20, async () => {
  await machine.pullPlug();
  await machine.start();
  expect(await machine.must('./kubelab up', 10 * minute)).toMatch(/Cluster kubelab is up/);
  await expectAllRunning();
  expect(await know()).toEqual(known);
});

/** The base images, kept over `down` under the names that they have on Docker Hub. */
const bases = '/var/tmp/bases.tar';
const [debian, node] = ['debian:bookworm-slim', 'node:20-bookworm-slim'];

step('base images are put by', 10, async () => {
  const id = (repository: string): string => `$(docker images -q ${repository} | head -n 1)`;
  await machine.must(`docker tag ${id('kubelab/base')} ${debian}`);
  // Docker Hub's has npm as well.
  const recipe = `FROM $image\\nCOPY npm /opt/npm\\nRUN ln -s /opt/npm/bin/npm-cli.js /usr/local/bin/npm\\n`;
  await machine.must(
    `image=${id('kubelab/nodejs')} && printf "${recipe}" > /opt/machine/Dockerfile && docker build -q -t ${node} /opt/machine`,
    5 * minute,
  );
  await machine.must(`docker save -o ${bases} ${debian} ${node} && docker rmi ${debian} ${node}`, 5 * minute);
});

step('down leaves nothing, and says what stays', 10, async () => {
  const output = await machine.must('./kubelab down', 5 * minute);
  expect(output).toMatch(/The packages that `up` installed stay: .*docker\.io/);
  expect(output).toMatch(/The Docker engine that `up` started goes on running/);
  for (const list of ['ps -aq', 'images -aq', 'volume ls -q', "network ls -q --filter 'type=custom'"]) {
    expect({ list, found: await machine.must(`docker ${list}`) }).toEqual({ list, found: '' });
  }
  expect(await machine.must('ls -A .kubelab ~/.kube/config 2>/dev/null | cat')).toBe('');
});

const composed = (command: string, minutes = 2): Promise<string> =>
  machine.must(`cd /composed && ${command}`, minutes * minute);

step('Compose alone brings up the same cluster, with five nodes', 40, async () => {
  await machine.must(`docker load -q -i ${bases}`, 5 * minute);
  await machine.checkOut('/composed');
  // What a company's network wants of whoever builds behind its proxy.
  await machine.must('cp /etc/ssl/certs/ca-certificates.crt /composed/deploy/ca/company.crt');
  await composed('docker-compose up -d --scale node=5', 30);
  await eventually(
    async () => {
      const nodes = await composed('kubectl --kubeconfig .kubelab/kubeconfig get nodes --no-headers');
      expect(nodes.match(/\sReady\s/g)).toHaveLength(5);
      const dns = await composed(
        "kubectl --kubeconfig .kubelab/kubeconfig -n kube-system get pods -o jsonpath='{.items[*].status.containerStatuses[*].ready}'",
      );
      expect(dns).toMatch(/^true( true)*$/);
    },
    { what: 'five nodes and the cluster’s DNS', timeoutMs: 5 * minute, intervalMs: 1_000 },
  );
});

step('Compose alone takes it down again', 10, async () => {
  await composed('docker-compose down --volumes --rmi all', 5);
  expect(await machine.must("docker ps -aq; docker volume ls -q; docker network ls -q --filter 'type=custom'")).toBe(
    '',
  );
});
