import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Attempt, brokenLayers, type LayerId, type Proof } from '../../domain/doctor/checkup.js';
import { coord } from '../../domain/suggestion.js';
import { CoordError } from '../../errors.js';
import { namesIn } from '../../git/if-there.js';
import type { Context } from '../../workspace/context.js';
import { protectedConfig } from '../../workspace/main-branch.js';
import { readHooks } from '../guard/status.js';
import { ACTORS, Attempts } from './attempts.js';
import { type Checked, wrong } from './guard-checks.js';
import { setStage } from './stage.js';

export interface Proved {
  readonly proof: Proof;
  /** Layers that are said to be live, and are not. */
  readonly checks: readonly Checked[];
}

/**
 * Plants a conflict and tries to get past each layer. It plays in a copy of the repository, with a remote and a
 * state ref of its own; the hooks are those that are installed in the repository.
 * @param agents how many claim the same at once; null: nobody does
 * @throws CoordError `unavailable` when it was asked to stop; nothing is left behind then.
 */
export async function prove(context: Context, live: readonly LayerId[], agents: number | null): Promise<Proved> {
  const main = await protectedConfig(context);
  const { report } = await readHooks(context);
  let stopped = false;
  const unlisten = context.host.onStop(() => {
    stopped = true;
  });
  try {
    return await inProvingPlace(context, async (folder) => {
      const stage = await setStage(context, folder, main);
      const tries = new Attempts(context, stage, report, live.includes('harness'));
      await tries.plant();
      const attempts: Attempt[] = agents === null ? [] : [await tries.rush(agents)];
      for (const name of ORDER) {
        if (stopped)
          throw new CoordError('unavailable', 'stopped; nothing is left behind', { hint: coord('doctor --prove') });
        attempts.push(await tries[name]());
      }
      const proof = { path: stage.path, ...ACTORS, attempts };
      return { proof, checks: brokenLayers(proof, live).map((layer) => broken(layer, proof)) };
    });
  } finally {
    unlisten();
  }
}

const ORDER = ['claim', 'edit', 'commit', 'noVerify', 'plumbing', 'push', 'pushNoVerify', 'audit'] as const;

function broken(layer: LayerId, { attempts }: Proof): Checked {
  const passed = attempts.filter((one) => one.layer === layer && one.outcome === 'not-stopped');
  const message = `${layer}: set up, and let ${passed.map(({ what }) => what).join(' and ')} through`;
  return { ...wrong('prove', 'high', message, `${coord('guard status')}; ${coord('guard install')}`), code: 'fault' };
}

/** A proof that runs says so this often. */
const BEAT_MS = 250;
/** One that has said nothing for so long was killed. */
const SILENT_MS = 2_000;

/** Where proofs are made: in the machine-local part, which may be deleted at any time. */
function folderOf({ localDirectory }: Context): string {
  return join(localDirectory, 'prove');
}

/** Makes a folder for one proof, and removes it when the work is done, whatever came of it. */
async function inProvingPlace<T>(context: Context, work: (folder: string) => Promise<T>): Promise<T> {
  await sweepProofs(context);
  const folder = join(folderOf(context), context.newId());
  mkdirSync(folder, { recursive: true });
  const beat = () => writeFileSync(join(folder, 'alive'), '');
  beat();
  const timer = setInterval(beat, BEAT_MS);
  try {
    return await work(folder);
  } finally {
    clearInterval(timer);
    remove(folder);
    removeIfEmpty(folderOf(context));
  }
}

/** The folders of proofs that have been silent for long. */
export function leftOverProofs(context: Context): string[] {
  return proofs(context).filter((folder) => Math.abs(context.host.now() - lastBeat(folder)) > SILENT_MS);
}

/**
 * Removes what proofs that were killed have left. Each is watched, so that no clock has to be right and one that still
 * runs is left alone.
 * @returns how many there were.
 */
export async function sweepProofs(context: Context): Promise<number> {
  const before = new Map(proofs(context).map((folder) => [folder, lastBeat(folder)]));
  if (before.size === 0) return 0;
  await context.effects.pause(SILENT_MS);
  const silent = [...before].filter(([folder, beat]) => lastBeat(folder) === beat);
  for (const [folder] of silent) remove(folder);
  removeIfEmpty(folderOf(context));
  return silent.length;
}

/** Milliseconds since the epoch, by the file system's clock; 0 where it has said nothing yet. */
function lastBeat(folder: string): number {
  return statSync(join(folder, 'alive'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

function removeIfEmpty(folder: string): void {
  if (namesIn(folder).length === 0) rmSync(folder, { recursive: true, force: true });
}

function proofs(context: Context): string[] {
  return namesIn(folderOf(context)).map((name) => join(folderOf(context), name));
}
