import type { Config } from '../../config/config.js';
import { CONFIG_FILE, parseConfig } from '../../config/load.js';
import { claimsOver, type Holding, holdingsOf, Lineage } from '../../domain/audit/holdings.js';
import type { Evidence, Tie } from '../../domain/audit/judge.js';
import { type CoordinationCommit, judgeSignatures } from '../../domain/audit/judge.js';
import type { CoordEvent } from '../../domain/events.js';
import type { Verification } from '../../domain/gates/judge.js';
import type { Claim } from '../../domain/model.js';
import { command, coord } from '../../domain/suggestion.js';
import { epochMs, type Instant, instantOf } from '../../domain/time.js';
import { CoordError } from '../../errors.js';
import { verifySignature } from '../../gates/signatures.js';
import { withSigners } from '../../gates/signers-on-disk.js';
import { blobsAt, commitsBetween, type RangeCommit } from '../../git/commit-range.js';
import { shallowBoundary } from '../../git/history.js';
import { openObjects } from '../../git/objects.js';
import { trueGit, trueHistory } from '../../git/porcelain.js';
import { absentCommits } from '../../git/refs.js';
import { gitStreamIn, gitText } from '../../git/run.js';
import { signedCommit } from '../../git/signing.js';
import type { CoordinationReport } from '../../render/audit.js';
import { parseCommit } from '../../store/format/commits.js';
import { type HistoryCommit, historyFrom, malformedWarnings } from '../../store/format/history.js';
import { isCompaction, isKept } from '../../store/upkeep/compact.js';
import type { Context } from '../../workspace/context.js';
import { protectedConfig } from '../../workspace/main-branch.js';

/** The commits that are audited, and where their history is cut off. */
interface AuditedRange {
  readonly commits: readonly RangeCommit[];
  readonly exclude: readonly string[];
}

/**
 * Ties the commits of a range to claims by ancestry: what the commit with a claim's work contains, and the claim's base
 * does not. Only claims over the paths in question are looked at.
 */
export async function gatherEvidence(
  context: Context,
  history: ClaimHistory,
  range: AuditedRange,
  facts: { readonly paths: readonly string[]; readonly skewSeconds: number },
): Promise<Evidence> {
  const over = claimsOver(history.holdings, context.repository.foldsCase);
  const relevant = [...new Set(facts.paths.flatMap(over))];
  const ends = await endsAfter(context, relevant, range.exclude);
  const ties = new Ties(context, range, await absentAmong(context, relevant), ends);
  for (const holding of relevant) await ties.add(holding);
  return {
    holdings: new Map(relevant.map((holding) => [holding.claim, holding])),
    over,
    tiesOf: (commit) => ties.of(commit),
    missing: ties.missing,
    sameChange: () => new Set(),
    asBase: () => false,
    reach: history.reach,
    until: history.until,
    skewSeconds: facts.skewSeconds,
    auditor: context.identityIfKnown()?.agent ?? null,
  };
}

async function absentAmong({ git }: Context, holdings: readonly Holding[]): Promise<ReadonlySet<string>> {
  const ids = holdings.flatMap(({ base, works }) => [base, ...works.flatMap(({ from, to }) => [from, to])]);
  return new Set(await absentCommits(git, [...new Set(ids.filter((id) => id !== null))]));
}

/**
 * The commits with the works of claims that are here, and that the range does not begin after: what those contain was
 * there before it.
 */
export async function endsAfter(
  { repository, git }: Context,
  holdings: readonly Holding[],
  exclude: readonly string[],
): Promise<ReadonlySet<string>> {
  const ends = [...new Set(holdings.flatMap(({ works }) => works.map(({ to }) => to)))];
  const absent = new Set(await absentCommits(git, ends));
  const here = ends.filter((id) => !absent.has(id));
  if (here.length === 0) return new Set();
  const after = new Set(await commitsBetween(repository, git, here, exclude));
  return new Set(here.filter((id) => after.has(id)));
}

class Ties {
  readonly missing = new Map<string, string>();
  private readonly byCommit = new Map<string, Map<string, Tie>>();
  private readonly lineage: Lineage;
  private readonly shallow: boolean;

  /** @param absent commits that this clone does not have */
  constructor(
    private readonly context: Context,
    private readonly range: AuditedRange,
    private readonly absent: ReadonlySet<string>,
    /** The ends of works that may have a commit of the range. */
    private readonly ends: ReadonlySet<string>,
  ) {
    this.lineage = new Lineage(range.commits);
    this.shallow = shallowBoundary(context.repository).length > 0;
  }

  of(commit: string): ReadonlyMap<string, Tie> {
    return this.byCommit.get(commit) ?? new Map();
  }

  async add({ claim, base, works }: Holding): Promise<void> {
    for (const { kind, from, to } of works) {
      // A shallow clone may have lost the way from a commit to what it contains.
      if (this.absent.has(to) || (this.shallow && !this.lineage.has(to))) this.missing.set(claim, to);
      if (!this.ends.has(to)) continue;
      const part = new Set(await this.between(to, [from, base]));
      for (const commit of part) this.tie(commit, claim, { is: 'part', kind });
      if (from === base) continue;
      for (const commit of await this.between(to, [from])) {
        if (!part.has(commit)) this.tie(commit, claim, { is: 'earlier', kind });
      }
    }
  }

  private tie(commit: string, claim: string, tie: Tie): void {
    const known = this.byCommit.get(commit) ?? new Map<string, Tie>();
    this.byCommit.set(commit, known.set(claim, tie));
  }

  /** The commits of the range that `to` contains, and none of the others does. */
  private async between(to: string, others: readonly (string | null)[]): Promise<readonly string[]> {
    const { repository, git } = this.context;
    const without = others.filter((id) => id !== null && !this.absent.has(id)) as string[];
    const { exclude } = this.range;
    const known = [to, ...without].every((id) => this.lineage.has(id) || (id !== to && exclude.includes(id)));
    if (known) return this.lineage.between(to, without);
    const found = await commitsBetween(repository, git, [to], [...without, ...exclude]);
    return found.filter((id) => this.lineage.has(id));
  }
}

/** What the state ref tells of claims. */
interface ClaimHistory {
  /** The commit that was read from. */
  readonly tip: string;
  readonly holdings: readonly Holding[];
  /** From when on it tells everything; null: from the beginning. */
  readonly reach: Instant | null;
  /** Up to when, where what decides cannot be asked, and its mirror in git is read; null: up to now. */
  readonly until: Instant | null;
  /** What is gone from its beginning: it was compacted, or this clone is shallow. */
  readonly cut: 'compacted' | 'shallow' | null;
  readonly warnings: readonly string[];
}

/**
 * Reads the whole history of the state ref; where its beginning is gone, it starts from the claims that were
 * held there.
 * @throws CoordError `unavailable` when there is none to be read.
 */
export async function readClaimHistory(context: Context, config: Config, fetch: boolean): Promise<ClaimHistory> {
  const store = await context.stores.open(config);
  let isMirror = false;
  const mirrored = async (error: unknown): Promise<string> => {
    const tip =
      error instanceof CoordError && error.code === 'unavailable' && store.decider.kept !== null && (await store.tip());
    if (!tip) return noState(config)(error);
    isMirror = true;
    return tip;
  };
  const tip = (fetch ? null : await store.tip()) ?? (await store.latestTip().catch(mirrored));
  const commits: HistoryCommit[] = [];
  const env = { ...context.host.env, ...trueHistory(context.repository) };
  for await (const commit of historyFrom(gitStreamIn(context.repository, env), tip)) {
    commits.push({ ...commit, events: commit.events.filter(tellsOfClaims) });
  }
  const oldest = commits.at(-1);
  const shallow = oldest !== undefined && shallowBoundary(context.repository).includes(oldest.id);
  const cut = shallow ? 'shallow' : oldest?.compacted ? 'compacted' : null;
  const until = isMirror ? (commits[0]?.at ?? null) : null;
  const begun: readonly Claim[] = cut && oldest ? (await store.stateAt(oldest.id)).claims : [];
  const events = commits.reverse().flatMap((commit) => commit.events);
  const holdings = holdingsOf(events, begun, context.now());
  const warnings = malformedWarnings(commits.filter(({ malformed }) => malformed > 0).reverse());
  const reach = cut && oldest ? (oldest.compacted?.to ?? oldest.at) : null;
  return { tip, holdings, reach, until, cut, warnings };
}

function tellsOfClaims({ type }: CoordEvent): boolean {
  return type.startsWith('work.') || (type.startsWith('claim.') && type !== 'claim.refused');
}

function noState({ ref, share, remote }: Config) {
  return (error: unknown): never => {
    if (!(error instanceof CoordError) || error.code !== 'usage') throw error;
    const where = share ? `neither here nor on ${remote}` : 'not in this clone, and "share" is not set';
    throw new CoordError('unavailable', `cannot know: the state ref ${ref} is ${where}`, {
      hint: share
        ? `${coord('init')} makes it; until then nothing can be audited`
        : `fetch it: ${command(`git fetch ${remote} ${ref}:${ref}`)}; or share it: "share": true in coord.config.json`,
      details: { reason: 'ref', ref },
      cause: error,
    });
  };
}

/** Commits that are read at once. */
const BATCH = 1_000;

/**
 * Looks at the signature of each coordination commit, oldest first: one process of a verifier for each signed one. What
 * counts is what the main branch says, as last fetched. A commit was made no sooner than the good ones that it follows,
 * but for the tolerance between clocks: an expired key gains nothing by an old date.
 * @returns null where no signatures are asked for
 */
export async function auditSignatures(context: Context, tip: string): Promise<CoordinationReport | null> {
  const { config, from } = await protectedConfig(context);
  if (!config.signCommits) return null;
  if (from === null) return unknown(null, `no main branch has the ${CONFIG_FILE} that asks for signatures`);
  const since = await askedSince(context, from.commit);
  const git = trueGit(context);
  const ids = (await gitText(git, ['rev-list', '--first-parent', '--reverse', tip, '--'])).split('\n');
  const objects = openObjects(context.repository, git);
  const found = await withSigners(context, config.signers, from.commit, async (disk) => {
    const line: CoordinationCommit[] = [];
    let soonest = 0;
    for (let start = 0; start < ids.length; start += BATCH) {
      const batch = ids.slice(start, start + BATCH);
      const bodies = await objects.read(batch);
      for (const id of batch) {
        const body = bodies.get(id)?.body ?? Buffer.alloc(0);
        const signed = signedCommit(body);
        const at = committedAt(body);
        const made = instantOf(Math.max(epochMs(at), soonest));
        const verification: Verification | null =
          signed.signature === null ? null : await verifySignature(disk, signed, made);
        if (verification?.good) soonest = Math.max(soonest, epochMs(at) - config.skewSeconds * 1000);
        line.push({ commit: id, at, verification, part: partOf(body) });
      }
    }
    return line;
  });
  if (typeof found === 'string') return unknown(since, found);
  const signed = found.filter(({ verification }) => verification?.good).length;
  return { since, commits: ids.length, signed, problem: null, findings: judgeSignatures(found, since) };
}

function unknown(since: Instant | null, problem: string): CoordinationReport {
  return { since, commits: 0, signed: 0, problem, findings: [] };
}

function partOf(body: Buffer): CoordinationCommit['part'] {
  const { message } = parseCommit(body);
  if (isCompaction(message)) return 'compaction';
  return isKept(message) ? 'kept' : null;
}

function committedAt(body: Buffer): Instant {
  const seconds = /^committer [^\n]* (\d+) [+-]\d{4}$/m.exec(body.toString('latin1'))?.[1];
  return instantOf(Number(seconds ?? 0) * 1000);
}

/** When the main branch began to ask for signatures, without a break until now. */
async function askedSince(context: Context, main: string): Promise<Instant> {
  const git = trueGit(context);
  const log = ['log', '--first-parent', '--format=%H %ct', main, '--', CONFIG_FILE];
  const changes = (await gitText(git, log)).split('\n').map((line) => line.split(' '));
  const blobs = await blobsAt(
    git,
    changes.map(([commit = '']) => commit),
    CONFIG_FILE,
  );
  const texts = await openObjects(context.repository, git).read([...new Set(blobs.filter((id) => id !== null))]);
  let since = 0;
  for (const [index, [, seconds]] of changes.entries()) {
    const text = texts.get(blobs[index] ?? '')?.body.toString('utf8');
    if (text === undefined || !(await asksForSignatures(text))) break;
    since = Number(seconds) * 1000;
  }
  return instantOf(since);
}

/** A version that cannot be read asked for what the one before it did. */
async function asksForSignatures(text: string): Promise<boolean> {
  return parseConfig(text).then(
    ({ signCommits }) => signCommits,
    () => true,
  );
}
