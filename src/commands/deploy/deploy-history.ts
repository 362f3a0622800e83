import type { Context } from '../../context.js';
import type { Deployment } from '../../domain/deploy/records.js';
import type { CoordEvent } from '../../domain/events.js';
import type { Instant } from '../../domain/time.js';
import { historyFrom } from '../../store/format/history.js';

/** An event of a deploy, with the coordination commit that holds it. */
export interface RecordedEvent {
  readonly commit: string;
  readonly event: CoordEvent;
}

/** Clocks of hosts differ: this many older commits in a row end the search. */
const OLD_IN_A_ROW = 200;

/** The events of one deploy and of its claim, oldest first; no further back than the deploy began. */
export async function eventsOf(context: Context, deployment: Deployment): Promise<RecordedEvent[]> {
  const { id, claim, startedAt } = deployment;
  return search(context, startedAt, (event) => event.deploy === id || (claim !== null && event.claim === claim.id));
}

/** The last record of each deploy that the history remembers under this id or the beginning of it. */
export async function deploysInHistory(context: Context, prefix: string): Promise<Deployment[]> {
  const found = await search(
    context,
    null,
    (event) => typeof event.deploy === 'string' && event.deploy.startsWith(prefix),
  );
  const records = found.flatMap(({ event }) => (isRecord(event) ? [event.record as Deployment] : []));
  return [...new Map(records.map((record) => [record.id, record])).values()];
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
