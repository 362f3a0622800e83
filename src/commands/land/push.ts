import type { Context } from '../../context.js';
import type { CoordError } from '../../errors.js';
import type { PorcelainResult } from '../../git/porcelain.js';
import {
  hasPrePushHook,
  lacksAtomic,
  type PushRejection,
  reasonOf,
  refusedByHook,
  rejectionOf,
  wordsOf,
} from '../../git/push-status.js';
import { isAncestor } from '../../git/refs.js';
import { hookRefused, notAtomic, notPushed, notTogether, protectedBranch, unclear } from '../../render/land-push.js';
import type { Companion } from '../../store/companion.js';
import { troubleIn } from '../../store/remote-words.js';
import { readMain, type Work } from './work.js';

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
  // The guard of coord in that hook may have no other way to know who lands.
  const { agent, session } = context.identity();
  const env = { COORD_AGENT: agent, ...(session === null ? {} : { COORD_SESSION: session }) };
  const door = context.remoteGitWithin(HOOK_TIMEOUT_MS, env);
  const pushed = await door.push(work.remote, [`${work.head}:${ref}`], options);
  if (pushed.timedOut) return notPushed(troubleIn(pushed), 'your pre-push hook did not end within 9 minutes', [], work);
  return refusedByHook(pushed) ? hookRefused(wordsOf(pushed)) : null;
}

/** The main branch, to be moved together with the coordination branch. */
export function mainAsCompanion(context: Context, work: Work): Companion {
  return {
    ref: `refs/heads/${work.branch}`,
    commit: work.head,
    expected: work.main,
    confirm: async () => {
      const main = await readMain(context);
      if (main === null) throw unclear(work);
      if ((await isAncestor(context.git, work.head, main)) !== true) throw notTogether(work);
    },
  };
}

export interface Declined {
  readonly error: CoordError;
  /** Another writer was at it, or its lock is still there: another try may well succeed. */
  readonly fleeting: boolean;
}

/** What a push is about that the remote declined. */
export function whyDeclined(pushed: PorcelainResult, work: Work): Declined {
  if (lacksAtomic(pushed)) return { error: notAtomic(work), fleeting: false };
  const rejection = rejectionOf(pushed, `refs/heads/${work.branch}`);
  if (rejection !== null && refusesBranch(rejection)) {
    return { error: protectedBranch(rejection.reason, wordsOf(pushed), work), fleeting: false };
  }
  const fleeting = rejection !== null && (rejection.by === 'git' || FLEETING.test(rejection.reason));
  return { error: notPushed(troubleIn(pushed), reasonOf(pushed), wordsOf(pushed), work), fleeting };
}

/** Whether it is this very branch that the server does not let be pushed. */
export function refusesBranch({ by, reason }: PushRejection): boolean {
  return by === 'server' && !FLEETING.test(reason) && !OF_ALL.test(reason);
}

const FLEETING = /^(atomic transaction failed|failed to update ref|failed to start transaction)/;
/** The coordination branch was refused and took the main branch with it, or the server could not store the commits. */
const OF_ALL = /^(atomic push failure|unpacker error|missing necessary objects)/;
