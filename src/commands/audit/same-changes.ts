import { type Holding, Lineage, type Work } from '../../domain/audit/holdings.js';
import type { Evidence } from '../../domain/audit/judge.js';
import { type AuditedCommit, isFinding } from '../../domain/audit/judge.js';
import {
  changesBetween,
  changesBy,
  commitsBetween,
  type PathChanges,
  type RangeCommit,
} from '../../git/commit-range.js';
import { absentCommits } from '../../git/refs.js';
import type { Context } from '../../workspace/context.js';
import { endsAfter } from './evidence.js';

/** What a second look goes by: the commits of the range with their changes, and where it begins. */
export interface SecondLook {
  readonly commits: readonly RangeCommit[];
  readonly changes: ReadonlyMap<string, PathChanges>;
  readonly base: string | null;
  readonly exclude: readonly string[];
}

/**
 * Looks again at what nothing ties to a claim: whether it is a change that is in a holder's work, made again by a squash or
 * a rebase, or one that only brings in what the base of the range has. Contents are compared before and after, so that a
 * path which is put back to what it once was is neither.
 */
export async function lookAgain(
  context: Context,
  evidence: Evidence,
  audited: readonly AuditedCommit[],
  look: SecondLook,
): Promise<Evidence> {
  const works = new WorkChanges(context, look, await endsOf(context, evidence, audited, look));
  const withBase = look.base === null ? null : new Lineage(look.commits).containing(look.base);
  const same = new Map<string, Set<string>>();
  const asBase = new Set<string>();
  for (const { commit, judgements } of audited) {
    const changes = look.changes.get(commit) ?? new Map<string, string>();
    const paths = judgements.filter(({ verdict }) => isFinding(verdict)).map(({ path }) => path);
    if (look.base !== null && withBase?.has(commit) === false) {
      for (const path of await broughtIn(context, look.base, commit, paths)) asBase.add(keyOf(commit, path));
    }
    for (const path of paths) {
      const change = changes.get(path) ?? '';
      // A merge has several befores.
      if (change === '' || change.startsWith('::')) continue;
      same.set(keyOf(commit, path), await works.having(path, change, evidence.over(path)));
    }
  }
  const none: ReadonlySet<string> = new Set();
  return {
    ...evidence,
    sameChange: (commit, path) => same.get(keyOf(commit, path)) ?? none,
    asBase: (commit, path) => asBase.has(keyOf(commit, path)),
  };
}

function keyOf(commit: string, path: string): string {
  return `${commit} ${path}`;
}

/** Those of the paths that a commit leaves as the base has them. */
async function broughtIn(
  { repository, git }: Context,
  base: string,
  commit: string,
  paths: readonly string[],
): Promise<string[]> {
  if (paths.length === 0) return [];
  const apart = await changesBetween(repository, git, base, commit);
  return paths.filter((path) => !apart.has(path));
}

/** The commits with the works of claims over these findings that count. */
async function endsOf(
  context: Context,
  evidence: Evidence,
  audited: readonly AuditedCommit[],
  { exclude }: SecondLook,
): Promise<ReadonlySet<string>> {
  const open = audited.flatMap(({ judgements }) => judgements.filter(({ verdict }) => isFinding(verdict)));
  const holdings = new Set([...new Set(open.map(({ path }) => path))].flatMap((path) => evidence.over(path)));
  return endsAfter(context, [...holdings], exclude);
}

/** The changes that the works of claims are made of, each work read once. */
class WorkChanges {
  private readonly known = new Map<string, Promise<readonly PathChanges[]>>();

  private readonly lineage: Lineage;

  constructor(
    private readonly context: Context,
    private readonly look: SecondLook,
    /** The ends of the works that count. */
    private readonly ends: ReadonlySet<string>,
  ) {
    this.lineage = new Lineage(look.commits);
  }

  /** Ids of the claims whose work has this very change of the path. */
  async having(path: string, change: string, holdings: readonly Holding[]): Promise<Set<string>> {
    const found = new Set<string>();
    for (const { claim, works } of holdings) {
      for (const work of works) {
        const all = await this.changesOf(work);
        if (all.some((changes) => changes.get(path) === change)) found.add(claim);
      }
    }
    return found;
  }

  private changesOf(work: Work): Promise<readonly PathChanges[]> {
    const key = `${work.from} ${work.to}`;
    const known = this.known.get(key) ?? this.read(work);
    this.known.set(key, known);
    return known;
  }

  /**
   * Commit by commit; also as a whole where the work itself is not in the range, so that a squash of it may be. Nothing
   * where this clone lacks one end.
   */
  private async read({ from, to }: Work): Promise<readonly PathChanges[]> {
    const { repository, git } = this.context;
    if (from === null || !this.ends.has(to)) return [];
    if (this.lineage.has(to)) return this.lineage.between(to, [from]).flatMap((id) => this.look.changes.get(id) ?? []);
    if ((await absentCommits(git, [from])).length > 0) return [];
    const commits = await commitsBetween(repository, git, [to], [from]);
    const each = await changesBy(repository, git, commits);
    return [await changesBetween(repository, git, from, to), ...each.values()];
  }
}
