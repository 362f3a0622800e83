import type { Context } from '../context.js';
import { waitForRefLock } from '../git/ref-lock.js';
import { compareAndSwapRef } from '../git/refs.js';
import type { Checked } from './doctor-checks.js';

/**
 * Mends what can be mended without a choice, and says what it did. A branch that was rewound or rewritten is none of
 * that: which history counts is for people to say.
 */
export async function mend(context: Context, checks: readonly Checked[]): Promise<string[]> {
  const done: string[] = [];
  for (const check of checks) {
    const what = check.ok ? null : await mendOne(context, check);
    if (what !== null) done.push(what);
  }
  return done;
}

async function mendOne(context: Context, { id, error }: Checked): Promise<string | null> {
  if (id === 'lock') return mendLock(context);
  const known = error?.details.known;
  const reason = error?.details.reason;
  if (typeof known !== 'string') return null;
  if (reason === 'deleted') return id === 'remote' ? putBackThere(context, known) : putBackHere(context, known);
  return reason === 'damaged' ? putBackHere(context, known) : null;
}

async function mendLock(context: Context): Promise<string> {
  const { branch } = await context.config();
  await waitForRefLock(context.repository, `refs/heads/${branch}`, (ms) => context.surroundings.pause(ms));
  return `the lock of ${branch} is gone: it was left over, or its git has ended`;
}

async function putBackHere(context: Context, known: string): Promise<string | null> {
  const { repository, git } = context;
  const { branch } = await context.config();
  const ref = `refs/heads/${branch}`;
  const there = await compareAndSwapRef(repository, git, { ref, to: known, from: null });
  return there.ok ? `${branch} is back at ${known.slice(0, 7)}, where this clone saw it last` : null;
}

async function putBackThere(context: Context, known: string): Promise<string | null> {
  const { branch, remote } = await context.config();
  const ref = `refs/heads/${branch}`;
  // The lease: only while there is no such branch.
  const options = [`--force-with-lease=${ref}:`, '--no-verify', '--no-follow-tags', '--no-signed'];
  const pushed = await context.remoteGit.push(remote, [`${known}:${ref}`], options);
  return pushed.code === 0
    ? `${branch} of ${remote} is back at ${known.slice(0, 7)}, where this clone saw it last`
    : null;
}
