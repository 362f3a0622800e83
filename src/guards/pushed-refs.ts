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
