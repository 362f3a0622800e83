import { coord, shellWord } from '../../domain/suggestion.js';
import { CoordError, usage } from '../../errors.js';
import { type CommitRange, commitsIn, mergeBases } from '../../git/commit-range.js';
import { shallowBoundary } from '../../git/history.js';
import { countApart } from '../../git/main-branch.js';
import { resolveCommit } from '../../git/refs.js';
import type { Context } from '../../workspace/context.js';
import { mainBranch } from '../../workspace/main-branch.js';

/** The commits that are audited. */
export interface AuditRange extends CommitRange {
  /** As typed, or as chosen: `origin/main..HEAD`. */
  readonly text: string;
  /** The commit whose configuration says what the surface is; null: the range begins with a first commit. */
  readonly base: string | null;
}

/**
 * `A..B` and `A...B` as git has them, a revision as that commit alone; without any what HEAD has and the main branch
 * lacks, or else the commit at HEAD.
 * @throws CoordError `usage` for what names no commits, `unavailable` for those that this clone does not have.
 */
export async function readRange(context: Context, typed: string | undefined): Promise<AuditRange> {
  if (typed === undefined) return defaultRange(context);
  const [, left, dots, right] = /^(.*?)(\.{2,3})(.*)$/s.exec(typed) ?? [];
  if (left === undefined || right === undefined || left + right === '') return single(context, typed);
  const from = await commitNamed(context, left || 'HEAD');
  const to = await commitNamed(context, right || 'HEAD');
  if (dots === '..') return { text: typed, include: [to], exclude: [from], single: false, base: from };
  const bases = await mergeBases(context.git, from, to);
  return { text: typed, include: [from, to], exclude: bases, single: false, base: bases[0] ?? null };
}

async function defaultRange(context: Context): Promise<AuditRange> {
  const { commit: head } = await context.head();
  if (head === null) throw usage('nothing to audit: HEAD has no commit yet', 'commit something first');
  const main = await mainBranch(context);
  const ahead = main === null ? 0 : ((await countApart(context.git, head, main.commit))?.ahead ?? 0);
  if (main === null || ahead === 0) return single(context, 'HEAD');
  const { name, commit } = main;
  return { text: `${name}..HEAD`, include: [head], exclude: [commit], single: false, base: commit };
}

async function single(context: Context, typed: string): Promise<AuditRange> {
  const commit = await commitNamed(context, typed);
  const [found] = await commitsIn(context.repository, context.git, { include: [commit], exclude: [], single: true });
  const parents = found?.parents ?? [];
  return { text: typed, include: [commit], exclude: parents, single: true, base: parents[0] ?? null };
}

async function commitNamed(context: Context, revision: string): Promise<string> {
  const commit = await resolveCommit(context.git, revision);
  if (commit !== null) return commit;
  const isId = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(revision) && !/^0+$/.test(revision);
  if (isId) throw await hidden(context, `the commit ${revision} is not in this clone`, revision);
  if (shallowBoundary(context.repository).length > 0) {
    throw await hidden(
      context,
      `no such commit in this shallow clone: ${JSON.stringify(revision.slice(0, 200))}`,
      null,
    );
  }
  throw usage(
    `not a range of commits: ${JSON.stringify(revision.slice(0, 200))}`,
    `name commits as git log shows them, for example: ${coord('audit origin/main..HEAD')}`,
  );
}

/** @throws CoordError `unavailable` when a shallow clone ends inside the range. */
export async function mustBeWhole(context: Context, commits: readonly { readonly id: string }[]): Promise<void> {
  const boundary = new Set(shallowBoundary(context.repository));
  const cut = commits.find(({ id }) => boundary.has(id));
  if (cut) throw await hidden(context, `this shallow clone ends at ${cut.id.slice(0, 7)}, inside the range`, null);
}

/** @param commit that is missing; null: history is */
async function hidden(context: Context, message: string, commit: string | null): Promise<CoordError> {
  const { remote } = await context.config();
  const shallow = shallowBoundary(context.repository).length > 0;
  const command = shallow ? `git fetch --unshallow ${shellWord(remote)}` : `git fetch ${shellWord(remote)} ${commit}`;
  return new CoordError('unavailable', `cannot know: ${message}`, {
    hint: `${command}, then repeat${shallow ? ' (actions/checkout: fetch-depth: 0)' : ''}`,
    details: { reason: 'history', commit },
  });
}
