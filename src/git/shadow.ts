import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { lstat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConflictPath, MergeOutcome } from '../domain/sync/collisions.js';
import { readHead } from './refs.js';
import { discoverRepository, type Repository } from './repository.js';
import { type Environment, type Git, gitIn, gitList, gitPaths, gitText } from './run.js';

/** A file above this size is not looked at: hashing it would take longer than the answer is worth. */
const MOST_BYTES = 20_000_000;

/** Settings of git that say how files are written, which are ignored, and how they merge; none of them starts a program. */
const COPIED =
  '^(core\\.(autocrlf|eol|filemode|symlinks|ignorecase|precomposeunicode|excludesfile|attributesfile)|merge\\.(default|renames|renamelimit|directoryrenames|renormalize)|diff\\.(renames|renamelimit|algorithm))$';

/** The same tree and parent make the same commit, so that what was found out about it can be remembered. */
const NOBODY = {
  GIT_AUTHOR_NAME: 'coord',
  GIT_AUTHOR_EMAIL: 'coord@localhost',
  GIT_AUTHOR_DATE: '@0 +0000',
  GIT_COMMITTER_NAME: 'coord',
  GIT_COMMITTER_EMAIL: 'coord@localhost',
  GIT_COMMITTER_DATE: '@0 +0000',
};

/** The work of a worktree as one commit. */
export interface Snapshot {
  readonly commit: string;
  /** Whether it holds changes that no commit of the worktree holds. */
  readonly uncommitted: boolean;
  /** Paths that were changed, and not looked at. */
  readonly unread: readonly string[];
}

/** What git itself makes of a path, in the answers of `check-attr`. */
const OWN_DRIVERS = ['unspecified', 'set', 'unset', 'text', 'binary'];

/** Two commits. */
export type Pair = readonly [ours: string, theirs: string];

/** So much of the history is read at once, to see where work parted. */
const MOST_COMMITS = 1_000;

/** A file of a snapshot that is made by hand; `id` null removes it. */
export interface SnapshotFile {
  readonly path: string;
  readonly mode: string | null;
  readonly id: string | null;
}

/**
 * A git directory beside the clone's, in a temporary folder, in which merges are tried out: it reads the clone's objects,
 * writes its own, has none of the clone's configuration that could start a program, and is thrown away.
 */
export class ShadowRepository {
  private indexes = 0;
  /** Git is too old to try several merges at once. */
  private mergesOneByOne = false;
  /** The copied index of each worktree, by its root. */
  private readonly copies = new Map<string, string>();
  private readonly git: Git;

  private constructor(
    private readonly directory: string,
    private readonly hostEnv: Environment,
    private readonly hasDefaultDriver: boolean,
  ) {
    this.git = gitIn(directory, hostEnv);
  }

  /** Makes one for this clone. Call {@link remove} when done. */
  static async create(repository: Repository, git: Git, env: Environment): Promise<ShadowRepository> {
    const directory = mkdtempSync(join(tmpdir(), 'coord-shadow-'));
    for (const folder of ['objects/info', 'refs', 'info']) mkdirSync(join(directory, folder), { recursive: true });
    writeFileSync(join(directory, 'HEAD'), 'ref: refs/heads/none\n');
    writeFileSync(join(directory, 'objects/info/alternates'), `${alternate(join(repository.commonDir, 'objects'))}\n`);
    const settings = await copiedSettings(git);
    const others = settings.filter(([name]) => name !== 'merge.default');
    writeFileSync(join(directory, 'config'), configOf(repository, others));
    for (const name of ['shallow', 'info/exclude', 'info/attributes']) {
      const own = join(repository.commonDir, name);
      if (existsSync(own)) copyFileSync(own, join(directory, name));
    }
    return new ShadowRepository(directory, env, others.length < settings.length);
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** What a worktree of this clone holds: HEAD, with what is changed, staged or new there and not ignored. */
  async snapshot(root: string): Promise<Snapshot> {
    const worktree = discoverRepository(root);
    const { commit: head } = await readHead(worktree, gitIn(root, this.hostEnv));
    const env = { ...this.env(), GIT_WORK_TREE: worktree.root, GIT_INDEX_FILE: this.copyIndex(worktree) };
    const git = gitIn(worktree.root, this.hostEnv);
    const changed = await gitList(git, ['diff-files', '--name-only', '-z'], { env });
    // A repository inside of this one ends in a slash: its files are its own.
    const added = await gitList(git, ['ls-files', '--others', '--exclude-standard', '-z'], { env });
    const paths = [...new Set([...changed, ...added.filter((path) => !path.endsWith('/'))])];
    const large = await largeOnes(worktree.root, paths);
    const taken = paths.filter((path) => !large.has(path));
    const input = taken.map((path) => `${path}\0`).join('');
    if (input !== '')
      await gitText(git, ['update-index', '--add', '--remove', '--replace', '-z', '--stdin'], { env, input });
    const tree = await gitText(git, ['write-tree'], { env });
    const same =
      head !== null && tree === (await gitText(this.git, ['rev-parse', `${head}^{tree}`], { env: this.env() }));
    const commit = same ? head : await this.commit(tree, head);
    return { commit, uncommitted: !same || large.size > 0, unread: [...large] };
  }

  /** A commit with some files of its parent replaced. */
  async snapshotOf(parent: string, files: readonly SnapshotFile[]): Promise<Snapshot> {
    const env = { ...this.env(), GIT_INDEX_FILE: this.newIndex() };
    await gitText(this.git, ['read-tree', parent], { env });
    const zero = '0'.repeat(parent.length);
    const lines = files.map(({ path, mode, id }) => `${id === null ? '0' : mode} ${id ?? zero}\t${path}\0`);
    await gitText(this.git, ['update-index', '--add', '--replace', '-z', '--index-info'], {
      env,
      input: lines.join(''),
    });
    return {
      commit: await this.commit(await gitText(this.git, ['write-tree'], { env }), parent),
      uncommitted: true,
      unread: [],
    };
  }

  /** What git makes of merging two commits, without a driver of the user's. */
  async merge(ours: string, theirs: string): Promise<MergeOutcome> {
    const args = ['merge-tree', '--write-tree', '-z', '--no-messages', ours, theirs];
    const { code, stdout, stderr } = await this.git(args, { env: this.env() });
    if (code === 0) return { kind: 'clean' };
    if (code === 1) return { kind: 'conflict', paths: conflictPaths(stdout.toString('utf8'), [ours, theirs]) };
    return { kind: 'unknown', why: whyNot(stderr) };
  }

  /** The paths, NFC, that a merge of `theirs` would change for `ours`; null where it would not be clean, or is not known. */
  async changedByMerge(ours: string, theirs: string): Promise<ReadonlySet<string> | null> {
    const args = ['merge-tree', '--write-tree', '-z', '--no-messages', ours, theirs];
    const { code, stdout } = await this.git(args, { env: this.env() });
    const tree = stdout.toString('latin1').split('\0')[0] ?? '';
    if (code !== 0 || tree === '') return null;
    const changed = ['diff-tree', '-r', '-z', '--name-only', '--no-renames', ours, tree];
    return new Set(await gitPaths(this.git, changed, { env: this.env() }));
  }

  /** The same of many, in one process where git has that. */
  async mergeAll(pairs: readonly Pair[]): Promise<MergeOutcome[]> {
    const outcomes: MergeOutcome[] = [];
    while (outcomes.length < pairs.length) {
      outcomes.push(...(await this.mergeTogether(pairs.slice(outcomes.length))));
      // What ended it is looked at by itself.
      const next = pairs[outcomes.length];
      if (next) outcomes.push(await this.merge(...next));
    }
    return outcomes;
  }

  /** As far as it comes: it ends at the first that cannot be tried. */
  private async mergeTogether(pairs: readonly Pair[]): Promise<MergeOutcome[]> {
    if (this.mergesOneByOne) return [];
    const args = ['merge-tree', '--write-tree', '--stdin', '--no-messages'];
    const input = pairs.map((pair) => `${pair.join(' ')}\n`).join('');
    const { code, stdout } = await this.git(args, { env: this.env(), input });
    const outcomes = outcomesIn(stdout.toString('utf8'), pairs);
    this.mergesOneByOne = code !== 0 && outcomes.length === 0;
    return outcomes;
  }

  /** Of each pair the paths that both have changed since they parted. */
  async changedByBoth(pairs: readonly Pair[]): Promise<string[][]> {
    if (pairs.length === 0) return [];
    const history = await this.newestHistory([...new Set(pairs.flat())]);
    const changes = new Map<string, Promise<ReadonlySet<string>>>();
    const changedSince = (base: string, tip: string) => {
      const known = changes.get(`${base} ${tip}`);
      if (known) return known;
      const args = ['diff-tree', '-r', '-z', '--name-only', '--no-renames', base, tip];
      const asked = gitList(this.git, args, { env: this.env() }).then((paths) => new Set(paths));
      changes.set(`${base} ${tip}`, asked);
      return asked;
    };
    return Promise.all(
      pairs.map(async ([ours, theirs]) => {
        const base = whereLinesMeet(history, ours, theirs) ?? (await this.mergeBase(ours, theirs));
        if (base === null) return [];
        const [mine, others] = await Promise.all([changedSince(base, ours), changedSince(base, theirs)]);
        return [...mine].filter((path) => others.has(path));
      }),
    );
  }

  /** Of the newest commits, each one's parents. */
  private async newestHistory(tips: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
    const args = ['rev-list', '--parents', `--max-count=${MOST_COMMITS}`, ...tips];
    const { stdout } = await this.git(args, { env: this.env() });
    const lines = stdout
      .toString('latin1')
      .split('\n')
      .filter((line) => line !== '');
    return new Map(lines.map((line) => [line.split(' ')[0] as string, line.split(' ').slice(1)]));
  }

  private async mergeBase(ours: string, theirs: string): Promise<string | null> {
    const { code, stdout } = await this.git(['merge-base', ours, theirs], { env: this.env() });
    return code === 0 ? stdout.toString('latin1').trim() : null;
  }

  /**
   * Those of the paths that a program of the user's merges, converts or compares: the attributes of any of the worktrees
   * say so, or a setting says it of all paths.
   */
  async driven(roots: readonly string[], paths: readonly string[]): Promise<Set<string>> {
    if (paths.length === 0) return new Set();
    if (this.hasDefaultDriver) return new Set(paths);
    const found = await Promise.all(roots.map((root) => this.drivenIn(root, paths)));
    return new Set(found.flat());
  }

  private async drivenIn(root: string, paths: readonly string[]): Promise<string[]> {
    const env = { ...this.env(), GIT_WORK_TREE: root, GIT_INDEX_FILE: this.copyIndex(discoverRepository(root)) };
    const input = paths.map((path) => `${path}\0`).join('');
    const args = ['check-attr', '-z', '--stdin', 'merge', 'filter', 'diff'];
    const words = await gitList(gitIn(root, this.hostEnv), args, { env, input });
    return paths.filter((_, at) => [0, 1, 2].some((one) => !OWN_DRIVERS.includes(words[9 * at + 3 * one + 2] ?? '')));
  }

  private commit(tree: string, parent: string | null): Promise<string> {
    const args = ['commit-tree', tree, ...(parent === null ? [] : ['-p', parent])];
    return gitText(this.git, args, { env: { ...this.env(), ...NOBODY }, input: 'work in progress\n' });
  }

  private env(): Record<string, string> {
    return {
      GIT_DIR: this.directory,
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_LITERAL_PATHSPECS: '1',
    };
  }

  private newIndex(): string {
    this.indexes += 1;
    return join(this.directory, `index-${this.indexes}`);
  }

  /** Begins with what the worktree's index knows, so that unchanged files need not be read. */
  private copyIndex({ root, gitDir }: Repository): string {
    const known = this.copies.get(root);
    if (known !== undefined) return known;
    const copy = this.newIndex();
    this.copies.set(root, copy);
    const own = join(gitDir, 'index');
    if (!existsSync(own)) return copy;
    copyFileSync(own, copy);
    // Git takes a file that is as new as its index for possibly changed: the copy must not look younger.
    const seconds = Math.floor(statSync(own).mtimeMs / 1000);
    utimesSync(copy, seconds, seconds);
    // A split index has the larger part of it in a file of its own.
    for (const name of readdirSync(gitDir)) {
      if (name.startsWith('sharedindex.')) copyFileSync(join(gitDir, name), join(this.directory, name));
    }
    return copy;
  }
}

async function largeOnes(root: string, paths: readonly string[]): Promise<Set<string>> {
  const sizes = await Promise.all(paths.map((path) => lstat(join(root, path)).catch(() => null)));
  return new Set(paths.filter((_, index) => (sizes[index]?.size ?? 0) > MOST_BYTES));
}

/** A line of `objects/info/alternates`; git reads a quoted one as C does. */
function alternate(path: string): string {
  return /[\n"\\]|^#/.test(path) ? `"${path.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"` : path;
}

/** Each as its name, in lower case, and its value. */
async function copiedSettings(git: Git): Promise<[name: string, value: string][]> {
  const { code, stdout } = await git(['config', '--null', '--get-regexp', COPIED]);
  if (code !== 0) return [];
  const entries = stdout.toString('utf8').split('\0');
  return entries
    .filter((entry) => entry.includes('\n'))
    .map((entry) => [entry.slice(0, entry.indexOf('\n')), entry.slice(entry.indexOf('\n') + 1)]);
}

function configOf({ objectFormat }: Repository, settings: readonly (readonly [string, string])[]): string {
  const isSha256 = objectFormat === 'sha256';
  const lines = settings.map(([name, value]) => {
    const dot = name.indexOf('.');
    const quoted = `"${value.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"`;
    return `[${name.slice(0, dot)}]\n\t${name.slice(dot + 1)} = ${quoted}`;
  });
  return [
    '[core]',
    `\trepositoryformatversion = ${isSha256 ? 1 : 0}`,
    '\tbare = true',
    ...lines,
    ...(isSha256 ? ['[extensions]', '\tobjectformat = sha256'] : []),
    '',
  ].join('\n');
}

/** `TREE NUL (MODE OID STAGE TAB PATH NUL)*`, a path once for each of its stages. */
function conflictPaths(output: string, pair: Pair): ConflictPath[] {
  return pathsOf(output.split('\0').slice(1), pair);
}

/** A file in the place of a folder stands as `PATH~COMMIT`, also with a number behind it: it is told as what it is. */
function pathsOf(entries: readonly string[], pair: Pair): ConflictPath[] {
  const aside = new RegExp(`~(?:${pair.join('|')})(?:_\\d+)?$`);
  const found = new Map<string, boolean>();
  for (const entry of entries) {
    const tab = entry.indexOf('\t');
    if (tab < 0) continue;
    const path = entry.slice(tab + 1).replace(aside, '');
    found.set(path, (found.get(path) ?? false) || entry.startsWith('160000 '));
  }
  return [...found].map(([path, submodule]) => ({ path, submodule }));
}

/** `(0|1) NUL TREE NUL (MODE OID STAGE TAB PATH NUL)* NUL` for each merge; 1 is a clean one. */
function outcomesIn(output: string, pairs: readonly Pair[]): MergeOutcome[] {
  const words = output.split('\0');
  const outcomes: MergeOutcome[] = [];
  for (let at = 0; words[at] === '0' || words[at] === '1'; ) {
    const end = words.indexOf('', at + 2);
    const pair = pairs[outcomes.length];
    if (end < 0 || pair === undefined) break;
    const paths = pathsOf(words.slice(at + 2, end), pair);
    outcomes.push(words[at] === '1' ? { kind: 'clean' } : { kind: 'conflict', paths });
    at = end + 1;
  }
  return outcomes;
}

/**
 * The commit at which two lines of history without merges meet: what is behind it is behind both, so it is their one
 * merge base. null: there is a merge on the way, or the history is not known so far back.
 */
function whereLinesMeet(history: ReadonlyMap<string, readonly string[]>, ours: string, theirs: string): string | null {
  const line = (tip: string): string[] => {
    const commits = [tip];
    for (let at = history.get(tip); at?.length === 1; at = history.get(at[0] as string)) commits.push(at[0] as string);
    return commits;
  };
  const mine = new Set(line(ours));
  return line(theirs).find((commit) => mine.has(commit)) ?? null;
}

function whyNot(stderr: string): string {
  const [first = ''] = stderr.trim().split('\n');
  if (/usage: git merge-tree|unknown option/.test(stderr)) return 'git 2.38 or newer is needed to try a merge';
  if (/unrelated histories/.test(stderr)) return 'they have no history in common';
  if (/missing|bad object|unable to read|not a valid object|could not (?:read|parse)/i.test(stderr))
    return 'not all of it has been fetched';
  return first === '' ? 'git could not try the merge' : first.replace(/^(?:fatal|error): /, '');
}
