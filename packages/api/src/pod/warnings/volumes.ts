/** Volumes of kinds that are gone, and files of projected volumes that hide one another. */
import type { ObjectMeta, PersistentVolumeClaimSpec, PodSpec, Volume, VolumeProjection } from '../../types.js';
import { fractionalBytes } from './amounts.js';

/** Of volumes in pods and of persistent volumes alike. */
const removed = [
  ['scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['flocker', 'deprecated in v1.22, non-functional in v1.25+'],
  ['storageos', 'deprecated in v1.22, non-functional in v1.25+'],
  ['quobyte', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['rbd', 'deprecated in v1.28, non-functional in v1.31+'],
] as const;

/** Upstream calls one of them otherwise than the field is called. */
const shownAs: Readonly<Record<string, string>> = { storageos: 'storageOS' };

/** `path` is that of the object with the volume's source in it. */
export function removedVolumeWarnings(
  source: Readonly<Partial<Record<(typeof removed)[number][0], unknown>>>,
  path: string,
): string[] {
  return removed.flatMap(([field, message]) =>
    source[field] ? [`${path}.${shownAs[field] ?? field}: ${message}`] : [],
  );
}

const oldClassKey = 'volume.beta.kubernetes.io/storage-class';

export function oldClassWarnings({ annotations }: ObjectMeta): string[] {
  if (annotations?.[oldClassKey] === undefined) return [];
  return [`metadata.annotations[${oldClassKey}]: deprecated since v1.8; use "storageClassName" attribute instead`];
}

export function claimSpecWarnings(spec: PersistentVolumeClaimSpec | undefined, path: string): string[] {
  return (['requests', 'limits'] as const).flatMap((kind) =>
    fractionalBytes(spec?.resources?.[kind]?.['storage'], `${path}.resources.${kind}[storage]`),
  );
}

export function volumeWarnings({ volumes = [] }: PodSpec, path: string): string[] {
  const warnings = volumes.flatMap((volume, index) => oneVolume(volume, `${path}.volumes[${index}]`));
  const tokens = new Set(
    volumes.flatMap(({ projected }) =>
      (projected?.sources ?? []).flatMap(({ serviceAccountToken: token }) => (token ? [token.path] : [])),
    ),
  );
  if (tokens.size === 0) return warnings;
  const hidden = volumes.flatMap(({ projected }, index) =>
    (projected?.sources ?? []).flatMap((source) =>
      hiddenByToken(source, tokens, `${path}.volumes[${index}].projected.sources`),
    ),
  );
  return [...warnings, ...hidden];
}

function oneVolume(volume: Volume, path: string): string[] {
  return [
    ...(volume.gitRepo ? [`${path}.gitRepo: deprecated in v1.11, and disabled by default in v1.33+`] : []),
    ...removedVolumeWarnings(volume, path),
    ...claimSpecWarnings(volume.ephemeral?.volumeClaimTemplate?.spec, `${path}.ephemeral.volumeClaimTemplate.spec`),
  ];
}

function hiddenByToken(source: VolumeProjection, tokens: ReadonlySet<string>, path: string): string[] {
  const lists = [
    ['configMap', source.configMap?.items],
    ['secrets', source.secret?.items],
    ['downwardAPI', source.downwardAPI?.items],
  ] as const;
  const bundle = source.clusterTrustBundle;
  const why = (file: string): string => `has duplicated path with ServiceAccountToken ${JSON.stringify(file)}`;
  return [
    ...lists.flatMap(([field, items]) =>
      (items ?? []).flatMap((item, index) =>
        tokens.has(item.path) ? [`${path}.${field}[${index}]: ${why(item.path)}`] : [],
      ),
    ),
    ...(bundle && tokens.has(bundle.path) ? [`${path}.ClusterTrustBundle: ${why(bundle.path)}`] : []),
  ];
}
