/** Image names as users write them: `nginx`, `quay.io/app/web:1.2`, `registry:5000/a@sha256:...`. */

export interface ImageName {
  /** `docker.io` when the name has no registry part. */
  registry: string;
  /** `library/nginx`. */
  repository: string;
  tag?: string;
  digest?: string;
}

const domain =
  '(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\\[[0-9a-fA-F:]+\\])(?::[0-9]+)?';
const pathPart = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const grammar = new RegExp(
  `^(?:(${domain})/)?(${pathPart}(?:/${pathPart})*)(?::([\\w][\\w.-]{0,127}))?(?:@([A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?$`,
);

/** Throws an Error for what is no image name. */
export function parseImageName(text: string): ImageName {
  const match = grammar.exec(text);
  if (!match) throw new Error(`couldn't parse image name "${text}": invalid reference format`);
  const [, first, rest = '', tag, digest] = match;
  const isRegistry =
    first !== undefined && (/[.:[]/.test(first) || first === 'localhost' || first !== first.toLowerCase());
  const registry = isRegistry ? (first as string) : 'docker.io';
  const path = first !== undefined && !isRegistry ? `${first}/${rest}` : rest;
  const repository = registry === 'docker.io' && !path.includes('/') ? `library/${path}` : path;
  return { registry, repository, ...(tag ? { tag } : {}), ...(digest ? { digest } : {}) };
}

/** The name with `:latest` when it has neither tag nor digest. */
export function withDefaultTag(text: string): string {
  const { tag, digest } = parseImageName(text);
  return tag || digest ? text : `${text}:latest`;
}
