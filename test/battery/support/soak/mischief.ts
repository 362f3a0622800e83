import { spawnSync } from 'node:child_process';
import { renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ownMark } from '../../../../src/git/process-mark.js';
import { pick, type Random } from '../../../support/random.js';
import { queuesIn, type Site } from './site.js';

/** Something that goes wrong around the agents; resolves when it is over. */
type Mischief = (site: Site, clone: string, random: Random) => Promise<void>;

const SOME_MS = 400;
const OLD = new Date(0);

/** By name, as they are counted. */
const MISCHIEF: Readonly<Record<string, Mischief>> = {
  'remote gone': async ({ remote }, _, random) => {
    renameSync(remote, `${remote}.away`);
    await delay(random() * SOME_MS);
    renameSync(`${remote}.away`, remote);
  },
  'remote hangs': (site, _, random) => whileThere(join(site.remote, 'hang'), random),
  'remote refuses': (site, _, random) => whileThere(join(site.remote, 'refuse'), random),
  'git gc': async ({ box }, clone) => void box.tryGit(clone, 'gc', '--quiet', '--prune=1.minute.ago'),
  'git pack-refs': async ({ box }, clone) => void box.tryGit(clone, 'pack-refs', '--all'),
  "somebody's git": async ({ box }, clone) => {
    box.tryGit(clone, 'fetch', '--quiet', '--all');
    box.tryGit(clone, 'status');
    box.tryGit(clone, 'commit', '--quiet', '--allow-empty', '--message', 'by hand');
  },
  'local folder deleted': async (_, clone) => {
    try {
      rmSync(join(clone, '.git', 'coord'), { recursive: true, force: true });
    } catch {
      // Others were faster to write into it again.
    }
  },
  'stale lock': async ({ box }) => {
    const gone = [spawnSync('true').pid, ...ownMark().split('.').slice(1)].join('.');
    for (const folder of queuesIn(box)) writeFileSync(join(folder, 'lock'), `${gone} 1`);
  },
  'stale lock of the ref': async (_, clone) => {
    const lock = join(clone, '.git', 'refs', 'coord', 'state.lock');
    try {
      writeFileSync(lock, '', { flag: 'wx' });
      utimesSync(lock, OLD, OLD);
    } catch {
      // Somebody writes at this very moment.
    }
  },
};

async function whileThere(file: string, random: Random): Promise<void> {
  writeFileSync(file, '');
  await delay(random() * SOME_MS);
  rmSync(file, { force: true });
}

/** One thing after the other goes wrong, as long as it is to go on. @returns how often each did */
export async function makeMischief(
  site: Site,
  random: Random,
  goesOn: () => boolean,
): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {};
  while (goesOn()) {
    const name = pick(Object.keys(MISCHIEF), random) ?? '';
    await MISCHIEF[name]?.(site, pick(site.clones, random) ?? '', random);
    counts[name] = (counts[name] ?? 0) + 1;
    await delay(random() * 2 * SOME_MS);
  }
  return counts;
}
