import type { Context } from '../context.js';
import { CoordError } from '../errors.js';
import type { PorcelainResult } from '../git/porcelain.js';
import { hasPrePushHook, type PushRejection, rejectionOf, wordsOfServer } from '../git/push-status.js';
import { isAncestor } from '../git/refs.js';
import { landHookRefused, notPushed, protectedBranch } from '../render/land-push.js';
import type { Companion } from '../store/companion.js';
import { readWork, type Work } from './land-work.js';

/** Milliseconds that a hook of the user's may take: agents' tools stop a command after 10 minutes. */
const HOOK_TIMEOUT_MS = 540_000;

/**
 * Lets the user's pre-push hook see the push of the main branch, and it alone, before anything is decided: git runs it
 * for a push that moves nothing. So a slow one holds nobody up, and runs once however often the race is lost.
 * @returns why it may not be pushed; null when it may.
 */
export async function rehearse(context: Context, work: Work): Promise<CoordError | null> {
  if (!(await hasPrePushHook(context.repository, context.git))) return null;
  const ref = `refs/heads/${work.branch}`;
  const options = ['--dry-run', `--force-with-lease=${ref}:${work.main}`];
  const door = context.remoteGitWithin(HOOK_TIMEOUT_MS);
  const pushed = await door.push(work.remote, [`${work.head}:${ref}`], options);
  return refusedByHook(pushed, ref) ? landHookRefused(pushed) : null;
}

/** A hook refuses before git has anything to say about the ref. */
export function refusedByHook(pushed: PorcelainResult, ref: string): boolean {
  return pushed.code === 1 && rejectionOf(pushed, ref) === null && !/^fatal: /m.test(pushed.stderr);
}

/** The main branch, to be moved together with the coordination branch. */
export function mainAsCompanion(context: Context, work: Work): Companion {
  return {
    ref: `refs/heads/${work.branch}`,
    commit: work.head,
    expected: work.main,
    confirm: async () => {
      const { work: now, verdict } = await readWork(context);
      const main = now?.main ?? (verdict.ok ? null : verdict.report.upstreamCommit);
      if (main !== null && (await isAncestor(context.git, work.head, main)) === true) return;
      if (main === null) throw unclear(work);
      throw broken(work);
    },
  };
}

function unclear({ remote, branch }: Work): CoordError {
  return new CoordError('unavailable', `the claims were released, but ${remote} does not say where ${branch} is`, {
    hint: 'repeat the command: it finds out whether your work has landed',
  });
}

function broken({ remote, branch }: Work): CoordError {
  return new CoordError(
    'fault',
    `${remote} moved the coordination branch without ${branch}: it does not keep git push --atomic`,
    { hint: 'your work has not landed, and your claims are released: claim again, and report this to who runs it' },
  );
}

/** What a declined push is about; `again` where another try may well succeed. */
export function whyDeclined(pushed: PorcelainResult, work: Work): CoordError | 'again' {
  const rejection = rejectionOf(pushed, `refs/heads/${work.branch}`);
  if (pushed.timedOut || rejection === null) return notPushed(pushed, work);
  if (isFleeting(rejection)) return 'again';
  if (/^atomic /.test(rejection.reason)) return notPushed(pushed, work);
  return protectedBranch(rejection.reason, wordsOfServer(pushed), work);
}

/** Another writer was at it, or its lock is still there. */
function isFleeting({ by, reason }: PushRejection): boolean {
  return by === 'git' || /^(atomic transaction failed|failed to update ref|failed to start transaction)/.test(reason);
}
