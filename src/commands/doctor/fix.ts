import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config/config.js';
import { PRIVATE_REFS } from '../../domain/state-ref.js';
import { command, coord } from '../../domain/suggestion.js';
import { plural } from '../../domain/text.js';
import { CoordError, usage } from '../../errors.js';
import { namesIn } from '../../git/if-there.js';
import { refLockPath, waitForRefLock } from '../../git/ref-lock.js';
import { compareAndSwapRef, readRef } from '../../git/refs.js';
import { gitList } from '../../git/run.js';
import type { LastGood } from '../../store/upkeep/last-good.js';
import type { Context } from '../../workspace/context.js';
import { underSetupLock } from '../../workspace/setup-lock.js';
import { programOf, readHooks } from '../guard/status.js';
import { entryOf } from '../setup/init-state.js';
import { type Checked, pass, wrong } from './guard-checks.js';
import { leftOverProofs, sweepProofs } from './prove.js';
import { fixMirror } from './store-checks.js';

/**
 * Fixes what can be fixed without a choice, and says what it did. A state ref that was rewound or rewritten is not one of
 * that: which history counts is for people to say.
 * @param restore the commit that somebody said is to be gone back to; null: nobody did
 */
export async function fix(context: Context, checks: readonly Checked[], restore: string | null): Promise<string[]> {
  const done: string[] = restore === null ? [] : [await goBack(context, checks, restore)];
  const reasons = new Set<unknown>();
  for (const check of checks) {
    const reason = check.error?.details.reason ?? check.id;
    // The same trouble may have been met by several checks.
    if (check.ok || reasons.has(reason)) continue;
    reasons.add(reason);
    const what = await fixOne(context, check);
    if (what !== null) done.push(what);
  }
  // No fault while it is not far behind; who waits for it asks here.
  const mirrored = await fixMirror(context).catch(() => null);
  return mirrored === null ? done : [...done, mirrored];
}

/**
 * Goes back to the last good commit of a damaged state, and to no other. Where the content is damaged, by a commit on top that
 * has its state; where the ref was moved to something that does not go on from it, by putting it back, with a lease on what is there.
 * @throws CoordError `usage` where that is not what was named, or nothing is damaged
 */
async function goBack(context: Context, checks: readonly Checked[], named: string): Promise<string> {
  const found = checks.find(({ error }) => error !== undefined && 'lastGood' in error.details);
  if (found?.error === undefined)
    throw usage('the state can be read: there is nothing to go back from', coord('doctor'));
  const {
    lastGood,
    known,
    tip = null,
  } = found.error.details as Readonly<Record<string, unknown>> & { lastGood: LastGood };
  const { commit, at } = lastGood;
  const short = commit.slice(0, 7);
  if (named.length < 7 || !commit.startsWith(named)) {
    throw usage(
      `the last good commit is ${short} of ${at}, and only that one can be restored`,
      coord(`doctor --fix --restore ${short}`),
    );
  }
  const store = await context.store();
  const entry = entryOf(context, `go back to the state of ${short} (${at}): what came after it is damaged`);
  const moved = typeof known === 'string';
  const from = typeof tip === 'string' ? tip : null;
  const done = !moved
    ? (await store.life.restore(commit, entry)) && `${store.ref} has the state of ${short} again, of ${at}`
    : found.id === 'remote'
      ? await putBackThere(context, commit, from ?? '')
      : await putBackHere(context, commit, from);
  if (typeof done === 'string') return done;
  throw new CoordError(
    'unavailable',
    `${store.ref} was not taken back: it has moved meanwhile, or its server took no push`,
    {
      hint: `nothing was changed; see what is wrong now: ${coord('doctor')}`,
      details: { lastGood },
    },
  );
}

async function fixOne(context: Context, { id, error }: Checked): Promise<string | null> {
  if (id === 'lock') return fixLock(context);
  if (id === 'refs') return dropRefs(context);
  if (id === 'proofs') return plainly(await sweepProofs(context), 'folder', 'of a --prove that was killed removed');
  if (id === 'hooks') return renewHooks(context);
  const { reason, known } = error?.details ?? {};
  if (reason === 'damaged') return replaceDamaged(context, known);
  if (reason !== 'deleted' || typeof known !== 'string') return null;
  return id === 'remote' ? putBackThere(context, known) : putBackHere(context, known);
}

async function fixLock(context: Context): Promise<string> {
  const { ref } = await context.config();
  await waitForRefLock(context.repository, ref, (ms) => context.effects.pause(ms));
  return `the lock of ${ref} is gone: it was left over, or its git has ended`;
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
  return underSetupLock(context, async () => {
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

/** @param from where the state ref stands now; null: nowhere, and it must be so still when it is put back */
async function putBackHere(context: Context, known: string, from: string | null = null): Promise<string | null> {
  const { ref } = await context.config();
  const there = await compareAndSwapRef(context.repository, context.git, { ref, to: known, from });
  return there.ok ? `${ref} is back at ${known.slice(0, 7)}, where this clone saw it last` : null;
}

/** @param known the commit that it had; `remote`: the remote has it */
async function replaceDamaged(context: Context, known: unknown): Promise<string | null> {
  const { repository, git } = context;
  const { ref, remote } = await context.config();
  // Somebody else may have fixed it.
  if (typeof known !== 'string' || (await readRef(repository, git, ref)) !== null) return null;
  rmSync(join(repository.commonDir, ref), { force: true });
  // Behind the file, an older value may stand among the packed refs.
  if (known !== 'remote') return putBackHere(context, known, await readRef(repository, git, ref));
  await (await context.store()).latest();
  return `${ref} is back, as ${remote} has it`;
}

/** @param from what stands there now; empty: nothing */
async function putBackThere(context: Context, known: string, from = ''): Promise<string | null> {
  const { ref, remote } = await context.config();
  const options = [`--force-with-lease=${ref}:${from}`, '--no-verify', '--no-follow-tags', '--no-signed'];
  const pushed = await context.remoteGit.push(remote, [`${known}:${ref}`], options);
  return pushed.code === 0 ? `${ref} of ${remote} is back at ${known.slice(0, 7)}, where this clone saw it last` : null;
}

/** Far above what upkeep leaves; git's own default for packing is 6,700. */
const MANY_LOOSE_OBJECTS = 40_000;
const LEFT_OVER_MS = 3_600_000;
/** Git holds the lock of a ref for milliseconds. */
const IN_USE_SECONDS = 3;
/** A command that asks the remote has ended by then. */
const ASKED_MS = 600_000;

/** What commands that were killed have left. */
export async function leftOverChecks(context: Context, config: Config): Promise<Checked[]> {
  return [
    lockCheck(context, config),
    await refsCheck(context),
    proofsCheck(context),
    objectsCheck(context),
    await historyCheck(context, config),
  ];
}

function lockCheck({ repository, host }: Context, { ref }: Config): Checked {
  const path = refLockPath(repository, ref);
  const stats = statSync(path, { throwIfNoEntry: false });
  const seconds = stats ? Math.round(Math.abs(host.now() - stats.mtimeMs) / 1000) : 0;
  if (seconds <= IN_USE_SECONDS) return pass('lock', 'medium', 'none was left over');
  const message = `${path} is there, for ${seconds}s: a git that was killed leaves it`;
  return wrong('lock', 'medium', message, coord('doctor --fix'));
}

export interface LeftOverRef {
  readonly ref: string;
  readonly id: string;
}

/**
 * Refs of one call each that are still there long after it: a command that was killed left them. They keep what they
 * name from being thrown away. One that git has packed is as old as that.
 */
async function leftOverRefs({ git, repository, host }: Context): Promise<LeftOverRef[]> {
  const prefixes = [`${PRIVATE_REFS}asked/`, 'refs/worktree/coord/'];
  const args = ['for-each-ref', '--format=%(objectname) %(refname)', ...prefixes];
  return (await gitList(git, args, {}, '\n')).flatMap((line) => {
    const [id = '', ref = ''] = line.split(' ');
    if (repository.refFormat !== 'files') return [];
    const folder = ref.startsWith('refs/worktree/') ? repository.gitDir : repository.commonDir;
    const stats = statSync(join(folder, ref), { throwIfNoEntry: false });
    return stats && Math.abs(host.now() - stats.mtimeMs) < ASKED_MS ? [] : [{ ref, id }];
  });
}

async function refsCheck(context: Context): Promise<Checked> {
  const left = await leftOverRefs(context);
  if (left.length === 0) return pass('refs', 'low', 'none was left over');
  const message = `${plural(left.length, 'ref')} of commands that were killed: ${left[0]?.ref}`;
  return wrong('refs', 'low', message, coord('doctor --fix'));
}

function proofsCheck(context: Context): Checked {
  const left = leftOverProofs(context);
  if (left.length === 0) return pass('proofs', 'low', 'none was left over');
  return wrong('proofs', 'low', `${plural(left.length, 'folder')} of a --prove that was killed`, coord('doctor --fix'));
}

/** Up to here no command takes notice of how long the history is (docs/performance.md). */
const LONG_HISTORY = 50_000;

/** A new clone fetches all of the history, and an audit reads back through it. */
async function historyCheck({ git }: Context, { ref }: Config): Promise<Checked> {
  const args = ['rev-list', '--count', '--first-parent', `--max-count=${LONG_HISTORY + 1}`, ref, '--'];
  const { code, stdout } = await git(args);
  const commits = code === 0 ? Number(stdout.toString('latin1')) : 0;
  if (commits <= LONG_HISTORY) return pass('history', 'low', `${plural(commits, 'commit')}: short enough`);
  const message = `more than ${LONG_HISTORY} commits: each new clone fetches them all`;
  return wrong('history', 'low', message, coord('doctor --compact'));
}

/** Whether packing in the background keeps up, or was stopped for good by a lock that a killed git left. */
function objectsCheck({ repository, host }: Context): Checked {
  const objects = join(repository.commonDir, 'objects');
  const lock = statSync(join(objects, 'maintenance.lock'), { throwIfNoEntry: false });
  if (lock && host.now() - lock.mtimeMs > LEFT_OVER_MS) {
    const message = `${join(objects, 'maintenance.lock')} is left over: git no longer packs anything`;
    return wrong('objects', 'low', message, 'if no git maintenance is running, remove it');
  }
  const loose = 256 * namesIn(join(objects, '17')).length;
  if (loose < MANY_LOOSE_OBJECTS) return pass('objects', 'low', 'few enough are loose');
  return wrong('objects', 'low', `about ${loose} are loose`, command('git gc'));
}
