import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, lstatSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { configure, type Fleet, localFleet } from '../support/fleet.js';
import { denialIn, payloadOf } from '../support/harness.js';
import { coordInProcess } from '../support/in-process.js';
import { PROPERTY_RUNS } from '../support/properties.js';
import { GIT, NAMES, PROGRAMS, type Synopsis } from '../support/synopses.js';

/** Each case starts a shell and copies a repository. */
const RUNS = Math.min(60, Math.max(10, Math.round(PROPERTY_RUNS / 10)));

/** Two folders with the same files, some of them changed; what is in `held` belongs to another. */
async function world(): Promise<Fleet> {
  const fleet = await localFleet();
  const { box, clone } = fleet;
  configure(fleet, { autoClaim: false, surface: [] });
  const write = (text: string) => {
    for (const side of ['held', 'free']) {
      for (const name of ['a.txt', 'b.txt', 'sub/c.txt'])
        box.write(clone, `${side}/${name}`, `${text}\nab\nend\n${side}\n`);
    }
  };
  const hooks = ['-c', 'core.hooksPath='];
  write('one');
  box.write(clone, 'x.sh', 'echo x\n');
  box.write(clone, 'x.sed', 's/a/X/\n');
  box.write(clone, 'held.list', 'held/b.txt\n');
  box.write(clone, 'free.list', 'free/b.txt\nfree/a.txt\n');
  const change = (name: string) => `--- a/${name}\n+++ b/${name}\n@@ -1,3 +1,3 @@\n one\n-ab\n+AB\n end\n`;
  box.write(clone, 'x.diff', change('held/a.txt') + change('free/a.txt'));
  const back = (name: string) => change(name).replace('-ab\n+AB', '-AB\n+ab');
  box.write(clone, 'back.diff', back('held/a.txt') + back('free/a.txt'));
  box.write(clone, 'ours.diff', back('free/a.txt'));
  box.write(clone, 'y.diff', change('a.txt').replaceAll('a/a', 'a').replaceAll('b/a', 'a'));
  box.write(clone, 'z.diff', change('a.txt'));
  for (const folder of ['held', 'free']) {
    box.write(clone, `${folder}/empty/x`, '');
    rmSync(join(clone, folder, 'empty/x'));
  }
  const pack = (...args: string[]) => spawnSync(args[0] ?? '', args.slice(1), { cwd: join(clone, 'free') });
  pack('tar', 'cf', '../x.tar', 'a.txt', 'b.txt');
  pack('zip', '-q', '../x.zip', 'a.txt', 'b.txt');
  box.git(clone, 'add', '.');
  box.git(clone, ...hooks, 'commit', '-qm', 'files');
  box.git(clone, ...hooks, 'switch', '-qc', 'other');
  write('two');
  box.git(clone, ...hooks, 'commit', '-qam', 'other');
  box.git(clone, ...hooks, 'switch', '-q', 'main');
  for (const [name, sides] of [
    ['both', ['held', 'free']],
    ['ours', ['free']],
  ] as const) {
    box.git(clone, ...hooks, 'switch', '-qc', name);
    for (const side of sides) box.write(clone, `${side}/a.txt`, `one\nab\nend\n${side}\nmore\n`);
    box.git(clone, ...hooks, 'commit', '-qam', name);
    box.git(clone, ...hooks, 'switch', '-q', 'main');
  }
  for (const side of ['free', 'held']) {
    box.write(clone, `${side}/sub/c.txt`, `stashed\nab\nend\n${side}\n`);
    box.git(clone, ...hooks, 'stash', 'push', '-q');
  }
  for (const [name, meaning] of [
    ['gone', '!rm'],
    ['quiet', '!cat'],
    ['drop', 'rm -f'],
  ] as const)
    box.git(clone, 'config', `alias.${name}`, meaning);
  for (const side of ['held', 'free']) {
    box.write(clone, `${side}/b.txt`, `one\nab\nchanged\n${side}\n`);
    box.write(clone, `${side}/untracked.txt`, 'new\n');
  }
  expect((await fleet.as('maya', ['claim', 'held', '--reason', 'hers'])).code).toBe(0);
  return fleet;
}

/** Each file below `held`, and what tells that it was written. */
function heldFiles(clone: string, isGit: boolean): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const visit = (path: string) => {
    const stat = lstatSync(join(clone, path), { throwIfNoEntry: false, bigint: true });
    if (!stat) return;
    if (stat.isDirectory()) {
      for (const name of readdirSync(join(clone, path)).sort()) visit(`${path}/${name}`);
    } else {
      const content = stat.isSymbolicLink() ? readlinkSync(join(clone, path)) : digest(join(clone, path));
      // Git writes a file of a copy again before it knows that it is the same.
      found.set(path, isGit ? `${stat.mode} ${content}` : `${stat.ino} ${stat.mode} ${stat.mtimeNs} ${content}`);
    }
  };
  visit('held');
  return found;
}

function digest(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

interface Tried {
  readonly succeeded: boolean;
  /** What changed in `held`. */
  readonly changed: readonly string[];
}

/** Runs the command in a copy of the repository. */
function tryOut({ box, clone }: Fleet, command: string): Tried {
  const copy = box.path('copy');
  rmSync(copy, { recursive: true, force: true });
  cpSync(clone, copy, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
  const isGit = command.startsWith('git ') && !command.includes('|');
  const before = heldFiles(copy, isGit);
  const { status } = spawnSync('bash', ['-c', command], { cwd: copy, env: box.env, input: '', timeout: 20_000 });
  const after = heldFiles(copy, isGit);
  const names = [...new Set([...before.keys(), ...after.keys()])];
  return { succeeded: status === 0, changed: names.filter((name) => before.get(name) !== after.get(name)) };
}

async function isStopped(fleet: Fleet, command: string): Promise<boolean> {
  const payload = payloadOf('claude-code.bash', { repo: fleet.clone, command });
  const answer = await coordInProcess(fleet.box, fleet.clone, ['guard', 'hook', 'claude-code'], {
    input: JSON.stringify(payload),
  });
  return denialIn(answer) !== null;
}

describe.each<[string, readonly Synopsis[]]>([
  ['programs', PROGRAMS],
  ['names that come from elsewhere', NAMES],
  ['git', GIT],
])('what the reader of commands predicts is what is done: %s', (_, synopses) => {
  it.each(synopses.map((synopsis) => [synopsis.name, synopsis] as const))('%s', async (_name, { lines }) => {
    const fleet = await world();
    const wrong: string[] = [];
    for (const command of new Set(fc.sample(lines, RUNS))) {
      const { succeeded, changed } = tryOut(fleet, command);
      const stopped = await isStopped(fleet, command);
      if (changed.length > 0 && !stopped) wrong.push(`passes, and changes ${changed}: ${command}`);
      if (changed.length === 0 && succeeded && stopped) wrong.push(`changes nothing, and is stopped: ${command}`);
    }
    expect(wrong).toEqual([]);
  });
});
