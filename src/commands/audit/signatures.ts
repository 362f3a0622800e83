import { CONFIG_FILE, parseConfig } from '../../config/load.js';
import { type CoordinationCommit, judgeSignatures } from '../../domain/audit/report.js';
import type { Verification } from '../../domain/gates/judge.js';
import { epochMs, type Instant, instantOf } from '../../domain/time.js';
import { verifySignature } from '../../gates/signatures.js';
import { withSigners } from '../../gates/signers-on-disk.js';
import { blobsAt } from '../../git/commit-range.js';
import { openObjects } from '../../git/objects.js';
import { trueGit } from '../../git/porcelain.js';
import { gitText } from '../../git/run.js';
import { signedCommit } from '../../git/signing.js';
import type { CoordinationReport } from '../../render/audit.js';
import { parseCommit } from '../../store/format/commits.js';
import { isCompaction, isKept } from '../../store/upkeep/compact.js';
import type { Context } from '../../workspace/context.js';
import { protectedConfig } from '../../workspace/main-branch.js';

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
