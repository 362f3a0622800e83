import type { Compacted } from '../domain/compacted.js';
import type { Instant } from '../domain/time.js';
import { instantOf } from '../domain/time.js';
import { CoordError } from '../errors.js';
import { objectId } from '../git/objects.js';
import { writeCommits } from '../git/pack.js';
import { isAncestor } from '../git/refs.js';
import { gitText } from '../git/run.js';
import { commitBody, parseCommit } from './commits.js';
import {
  type CompactionHistory,
  compactedIn,
  compactedTrailers,
  replacingMessage,
  withoutReplaceRefs,
} from './compaction.js';
import type { Entry } from './store.js';

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
    return this.writeLast(commitBody(tree, parent, this.entry, []));
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
    const body = commitBody(tree, null, { ...this.entry, at: compacted.to, summary, events: [] }, []);
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
    hint: 'git fetch --unshallow, or compact in a full clone',
  });
}
