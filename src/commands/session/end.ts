import { findAgent } from '../../domain/agents/agents.js';
import { ownClaims } from '../../domain/agents/ownership.js';
import type { SessionClosing, SessionEndRequest } from '../../domain/agents/sessions.js';
import { groundOf } from '../../domain/claims/conflicts.js';
import { runningUnder } from '../../domain/deploy/records.js';
import type { Claim, Reach, State } from '../../domain/model.js';
import { command, coord, targetWord } from '../../domain/suggestion.js';
import { claimsOf, tasksOf, tasksOn } from '../../domain/tasks/standing.js';
import { oneLine } from '../../domain/text.js';
import { type CoordError, usage } from '../../errors.js';
import { releasedLines, waitsText } from '../../render/claims.js';
import { refusalError } from '../../render/refusals.js';
import { type EndReport, endedLine } from '../../render/session.js';
import { answerBefore } from '../../store/queue/combine.js';
import type { GitStore } from '../../store/swap/git-store.js';
import { transact } from '../../store/swap/transact.js';
import type { Context } from '../../workspace/context.js';
import { releaseClaims, unfinishedClaims, workFacts } from '../claims/release.js';
import type { Success, Verb } from '../verb.js';

export const sessionEnd: Verb = {
  options: [['--keep', 'keep all claims; they live on until they expire']],
  examples: [
    ['coord session end', 'release your claims at HEAD, except those with uncommitted changes'],
    ['coord session end --keep', 'keep the claims, for a later session'],
  ],
  answers: {
    agent: 'text',
    session: 'text | null',
    released: 'Claim[]',
    kept: 'object[]',
    commit: 'commit | null',
    reach: [
      "'clone' | 'remote'",
      'how far it is known: the end of a session that held nothing goes along with the next write',
    ],
  },
  async run(context, input) {
    const base = await context.requestBase();
    const { agent, session } = base;
    const store = await context.store();
    const before = await answerBefore(store, { kind: 'session-end', ...base }, context.now());
    if (before && !before.ok) return refusalError(before.refusal, context.now());
    if (before?.result.closing) {
      return ended(context, agent, before.result.closing, { reach: store.reach, waitsFor: null });
    }
    const { state } = await store.latest(['deployments', 'tasks']);
    if (session === null) return nothingToEnd(store, agent);
    const owned = ownClaims(state, base, null, context.now());
    const claims = 'claims' in owned ? owned.claims : [];
    const isDeploying = ({ id }: Claim) => runningUnder(state.deployments, id) !== undefined;
    const unfinished = input.flag('keep') ? claims : await unfinishedClaims(context, claims);
    // A task is kept whole, or goes whole.
    const busy = new Set(unfinished.flatMap((claim) => tasksOn(state, claim)));
    const isBusy = (claim: Claim) => unfinished.includes(claim) || claim.tasks.some((id) => busy.has(id));
    const kept = claims.filter((claim) => isDeploying(claim) || isBusy(claim));
    const { commit } = await context.head();
    const ofTasks = await returnTasks(context, store, state, busy);
    if ('code' in ofTasks) return ofTasks;
    const toRelease = claims.filter((claim) => !kept.includes(claim) && tasksOn(state, claim).length === 0);
    const closing = { session, released: [...ofTasks.claims, ...toRelease], kept, commit };
    const request = { kind: 'session-end' as const, ...base, operation: context.newId(), closing };
    // Others wait for what it held, so that it goes at once: in the very write that gives that back.
    const isAwaited = toRelease.length === 0 && (kept.length > 0 || ofTasks.claims.length > 0);
    const { answer, ...where } = isAwaited
      ? await endNow(context, store, request)
      : await context.stores.decideLater(request);
    if (!answer.ok) return refusalError(answer.refusal, context.now());
    const refused = await releaseAt(context, store, toRelease, commit);
    if (refused) return refused;
    return {
      ...ended(context, agent, closing, toRelease.length > 0 ? { reach: store.reach, waitsFor: null } : where),
      warnings: input.flag('keep') ? [] : kept.map((claim) => keptWarning(claim, agent, isDeploying(claim))),
    };
  },
};

async function endNow(context: Context, store: GitStore, request: SessionEndRequest) {
  return { answer: await transact(store, request, context.effects), reach: store.reach, waitsFor: null };
}

function ended(
  context: Context,
  agent: string,
  closing: SessionClosing,
  { reach, waitsFor }: { readonly reach: Reach; readonly waitsFor: string | null },
): Success {
  context.sessions.remove(agent);
  const report: EndReport = { agent, ...closing, reach };
  const { released, commit } = closing;
  return {
    data: report,
    text: (style) => [
      ...(released.length === 0 ? [] : releasedLines(released, commit, style)),
      `${endedLine(report, style)}${waitsText(waitsFor)}`,
    ],
  };
}

/** Never ends a session that it cannot name: it may be another agent's. */
async function nothingToEnd(store: GitStore, agent: string) {
  const running = findAgent(await store.view(), agent)?.session ?? null;
  if (running !== null) {
    throw usage(
      `the session of ${agent} (${running}) was not started in this worktree`,
      `end it where it was started, or: ${command(`COORD_SESSION=${running} ${coord(`session end --agent ${agent}`)}`)}`,
      { session: running },
    );
  }
  const report: EndReport = { agent, session: null, released: [], kept: [], commit: null, reach: store.reach };
  return { data: report, text: (style: Parameters<typeof endedLine>[1]) => endedLine(report, style) };
}

/** Gives the tasks back that are not busy, for others to take. */
async function returnTasks(
  context: Context,
  store: GitStore,
  state: State,
  busy: ReadonlySet<string>,
): Promise<{ readonly claims: readonly Claim[] } | CoordError> {
  const base = { ...(await context.requestBase()), requestId: null };
  const claims: Claim[] = [];
  for (const { id } of tasksOf(state, base, context.now())) {
    if (busy.has(id)) continue;
    const { commit } = await context.head();
    const work = await workFacts(context, claimsOf(state, id), commit, { commitNamed: false, uncommitted: false });
    const asked = { id, reason: 'its session ended', person: false };
    const request = { kind: 'task-return' as const, ...base, operation: context.newId(), ...work, ...asked };
    const decision = await transact(store, request, context.effects);
    if (!decision.ok) return refusalError(decision.refusal, context.now());
    claims.push(...decision.result.released);
  }
  return { claims };
}

async function releaseAt(
  context: Context,
  store: GitStore,
  claims: readonly Claim[],
  commit: string | null,
): Promise<CoordError | null> {
  if (claims.length === 0) return null;
  const decision = await releaseClaims(context, store, claims, commit);
  return decision.ok ? null : refusalError(decision.refusal, context.now());
}

function keptWarning(claim: Claim, agent: string, isDeploying: boolean): string {
  if (isDeploying) return `kept ${oneLine(claim.target)}: your deploy runs under it, and gives it back when it ends`;
  return `kept ${oneLine(claim.target)}: it has uncommitted changes; commit, then ${coord(`release ${targetWord(groundOf(claim))} --agent ${agent}`)}`;
}
