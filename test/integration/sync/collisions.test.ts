import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { PROPERTY_RUNS } from '../../support/properties.js';
import { generator, pick, type Random } from '../../support/random.js';
import { type Sandbox, sandbox } from '../../support/sandbox.js';

const FOLDERS = ['src', 'src/api', 'docs'];
const ROUNDS = Math.ceil(PROPERTY_RUNS / 25);

function textOf(random: Random): string {
  return Array.from({ length: 12 }, (_, line) => `line ${line} ${Math.floor(random() * 3)}\n`).join('');
}

function filesIn(box: Sandbox, root: string): string[] {
  return box
    .git(root, 'ls-files', '-z', '--cached', '--others', '--exclude-standard')
    .split('\0')
    .filter((path) => path !== '' && lstatSync(join(root, path), { throwIfNoEntry: false })?.isFile());
}

/** One change of a worktree, as somebody might make it. */
function change(box: Sandbox, root: string, random: Random): void {
  const files = filesIn(box, root);
  const file = pick(files, random);
  const path = join(root, file ?? 'none');
  const fresh = join(root, pick(FOLDERS, random) ?? '', `new-${Math.floor(random() * 3)}`);
  const kind = Math.floor(random() * 11);
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
  } else if (kind === 8) {
    rmSync(path);
    symlinkSync(`to-${Math.floor(random() * 2)}`, path);
  } else if (kind === 9) {
    rmSync(path);
    mkdirSync(path);
    writeFileSync(join(path, 'inside'), textOf(random));
  } else if (existsSync(join(root, 'src/api')) && !existsSync(join(root, 'moved'))) {
    renameSync(join(root, 'src/api'), join(root, 'moved'));
  }
}

/** Several changes, some of them committed at times. */
function work(box: Sandbox, root: string, random: Random): void {
  for (let count = 0; count < 3; count += 1) change(box, root, random);
  if (random() < 0.5) return;
  commitAll(box, root, 'work');
  change(box, root, random);
}

/** What git says when the two are really merged, in a clone. */
function reallyMerges(box: Sandbox, clone: string, ours: string, theirs: string): 'merges' | 'collides' | 'breaks git' {
  box.git(clone, 'checkout', '--quiet', '--force', '--detach', ours);
  const code = merge(box, clone, '--no-commit', theirs);
  box.git(clone, 'reset', '--quiet', '--hard');
  box.git(clone, 'clean', '--quiet', '-ffdx');
  return code === 0 ? 'merges' : code === 1 ? 'collides' : 'breaks git';
}

/** @returns the exit code; what is left of one that was not clean is taken away, of a git that crashed too */
function merge(box: Sandbox, root: string, ...args: string[]): number {
  const lock = box.git(root, 'rev-parse', '--path-format=absolute', '--git-path', 'index.lock');
  const { code } = box.tryGit(root, 'merge', '--quiet', '--no-edit', '--no-ff', ...args);
  rmSync(lock, { force: true });
  if (code !== 0) box.tryGit(root, 'merge', '--abort');
  rmSync(lock, { force: true });
  if (code > 1) box.git(root, 'reset', '--quiet', '--hard');
  return code;
}

function commitAll(box: Sandbox, root: string, message: string): string {
  box.git(root, 'add', '--all', '--sparse');
  box.git(root, 'commit', '--quiet', '--allow-empty', '--message', message);
  return box.git(root, 'rev-parse', 'HEAD');
}

/** Settings of whoever works in the sandbox. */
function setting(box: Sandbox, key: string, value: string): void {
  box.git(box.directory, 'config', '--global', key, value);
}

const LINK = '160000';

/** A kind of repository. */
interface Kind {
  /** Whether there are paths of which nothing can be known. */
  readonly doubtful: boolean;
  /** Before the first commit. */
  begin?(box: Sandbox, root: string, random: Random): void;
  /** Once both worktrees are there. */
  part?(box: Sandbox, roots: readonly [string, string], random: Random): void;
  /** Whether the repository is a partial clone. */
  readonly partial?: boolean;
}

const KINDS: Readonly<Record<string, Kind>> = {
  files: { doubtful: false },
  'a criss-cross history': {
    doubtful: false,
    part(box, roots, random) {
      for (let round = 0; round < 2; round += 1) {
        const tips = roots.map((root) => {
          change(box, root, random);
          return commitAll(box, root, `round ${round}`);
        });
        for (const [at, root] of roots.entries()) {
          merge(box, root, tips[1 - at] as string);
        }
      }
    },
  },
  'drivers of the user': {
    doubtful: true,
    begin(box, root, random) {
      setting(box, 'merge.own.driver', random() < 0.5 ? 'true' : 'false');
      setting(box, 'filter.up.clean', 'tr a-z A-Z');
      if (random() < 0.2) setting(box, 'merge.default', 'own');
      box.write(root, '.gitattributes', 'src/** merge=own\ndocs/** filter=up\n');
    },
  },
  'settings of merges': {
    doubtful: false,
    begin(box, _, random) {
      const value = (...values: string[]) => pick(values, random) ?? '';
      setting(box, 'merge.renames', value('true', 'false'));
      setting(box, 'merge.directoryRenames', value('true', 'false', 'conflict'));
      setting(box, 'diff.renames', value('true', 'false'));
    },
  },
  'a submodule': {
    doubtful: true,
    begin: (box, root) => link(box, root, 1),
    part(box, roots, random) {
      for (const root of roots) {
        if (random() < 0.5) continue;
        link(box, root, 2 + Math.floor(random() * 2));
        box.git(root, 'commit', '--quiet', '--message', 'move the submodule');
      }
    },
  },
  'a sparse worktree': {
    doubtful: false,
    part: (box, [, two]) => void box.git(two, 'sparse-checkout', 'set', '--cone', 'src'),
  },
  'a partial clone': { doubtful: true, partial: true },
};

/** A submodule, which is nowhere but in the index. */
function link(box: Sandbox, root: string, commit: number): void {
  box.git(root, 'update-index', '--add', '--cacheinfo', `${LINK},${String(commit).repeat(40)},lib`);
  mkdirSync(join(root, 'lib'), { recursive: true });
}

interface Found {
  readonly verdict: string;
  readonly with: { readonly kind: string; readonly branch: string; readonly worktree: string | null };
}

/** Two worktrees at work, a branch that somebody pushed, and what `coord conflicts` makes of each pair. */
async function history(kind: Kind, random: Random) {
  const box = sandbox();
  const origin = box.repository();
  kind.begin?.(box, origin, random);
  for (const folder of FOLDERS) {
    for (const name of ['a', 'b']) box.write(origin, `${folder}/${name}.txt`, textOf(random));
  }
  box.git(origin, 'add', '--all', '--', ':!lib');
  box.git(origin, 'commit', '--quiet', '--message', 'base');
  box.git(origin, 'config', 'uploadpack.allowFilter', 'true');
  box.git(origin, 'checkout', '--quiet', '-b', 'pushed');
  change(box, origin, random);
  change(box, origin, random);
  commitAll(box, origin, 'pushed by somebody');
  box.git(origin, 'checkout', '--quiet', '--force', 'main');
  const one = box.path('one');
  const filter = kind.partial ? ['--filter=blob:none'] : [];
  box.git(box.directory, 'clone', '--quiet', ...filter, `file://${origin}`, one);
  const two = box.worktree(one);
  kind.part?.(box, [one, two], random);
  for (const root of [one, two]) work(box, root, random);
  // What lies in a pack may be put beside it; but nothing is there that was not there.
  const objects = () => box.git(one, 'cat-file', '--batch-all-objects', '--batch-check=%(objectname)');
  const [before, status] = [objects(), [one, two].map((root) => box.git(root, 'status', '--porcelain'))];
  const { code, json } = await box.coord(one, ['conflicts', '--json']);
  expect(code).toBe(0);
  expect([objects(), [one, two].map((root) => box.git(root, 'status', '--porcelain'))]).toEqual([before, status]);
  const tips = new Map([one, two].map((root) => [root, commitAll(box, root, 'all of it')]));
  const copy = box.path('copy');
  box.git(box.directory, 'clone', '--quiet', '--no-local', origin, copy);
  for (const root of [one, two]) box.git(copy, 'fetch', '--quiet', '--no-recurse-submodules', root, 'HEAD');
  const found: readonly Found[] = json().data.conflicts;
  return found.map(({ verdict, with: other }) => {
    const theirs = other.worktree === null ? `origin/${other.branch.replace('origin/', '')}` : tips.get(other.worktree);
    return { verdict, really: reallyMerges(box, copy, tips.get(one) ?? '', theirs ?? '') };
  });
}

describe('what is predicted is what a real merge of copies comes to', () => {
  const tally = new Map<string, number>();
  // For the figures of the documents.
  afterAll(() => {
    if (process.env.COORD_SHOW_TALLY) console.log(Object.fromEntries([...tally].sort()));
  });

  const rounds = Object.keys(KINDS).flatMap((name) =>
    Array.from({ length: ROUNDS }, (_, round) => [name, round] as const),
  );
  it.each(rounds)('of %s: %i', async (name, round) => {
    const kind = KINDS[name] as Kind;
    const pairs = await history(kind, generator(7_000 + round));
    expect(pairs.length).toBeGreaterThan(1);
    for (const { verdict, really } of pairs) {
      const what = `${name}: ${verdict}, and it ${really}`;
      tally.set(what, (tally.get(what) ?? 0) + 1);
      if (really === 'breaks git') expect(verdict).not.toBe('clean');
      else if (verdict === 'unknown') expect(kind.doubtful).toBe(true);
      else expect(verdict).toBe(really === 'merges' ? 'clean' : 'conflict');
    }
  });
});
