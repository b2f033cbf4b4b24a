/** What namespace labels say about pod security. Pure. */

export type Level = 'privileged' | 'baseline' | 'restricted';
export type Mode = 'enforce' | 'audit' | 'warn';

/** Minor version of the standard; `latest` is Infinity. */
export interface LevelVersion {
  level: Level;
  minor: number;
}

export type Policy = Record<Mode, LevelVersion>;

const prefix = 'pod-security.kubernetes.io/';
const levels: readonly string[] = ['privileged', 'baseline', 'restricted'];

export const privileged: LevelVersion = { level: 'privileged', minor: Number.POSITIVE_INFINITY };

export function formatLevelVersion({ level, minor }: LevelVersion): string {
  return `${level}:${minor === Number.POSITIVE_INFINITY ? 'latest' : `v1.${minor}`}`;
}

export interface ParsedPolicy {
  policy: Policy;
  /** Labels that cannot be understood. Enforcement then falls back to the strictest level, warnings to none, as upstream. */
  errors: { field: string; value: string; detail: string }[];
}

export function parsePolicy(labels: Readonly<Record<string, string>> | undefined, defaults: Policy): ParsedPolicy {
  const policy: Policy = { ...defaults };
  const errors: ParsedPolicy['errors'] = [];
  const wrong = (key: string, value: string, detail: string): void => {
    errors.push({ field: `metadata.labels[${key}]`, value, detail });
  };
  for (const mode of ['enforce', 'audit', 'warn'] as const) {
    const levelKey = `${prefix}${mode}`;
    const level = labels?.[levelKey];
    if (level !== undefined) {
      const known = levels.includes(level);
      if (!known) wrong(levelKey, level, `must be one of ${levels.join(', ')}`);
      const fallback: Level = mode === 'enforce' ? 'restricted' : 'privileged';
      policy[mode] = { ...policy[mode], level: known ? (level as Level) : fallback };
    }
    const versionKey = `${levelKey}-version`;
    const version = labels?.[versionKey];
    if (version === undefined) continue;
    const minor = parseVersion(version);
    if (minor === undefined) wrong(versionKey, version, 'must be "latest" or "v1.x"');
    policy[mode] = { ...policy[mode], minor: minor ?? Number.POSITIVE_INFINITY };
  }
  if (isWarningImplied(policy, labels)) {
    const hasVersion = labels?.[`${prefix}warn-version`] !== undefined;
    policy.warn = { ...policy.enforce, ...(hasVersion ? { minor: policy.warn.minor } : {}) };
  }
  return { policy, errors };
}

/** Whoever asks for a stricter level only to be enforced is warned at that level, too: workloads are never refused. */
function isWarningImplied(policy: Policy, labels: Readonly<Record<string, string>> | undefined): boolean {
  const enforced = labels?.[`${prefix}enforce`];
  if (enforced === undefined || !levels.includes(enforced) || labels?.[`${prefix}warn`] !== undefined) return false;
  return isStricter(policy.enforce, policy.warn);
}

function parseVersion(text: string): number | undefined {
  if (text === 'latest') return Number.POSITIVE_INFINITY;
  const [, minor] = /^v1\.(0|[1-9]\d*)$/.exec(text) ?? [];
  return minor === undefined ? undefined : Number(minor);
}

export function compareLevels(left: Level, right: Level): number {
  return levels.indexOf(left) - levels.indexOf(right);
}

function isStricter(left: LevelVersion, right: LevelVersion): boolean {
  return compareLevels(left.level, right.level) > 0;
}

export function isSame(left: LevelVersion, right: LevelVersion): boolean {
  return left.level === right.level && left.minor === right.minor;
}
