/** An image name as people write it, taken apart the way Docker does. */
export interface ImageName {
  /** `docker.io` when the name has no registry part. */
  registry: string;
  /** Path below the registry: `library/nginx`. */
  repository: string;
  tag: string;
  digest?: string;
}

/** The name is no image name; `message` says why. */
export class ImageNameError extends Error {
  override readonly name = 'ImageNameError';
}

const component = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const tagPattern = /^[\w][\w.-]{0,127}$/;
const digestPattern = /^sha256:[0-9a-f]{64}$/;

/** `nginx` is docker.io/library/nginx:latest; throws ImageNameError for what Docker would refuse too. */
export function parseImageName(text: string): ImageName {
  const [name = '', digest] = split(text, '@');
  const colon = name.lastIndexOf(':');
  const hasTag = colon > name.lastIndexOf('/');
  const path = hasTag ? name.slice(0, colon) : name;
  const tag = hasTag ? name.slice(colon + 1) : 'latest';
  const { registry, repository } = splitRegistry(path);
  if (!tagPattern.test(tag)) throw new ImageNameError(`"${text}" is not an image name: "${tag}" cannot be a tag`);
  if (digest !== undefined && !digestPattern.test(digest)) {
    throw new ImageNameError(`"${text}" is not an image name: "${digest}" is not a digest`);
  }
  if (!repository.split('/').every((part) => component.test(part))) {
    throw new ImageNameError(`"${text}" is not an image name: "${repository}" must be lower case words and slashes`);
  }
  return { registry, repository, tag, ...(digest === undefined ? {} : { digest }) };
}

/** Whether the lab's registry, as the nodes' Docker Hub mirror, can serve this name. */
export function isDockerHubName(name: ImageName): boolean {
  return name.registry === 'docker.io' && name.digest === undefined;
}

/** The name with everything in it: `docker.io/library/nginx:latest`. */
export function formatImageName(name: ImageName): string {
  return `${name.registry}/${name.repository}:${name.tag}${name.digest === undefined ? '' : `@${name.digest}`}`;
}

/** The first part is a registry only when it looks like a host, otherwise it is a user of Docker Hub. */
function splitRegistry(path: string): { registry: string; repository: string } {
  const [first = '', rest] = split(path, '/');
  const isHost = rest !== undefined && (/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase());
  if (isHost && first !== 'docker.io' && first !== 'index.docker.io') return { registry: first, repository: rest };
  const repository = isHost ? rest : path;
  return { registry: 'docker.io', repository: repository.includes('/') ? repository : `library/${repository}` };
}

function split(text: string, separator: string): [string, string | undefined] {
  const index = text.indexOf(separator);
  return index < 0 ? [text, undefined] : [text.slice(0, index), text.slice(index + 1)];
}
