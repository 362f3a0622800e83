import { type Instant, instantOf } from '../domain/time.js';
import { trueHistory } from './porcelain.js';
import type { Repository } from './repository.js';
import { type Git, gitFailed, gitList } from './run.js';

/** The commits that `include` contains and `exclude` does not; or `include` alone. */
export interface CommitRange {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly single: boolean;
}

export interface RangeCommit {
  readonly id: string;
  readonly parents: readonly string[];
  readonly author: string;
  readonly subject: string;
  /** By its committer's clock, to the second. */
  readonly committedAt: Instant;
  /** When it was first made, by its author's clock: an amend or a rebase keeps it. */
  readonly authoredAt: Instant;
  /** Values of its `Coord-Claim` trailers. */
  readonly named: readonly string[];
}

const LONG_MS = 600_000;
/** The last second that an instant of four-digit years can hold. */
const LAST_SECOND = 253_402_300_799;

/** The commits of a range, newest first and children before parents, as they were made: no replace refs, no grafts. */
export async function commitsIn(repository: Repository, git: Git, range: CommitRange): Promise<RangeCommit[]> {
  const { include, exclude, single } = range;
  const trailers = '%(trailers:key=Coord-Claim,valueonly,unfold)';
  const args = [
    'log',
    '-z',
    `--format=%H%x00%P%x00%ct%x00%at%x00%an%x00%s%x00${trailers}`,
    ...['--encoding=UTF-8', '--no-show-signature', '--no-notes', '--no-color', '--no-mailmap'],
    ...(single ? ['--no-walk=unsorted'] : ['--topo-order']),
    ...include,
    ...exclude.map((id) => `^${id}`),
    '--',
  ];
  const fields = await gitList(git, args, { env: trueHistory(repository), timeoutMs: LONG_MS });
  const commits: RangeCommit[] = [];
  for (let at = 0; at + 6 < fields.length; at += 7) {
    const [id = '', parents = '', committed, authored, author = '', subject = '', named = ''] = fields.slice(
      at,
      at + 7,
    );
    commits.push({
      ...{ id, author, subject },
      parents: parents.split(' ').filter(Boolean),
      committedAt: instantAt(committed),
      authoredAt: instantAt(authored),
      named: named.split(/\s+/).filter(Boolean),
    });
  }
  return commits;
}

/** @param seconds as git has them, which may be any number; none is the epoch */
function instantAt(seconds: string | undefined): Instant {
  return instantOf(Math.min(Math.max(Number(seconds ?? 0), 0), LAST_SECOND) * 1000);
}

/** Path → modes and ids before and after, as git's raw format has them: equal texts are equal changes. */
export type PathChanges = ReadonlyMap<string, string>;

const RAW_DIFF = ['diff-tree', '-r', '-z', '--raw', '--no-renames', '--ignore-submodules=none'];

/**
 * The paths that each commit changes, relative to the root, NFC, both names of a rename, submodules and modes too; of a
 * merge those that differ from all of its parents. Nothing in anybody's settings hides one.
 */
export async function changesBy(
  repository: Repository,
  git: Git,
  commits: readonly string[],
): Promise<Map<string, PathChanges>> {
  const input = commits.map((id) => `${id}\n`).join('');
  const options = { input, env: trueHistory(repository), timeoutMs: LONG_MS };
  const changed = changesIn(await gitList(git, [...RAW_DIFF, '--stdin', '--root', '-c'], options));
  return new Map(commits.map((id) => [id, changed.get(id) ?? new Map()]));
}

/** The paths that differ between two commits. */
export async function changesBetween(repository: Repository, git: Git, from: string, to: string): Promise<PathChanges> {
  const options = { env: trueHistory(repository), timeoutMs: LONG_MS };
  return changesIn(await gitList(git, [...RAW_DIFF, from, to, '--'], options)).get('') ?? new Map();
}

function changesIn(fields: readonly string[]): Map<string, PathChanges> {
  const changed = new Map<string, Map<string, string>>();
  let paths = new Map<string, string>();
  changed.set('', paths);
  // `COMMIT`, then for each path `:modes ids status` and the path, which may be any text: so they are read in pairs.
  for (let at = 0; at < fields.length; at += 1) {
    const field = fields[at] ?? '';
    if (field.startsWith(':')) {
      at += 1;
      paths.set((fields[at] ?? '').normalize('NFC'), field);
    } else {
      paths = new Map();
      changed.set(field, paths);
    }
  }
  return changed;
}

/** The commits that any of `to` contains and none of `without` does. */
export async function commitsBetween(
  repository: Repository,
  git: Git,
  to: readonly string[],
  without: readonly string[],
): Promise<string[]> {
  const input = [...to, ...without.map((id) => `^${id}`)].map((line) => `${line}\n`).join('');
  const options = { input, env: trueHistory(repository), timeoutMs: LONG_MS };
  return gitList(git, ['rev-list', '--stdin'], options, '\n');
}

/** All best common ancestors; empty where there is none. */
export async function mergeBases(git: Git, a: string, b: string): Promise<string[]> {
  const args = ['merge-base', '--all', a, b];
  const result = await git(args, { env: { GIT_NO_REPLACE_OBJECTS: '1' } });
  if (result.code > 1) throw gitFailed(args, result);
  return result.stdout.toString('latin1').split('\n').filter(Boolean);
}

/** The ids of a file at several commits; null where a commit has none. In the order of the commits. */
export async function blobsAt(git: Git, commits: readonly string[], path: string): Promise<(string | null)[]> {
  if (commits.length === 0) return [];
  const input = commits.map((id) => `${id}:${path}\n`).join('');
  const found = await gitList(git, ['cat-file', '--batch-check=%(objecttype) %(objectname)'], { input }, '\n');
  return found.map((line) => (line.startsWith('blob ') ? line.slice('blob '.length) : null));
}
