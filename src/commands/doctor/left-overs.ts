import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config/config.js';
import type { Context } from '../../context.js';
import { plural } from '../../domain/text.js';
import { refLockPath } from '../../git/ref-lock.js';
import { gitText } from '../../git/run.js';
import { type Checked, well, wrong } from './checked.js';
import { leftOverProofs } from './prove/place.js';

/** Far above what upkeep leaves; git's own default for packing is 6,700. */
const MANY_LOOSE_OBJECTS = 40_000;
const LEFT_OVER_MS = 3_600_000;
/** Git holds the lock of a ref for milliseconds. */
const IN_USE_SECONDS = 3;
/** A command that asks the remote has ended by then. */
const ASKED_MS = 600_000;

/** What commands that were killed have left. */
export async function leftOverChecks(context: Context, config: Config): Promise<Checked[]> {
  return [lockCheck(context, config), await refsCheck(context), proofsCheck(context), objectsCheck(context)];
}

function lockCheck({ repository, host }: Context, { branch }: Config): Checked {
  const path = refLockPath(repository, `refs/heads/${branch}`);
  const stats = statSync(path, { throwIfNoEntry: false });
  const seconds = stats ? Math.round(Math.abs(host.now() - stats.mtimeMs) / 1000) : 0;
  if (seconds <= IN_USE_SECONDS) return well('lock', 'medium', 'none was left over');
  const message = `${path} is there, for ${seconds}s: a git that was killed leaves it`;
  return wrong('lock', 'medium', message, 'coord doctor --fix');
}

export interface LeftOverRef {
  readonly ref: string;
  readonly id: string;
}

/**
 * Refs of one call each that are still there long after it: a command that was killed left them. They keep what they
 * name from being thrown away. One that git has packed is as old as that.
 */
export async function leftOverRefs({ git, repository, host }: Context): Promise<LeftOverRef[]> {
  const prefixes = ['refs/coord/asked/', 'refs/worktree/coord/'];
  const listed = await gitText(git, ['for-each-ref', '--format=%(objectname) %(refname)', ...prefixes]);
  return listed.split('\n').flatMap((line) => {
    const [id = '', ref = ''] = line.split(' ');
    if (ref === '' || repository.refFormat !== 'files') return [];
    const folder = ref.startsWith('refs/worktree/') ? repository.gitDir : repository.commonDir;
    const stats = statSync(join(folder, ref), { throwIfNoEntry: false });
    return stats && Math.abs(host.now() - stats.mtimeMs) < ASKED_MS ? [] : [{ ref, id }];
  });
}

async function refsCheck(context: Context): Promise<Checked> {
  const left = await leftOverRefs(context);
  if (left.length === 0) return well('refs', 'low', 'none was left over');
  const message = `${plural(left.length, 'ref')} of commands that were killed: ${left[0]?.ref}`;
  return wrong('refs', 'low', message, 'coord doctor --fix');
}

function proofsCheck(context: Context): Checked {
  const left = leftOverProofs(context);
  if (left.length === 0) return well('proofs', 'low', 'none was left over');
  return wrong('proofs', 'low', `${plural(left.length, 'folder')} of a --prove that was killed`, 'coord doctor --fix');
}

/** Whether packing in the background keeps up, or was stopped for good by a lock that a killed git left. */
function objectsCheck({ repository, host }: Context): Checked {
  const objects = join(repository.commonDir, 'objects');
  const lock = statSync(join(objects, 'maintenance.lock'), { throwIfNoEntry: false });
  if (lock && host.now() - lock.mtimeMs > LEFT_OVER_MS) {
    const message = `${join(objects, 'maintenance.lock')} is left over: git packs nothing any more`;
    return wrong('objects', 'low', message, 'if no git maintenance is running, remove it');
  }
  const loose = 256 * looseIn(join(objects, '17'));
  if (loose < MANY_LOOSE_OBJECTS) return well('objects', 'low', 'few enough are loose');
  return wrong('objects', 'low', `about ${loose} are loose`, 'git gc');
}

function looseIn(folder: string): number {
  try {
    return readdirSync(folder).length;
  } catch {
    return 0;
  }
}
