import { join } from 'node:path';
import { describe, it } from 'vitest';
import { type Fleet, localFleet } from '../support/fleet.js';
import { CLIENTS, type Client, PINNED, whyNot } from './support/clients.js';
import { runClient } from './support/rig.js';

/* What coord adds to a tool call, as a real client sees it: `npm run bench:clients` prints it. Nothing is judged by it. */

const ROUNDS = Number(process.env.COORD_CLIENTS_COST ?? 0);
const CALLS = 8;

interface Cost {
  /** Milliseconds from one request to the model to the next. */
  readonly shell: number;
  readonly edit: number;
  readonly first: number;
}

const median = (all: readonly number[]) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? Number.NaN;

async function once(client: Client, asks: boolean): Promise<Cost> {
  const fleet: Fleet = await localFleet();
  const { clone } = fleet;
  if (asks) await fleet.as('setter', ['guard', 'install', client.harness]);
  const shell = (command: string) => [{ tools: [client.shell(command)] }];
  // No two calls are alike: a client may take that for a loop, and stop.
  const numbers = Array.from({ length: CALLS }, (_, index) => index);
  for (const number of numbers) fleet.box.write(clone, `src/api/own-${number}.ts`, 'before\n');
  const groups = [
    { kind: 'first', steps: shell('echo new > src/web/new.ts') },
    { kind: 'claim', steps: shell('coord claim src/api') },
    ...numbers.flatMap((number) => [
      { kind: 'shell', steps: shell(`true ${number}`) },
      { kind: 'edit', steps: client.write(join(clone, `src/api/own-${number}.ts`), 'after\n') },
    ]),
  ];
  const { times } = await runClient(
    client,
    fleet,
    clone,
    groups.flatMap(({ steps }) => steps),
  );
  const took = (kind: string) =>
    groups.flatMap((group, index) => {
      const at = groups.slice(0, index + 1).flatMap(({ steps }) => steps).length;
      return group.kind === kind ? [(times[at] ?? Number.NaN) - (times[at - 1] ?? Number.NaN)] : [];
    });
  return { shell: median(took('shell')), edit: median(took('edit')), first: median(took('first')) };
}

describe.skipIf(ROUNDS === 0)('what coord adds to a tool call', () => {
  it.each(CLIENTS.map((client) => [client.package, client] as const))('%s', async (name, client) => {
    if (whyNot(client.program, client.package) !== null) return;
    const all: Record<'with' | 'without', Cost[]> = { with: [], without: [] };
    for (let round = 0; round < ROUNDS; round += 1) {
      all.without.push(await once(client, false));
      all.with.push(await once(client, true));
    }
    const added = (['shell', 'edit', 'first'] as const).map((kind) => {
      const [without, withIt] = [all.without, all.with].map((costs) => median(costs.map((cost) => cost[kind])));
      return `${Math.round((withIt ?? 0) - (without ?? 0))} (${Math.round(without ?? 0)})`;
    });
    console.log(`| \`${name}\` ${PINNED[name]} | ${added.join(' | ')} |`);
  });
});
