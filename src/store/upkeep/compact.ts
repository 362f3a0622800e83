import type { Compacted } from '../../domain/events.js';
import { STATE_REF } from '../../domain/state-ref.js';
import { command } from '../../domain/suggestion.js';
import { type Instant, instantOf } from '../../domain/time.js';
import { CoordError } from '../../errors.js';
import { writeCommits } from '../../git/background.js';
import { type ObjectDatabase, objectId } from '../../git/objects.js';
import { trueHistory } from '../../git/porcelain.js';
import { isAncestor } from '../../git/refs.js';
import type { Repository } from '../../git/repository.js';
import { type Git, gitText } from '../../git/run.js';
import { commitBody, eventsIn, parseCommit } from '../format/commits.js';
import type { Entry } from '../swap/store.js';

/** How much of the history stays: so many of the newest commits, or all since an instant. */
export type Keep = { readonly commits: number } | { readonly since: Instant };

/** What a compaction does to the history that ends in `tip`. */
export interface CompactionPlan {
  readonly tip: string;
  /** null where there is nothing to gain: less than two commits would go. */
  readonly compacted: Compacted | null;
  /** The commits that stay, oldest first. */
  readonly kept: readonly string[];
}

interface LineCommit {
  readonly id: string;
  readonly at: Instant;
}

/** Commits that are copied at once. */
const BATCH = 5_000;
/** So many are written one by one, rather than as a pack. */
const FEW = 100;

/**
 * Finds out what would go and what would stay; writes nothing.
 * @throws CoordError `unavailable` in a shallow clone, which does not know the whole history.
 */
export async function planCompaction(history: CompactionHistory, tip: string, keep: Keep): Promise<CompactionPlan> {
  const line = await firstParents(history, tip);
  const count = keptCount(line, keep);
  const [newest] = line.slice(count);
  const oldest = line.at(-1);
  const kept = line.slice(0, count).map(({ id }) => id);
  if (newest === undefined || oldest === undefined || line.length - count < 2) {
    return { tip, compacted: null, kept: line.map(({ id }) => id).reverse() };
  }
  const { parents, message } = parseCommit(await bodyOf(history, oldest.id));
  if (parents.length > 0) throw shallow();
  const before = compactedIn(message);
  return {
    tip,
    compacted: {
      commit: newest.id,
      commits: line.length - count + (before === null ? 0 : before.commits - 1),
      from: before?.from ?? oldest.at,
      to: newest.at,
    },
    kept: kept.reverse(),
  };
}

/** The same plan with what came after its tip, which stays; null where `tip` does not go on from there. */
export async function extendPlan(
  history: CompactionHistory,
  plan: CompactionPlan,
  tip: string,
): Promise<CompactionPlan | null> {
  const git = withoutReplaceRefs(history);
  if ((await isAncestor(git, plan.tip, tip)) !== true) return null;
  const later = await gitText(git, ['rev-list', '--first-parent', '--reverse', tip, `^${plan.tip}`, '--']);
  return { ...plan, tip, kept: [...plan.kept, ...later.split('\n').filter((id) => id !== '')] };
}

/**
 * Writes the commits of a compacted history: one root in the place of all that goes, then copies of what stays. Nothing
 * moves; what was copied once is not copied again when the tip has moved on meanwhile.
 */
export class CompactedHistory {
  private readonly copies = new Map<string, string>();
  private root: string | undefined;

  constructor(
    private readonly history: CompactionHistory,
    private readonly entry: Entry,
    /** Writes the last commit, which answers for the others. */
    private readonly writeLast: (body: Buffer) => Promise<string>,
    /** Full name of the state ref. */
    private readonly ref: string,
  ) {}

  /**
   * @param compacted the same at each call
   * @returns the commit that can take the place of the plan's tip: it has the tip's tree.
   */
  async write({ tip, kept }: CompactionPlan, compacted: Compacted): Promise<string> {
    this.root ??= await this.writeRoot(compacted);
    let parent = this.root;
    for (let start = 0; start < kept.length; start += BATCH) {
      parent = await this.copyAll(kept.slice(start, start + BATCH), parent);
    }
    const { tree } = parseCommit(await bodyOf(this.history, tip));
    return this.writeLast(commitBody(tree, parent, this.entry, [], { ref: this.ref }));
  }

  /** @returns the last copy. */
  private async copyAll(ids: readonly string[], onto: string): Promise<string> {
    const { repository, git, objects } = this.history;
    const missing = ids.filter((id) => !this.copies.has(id));
    const found = await objects.read(missing);
    const bodies: Buffer[] = [];
    let parent = onto;
    for (const id of ids) {
      const before = this.copies.get(id);
      const body = before === undefined ? copiedBody(found.get(id)?.body ?? Buffer.alloc(0), parent, id) : null;
      if (body !== null) bodies.push(body);
      parent = before ?? objectId(repository, 'commit', body ?? Buffer.alloc(0));
      this.copies.set(id, parent);
    }
    if (bodies.length > FEW) await writeCommits(repository, git, bodies);
    else for (const body of bodies) objects.write('commit', body);
    return parent;
  }

  private async writeRoot(compacted: Compacted): Promise<string> {
    const { tree } = parseCommit(await bodyOf(this.history, compacted.commit));
    const summary = `${compacted.commits} commits, compacted`;
    // As old as what it stands for, so that the history stays in the order of time.
    const entry = { ...this.entry, at: compacted.to, summary, events: [] };
    // Never a tip that a build host would look at, wherever it stands.
    const body = commitBody(tree, null, entry, [], { ref: STATE_REF });
    const message = `${body.toString('utf8').trimEnd()}\n${compactedTrailers(compacted).join('\n')}\n`;
    return this.history.objects.write('commit', Buffer.from(message));
  }
}

/** Header lines that the copy of a commit cannot have: another parent is its own, and a signature would be wrong. */
const NOT_COPIED = /^(?:parent|gpgsig|gpgsig-sha256|mergetag) [^\n]*\n(?: [^\n]*\n)*/gm;

/** The same commit on another parent, with a trailer that says which one it replaces; byte for byte otherwise. */
function copiedBody(body: Buffer, parent: string, replaced: string): Buffer {
  const text = body.toString('latin1');
  const end = text.indexOf('\n\n') + 1;
  const header = text
    .slice(0, end)
    .replace(NOT_COPIED, '')
    .replace(/^(tree [^\n]*\n)/, `$1parent ${parent}\n`);
  return Buffer.from(`${header}\n${replacingMessage(text.slice(end + 1), replaced)}`, 'latin1');
}

/** Newest first. */
async function firstParents(history: CompactionHistory, tip: string): Promise<LineCommit[]> {
  const args = ['rev-list', '--first-parent', '--timestamp', tip, '--'];
  const lines = (await gitText(withoutReplaceRefs(history), args)).split('\n');
  return lines.map((line) => {
    const [seconds = '', id = ''] = line.split(' ');
    return { id, at: instantOf(Number(seconds) * 1000) };
  });
}

function keptCount(line: readonly LineCommit[], keep: Keep): number {
  if ('commits' in keep) return Math.min(keep.commits, line.length);
  // Clocks differ from host to host: what is among newer commits stays.
  return line.findLastIndex(({ at }) => at >= keep.since) + 1;
}

async function bodyOf({ objects }: CompactionHistory, id: string): Promise<Buffer> {
  return (await objects.read([id])).get(id)?.body ?? Buffer.alloc(0);
}

function shallow(): CoordError {
  return new CoordError('unavailable', 'this clone has only a part of the history (it is shallow)', {
    hint: `${command('git fetch --unshallow')}, or compact in a full clone`,
  });
}

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
function compactedTrailers({ commit, commits, from, to }: Compacted): string[] {
  return [`${COMPACTED}: ${commit}`, `${COMMITS}: ${commits}`, `${FROM}: ${from}`, `${TO}: ${to}`];
}

/** What a commit with this message stands for; null when it is no root of a compacted history. */
export function compactedIn(message: string): Compacted | null {
  const value = (name: string) => trailers(message, name)[0];
  const commit = value(COMPACTED);
  if (commit === undefined) return null;
  return { commit, commits: Number(value(COMMITS) ?? 0), from: value(FROM) ?? '', to: value(TO) ?? '' };
}

/** Whether a commit with this message is the copy of another. */
export function replaces(message: string, commit: string): boolean {
  return trailers(message, REPLACES).includes(commit);
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
function replacingMessage(message: string, replaced: string): string {
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
