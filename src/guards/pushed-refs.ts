import type { Environment } from '../git/run.js';

/** One ref that a push moves. */
export interface PushedRef {
  /** The commit that is pushed; null: the ref is deleted. */
  readonly local: string | null;
  /** Full name of the ref at the remote. */
  readonly ref: string;
  /** The commit that the remote has there now; null: none. */
  readonly remote: string | null;
}

/** The refs of a push, as git tells its pre-push hook on standard input: `<local ref> <id> <remote ref> <id>` a line. */
export function pushedRefs(input: string): PushedRef[] {
  return input.split('\n').flatMap((line) => {
    const [, local, ref, remote] = /^.+ ([0-9a-f]{40,64}) (\S+) ([0-9a-f]{40,64})$/.exec(line) ?? [];
    if (local === undefined || ref === undefined || remote === undefined) return [];
    return [{ local: unlessZero(local), ref, remote: unlessZero(remote) }];
  });
}

/** The one ref that the pre-commit framework tells of, in variables, in the place of standard input. */
export function refOfPreCommit(env: Environment): PushedRef[] {
  const { PRE_COMMIT_REMOTE_BRANCH: ref, PRE_COMMIT_TO_REF: local, PRE_COMMIT_FROM_REF: remote } = env;
  if (!ref || !local) return [];
  return [{ local: unlessZero(local), ref, remote: remote ? unlessZero(remote) : null }];
}

function unlessZero(id: string): string | null {
  return /^0+$/.test(id) ? null : id;
}

/** A `git push` as it was typed. */
export interface PushCommand {
  /** Name or address; null: none was typed. */
  readonly remote: string | null;
  readonly refspecs: readonly string[];
  /** `refs`: what was typed; `all`: each local branch; `mirror`: these, and what is not there is deleted. */
  readonly what: 'refs' | 'all' | 'mirror' | 'delete';
}

/** What git knows when a push is typed. */
export interface PushSettings {
  /** Short name of the branch that is checked out; null: none. */
  readonly branch: string | null;
  /** Full names of the refs that are here. */
  readonly refs: readonly string[];
  /** Values of a key of its configuration, the last one counts where one is asked for; key names as git prints them. */
  readonly config: ReadonlyMap<string, readonly string[]>;
}

/** A ref that a push will move, before git resolves what is pushed. */
export interface PushTarget {
  /** A revision; null: the ref is deleted. */
  readonly source: string | null;
  /** Full name of the ref at the remote. */
  readonly ref: string;
}

const HEADS = 'refs/heads/';

/** The remote that a push goes to, by git's own order of settings. */
export function remoteOfPush({ remote }: PushCommand, { branch, config }: PushSettings): string {
  const last = (key: string) => config.get(key)?.at(-1);
  const own = branch === null ? undefined : last(`branch.${branch}.pushremote`);
  const upstream = branch === null ? undefined : last(`branch.${branch}.remote`);
  return remote ?? own ?? last('remote.pushdefault') ?? upstream ?? 'origin';
}

/** The refs of the remote that a push moves, as git-push(1) reads its refspecs. */
export function targetsOfPush(command: PushCommand, settings: PushSettings): PushTarget[] {
  if (command.what === 'all') return branches(settings);
  if (command.what === 'mirror') return settings.refs.map((ref) => ({ source: ref, ref }));
  if (command.what === 'delete') {
    return command.refspecs.flatMap((name) => targetsOf(`:${name}`, settings));
  }
  const typed = command.refspecs.length > 0 ? command.refspecs : defaultRefspecs(command, settings);
  return typed.flatMap((refspec) => targetsOf(refspec, settings));
}

function defaultRefspecs(command: PushCommand, settings: PushSettings): readonly string[] {
  const { branch, config } = settings;
  const configured = config.get(`remote.${remoteOfPush(command, settings)}.push`);
  if (configured !== undefined) return configured;
  const how = config.get('push.default')?.at(-1) ?? 'simple';
  if (how === 'matching') return [':'];
  if (branch === null || how === 'nothing') return [];
  const upstream = config.get(`branch.${branch}.merge`)?.at(-1);
  const isUpstream = (how === 'upstream' || how === 'tracking') && upstream !== undefined;
  return [`HEAD:${isUpstream ? upstream : `${HEADS}${branch}`}`];
}

function targetsOf(typed: string, settings: PushSettings): PushTarget[] {
  const { branch, refs } = settings;
  const refspec = typed.replace(/^\+/, '');
  if (refspec.startsWith('^')) return [];
  if (refspec === ':') return branches(settings);
  const [from = '', to] = refspec.split(':');
  if (from.includes('*')) {
    const [before = '', after = ''] = full(from).split('*');
    const matched = refs.filter((ref) => ref.startsWith(before) && ref.endsWith(after));
    return matched.map((source) => {
      const middle = source.slice(before.length, source.length - after.length);
      return { source, ref: to === undefined ? source : full(to).replace('*', () => middle) };
    });
  }
  if (from === '') return [{ source: null, ref: full(to ?? '') }];
  const own = from === 'HEAD' || from === '@' ? branch : from;
  if (to === undefined || to === '') return own === null ? [] : [{ source: from, ref: full(own) }];
  return [{ source: from, ref: full(to) }];
}

/** Each local branch, to its own name. */
function branches({ refs }: PushSettings): PushTarget[] {
  return refs.flatMap((ref) => (ref.startsWith(HEADS) ? [{ source: ref, ref }] : []));
}

/** A name without `refs/` is that of a branch. */
function full(name: string): string {
  if (name.startsWith('refs/')) return name;
  return `${HEADS}${name.replace(/^heads\//, '')}`;
}
