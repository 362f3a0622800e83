import { readFileSync, statSync } from 'node:fs';
import { relative, resolve, sep } from 'node:path';
import { isAtOrBelow } from '../../domain/ground/contains.js';
import { contains, matches } from '../../domain/ground/index.js';
import type { Target } from '../../domain/ground/targets.js';
import { gitPaths } from '../../git/run.js';
import { linkedWorktrees } from '../../git/worktree.js';
import { diffPaths } from '../../guards/harness/payload.js';
import {
  type Discard,
  type GitAct,
  type PatchFile,
  type PathWords,
  type Search,
  type Write,
  writeOf,
} from '../../guards/shell/findings.js';
import { shellPattern } from '../../guards/shell/search.js';
import { plainWord } from '../../guards/shell/words.js';
import type { Context } from '../../workspace/context.js';
import { readTarget } from '../../workspace/targets.js';
import { repositoryAt } from './actor.js';
import { type Located, locate } from './locate.js';

const LARGEST_FILE = 8 * 1024 * 1024;

/** The files of one worktree that a command puts back or finds, relative to its root, NFC; whatever else, it does not change. */
export function lookedUp(
  context: Context,
  act: Extract<GitAct, { kind: 'discard' | 'search' | 'again' }>,
): Promise<readonly string[]> {
  if (act.kind === 'again') return madeAgain(context, act);
  return act.kind === 'search' ? found(context, act, act.directory) : discarded(context, act);
}

/** What commits have changed, where it is otherwise now; nothing of those that are not there. */
async function madeAgain({ git }: Context, { commits, undoes }: Extract<GitAct, { kind: 'again' }>): Promise<string[]> {
  const paths: string[] = [];
  for (const name of commits.slice(0, MOST_COMMITS)) {
    const there = await git(['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`]);
    if (there.code !== 0) continue;
    const commit = there.stdout.toString().trim();
    const changed = await gitPaths(git, [...CHANGED_BY, commit, '--']);
    const names = ['diff', '--name-only', '--no-renames', '--no-ext-diff', '-z'];
    const other = new Set(await gitPaths(git, [...names, 'HEAD', undoes ? `${commit}^1` : commit, '--']));
    paths.push(...changed.filter((path) => other.has(path)));
  }
  return paths;
}

const CHANGED_BY = [
  ...['log', '--no-walk', '--diff-merges=first-parent', '--no-renames', '--no-ext-diff'],
  ...['--name-only', '--format=', '-z'],
];

/** More are not picked or reverted by hand. */
const MOST_COMMITS = 20;

/** More lines of a list are not read. */
const MOST_LISTED = 1_000;

/** The ground that a list of names means. */
export function listed({ file, directory }: Extract<GitAct, { kind: 'listed' }>): Located[] {
  const lines = linesOf(resolve(directory, file.text));
  return lines.slice(0, MOST_LISTED).flatMap((line) => locate(writeOf(line, directory)));
}

async function discarded(context: Context, act: Discard & Pick<GitAct, 'directory'>): Promise<string[]> {
  const { directory, untracked } = act;
  const list = (args: readonly string[]) => gitPaths(context.git, ['-C', directory, ...args]);
  const { to, paths } = act.mayBePath ? await asCommitOrPath(context, act) : act;
  const specs = pathspecs(paths, directory);
  if (paths !== null && specs.length === 0) return [];
  const tracked =
    to === null
      ? []
      : await list([
          ...['diff', '--name-only', '--no-renames', '--no-ext-diff', '-z'],
          ...(to === 'staged' ? ['--cached'] : to === 'index' ? [] : [to.commit]),
          ...['--', ...specs],
        ]);
  const others = untracked === null ? [] : await list([...OTHERS, ...ignoring(untracked), '--', ...specs]);
  // Without its folders, a folder that holds nothing else is told by its name.
  const files = untracked?.folders ? others : others.filter((path) => !path.endsWith('/'));
  const all = [...tracked, ...files];
  return paths === null ? all : all.filter(meaning(paths, directory, context.repository.root));
}

const OTHERS = ['ls-files', '--others', '--full-name', '-z'];

function ignoring({ folders, ignored }: NonNullable<Discard['untracked']>): string[] {
  const which = { kept: ['--exclude-standard'], too: [], only: ['--ignored', '--exclude-standard'] }[ignored];
  return [...which, ...(folders ? [] : ['--directory'])];
}

/** `git checkout WORD`: a commit where there is one of that name, else one more path. */
async function asCommitOrPath(context: Context, { to, paths, directory }: Discard & Pick<GitAct, 'directory'>) {
  const name = typeof to === 'object' && to !== null ? to.commit : 'HEAD';
  const ref = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{tree}`];
  const isCommit = (await context.git(['-C', directory, ...ref])).code === 0;
  if (isCommit) return { to: paths === null ? { commit: 'HEAD' } : to, paths };
  return { to: 'index' as const, paths: { words: [plainWord(name), ...(paths?.words ?? [])], listedIn: null } };
}

/** What git is asked about: each word as it stands; of a pattern of the shell, the folder before it. */
function pathspecs(paths: PathWords | null, directory: string): string[] {
  if (paths === null) return [];
  const listed = paths.listedIn === null ? [] : linesOf(resolve(directory, paths.listedIn.text));
  return [
    ...paths.words.map(({ text, pattern }) =>
      pattern === null ? text : pattern.replace(/[^/]*[*?[{][\s\S]*$/, '') || '.',
    ),
    ...listed,
  ];
}

function linesOf(file: string): string[] {
  return (readBounded(file) ?? '').split(/\r?\n|\0/).filter((line) => line !== '');
}

/** Whether a word that was typed in a directory names this path (relative to the root, NFC), or may: one with a colon is not read. */
export function mayName(word: string, path: string, directory: string, root: string): boolean {
  if (word.startsWith(':')) return true;
  const named = relative(root, resolve(directory, word)).split(sep).join('/').normalize('NFC');
  return isAtOrBelow(path, named);
}

/** Which paths (relative to the root, NFC) the words mean, where patterns among them made git tell more. */
function meaning({ words, listedIn }: PathWords, directory: string, root: string): (path: string) => boolean {
  const patterns = words.flatMap(({ pattern }) => pattern ?? []);
  if (patterns.length === 0 || listedIn !== null) return () => true;
  const plain = words.filter(({ pattern }) => pattern === null);
  const targets = patterns.flatMap((pattern) =>
    locate({ path: pattern, isPattern: true, directory, follows: true, into: [] }).map(({ target }) => target),
  );
  return (path) =>
    plain.some(({ text }) => mayName(text, path, directory, root)) || targets.some((target) => matches(target, path));
}

/** The files below the starting places that git knows or does not ignore, and that have the names. */
async function found(context: Context, { starts, names, filesOnly }: Search, directory: string): Promise<string[]> {
  const words = { words: starts.filter(({ opaque }) => !opaque), listedIn: null };
  const specs = pathspecs(words, directory);
  if (specs.length === 0) return [];
  const { root } = context.repository;
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '--full-name', '-z', '--', ...specs];
  const listed = await gitPaths(context.git, ['-C', directory, ...args]);
  const paths = listed.filter(meaning(words, directory, root));
  const tests = names.map((group) => {
    const any = group.map((name) => testOf(name));
    return (path: string) => any.some((test) => test(path));
  });
  return paths.filter((path) => tests.every((test) => test(path)));

  function testOf({ pattern, ignoresCase, wholePath }: Search['names'][number][number]) {
    const expression = shellPattern(pattern, ignoresCase);
    return (path: string) => {
      const from = relative(directory, resolve(root, path)).split(sep).join('/');
      const segments = from.split('/');
      const counted = filesOnly ? [segments.length] : segments.map((_, index) => index + 1);
      return counted.some((count) => {
        const text = segments.slice(0, count).join('/');
        return wholePath
          ? expression.test(text) || expression.test(`./${text}`)
          : expression.test(segments[count - 1] ?? '');
      });
    };
  }
}

/** What a patch changes: git counts from the root, `patch` from where it runs. */
export function patched(patch: PatchFile): Located[] {
  const { directory, file, strip, fromRoot, below, include, exclude } = patch;
  const from = fromRoot ? (repositoryAt(directory)?.root ?? directory) : directory;
  const text = patch.text ?? (file === null ? null : readBounded(resolve(directory, file)));
  const paths =
    text === null
      ? []
      : diffPaths(text, strip).map((path) => (below === '' ? path : `${below.replace(/\/$/, '')}/${path}`));
  const isOne = (patterns: readonly string[], path: string) =>
    patterns.some((pattern) => shellPattern(pattern, false).test(path));
  return paths
    .filter((path) => (include.length === 0 || isOne(include, path)) && !isOne(exclude, path))
    .flatMap((path) => locate(writeOf(path, from)));
}

function readBounded(path: string): string | null {
  try {
    return statSync(path).size > LARGEST_FILE ? null : readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

/** A folder that is taken away with whole worktrees in it takes their uncommitted changes away, and nothing else. */
export function removedWorktrees(write: Write): string[] {
  if (write.follows || write.isPattern) return [];
  const removed = resolve(write.directory, write.path);
  const repository = repositoryAt(write.directory);
  if (repository === null) return [];
  return linkedWorktrees(repository).filter((root) => root === removed || root.startsWith(`${removed}/`));
}

/** The ground that is left where the command line claims some of it first. */
export function notClaimedFirst(located: readonly Located[], { claimed }: Pick<Write, 'claimed'>): Located[] {
  return located.filter(
    ({ root, target }) =>
      !claimed.some(({ text }) => {
        const claim = readOrNull(text, root);
        return claim !== null && contains(claim, target);
      }),
  );
}

function readOrNull(text: string, root: string): Target | null {
  try {
    return readTarget(text, { root, cwd: root });
  } catch {
    return null;
  }
}
