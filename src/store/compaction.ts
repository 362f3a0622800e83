import type { Compacted } from '../domain/compacted.js';
import type { ObjectDatabase } from '../git/objects.js';
import { trueHistory } from '../git/porcelain.js';
import { isAncestor } from '../git/refs.js';
import type { Repository } from '../git/repository.js';
import type { Git } from '../git/run.js';
import { gitText } from '../git/run.js';
import { eventsIn, parseCommit } from './commits.js';

/**
 * A compacted history begins with one commit that stands for all that went before it, and goes on with copies of the
 * commits that were kept. Each says in its trailers which commit it replaces, with whose very tree it must agree; so a
 * clone that knows the former history can tell a compaction from a branch that was rewound or rewritten.
 */
const REPLACES = 'Coord-Replaces';
const COMPACTED = 'Coord-Compacted';
const COMMITS = 'Coord-Compacted-Commits';
const FROM = 'Coord-Compacted-From';
const TO = 'Coord-Compacted-To';

/** More compactions than a clone could sleep through. */
const MOST_COMPACTIONS = 100;

export interface CompactionHistory {
  readonly repository: Repository;
  readonly git: Git;
  readonly objects: ObjectDatabase;
  /** Brings a commit with its history here from the remote, which may still have it; whether it is here then. */
  readonly fetchCommit?: ((id: string) => Promise<boolean>) | undefined;
}

/** The trailers of the commit at the root. */
export function compactedTrailers({ commit, commits, from, to }: Compacted): string[] {
  return [`${COMPACTED}: ${commit}`, `${COMMITS}: ${commits}`, `${FROM}: ${from}`, `${TO}: ${to}`];
}

/** What a commit with this message stands for; null when it is no root of a compacted history. */
export function compactedIn(message: string): Compacted | null {
  const value = (name: string) => trailers(message, name)[0];
  const commit = value(COMPACTED);
  if (commit === undefined) return null;
  return { commit, commits: Number(value(COMMITS) ?? 0), from: value(FROM) ?? '', to: value(TO) ?? '' };
}

/** Whether a commit with this message is a copy that a compaction made, or its root. */
export function isKept(message: string): boolean {
  return trailers(message, REPLACES).length > 0 || compactedIn(message) !== null;
}

/** Whether a commit with this message is the last one that a compaction wrote. */
export function isCompaction(message: string): boolean {
  return !isKept(message) && eventsIn(message).some(({ type }) => type === 'history.compacted');
}

/** The message of the copy of a kept commit. */
export function replacingMessage(message: string, replaced: string): string {
  const text = message.trimEnd();
  const gap = /(?:^|\n)Coord-[\w-]+: [^\n]*$/.test(text) ? '\n' : '\n\n';
  return `${text}${gap}${REPLACES}: ${replaced}\n`;
}

/**
 * Whether the history of `tip` is that of `known`, compacted and gone on from there: a commit on it says that it
 * replaces `known`, or a descendant of it, and has the very tree of the commit that it replaces.
 */
export async function followsCompaction(history: CompactionHistory, known: string, tip: string): Promise<boolean> {
  const git = withoutReplaceRefs(history);
  let line = tip;
  for (let compactions = 0; compactions < MOST_COMPACTIONS; compactions += 1) {
    const copy = await copyOf(git, history.objects, known, line);
    if (copy !== null) return haveSameTree(history.objects, copy, known);
    const root = await rootOf(git, history.objects, line);
    const former = root?.compacted.commit;
    if (root === null || former === undefined || !(await isHere(history, git, former))) return false;
    if (!(await haveSameTree(history.objects, root.id, former))) return false;
    if ((await isAncestor(git, known, former)) === true) return true;
    line = former;
  }
  return false;
}

/** The commit on the line that says it replaces another. */
async function copyOf(git: Git, objects: ObjectDatabase, replaced: string, line: string): Promise<string | null> {
  const mentioning = ['log', '--first-parent', '--fixed-strings', `--grep=${replaced}`, '--format=%H', line, '--'];
  const ids = (await gitText(git, mentioning)).split('\n').filter((id) => id !== '');
  const found = await objects.read(ids);
  const copies = ids.filter((id) => {
    const { message } = parseCommit(found.get(id)?.body ?? Buffer.alloc(0));
    return [...trailers(message, REPLACES), ...trailers(message, COMPACTED)].includes(replaced);
  });
  return copies[0] ?? null;
}

/** The first commit of a line, if it is the root of a compacted history. */
async function rootOf(
  git: Git,
  objects: ObjectDatabase,
  line: string,
): Promise<{ readonly id: string; readonly compacted: Compacted } | null> {
  const roots = await gitText(git, ['rev-list', '--first-parent', '--max-parents=0', line, '--']);
  const id = roots.split('\n').at(-1) ?? '';
  const compacted = compactedIn(parseCommit((await objects.read([id])).get(id)?.body ?? Buffer.alloc(0)).message);
  return compacted === null ? null : { id, compacted };
}

async function isHere(history: CompactionHistory, git: Git, commit: string): Promise<boolean> {
  const { code } = await git(['cat-file', '-e', `${commit}^{commit}`]);
  return code === 0 || (await history.fetchCommit?.(commit)) === true;
}

async function haveSameTree(objects: ObjectDatabase, one: string, other: string): Promise<boolean> {
  const found = await objects.read([one, other]);
  const [first, second] = [one, other].map((id) => parseCommit(found.get(id)?.body ?? Buffer.alloc(0)).tree);
  return first !== '' && first === second;
}

/** The values of a trailer: they stand in the last paragraph, where no event and no words of an agent do. */
function trailers(message: string, name: string): string[] {
  const last = message.trimEnd().split('\n\n').at(-1) ?? '';
  const lines = last.split('\n').filter((line) => line.startsWith(`${name}: `));
  return lines.map((line) => line.slice(name.length + 2));
}

/** Git as it is, but for refs that would show other commits in the place of some. */
export function withoutReplaceRefs({ repository, git }: Pick<CompactionHistory, 'repository' | 'git'>): Git {
  return (args, options) => git(args, { ...options, env: { ...options?.env, ...trueHistory(repository) } });
}
