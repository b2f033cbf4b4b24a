/** Deployments named `web` for integration tests. */

import { deployments, pods } from '@kubelab/api/resource-types';
import type { Deployment, Pod } from '@kubelab/api/types';
import { eventually } from '@kubelab/testkit/eventually';
import { podTemplate, type Workbench } from './workbench.js';

export const podsOf = async ({ client }: Workbench, namespace: string): Promise<Pod[]> =>
  (await client.list(pods, namespace)).items;
export const makeDeployment = (
  { client }: Workbench,
  namespace: string,
  spec: Partial<Deployment['spec']> = {},
): Promise<Deployment> =>
  client.create(deployments, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace },
    spec: { replicas: 3, selector: { matchLabels: { app: 'web' } }, template: podTemplate('v1'), ...spec },
  });
/** Until all replicas are of the image and available. */
export const rolledOut = (bench: Workbench, namespace: string, image: string, replicas = 3): Promise<void> =>
  eventually(async () => {
    const { metadata, status } = await bench.client.get(deployments, 'web', namespace);
    expect(status).toMatchObject({
      replicas,
      updatedReplicas: replicas,
      availableReplicas: replicas,
      observedGeneration: metadata.generation,
    });
    expect((await podsOf(bench, namespace)).map(({ spec }) => spec.containers[0]?.image)).toEqual(
      new Array(replicas).fill(image),
    );
  });
