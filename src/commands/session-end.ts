import type { Context } from '../context.js';
import { findAgent } from '../domain/agents.js';
import { groundOf } from '../domain/conflicts.js';
import { matches } from '../domain/ground/index.js';
import type { Claim } from '../domain/model.js';
import { ownClaims } from '../domain/ownership.js';
import { oneLine } from '../domain/text.js';
import { type CoordError, usage } from '../errors.js';
import { changedPaths } from '../git/changes.js';
import { renamesSince } from '../git/renames.js';
import { releasedLines } from '../render/claims.js';
import { shellWord } from '../render/format.js';
import { refusalError } from '../render/refusals.js';
import { type EndReport, endedLine } from '../render/session.js';
import type { GitStore } from '../store/git-store.js';
import { transact } from '../store/transact.js';
import type { Verb } from './verb.js';

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
    await store.latest();
    if (session === null) return nothingToEnd(store, agent);
    const owned = ownClaims((await store.read()).state, base, null, context.now());
    const claims = 'claims' in owned ? owned.claims : [];
    const kept = input.flag('keep') ? [...claims] : await unfinishedClaims(context, claims);
    const { commit } = await context.head();
    const released = await releaseAt(
      context,
      store,
      claims.filter((claim) => !kept.includes(claim)),
      commit,
    );
    if ('code' in released) return released;
    const ended = await transact(
      store,
      { kind: 'session-end', ...base, operation: context.newId() },
      context.surroundings,
    );
    if (!ended.ok) return refusalError(ended.refusal, context.now());
    context.sessions.remove(agent);
    const report: EndReport = { agent, session, released: released.claims, kept, commit };
    return {
      data: report,
      text: (style) => [
        ...(released.claims.length === 0 ? [] : releasedLines(released.claims, commit, style)),
        endedLine(report, style),
      ],
      warnings: input.flag('keep') ? [] : kept.map((claim) => keptWarning(claim, agent)),
    };
  },
};

/** Never ends a session that it cannot name: it may be another agent's. */
async function nothingToEnd(store: GitStore, agent: string) {
  const running = findAgent((await store.read()).state, agent)?.session ?? null;
  if (running !== null) {
    throw usage(
      `the session of ${agent} (${running}) was not started in this worktree`,
      `end it where it was started, or: COORD_SESSION=${running} coord session end --agent ${agent}`,
      { session: running },
    );
  }
  const report: EndReport = { agent, session: null, released: [], kept: [], commit: null };
  return { data: report, text: (style: Parameters<typeof endedLine>[1]) => endedLine(report, style) };
}

/** The claims whose ground has work that no commit holds. */
async function unfinishedClaims(context: Context, claims: readonly Claim[]): Promise<Claim[]> {
  const onPaths = claims.filter(({ kind }) => kind !== 'resource');
  if (onPaths.length === 0) return [];
  const changed = (await changedPaths(context.git)).map((path) => path.normalize('NFC'));
  const options = { foldCase: context.repository.foldsCase };
  return onPaths.filter((claim) => changed.some((path) => matches(groundOf(claim), path, options)));
}

async function releaseAt(
  context: Context,
  store: GitStore,
  claims: readonly Claim[],
  commit: string | null,
): Promise<{ readonly claims: readonly Claim[] } | CoordError> {
  if (claims.length === 0) return { claims };
  const renames = await renamesSince(
    context.git,
    claims.map(({ base }) => base),
    commit,
  );
  const facts = { targets: claims.map(groundOf), commit, commitNamed: false, renames, uncommitted: false };
  const decision = await transact(
    store,
    { kind: 'release', ...(await context.requestBase()), ...facts },
    context.surroundings,
  );
  return decision.ok ? { claims: decision.result.released } : refusalError(decision.refusal, context.now());
}

function keptWarning(claim: Claim, agent: string): string {
  return `kept ${oneLine(claim.target)}: it has uncommitted changes; commit, then coord release ${shellWord(claim.target)} --agent ${agent}`;
}
