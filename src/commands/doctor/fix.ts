import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from '../../context.js';
import { plural } from '../../domain/text.js';
import { waitForRefLock } from '../../git/ref-lock.js';
import { compareAndSwapRef, readRef } from '../../git/refs.js';
import { withLocalLock } from '../../store/local-lock.js';
import { programOf, readHooks } from '../guards/hooks-report.js';
import type { Checked } from './checked.js';
import { leftOverRefs } from './left-overs.js';
import { sweepProofs } from './prove/place.js';

/**
 * Mends what can be mended without a choice, and says what it did. A branch that was rewound or rewritten is none of
 * that: which history counts is for people to say.
 */
export async function mend(context: Context, checks: readonly Checked[]): Promise<string[]> {
  const done: string[] = [];
  const reasons = new Set<unknown>();
  for (const check of checks) {
    const reason = check.error?.details.reason ?? check.id;
    // The same trouble may have been met by several checks.
    if (check.ok || reasons.has(reason)) continue;
    reasons.add(reason);
    const what = await mendOne(context, check);
    if (what !== null) done.push(what);
  }
  return done;
}

async function mendOne(context: Context, { id, error }: Checked): Promise<string | null> {
  if (id === 'lock') return mendLock(context);
  if (id === 'refs') return dropRefs(context);
  if (id === 'proofs') return plainly(await sweepProofs(context), 'folder', 'of a --prove that was killed removed');
  if (id === 'hooks') return renewHooks(context);
  const { reason, known } = error?.details ?? {};
  if (reason === 'damaged') return replaceDamaged(context, known);
  if (reason !== 'deleted' || typeof known !== 'string') return null;
  return id === 'remote' ? putBackThere(context, known) : putBackHere(context, known);
}

async function mendLock(context: Context): Promise<string> {
  const { branch } = await context.config();
  await waitForRefLock(context.repository, `refs/heads/${branch}`, (ms) => context.surroundings.pause(ms));
  return `the lock of ${branch} is gone: it was left over, or its git has ended`;
}

async function dropRefs(context: Context): Promise<string | null> {
  let dropped = 0;
  for (const { ref, id } of await leftOverRefs(context)) {
    const { code } = await context.git(['update-ref', '-d', ref, id]);
    if (code === 0) dropped += 1;
  }
  return plainly(dropped, 'ref', 'of commands that were killed removed');
}

/** Guards that coord wrote and that cannot run as they are; whether there are to be any is for people to say. */
async function renewHooks(context: Context): Promise<string | null> {
  return withLocalLock(context.localDirectory, context.surroundings, async () => {
    const { path, files, report } = await readHooks(context);
    const stale = report.hooks.some(({ standing }) => standing === 'stale');
    const theirs = report.hooks.some(({ standing }) => standing === 'overwritten');
    if (!path.isOwn || !stale || theirs) return null;
    const { written } = files.install(programOf(context));
    return `the guards in ${written.join(', ')} run the coord that is here`;
  });
}

function plainly(count: number, noun: string, what: string): string | null {
  return count === 0 ? null : `${plural(count, noun)} ${what}`;
}

/** @param from where the branch stands now; null: nowhere, and it must be so still when it is put back */
async function putBackHere(context: Context, known: string, from: string | null = null): Promise<string | null> {
  const { branch } = await context.config();
  const update = { ref: `refs/heads/${branch}`, to: known, from };
  const there = await compareAndSwapRef(context.repository, context.git, update);
  return there.ok ? `${branch} is back at ${known.slice(0, 7)}, where this clone saw it last` : null;
}

/** @param known the commit that the branch had; `remote`: the remote has it */
async function replaceDamaged(context: Context, known: unknown): Promise<string | null> {
  const { repository, git } = context;
  const { branch, remote } = await context.config();
  const ref = `refs/heads/${branch}`;
  // Somebody else may have mended it.
  if (typeof known !== 'string' || (await readRef(repository, git, ref)) !== null) return null;
  rmSync(join(repository.commonDir, ref), { force: true });
  // Behind the file, an older value may stand among the packed refs.
  if (known !== 'remote') return putBackHere(context, known, await readRef(repository, git, ref));
  await (await context.store()).latest();
  return `${branch} is back, as ${remote} has it`;
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
