import type { Context } from '../../context.js';
import { findAgent } from '../../domain/agents/agents.js';
import { ownClaims } from '../../domain/agents/ownership.js';
import type { SessionClosing } from '../../domain/agents/sessions.js';
import { groundOf } from '../../domain/claims/conflicts.js';
import { runningUnder } from '../../domain/deploy/records.js';
import type { Claim } from '../../domain/model.js';
import { coord, targetWord } from '../../domain/suggestion.js';
import { oneLine } from '../../domain/text.js';
import { type CoordError, usage } from '../../errors.js';
import { releasedLines } from '../../render/claims.js';
import { refusalError } from '../../render/refusals.js';
import { type EndReport, endedLine } from '../../render/session.js';
import { answerBefore } from '../../store/queue/combine.js';
import type { GitStore } from '../../store/swap/git-store.js';
import { transact } from '../../store/swap/transact.js';
import { releaseClaims, unfinishedClaims } from '../claims/release-claims.js';
import type { Success, Verb } from '../verb.js';

export const sessionEnd: Verb = {
  options: [['--keep', 'keep all claims; they live on until they expire']],
  examples: [
    ['coord session end', 'release your claims at HEAD, but for ground with uncommitted changes'],
    ['coord session end --keep', 'hold on to the ground, for a later session'],
  ],
  async run(context, input) {
    const base = await context.requestBase();
    const { agent, session } = base;
    const store = await context.store();
    const before = await answerBefore(store, { kind: 'session-end', ...base }, context.now());
    if (before && !before.ok) return refusalError(before.refusal, context.now());
    if (before?.result.closing) return ended(context, agent, before.result.closing);
    await store.latest(['deployments']);
    if (session === null) return nothingToEnd(store, agent);
    const { state } = await store.read(['deployments']);
    const owned = ownClaims(state, base, null, context.now());
    const claims = 'claims' in owned ? owned.claims : [];
    const isDeploying = ({ id }: Claim) => runningUnder(state.deployments, id) !== undefined;
    const unfinished = await unfinishedClaims(context, claims);
    const kept = claims.filter((claim) => input.flag('keep') || isDeploying(claim) || unfinished.includes(claim));
    const { commit } = await context.head();
    const released = await releaseAt(
      context,
      store,
      claims.filter((claim) => !kept.includes(claim)),
      commit,
    );
    if ('code' in released) return released;
    const closing = { session, released: released.claims, kept, commit };
    const decision = await transact(
      store,
      { kind: 'session-end', ...base, operation: context.newId(), closing },
      context.surroundings,
    );
    if (!decision.ok) return refusalError(decision.refusal, context.now());
    return {
      ...ended(context, agent, closing),
      warnings: input.flag('keep') ? [] : kept.map((claim) => keptWarning(claim, agent, isDeploying(claim))),
    };
  },
};

function ended(context: Context, agent: string, closing: SessionClosing): Success {
  context.sessions.remove(agent);
  const report: EndReport = { agent, ...closing };
  const { released, commit } = closing;
  return {
    data: report,
    text: (style) => [
      ...(released.length === 0 ? [] : releasedLines(released, commit, style)),
      endedLine(report, style),
    ],
  };
}

/** Never ends a session that it cannot name: it may be another agent's. */
async function nothingToEnd(store: GitStore, agent: string) {
  const running = findAgent((await store.read()).state, agent)?.session ?? null;
  if (running !== null) {
    throw usage(
      `the session of ${agent} (${running}) was not started in this worktree`,
      `end it where it was started, or: COORD_SESSION=${running} ${coord(`session end --agent ${agent}`)}`,
      { session: running },
    );
  }
  const report: EndReport = { agent, session: null, released: [], kept: [], commit: null };
  return { data: report, text: (style: Parameters<typeof endedLine>[1]) => endedLine(report, style) };
}

async function releaseAt(
  context: Context,
  store: GitStore,
  claims: readonly Claim[],
  commit: string | null,
): Promise<{ readonly claims: readonly Claim[] } | CoordError> {
  if (claims.length === 0) return { claims };
  const decision = await releaseClaims(context, store, claims, commit);
  return decision.ok ? { claims: decision.result.released } : refusalError(decision.refusal, context.now());
}

function keptWarning(claim: Claim, agent: string, isDeploying: boolean): string {
  if (isDeploying) return `kept ${oneLine(claim.target)}: your deploy runs under it, and gives it back when it ends`;
  return `kept ${oneLine(claim.target)}: it has uncommitted changes; commit, then ${coord(`release ${targetWord(groundOf(claim))} --agent ${agent}`)}`;
}
