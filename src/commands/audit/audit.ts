import type { Config } from '../../config/config.js';
import { CONFIG_FILE, parseConfig } from '../../config/load.js';
import { type Evidence, findingPrint, isFinding, judgeCommit, summaryOf } from '../../domain/audit/judge.js';
import { matches } from '../../domain/ground/index.js';
import { patternTarget } from '../../domain/ground/patterns.js';
import { asTyped, command, coord, shellWord } from '../../domain/suggestion.js';
import { oneLine } from '../../domain/text.js';
import { CoordError, exitCodeOf, usage } from '../../errors.js';
import { isRemoteOf } from '../../git/clone-config.js';
import {
  blobsAt,
  type CommitRange,
  changesBy,
  commitsIn,
  mergeBases,
  type RangeCommit,
} from '../../git/commit-range.js';
import { shallowBoundary } from '../../git/history.js';
import { countApart } from '../../git/main-branch.js';
import { isAncestor, resolveCommit } from '../../git/refs.js';
import { gitList } from '../../git/run.js';
import { type AuditPlace, type AuditReport, auditLines, commitReport, countsOf } from '../../render/audit.js';
import { loadStyle } from '../../render/style.js';
import type { Context } from '../../workspace/context.js';
import { withProgress } from '../../workspace/host.js';
import { configAt, learnMainBranch, mainBranch, protectedConfig } from '../../workspace/main-branch.js';
import type { Verb } from '../verb.js';
import { auditSignatures, gatherEvidence, readClaimHistory } from './evidence.js';
import { lookAgain } from './same-changes.js';

declare const __COORD_VERSION__: string;

export const audit: Verb = {
  arguments: [['[range]', 'A..B, A...B, or one commit; by default what HEAD has and the main branch lacks']],
  options: [
    ['--sarif', 'print the findings as SARIF 2.1.0, which code scanning reads'],
    ['--no-fetch', 'do not fetch; use the state ref as this clone has it'],
  ],
  examples: [
    ['coord audit origin/main..HEAD', 'in CI: was each change of the surface made under a claim?'],
    ['coord audit HEAD', 'the last commit alone'],
    ['coord audit --sarif > audit.sarif', 'for code scanning; the exit code is the same'],
  ],
  notes: [
    'A commit is tied to a claim by what its holder landed, released or handed over: these name the commit with the work.',
    'The surface is that of the range’s base, and of the first parent of each commit; claims are as the state ref tells them.',
    'With "signCommits": true on the main branch, each commit of the state ref must have a good signature too.',
    'Exit 0: all covered. Exit 4: unclaimed, claimed by another, late, or not signed. Exit 7: cannot know, and why.',
  ],
  answers: {
    range: 'text',
    commits: ['object[]', 'those that touch the surface, with a verdict for each path'],
    summary: 'object',
    historyFrom: 'instant | null',
    coordination: 'object | null',
  },
  async run(context, input) {
    const asSarif = input.flag('sarif');
    if (asSarif && context.flags.json) throw usage('--json and --sarif cannot be used together', 'use one');
    const { report, audited, warnings } = await withProgress(context.host, 'reading the history of claims', () =>
      auditRange(context, input.argument(0), !input.negated('fetch')),
    );
    const code = codeOf(report);
    if (asSarif) {
      const { sarif } = await import('../../render/sarif.js');
      const prints = audited.flatMap((one) =>
        one.judgements.filter(({ verdict }) => isFinding(verdict)).map((judged) => findingPrint(one, judged)),
      );
      context.host.stdout.write(asTyped(sarif(report, prints, __COORD_VERSION__), context.standpoint));
      return { data: report, text: () => [], streamed: true, warnings, exit: exitCodeOf(code ?? 'ok') };
    }
    if (code === null) return { data: report, text: (style) => auditLines(report, context.now(), style), warnings };
    const lines = auditLines(report, context.now(), await loadStyle(false));
    return new CoordError(code, [...warnings, ...lines].join('\n'), {
      hint: hintFor(report, code === 'unavailable'),
      details: { ...report },
    });
  },
};

async function auditRange(context: Context, typed: string | undefined, fetch: boolean) {
  await mustKnowMain(context, fetch);
  const range = await readRange(context, typed);
  const config = await auditConfig(context, range.base);
  const commits = await commitsIn(context.repository, context.git, range);
  await mustBeWhole(context, commits);
  const changes = await changesBy(
    context.repository,
    context.git,
    commits.map(({ id }) => id),
  );
  const surface = await readSurface(context, config, commits);
  const touching = commits
    .map((commit) => ({
      commit,
      paths: [...(changes.get(commit.id)?.keys() ?? [])].filter((path) => surface.covers(commit, path)),
    }))
    .filter(({ paths }) => paths.length > 0);
  const history = await readClaimHistory(context, config, fetch);
  const paths = [...new Set(touching.flatMap((one) => one.paths))];
  const evidence = await gatherEvidence(
    context,
    history,
    { exclude: range.exclude, commits },
    { paths, skewSeconds: config.skewSeconds },
  );
  const judge = (known: Evidence) =>
    touching.map(({ commit: { id, author, subject, committedAt, authoredAt, named }, paths: touched }) => ({
      ...{ commit: id, author, subject, committedAt },
      judgements: judgeCommit({ commit: id, committedAt, authoredAt, named }, touched, known),
    }));
  const audited = judge(await lookAgain(context, evidence, judge(evidence), { ...range, commits, changes }));
  const { remote, mainRemote } = await context.authority();
  const place: AuditPlace = {
    range: range.text,
    remote,
    mainRemote,
    ref: config.ref,
    cut: history.cut,
    now: context.now(),
  };
  return {
    report: {
      range: place.range,
      commits: audited.map((one) => commitReport(one, place)),
      summary: summaryOf(commits.length, audited),
      historyFrom: history.reach,
      coordination: await auditSignatures(context, history.tip),
    },
    audited,
    warnings: [...surface.warnings, ...history.warnings],
  };
}

/** Null when all is covered. What is unknown alone is no proof of a breach, and no pass. */
function codeOf({ summary, coordination }: AuditReport): 'lost' | 'unavailable' | null {
  const signatures = countsOf(coordination);
  const findings = summary.findings + signatures.findings;
  if (findings === 0) return null;
  return summary.unknown + signatures.unknown === findings ? 'unavailable' : 'lost';
}

function hintFor(report: AuditReport, onlyUnknown: boolean): string {
  if (report.summary.findings === 0) {
    return 'look at these commits of the state ref, and at who pushed them; "signers" in coord.config.json says whose keys count';
  }
  const nexts = report.commits.flatMap(({ paths }) => paths.flatMap(({ next }) => next ?? []));
  if (onlyUnknown) return nexts[0] ?? 'have a person look at these commits';
  return 'look at each change; have a person accept it as it is, or claim its paths and make it again in a new commit';
}

/**
 * The configuration that the audit goes by: of the range's base where the main branch contains it, so that whoever is
 * audited did not choose it; else, or where it has none, of the main branch.
 * @throws CoordError `usage` when it cannot be read: nothing weaker takes its place.
 */
async function auditConfig(context: Context, base: string | null): Promise<Config> {
  const { main } = await context.authority();
  const isOfMain =
    base !== null && (main === null || (await isAncestor(context.git, base, main.branch.commit)) === true);
  const there = isOfMain ? await configAt(context, base) : null;
  return there ?? (await protectedConfig(context)).config;
}

/** @throws CoordError `unavailable` where there is a remote, and its main branch is not known: what is audited may not judge itself. */
async function mustKnowMain(context: Context, fetch: boolean): Promise<void> {
  if (fetch) {
    const why = await learnMainBranch(context);
    if (why === null) return;
    throw new CoordError('unavailable', `the main branch says what is asked for, and is not here: ${why.message}`, {
      hint: why.hint ?? 'git fetch origin, then repeat',
      details: { ...why.details, reason: 'main-unknown' },
    });
  }
  const { main, mainRemote: remote, memory } = await context.authority();
  if (main !== null || memory?.remote === null || !isRemoteOf(context.repository, remote)) return;
  throw new CoordError(
    'unavailable',
    `this clone lacks the main branch of ${oneLine(remote)}, which says what is asked for`,
    {
      hint: `${coord('sync-check')}, or audit without --no-fetch`,
      details: { reason: 'main-unknown' },
    },
  );
}

export interface Surface {
  /** Whether a path was on the surface when this commit changed it. */
  covers(commit: RangeCommit, path: string): boolean;
  /** What of the configurations could not be read. */
  readonly warnings: readonly string[];
}

/**
 * A path is on the surface when it was so at the base of the range, or in the commit's first parent: who takes a path off
 * the surface escapes in no commit of the range, and what came onto it counts from the next commit on.
 */
async function readSurface(context: Context, base: Config, commits: readonly RangeCommit[]): Promise<Surface> {
  const parents = [...new Set(commits.flatMap(({ parents: [first] }) => first ?? []))];
  const blobs = await blobsAt(context.git, parents, CONFIG_FILE);
  const blobOf = new Map(parents.map((parent, index) => [parent, blobs[index] ?? null]));
  const texts = await context.objects.read([...new Set(blobs.filter((id) => id !== null))]);
  const surfaces = new Map<string, readonly string[]>();
  const warnings: string[] = [];
  for (const [id, { body }] of texts) {
    try {
      surfaces.set(id, (await parseConfig(body.toString('utf8'))).surface);
    } catch (error) {
      if (!(error instanceof CoordError)) throw error;
      const parent = parents.find((one) => blobOf.get(one) === id) ?? '';
      warnings.push(`${CONFIG_FILE} of ${parent.slice(0, 7)} cannot be read; the surface of the range's base counts`);
    }
  }
  const always = membership(base.surface, context.repository.foldsCase);
  const byBlob = new Map([...surfaces].map(([id, list]) => [id, membership(list, context.repository.foldsCase)]));
  const isBare = ({ parents: [first] }: RangeCommit) => first === undefined || blobOf.get(first) === null;
  const unasked = await beforeAudit(context, commits.filter(isBare));
  return {
    covers: (commit, path) => {
      const before = blobOf.get(commit.parents[0] ?? '') ?? '';
      return !unasked.has(commit.id) && (always(path) || byBlob.get(before)?.(path) === true);
    },
    warnings,
  };
}

/**
 * Audit begins with the commit that brings the configuration to the main branch (where that has none: to HEAD): nobody could
 * claim anything before. What was made beside it, on an older commit, is no part of that beginning.
 * @param bare commits whose first parent has no configuration
 * @returns the ids of those that brought it, or that came before
 */
async function beforeAudit(context: Context, bare: readonly RangeCommit[]): Promise<ReadonlySet<string>> {
  if (bare.length === 0 || shallowBoundary(context.repository).length > 0) return new Set();
  const { main } = await context.authority();
  const tips = [...(main === null ? [] : [main.branch.commit]), 'HEAD'];
  for (const tip of tips) {
    const adding = ['log', '-s', '--format=%H', '--diff-filter=A', '--diff-merges=first-parent', '--first-parent', tip];
    const adoption = (await gitList(context.git, [...adding, '--', CONFIG_FILE], {}, '\n')).at(-1);
    if (adoption === undefined) continue;
    const before = new Set(await gitList(context.git, ['rev-list', adoption], {}, '\n'));
    return new Set(bare.map(({ id }) => id).filter((id) => before.has(id)));
  }
  return new Set();
}

/** Whether a path is on one of the patterns; each path is looked at once. */
function membership(patterns: readonly string[], foldCase: boolean): (path: string) => boolean {
  const targets = patterns.map(patternTarget);
  const known = new Map<string, boolean>();
  return (path) => {
    const before = known.get(path);
    if (before !== undefined) return before;
    const is = targets.some((target) => matches(target, path, { foldCase }));
    known.set(path, is);
    return is;
  };
}

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
async function readRange(context: Context, typed: string | undefined): Promise<AuditRange> {
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
    `name commits as git log shows them, such as origin/main..HEAD; only the last one: ${coord('audit HEAD')}`,
  );
}

/** @throws CoordError `unavailable` when a shallow clone ends inside the range. */
async function mustBeWhole(context: Context, commits: readonly { readonly id: string }[]): Promise<void> {
  const boundary = new Set(shallowBoundary(context.repository));
  const cut = commits.find(({ id }) => boundary.has(id));
  if (cut) throw await hidden(context, `this shallow clone ends at ${cut.id.slice(0, 7)}, inside the range`, null);
}

/** @param commit that is missing; null: history is */
async function hidden(context: Context, message: string, commit: string | null): Promise<CoordError> {
  const { mainRemote: remote } = await context.authority();
  const shallow = shallowBoundary(context.repository).length > 0;
  const fetch = command(
    shallow ? `git fetch --unshallow ${shellWord(remote)}` : `git fetch ${shellWord(remote)} ${commit}`,
  );
  return new CoordError('unavailable', `cannot know: ${message}`, {
    hint: `${fetch}, then repeat${shallow ? ' (actions/checkout: fetch-depth: 0)' : ''}`,
    details: { reason: 'history', commit },
  });
}
