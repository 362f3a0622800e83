import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { forecastOf } from '../../../src/domain/sync/collisions.js';
import { discoverRepository } from '../../../src/git/repository.js';
import { gitIn } from '../../../src/git/run.js';
import { ShadowRepository } from '../../../src/git/shadow.js';
import { PROPERTY_RUNS } from '../../support/properties.js';
import { generator, pick, type Random } from '../../support/random.js';
import { type Sandbox, sandbox } from '../../support/sandbox.js';

const FOLDERS = ['src', 'src/api', 'docs'];
const ROUNDS = Math.ceil(PROPERTY_RUNS / 8);

function textOf(random: Random): string {
  return Array.from({ length: 12 }, (_, line) => `line ${line} ${Math.floor(random() * 3)}\n`).join('');
}

function filesIn(box: Sandbox, root: string): string[] {
  return box
    .git(root, 'ls-files', '-z', '--cached', '--others', '--exclude-standard')
    .split('\0')
    .filter((path) => path !== '' && existsSync(join(root, path)));
}

/** One change of a worktree, as somebody might make it. */
function change(box: Sandbox, root: string, random: Random): void {
  const files = filesIn(box, root);
  const file = pick(files, random);
  const path = join(root, file ?? 'none');
  const fresh = join(root, pick(FOLDERS, random) ?? '', `new-${Math.floor(random() * 3)}`);
  const kind = Math.floor(random() * 9);
  if (file === undefined || kind === 0) {
    mkdirSync(dirname(fresh), { recursive: true });
    if (!existsSync(fresh)) writeFileSync(fresh, textOf(random));
  } else if (kind <= 3) {
    const lines = readFileSync(path, 'utf8').split('\n');
    lines[Math.floor(random() * lines.length)] = `changed ${Math.floor(random() * 1000)}`;
    writeFileSync(path, lines.join('\n'));
  } else if (kind === 4) rmSync(path);
  else if (kind === 5) chmodSync(path, 0o755);
  else if (kind === 6) writeFileSync(path, Buffer.from([0, 1, 2, Math.floor(random() * 250)]));
  else if (kind === 7 && !existsSync(fresh)) {
    mkdirSync(dirname(fresh), { recursive: true });
    renameSync(path, fresh);
  } else if (existsSync(join(root, 'src/api')) && !existsSync(join(root, 'moved'))) {
    renameSync(join(root, 'src/api'), join(root, 'moved'));
  }
}

/** Several changes, some of them committed at times. */
function work(box: Sandbox, root: string, random: Random): void {
  for (let count = 0; count < 3; count += 1) change(box, root, random);
  if (random() < 0.5) return;
  box.git(root, 'add', '--all');
  box.git(root, 'commit', '--quiet', '--allow-empty', '--message', 'work');
  change(box, root, random);
}

/** What git says when the two are really merged, in a clone. */
function reallyMerges(box: Sandbox, clone: string, ours: string, theirs: string): boolean {
  box.git(clone, 'checkout', '--quiet', '--force', '--detach', ours);
  const merged = box.tryGit(clone, 'merge', '--no-commit', '--no-ff', '--quiet', theirs).code === 0;
  box.git(clone, 'reset', '--quiet', '--hard');
  box.git(clone, 'clean', '--quiet', '-fdx');
  return merged;
}

function verdictOf(outcome: Parameters<typeof forecastOf>[0]): string {
  return forecastOf(outcome, new Set(), []).verdict;
}

describe('what is predicted of two worktrees', () => {
  it.each(Array.from({ length: ROUNDS }, (_, round) => round))(
    'is what a real merge of copies comes to: %i',
    async (round) => {
      const random = generator(7_000 + round);
      const box = sandbox();
      const one = box.repository();
      for (const folder of FOLDERS) {
        for (const name of ['a', 'b']) box.write(one, `${folder}/${name}.txt`, textOf(random));
      }
      box.git(one, 'add', '.');
      box.git(one, 'commit', '--quiet', '--message', 'base');
      const two = box.worktree(one);
      for (const root of [one, two]) work(box, root, random);
      const before = box.git(one, 'count-objects', '-v');
      const shadow = await ShadowRepository.create(discoverRepository(one), gitIn(one, box.env), box.env);
      const [ours, theirs] = [await shadow.snapshot(one), await shadow.snapshot(two)];
      const predicted = verdictOf(await shadow.merge(ours.commit, theirs.commit));
      shadow.remove();
      expect(box.git(one, 'count-objects', '-v')).toBe(before);

      for (const root of [one, two]) {
        box.git(root, 'add', '--all');
        box.git(root, 'commit', '--quiet', '--allow-empty', '--message', 'all of it');
      }
      const [mine, other] = [one, two].map((root) => box.git(root, 'rev-parse', 'HEAD'));
      const clone = box.clone(one);
      box.git(clone, 'fetch', '--quiet', two, 'HEAD');
      expect(predicted).toBe(reallyMerges(box, clone, mine ?? '', other ?? '') ? 'clean' : 'conflict');
    },
  );

  it('of a criss-cross history is what a real merge comes to', async () => {
    const box = sandbox();
    const root = box.repository();
    box.commit(root, 'f', 'a\nb\nc\n');
    box.git(root, 'branch', 'two');
    box.commit(root, 'f', 'A\nb\nc\n');
    box.git(root, 'checkout', '--quiet', 'two');
    box.commit(root, 'f', 'a\nb\nC\n');
    const [one, two] = [box.git(root, 'rev-parse', 'main'), box.git(root, 'rev-parse', 'two')];
    box.git(root, 'merge', '--quiet', '--no-edit', one);
    box.commit(root, 'f', 'A\nb\nD\n');
    const theirs = box.git(root, 'rev-parse', 'HEAD');
    box.git(root, 'checkout', '--quiet', 'main');
    box.git(root, 'merge', '--quiet', '--no-edit', two);
    box.commit(root, 'f', 'E\nb\nC\n');
    const ours = box.git(root, 'rev-parse', 'HEAD');
    const shadow = await ShadowRepository.create(discoverRepository(root), gitIn(root, box.env), box.env);
    const predicted = verdictOf(await shadow.merge(ours, theirs));
    shadow.remove();
    expect(predicted).toBe(reallyMerges(box, box.clone(root), ours, theirs) ? 'clean' : 'conflict');
  });
});
