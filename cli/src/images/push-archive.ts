import { type ArchivedImage, readDockerArchive } from '@kubelab/deploy/image-archive/docker-archive';
import { isDockerHubName, parseImageName } from '@kubelab/deploy/registry-client/image-name';
import { pushImage } from '@kubelab/deploy/registry-client/push';
import { RegistryClient } from '@kubelab/deploy/registry-client/registry-client';

export interface PushResult {
  /** Names that the registry serves now. */
  pushed: string[];
  /** Of those, how many it had already. */
  unchanged: number;
  /** Names that the nodes' engines do not look for on Docker Hub. */
  others: string[];
}

export interface PushOptions {
  archive: string;
  /** `http://127.0.0.1:5000` */
  registry: string;
  /** What an archived name is called in the cluster. */
  rename?: (name: string) => string;
  report: (state: string) => void;
}

/** Puts an archive's images into the lab's registry under their Docker Hub names, where the nodes' engines look first. */
export async function pushArchive(options: PushOptions): Promise<PushResult> {
  const client = new RegistryClient(options.registry);
  const result: PushResult = { pushed: [], unchanged: 0, others: [] };
  try {
    for (const archived of await readDockerArchive(options.archive)) await pushNames(client, archived, options, result);
  } finally {
    client.close();
  }
  return result;
}

async function pushNames(
  client: RegistryClient,
  { names, image }: ArchivedImage,
  { rename = (name) => name, report }: PushOptions,
  result: PushResult,
): Promise<void> {
  for (const name of names.map(rename)) {
    const parsed = parseImageName(name);
    if (!isDockerHubName(parsed)) {
      result.others.push(name);
      continue;
    }
    report(`pushing ${name}`);
    if (!(await pushImage(client, parsed.repository, parsed.tag, image))) result.unchanged += 1;
    result.pushed.push(name);
  }
}
