import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { FULL, sized, tally } from '../support/battery.js';
import { type PlantedBug, placeWith } from '../support/planted.js';
import { soak } from '../support/soak/play.js';
import { openSite } from '../support/soak/site.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const HOUR_SECONDS = 3_600;

/** What each command would leave behind, and what must be said of it. */
const LEAKS: readonly (readonly [name: string, bug: PlantedBug, finding: RegExp])[] = [
  [
    'requests stay in the queue',
    {
      file: 'store/request-queue.ts',
      from: 'rmSync(join(this.directory, ticket), { recursive: true, force: true });',
      to: 'if (!ticket) rmSync(join(this.directory, ticket), { recursive: true, force: true });',
    },
    /queued grew/,
  ],
  [
    'a temporary file stays',
    {
      file: 'store/asked.ts',
      from: 'renameSync(temporary, this.path);',
      to: 'renameSync(temporary, this.path); writeFileSync(temporary, at);',
    },
    /files grew/,
  ],
  [
    'a list of all commands grows',
    {
      file: 'notices.ts',
      from: 'if (context.isGuard) return [];',
      to: 'if (context.isGuard) return [];\n  Object.assign(globalThis, { kept: [Reflect.get(globalThis, "kept"), Array(250_000).fill(0.5)] });',
    },
    /heap grew/,
  ],
  [
    'who follows the events keeps them all',
    {
      file: 'commands/events/follow.ts',
      from: 'private printEach(events: readonly CoordEvent[], skip: number): void {',
      to: `private readonly kept: unknown[] = [];
  private printEach(events: readonly CoordEvent[], skip: number): void {
    for (const event of events) this.kept.push([event, Array(10_000).fill(0.5)]);`,
    },
    /watcher grew/,
  ],
];

describe('20 agents, an hour of their clock', () => {
  it('random faults: the history holds, memory and disk stay flat', async () => {
    const seconds = sized(6, 120);
    const { checked, failures, figures } = await soak(await openSite(), {
      root: ROOT,
      agents: 20,
      seconds,
      speed: HOUR_SECONDS / seconds,
      seed: Number(process.env.COORD_SOAK_SEED ?? 14),
    });
    const { calls, commits, refused, unknown } = checked;
    tally({
      test: '14 20 agents, an hour of their clock, random faults',
      tried: `${calls} calls, ${commits} commits, ${refused} refusals, ${unknown} unanswered`,
      bar: 'history checks; memory and disk flat',
      figures,
      failures,
    });
    expect(checked.grants).toBeGreaterThan(0);
  });

  it.skipIf(!FULL).each(LEAKS)('a planted leak is found: %s', async (name, bug, finding) => {
    const site = await openSite();
    const root = await placeWith(site.box, [bug], ['coord']);
    const { checked, failures } = await soak(site, {
      root,
      agents: 20,
      seconds: 20,
      speed: 30,
      seed: 1,
      peaceful: true,
    });
    const found = failures.some((failure) => finding.test(failure));
    tally({
      test: `14 a planted leak is found: ${name}`,
      tried: `${checked.calls} calls`,
      bar: 'found',
      failures: found ? [] : [`not found; told instead: ${failures.join('; ')}`],
    });
  });
});
