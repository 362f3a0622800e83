import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import picomatch from 'picomatch';
import type { Sandbox } from '../../support/sandbox.js';

/** A copy, and the remote that it is to be compared with. */
export interface Copies {
  readonly box: Sandbox;
  readonly remote: string;
  /** The worktree that is asked about. */
  readonly clone: string;
  /** Every commit at which this clone has seen the remote's main branch. */
  readonly seen: ReadonlySet<string>;
}

/**
 * Why a copy is not in sync; null: it is. Found out without what is tested: from the remote's own refs and the objects of
 * all repositories together, where no replacement, no graft and no shallow boundary hides anything; and from the bytes of
 * the files, where no index bit and no setting does.
 */
export function whyNotInSync(copies: Copies, requireClean: boolean): string | null {
  const { box, clone } = copies;
  const head = box.tryGit(clone, '--no-replace-objects', 'rev-parse', '--quiet', '--verify', 'HEAD^{commit}');
  if (head.code !== 0) return 'no commit is checked out';
  if (unfinished(box, clone)) return 'an operation is unfinished';
  return (
    whyBehind(copies, head.stdout.trim()) ??
    // What is no submodule, but a repository that somebody added as it was, is looked at with the other files.
    (requireClean || existsSync(join(clone, '.gitmodules')) ? submoduleOffPin(box, clone) : null) ??
    (requireClean ? dirtyPath(box, clone, head.stdout.trim()) : null)
  );
}

/** The remote's main branch, read where it lies; null where a fetch could not have it. */
export function upstreamOf({ box, clone, remote }: Omit<Copies, 'seen'>): { branch: string; tip: string } | null {
  const url = box.tryGit(clone, 'config', '--get', 'remote.origin.url').stdout.trim().replace('file://', '');
  const stub = box.tryGit(clone, 'config', '--get', 'remote.origin.uploadpack');
  if (url !== remote || stub.code === 0 || !existsSync(remote)) return null;
  const branch = configIn(clone).mainBranch ?? box.git(remote, 'symbolic-ref', '--short', 'HEAD');
  const tip = box.tryGit(remote, 'rev-parse', '--quiet', '--verify', `refs/heads/${branch}`);
  return tip.code === 0 ? { branch, tip: tip.stdout.trim() } : null;
}

function whyBehind(copies: Copies, head: string): string | null {
  const upstream = upstreamOf(copies);
  if (upstream === null) return 'the remote cannot be asked, or has no such branch';
  const { tip } = upstream;
  const git = judgeOf(copies);
  const lacks = git('rev-list', tip, `^${head}`);
  if (lacks.length > 0) return `HEAD lacks ${lacks.length} commits of the main branch`;
  const own = new Set(git('rev-list', head, `^${tip}`));
  for (const former of copies.seen) {
    const dropped = git('rev-list', former, `^${tip}`).filter((id) => own.has(id));
    if (dropped.length > 0) return `HEAD has ${dropped.length} commits that the main branch dropped`;
  }
  return null;
}

/** Git in an empty repository that finds the objects of all others. */
function judgeOf({ box, remote, clone }: Copies): (...args: string[]) => string[] {
  const judge = box.path('judge.git');
  if (!existsSync(judge)) box.git(box.directory, 'init', '--quiet', '--bare', judge);
  const common = box.git(clone, 'rev-parse', '--path-format=absolute', '--git-common-dir');
  const lenders = [join(remote, 'objects'), join(common, 'objects')];
  box.write(judge, 'objects/info/alternates', `${lenders.join('\n')}\n`);
  return (...args) =>
    box
      .git(judge, ...args)
      .split('\n')
      .filter((line) => line !== '');
}

function unfinished(box: Sandbox, clone: string): boolean {
  const directory = box.git(clone, 'rev-parse', '--absolute-git-dir');
  const markers = ['rebase-merge', 'rebase-apply', 'MERGE_HEAD', 'CHERRY_PICK_HEAD', 'REVERT_HEAD', 'sequencer'];
  return [...markers, 'BISECT_LOG'].some((marker) => existsSync(join(directory, marker)));
}

function submoduleOffPin(box: Sandbox, clone: string): string | null {
  for (const [path, { mode, id }] of listed(box, clone, 'ls-files', '--stage', '-z')) {
    if (mode !== '160000') continue;
    const inside = join(clone, path);
    const at = existsSync(join(inside, '.git')) ? box.tryGit(inside, 'rev-parse', 'HEAD').stdout.trim() : 'nothing';
    if (at !== id) return `${path} is at ${at}, not at its pin`;
  }
  return null;
}

interface Listed {
  readonly mode: string;
  readonly id: string;
}

/** The entries of the index or of a tree by their paths. */
function listed(box: Sandbox, clone: string, ...args: string[]): Map<string, Listed> {
  const lines = box
    .git(clone, ...args)
    .split('\0')
    .filter((line) => line !== '');
  return new Map(
    lines.map((line) => {
      const [fields = '', path = ''] = line.split('\t');
      const [mode = '', second = '', third = ''] = fields.split(' ');
      return [path, { mode, id: second === 'blob' || second === 'commit' ? third : second }];
    }),
  );
}

/** A path of the surface whose bytes or mode are not those of HEAD, in the index or on the disk; null: there is none. */
function dirtyPath(box: Sandbox, clone: string, head: string): string | null {
  const { surface = [] } = configIn(clone);
  const covers = surface.length === 0 ? () => true : picomatch([...surface], { dot: true });
  const committed = listed(box, clone, '--no-replace-objects', 'ls-tree', '-r', '-z', head);
  // The tree that a commit would have: what is only meant to be added is not in it.
  const tree = box.tryGit(clone, 'write-tree');
  if (tree.code !== 0) return 'a path is unmerged';
  const staged = listed(box, clone, 'ls-tree', '-r', '-z', tree.stdout.trim());
  const skipped = skippedPaths(box, clone);
  for (const path of new Set([...committed.keys(), ...staged.keys()])) {
    if (!covers(path)) continue;
    const [was, is] = [committed.get(path), staged.get(path)];
    if (was?.id !== is?.id || was?.mode !== is?.mode) return `${path} is staged`;
    if (was && was.mode !== '160000' && !isOnDisk(box, clone, path, was, skipped.has(path)))
      return `${path} was changed`;
  }
  return untracked(clone, '', staged).find((path) => covers(path) && !isIgnored(box, clone, path)) ?? null;
}

function skippedPaths(box: Sandbox, clone: string): Set<string> {
  const lines = box.git(clone, 'ls-files', '-v', '-z').split('\0');
  return new Set(lines.filter((line) => /^s /i.test(line)).map((line) => line.slice(2)));
}

/** Whether the disk holds what was committed: the same bytes, or the same after git's filters; or leaves out what it skips. */
function isOnDisk(box: Sandbox, clone: string, path: string, { mode, id }: Listed, skipped: boolean): boolean {
  const file = join(clone, path);
  const stats = lstatSync(file, { throwIfNoEntry: false });
  if (!stats) return skipped;
  if (stats.isSymbolicLink()) {
    box.write(box.directory, 'link', readlinkSync(file));
    return mode === '120000' && box.git(clone, 'hash-object', '--no-filters', box.path('link')) === id;
  }
  if (!stats.isFile() || mode !== ((stats.mode & 0o100) === 0 ? '100644' : '100755')) return false;
  return [['--no-filters'], [`--path=${path}`]].some((how) => box.git(clone, 'hash-object', ...how, file) === id);
}

/** Files below a folder that the index does not have; a repository inside this one is one path. */
function untracked(clone: string, folder: string, staged: ReadonlyMap<string, unknown>): string[] {
  return readdirSync(join(clone, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (path === '.git' || staged.has(path)) return [];
    if (!entry.isDirectory()) return [path];
    return existsSync(join(clone, path, '.git')) ? [path] : untracked(clone, path, staged);
  });
}

function isIgnored(box: Sandbox, clone: string, path: string): boolean {
  return box.tryGit(clone, 'check-ignore', '--quiet', '--', path).code === 0;
}

function configIn(clone: string): { readonly mainBranch?: string; readonly surface?: readonly string[] } {
  const path = join(clone, 'coord.config.json');
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
}
