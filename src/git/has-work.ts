import { randomBytes } from 'node:crypto';
import type { NeededWork } from '../domain/claims/work.js';
import { overlaps } from '../domain/ground/index.js';
import type { PathContent } from '../domain/model.js';
import { ALL_ZERO, changesBetween, mergeBase, readRaw } from './changes.js';
import { shallowBoundary } from './history.js';
import type { RemoteGit } from './porcelain.js';
import type { Repository } from './repository.js';
import type { Environment, Git } from './run.js';
import { ShadowRepository } from './shadow.js';

/** So many commits since the two histories parted are searched for the content. */
const MOST_COMMITS = 5_000;

/**
 * Whether HEAD has work whose commit is not one of its ancestors: it was amended, rebased, squashed or picked, and what was
 * changed later counts as well. That is so where each changed path has the content of the work, or had it since the two
 * histories parted; or where a merge of the commit would change none of these paths.
 */
export async function hasWorkOtherwise(
  repository: Repository,
  git: Git,
  env: Environment,
  head: string,
  work: NeededWork,
): Promise<boolean> {
  const { commit, base } = work;
  const isHere = (await git(['cat-file', '-e', `${commit}^{commit}`])).code === 0;
  const changes = work.changes ?? (isHere ? await changesOf(git, head, work, repository.foldsCase) : null);
  if (changes === null) return false;
  const now = await contentAt(git, head, changes);
  const differing = changes.filter(({ path, blob }) => (now.get(path) ?? null) !== blob);
  if (differing.length === 0) return true;
  const fork = await forkOf(git, [base, isHere ? commit : null], head);
  if (fork !== null) {
    const had = await contentSince(git, fork, head, differing);
    if (differing.every(({ path, blob }) => had.has(keyOf(path, blob)))) return true;
  }
  return isHere && addsNothing(repository, git, env, { head, commit, differing });
}

/** How much further a shallow clone is deepened, in commits, before it is given up. */
const DEEPEN_STEPS = [50, 1_000];

/**
 * Asks again for as long as a shallow clone may lack the history that tells.
 * @param ask answers from what this clone has
 */
export async function withHistory<T>(
  {
    repository,
    git,
    door,
    remote,
  }: { repository: Repository; git: Git; door: Pick<RemoteGit, 'fetch'>; remote: string },
  ask: () => Promise<T>,
  isSettled: (answer: T) => boolean,
): Promise<T> {
  let answer = await ask();
  for (const depth of DEEPEN_STEPS) {
    if (isSettled(answer) || shallowBoundary(repository).length === 0) break;
    const ref = `refs/worktree/coord/deepen-${randomBytes(8).toString('hex')}`;
    const deeper = await door.fetch(remote, [`+HEAD:${ref}`], [`--deepen=${depth}`]);
    await git(['update-ref', '-d', ref]);
    if (deeper.code !== 0) break;
    answer = await ask();
  }
  return answer;
}

/** What the work changed, of which only the commit was recorded; null: not known. */
async function changesOf(
  git: Git,
  head: string,
  { commit, base, ground }: NeededWork,
  foldCase: boolean,
): Promise<PathContent[] | null> {
  const from = base !== null && base !== commit ? base : await mergeBase(git, commit, head).catch(() => null);
  if (from === null) return null;
  const all = await changesBetween(git, from, commit);
  return (
    all?.filter(({ path }) => ground === null || overlaps(ground, { kind: 'path', text: path }, { foldCase })) ?? null
  );
}

/** Git has a name as whoever made it typed it. */
function asGitMayHaveThem(changes: readonly PathContent[]): string[] {
  return [...new Set(changes.flatMap(({ path }) => [path, path.normalize('NFD')]))];
}

const LITERAL = { GIT_LITERAL_PATHSPECS: '1', GIT_NO_REPLACE_OBJECTS: '1' };

async function contentAt(git: Git, commit: string, changes: readonly PathContent[]): Promise<Map<string, string>> {
  const args = ['ls-tree', '-z', '--full-tree', commit, '--', ...asGitMayHaveThem(changes)];
  const { stdout } = await git(args, { env: LITERAL });
  const lines = stdout.toString('utf8').split('\0');
  return new Map(
    lines.flatMap((line) => {
      const [, id, path] = /^\d+ (?:blob|commit) ([0-9a-f]+)\t(.*)$/s.exec(line) ?? [];
      return id === undefined || path === undefined ? [] : [[path.normalize('NFC'), id] as const];
    }),
  );
}

/** Where the history of HEAD parted from that of the work; null: not known. */
async function forkOf(git: Git, commits: readonly (string | null)[], head: string): Promise<string | null> {
  for (const commit of commits) {
    const fork = commit === null ? null : await mergeBase(git, commit, head).catch(() => null);
    if (fork !== null) return fork;
  }
  return null;
}

function keyOf(path: string, blob: string | null): string {
  return `${blob ?? ''} ${path}`;
}

/** What these paths were changed to by the commits that HEAD has since the fork. */
async function contentSince(
  git: Git,
  fork: string,
  head: string,
  changes: readonly PathContent[],
): Promise<ReadonlySet<string>> {
  const how = ['--raw', '-z', '--no-abbrev', '--no-renames', '--ignore-submodules=none', '--format=', '-m'];
  const which = ['--full-history', `--max-count=${MOST_COMMITS}`, `${fork}..${head}`];
  const { code, stdout } = await git(['log', ...how, ...which, '--', ...asGitMayHaveThem(changes)], { env: LITERAL });
  if (code !== 0) return new Set();
  const found = readRaw(stdout).map(({ id, names }) =>
    keyOf((names[0] ?? '').normalize('NFC'), ALL_ZERO.test(id) ? null : id),
  );
  return new Set(found);
}

/** Whether a merge of the commit would leave these paths as HEAD has them. */
async function addsNothing(
  repository: Repository,
  git: Git,
  env: Environment,
  {
    head,
    commit,
    differing,
  }: { readonly head: string; readonly commit: string; readonly differing: readonly PathContent[] },
): Promise<boolean> {
  const shadow = await ShadowRepository.create(repository, git, env);
  try {
    const changed = await shadow.changedByMerge(head, commit);
    return changed !== null && !differing.some(({ path }) => changed.has(path));
  } finally {
    shadow.remove();
  }
}
