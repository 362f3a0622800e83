/**
 * What a claim is on. The kind is kept with the text, since a file may be called `app/[slug]/page.tsx`
 * and must not be read as a glob.
 *
 * - `path`: one path, file or not yet there; it covers itself and all below it
 * - `directory`: text ends in `/**` (or is `**` for the whole repository); the part before it is literal
 * - `glob`: a pattern of `*` `**` `?` `[...]` `{a,b}` and backslash escapes
 * - `resource`: a name such as `@deploy/prod`; it covers itself and the names below it
 */
export type TargetKind = 'path' | 'directory' | 'glob' | 'resource';

export interface Target {
  readonly kind: TargetKind;
  /** Canonical text: relative to the repository root, `/` between segments, NFC. */
  readonly text: string;
}

/** A target as a claim asks for it. */
export interface AskedTarget {
  readonly target: Target;
  /** Time to live of the claim, in seconds; already within the cap. */
  readonly ttlSeconds: number;
}

const ONCE_PREFIX = '@once/';

/** The resource that stands for a key of `coord once`: held while its program runs. */
export function onceTarget(key: string): Target {
  return { kind: 'resource', text: `${ONCE_PREFIX}${key}` };
}

export function isOnceTarget(target: Target): boolean {
  return target.kind === 'resource' && target.text.startsWith(ONCE_PREFIX);
}

const DEPLOY_PREFIX = '@deploy/';

/** The resource that stands for a deploy target: held while something is deployed to it. */
export function deployTarget(name: string): Target {
  return { kind: 'resource', text: `${DEPLOY_PREFIX}${name}` };
}

export function isDeployTarget(target: Target): boolean {
  return target.kind === 'resource' && target.text.startsWith(DEPLOY_PREFIX);
}

const LAND_PREFIX = '@land/';

/** The resource that stands for a branch on which work lands: who holds it is the next to land there. */
export function landTarget(branch: string): Target {
  return { kind: 'resource', text: `${LAND_PREFIX}${branch}` };
}

export function isLandTarget(target: Target): boolean {
  return target.kind === 'resource' && target.text.startsWith(LAND_PREFIX);
}

/** Resources that stand for something else than ground, by the verb that claims them and nothing else does. */
const OWN_VERBS: Readonly<Record<string, string>> = {
  '@task': 'task take',
  '@deploy': 'deploy',
  '@once': 'once',
  '@land': 'land',
};

/** The verb that claims this target, and the name that it is given; null: it is claimed like all other ground. */
export function ownVerbOf(target: Target): { readonly verb: string; readonly name: string } | null {
  if (target.kind !== 'resource') return null;
  const [prefix = '', ...rest] = target.text.split('/');
  const verb = Object.hasOwn(OWN_VERBS, prefix) ? OWN_VERBS[prefix] : undefined;
  return verb === undefined ? null : { verb, name: rest.join('/') };
}

/** A directory's canonical text; `''` is the repository root. */
export function directoryTarget(path: string): Target {
  return { kind: 'directory', text: path === '' ? '**' : `${path}/**` };
}

/** The literal path of a `directory` target, `''` for the root. */
export function directoryPath(target: Target): string {
  return target.text === '**' ? '' : target.text.slice(0, -'/**'.length);
}
