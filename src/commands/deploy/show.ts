import { outcomeOf } from '../../domain/deploy/decision.js';
import { type Deployment, type Deployments, liveOn } from '../../domain/deploy/records.js';
import type { CoordEvent } from '../../domain/events.js';
import { coord } from '../../domain/suggestion.js';
import { oneLine } from '../../domain/text.js';
import type { Instant } from '../../domain/time.js';
import { usage } from '../../errors.js';
import { evidenceLines } from '../../render/deploy/records.js';
import { historyFrom } from '../../store/format/history.js';
import type { Context } from '../../workspace/context.js';
import type { Verb } from '../verb.js';
import { knownDeployments } from './list.js';

const LATEST = 5;

export const deployShow: Verb = {
  arguments: [['<deploy>', 'id of a deploy, such as d7; or a deploy target, for what runs there']],
  options: [['--no-fetch', 'read what is here; it says from when']],
  examples: [
    ['coord deploy show prod', 'what the deploy that runs on prod rests on'],
    ['coord deploy show prod --json', 'the same for an audit'],
  ],
  notes: [
    '(a) coordination records say that nobody else was at it, and that the copy was current. (b) gate records say that',
    'it was authorised. Only (b) authorises; neither stands for the other, and a note is neither.',
  ],
  async run(context, input) {
    const { state, warnings } = await knownDeployments(context, !input.negated('fetch'));
    const deployment = await find(context, state.deployments, input.argument(0) ?? '');
    const now = context.now();
    const all = await eventsOf(context, deployment);
    const ofGates = all.filter(({ event }) => event.type === 'gate.checked');
    const events = all.filter(({ event }) => event.type !== 'gate.checked');
    const { claim, agent, session, rules, sync, gates, verification } = deployment;
    const report = {
      deployment,
      outcome: outcomeOf(deployment, state.claims, now),
      coordination: { authorises: false as const, claim, agent, session, rules, sync, events },
      authorisation: { authorises: true as const, gates, events: ofGates },
      verification,
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

/** Clocks of hosts differ: this many older commits in a row end the search. */
const OLD_IN_A_ROW = 200;

/** The events of one deploy and of its claim, oldest first; no further back than the deploy began. */
async function eventsOf(context: Context, deployment: Deployment): Promise<RecordedEvent[]> {
  const { id, claim, startedAt } = deployment;
  return search(context, startedAt, (event) => event.deploy === id || (claim !== null && event.claim === claim.id));
}

/** The last record of a deploy that the history remembers under this id. */
async function deployInHistory(context: Context, id: string): Promise<Deployment | undefined> {
  const found = await search(context, null, (event) => event.deploy === id && isRecord(event));
  return found.at(-1)?.event.record as Deployment | undefined;
}

function isRecord({ type, record }: CoordEvent): boolean {
  return type.startsWith('deploy.') && typeof record === 'object' && record !== null;
}

async function search(
  context: Context,
  since: Instant | null,
  wants: (event: CoordEvent) => boolean,
): Promise<RecordedEvent[]> {
  const tip = await (await context.store()).tip();
  const found: RecordedEvent[] = [];
  if (tip === null) return found;
  let old = 0;
  for await (const commit of historyFrom(context.gitStream, tip)) {
    for (const event of commit.events.toReversed()) if (wants(event)) found.push({ commit: commit.id, event });
    old = since !== null && commit.at < since.replace(/\.\d+Z$/, '.000Z') ? old + 1 : 0;
    if (old >= OLD_IN_A_ROW) break;
  }
  return found.reverse();
}
