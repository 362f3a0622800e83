import { outcomeOf } from '../../domain/deploy/decision.js';
import { type Deployment, type Deployments, liveOn } from '../../domain/deploy/records.js';
import type { CoordEvent } from '../../domain/events.js';
import type { State } from '../../domain/model.js';
import { coord } from '../../domain/suggestion.js';
import { oneLine } from '../../domain/text.js';
import type { Instant } from '../../domain/time.js';
import { CoordError, usage } from '../../errors.js';
import { shallowBoundary } from '../../git/history.js';
import { countApart } from '../../git/main-branch.js';
import { trueGit } from '../../git/porcelain.js';
import { deploymentLines, evidenceLines, type LiveReport } from '../../render/deploy/records.js';
import { staleWarning } from '../../render/status.js';
import { historyFrom } from '../../store/format/history.js';
import type { Context } from '../../workspace/context.js';
import { mainBranch, protectedConfig } from '../../workspace/main-branch.js';
import { syncFacts } from '../../workspace/sync-facts.js';

import { BY_OPTION, readBy } from '../input.js';
import type { Verb } from '../verb.js';
import { doubtsAbout } from './evidence.js';

export const deployList: Verb = {
  arguments: [['[target]', 'only this deploy target']],
  options: [BY_OPTION, ['--no-fetch', 'do not fetch; use what this clone has, and say how old it is']],
  examples: [
    ['coord deploy list', 'what runs where, by whom, and how far the main branch is ahead of it'],
    ['coord deploy list prod --json', 'its newest attempts too, for a program'],
  ],
  answers: { live: ['Live[]', 'what runs where'], deployments: 'Deployment[]', now: 'instant' },
  async run(context, input) {
    const asked = input.argument(0);
    const by = readBy(input);
    const fetch = !input.negated('fetch');
    const { state, warnings: old } = await knownDeployments(context, fetch);
    // A remote that has just been out of reach is not asked twice.
    const warnings = fetch && old.length === 0 ? await fetchMain(context) : old;
    const known = await targetsKnown(context, state.deployments);
    if (asked !== undefined && !known.includes(asked)) {
      const listed =
        known.length === 0 ? 'none is configured, and nothing was deployed' : `one of: ${known.join(', ')}`;
      throw usage(`no such deploy target: ${JSON.stringify(asked.slice(0, 80))}`, listed, { known });
    }
    const now = context.now();
    const targets = asked === undefined ? known : [asked];
    const attempts = state.deployments.attempts
      .filter(({ target, agent }) => targets.includes(target) && (by === null || agent === by))
      .map((attempt) => ({ ...attempt, outcome: outcomeOf(attempt, state.claims, now) }));
    const live = await Promise.all(targets.map(async (target) => liveReport(context, state, target)));
    return {
      data: { live, deployments: attempts, now },
      text: (style) => deploymentLines(live, attempts, now, style, asked !== undefined),
      warnings,
    };
  },
};

/** Fetches the main branch, which what runs is compared with. @returns what to say when it could not be. */
async function fetchMain(context: Context): Promise<string[]> {
  const { mainRemote, mainBranch: named } = await context.config();
  const { upstream } = await syncFacts(context, { mainRemote, mainBranch: named, surface: [], requireClean: false });
  if (['fetched', 'no-remote', 'not-asked'].includes(upstream.kind)) return [];
  return [`the main branch could not be fetched from ${oneLine(mainRemote)}: MAIN is as it was last fetched`];
}

/** Every target that the main branch configures or that something was deployed to. */
export async function targetsKnown(context: Context, { targets, attempts }: Deployments): Promise<string[]> {
  // A configuration that cannot be read hides nothing of what ran.
  const configured = await protectedConfig(context).then(
    ({ config }) => Object.keys(config.deploy),
    () => [],
  );
  return [...new Set([...configured, ...targets.map(({ target }) => target), ...attempts.map(({ target }) => target)])];
}

async function liveReport(context: Context, state: State, target: string): Promise<LiveReport> {
  const { live, perhaps } = liveOn(state.deployments, target);
  const now = context.now();
  const main = await mainBranch(context);
  // A shallow clone counts too few.
  const countable = shallowBoundary(context.repository).length === 0;
  const apart = live && main && countable ? await countApart(trueGit(context), main.commit, live.commit) : null;
  const attempts = state.deployments.attempts.filter((attempt) => attempt.target === target);
  const withOutcome = (outcome: string) => attempts.filter((one) => outcomeOf(one, state.claims, now) === outcome);
  // What was seen to run since makes an older riddle no matter any more.
  const matters = ({ id, status }: Deployment) => status === 'running' || perhaps.some(({ deploy }) => deploy === id);
  return {
    target,
    commit: live?.commit ?? null,
    deploy: live?.deploy ?? null,
    agent: live?.agent ?? null,
    at: live?.at ?? null,
    evidence: evidenceIds(attempts.find(({ id }) => id === live?.deploy)),
    main: main?.name ?? null,
    mainCommit: main?.commit ?? null,
    mainAhead: apart?.ahead ?? null,
    mainLacks: apart?.behind ?? null,
    perhaps,
    running: withOutcome('running').map(({ id }) => id),
    unknown: withOutcome('unknown')
      .filter(matters)
      .map(({ id }) => id),
  };
}

/** Both kinds of evidence by their ids; null where the record is no longer kept: coord deploy show finds it in the history. */
function evidenceIds(attempt: Deployment | undefined): LiveReport['evidence'] {
  if (!attempt) return null;
  return {
    coordination: attempt.claim && { claim: attempt.claim.id, token: attempt.claim.token },
    gates: attempt.gates.filter(({ open }) => open).map(({ id, gate }) => ({ id, gate })),
  };
}

/** The state as far as it can be had, and from when it is, where the remote was not reached. */
interface KnownState {
  readonly state: State;
  readonly warnings: readonly string[];
}

/** The deployments as the arbiter has them; offline, or when told so, as they are known here. */
export async function knownDeployments(context: Context, fetch: boolean): Promise<KnownState> {
  const store = await context.store();
  const { remote } = await context.config();
  try {
    if (fetch) return { state: (await store.latest(['deployments'])).state, warnings: [] };
  } catch (error) {
    if (!(error instanceof CoordError) || error.code !== 'unavailable') throw error;
    const { state } = await store.read(['deployments']);
    const words = `${remote} could not be reached; ${staleWarning(remote, store.askedAt, context.now())}`;
    return { state, warnings: [words] };
  }
  const { state } = await store.read(['deployments']);
  return { state, warnings: store.reach === 'remote' ? [staleWarning(remote, store.askedAt, context.now())] : [] };
}

const LATEST = 5;

export const deployShow: Verb = {
  arguments: [['<deploy>', 'id of a deploy, such as d7; or a deploy target, for what runs there']],
  options: [['--no-fetch', 'do not fetch; use what this clone has, and say how old it is']],
  examples: [
    ['coord deploy show prod', 'what the deploy that runs on prod rests on'],
    ['coord deploy show prod --json', 'the same for an audit'],
  ],
  notes: [
    '(a) coordination records say that nobody else was deploying, and that the copy was current. (b) gate records say that',
    'it was authorised. Only (b) authorises; neither stands for the other, and a note is neither.',
  ],
  answers: {
    deployment: 'Deployment',
    outcome: 'text',
    coordination: ['object', 'evidence that nobody else was deploying; authorises nothing'],
    authorisation: ['object', 'evidence that it was allowed'],
    verification: 'object | null',
    doubts: ['text[]', 'what the history does not bear out, or cannot be verified; empty: all of it holds'],
  },
  async run(context, input) {
    const { state, warnings } = await knownDeployments(context, !input.negated('fetch'));
    const deployment = await find(context, state.deployments, input.argument(0) ?? '');
    const now = context.now();
    const { found: all, compacted } = await eventsOf(context, deployment);
    const ofGates = all.filter(({ event }) => event.type === 'gate.checked');
    const events = all.filter(({ event }) => event.type !== 'gate.checked');
    const { claim, agent, session, rules, sync, gates, verification } = deployment;
    const told = all.map(({ event }) => event);
    const doubts = await doubtsAbout(context, deployment, told, compacted, !input.negated('fetch'));
    const report = {
      deployment,
      outcome: outcomeOf(deployment, state.claims, now),
      coordination: { authorises: false as const, claim, agent, session, rules, sync, events },
      authorisation: { authorises: true as const, gates, events: ofGates },
      verification,
      doubts,
    };
    return { data: report, text: (style) => evidenceLines(report, now, style), warnings };
  },
};

async function find(context: Context, deployments: Deployments, asked: string): Promise<Deployment> {
  const { live } = liveOn(deployments, asked);
  const wanted = live?.deploy ?? asked;
  const { attempts } = deployments;
  const found = attempts.find(({ id }) => id === wanted) ?? (await deployInHistory(context, wanted));
  if (found) return found;
  const ids = attempts.slice(-LATEST).map(({ id }) => id);
  const name = JSON.stringify(oneLine(asked).slice(0, 80));
  const hint = ids.length === 0 ? `nothing was deployed yet: ${coord('deploy list')}` : `the latest: ${ids.join(', ')}`;
  throw usage(`no such deploy: ${name}`, hint, { deploys: ids });
}

/** An event of a deploy, with the coordination commit that holds it. */
interface RecordedEvent {
  readonly commit: string;
  readonly event: CoordEvent;
}

interface Found {
  /** Oldest first. */
  readonly found: RecordedEvent[];
  /** Up to when the history was compacted, where the search came to that; null: it did not. */
  readonly compacted: Instant | null;
}

/** Clocks of hosts differ: this many older commits in a row end the search. */
const OLD_IN_A_ROW = 200;

/** The events of one deploy and of its claim, oldest first; no further back than the deploy began. */
async function eventsOf(context: Context, deployment: Deployment): Promise<Found> {
  const { id, claim, startedAt } = deployment;
  return search(context, startedAt, (event) => event.deploy === id || (claim !== null && event.claim === claim.id));
}

/** The last record of a deploy that the history remembers under this id. */
async function deployInHistory(context: Context, id: string): Promise<Deployment | undefined> {
  const { found } = await search(context, null, (event) => event.deploy === id && isRecord(event));
  return found.at(-1)?.event.record as Deployment | undefined;
}

function isRecord({ type, record }: CoordEvent): boolean {
  return type.startsWith('deploy.') && typeof record === 'object' && record !== null;
}

async function search(context: Context, since: Instant | null, wants: (event: CoordEvent) => boolean): Promise<Found> {
  const tip = await (await context.store()).tip();
  const found: RecordedEvent[] = [];
  let compacted: Instant | null = null;
  if (tip === null) return { found, compacted };
  let old = 0;
  for await (const commit of historyFrom(context.gitStream, tip)) {
    for (const event of commit.events.toReversed()) if (wants(event)) found.push({ commit: commit.id, event });
    compacted = commit.compacted?.to ?? null;
    old = since !== null && commit.at < since.replace(/\.\d+Z$/, '.000Z') ? old + 1 : 0;
    if (old >= OLD_IN_A_ROW) break;
  }
  return { found: found.reverse(), compacted };
}
