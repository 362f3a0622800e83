import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { FULL, sized, tally } from './support/battery.js';
import { type PlantedBug, placeWith } from './support/planted.js';
import { type Soak, soak } from './support/soak/play.js';
import { openSite } from './support/soak/site.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** What each command would leave behind, and what must be said of it. */
const LEAKS: readonly (readonly [name: string, bug: PlantedBug, finding: RegExp])[] = [
  [
    'requests stay in the queue',
    {
      file: 'store/queue/request-queue.ts',
      from: 'rmSync(join(this.directory, name), { recursive: true, force: true });',
      to: 'if (!name) rmSync(join(this.directory, name), { recursive: true, force: true });',
    },
    /queued grew/,
  ],
  [
    'a temporary file stays',
    {
      file: 'git/local-cache.ts',
      from: 'renameSync(temporary, path);',
      to: 'renameSync(temporary, path); writeFileSync(temporary, "");',
    },
    /files grew/,
  ],
  [
    'a list of all commands grows',
    {
      file: 'workspace/notices.ts',
      from: 'if (context.isGuard || context.looksOn) return [];',
      to: 'if (context.isGuard || context.looksOn) return [];\n  Object.assign(globalThis, { kept: [Reflect.get(globalThis, "kept"), Array(250_000).fill(0.5)] });',
    },
    /heap grew/,
  ],
  [
    'who follows the events keeps them all',
    {
      file: 'commands/events/follow.ts',
      from: 'private takeEach(events: readonly CoordEvent[], skip: number): void {',
      to: `private readonly kept: unknown[] = [];
  private takeEach(events: readonly CoordEvent[], skip: number): void {
    for (const event of events) this.kept.push([event, Array(10_000).fill(0.5)]);`,
    },
    /watcher grew/,
  ],
];

/** What makes land and integrate break their word. */
const BROKEN: readonly (readonly [name: string, bug: PlantedBug, finding: RegExp])[] = [
  [
    'work lands whose claim is over',
    { file: 'domain/claims/land.ts', from: 'if (unclaimed.length > 0) return', to: 'if (unclaimed.length < 0) return' },
    /without a live claim on it/,
  ],
  [
    'the main branch moves without the state ref',
    { file: 'store/swap/store.ts', from: "return ['--atomic', ", to: 'return [' },
    /but the main branch stood at|but what landed last is/,
  ],
  [
    'what was integrated is not in the worktree',
    { file: 'commands/submissions/integrate.ts', from: 'result.place();', to: '' },
    /though told/,
  ],
];

describe('20 agents, an hour of their clock', () => {
  it('random faults: the history holds, memory and disk stay flat', async () => {
    const seconds = sized(5, 120);
    const { checked, work, failures, figures } = await soak(await openSite(), {
      root: ROOT,
      agents: sized(10, 20),
      seconds,
      speed: sized(120, 30),
      seed: Number(process.env.COORD_SOAK_SEED ?? 14),
    });
    const { calls, commits, refused, unknown } = checked;
    tally({
      test: '14 20 agents, an hour of their clock, random faults',
      tried: `${calls} calls, ${commits} commits, ${refused} refusals, ${unknown} unanswered, ${work.landed} landed of ${work.committed}, ${work.integrated} integrated of ${work.submitted}`,
      bar: 'history checks; memory and disk flat',
      figures,
      failures,
    });
    expect(checked.grants).toBeGreaterThan(0);
    // Afterwards each of them must land, however little time there was before.
    expect(work.landed).toBeGreaterThan(sized(-1, 0));
    expect(work.integrated).toBeGreaterThan(sized(-1, 0));
  });

  it.skipIf(!FULL).each(LEAKS)('a planted leak is found: %s', async (name, bug, finding) => {
    await mustBeFound(name, bug, finding, { agents: 20, seconds: 20, speed: 30 });
  });

  it.skipIf(!FULL).each(BROKEN)('a planted bug is found: %s', async (name, bug, finding) => {
    await mustBeFound(name, bug, finding, { agents: 10, seconds: 12, speed: 120 });
  });
});

async function mustBeFound(
  name: string,
  bug: PlantedBug,
  finding: RegExp,
  size: Pick<Soak, 'agents' | 'seconds' | 'speed'>,
): Promise<void> {
  const site = await openSite();
  const root = await placeWith(site.box, [bug], ['coord']);
  const { checked, failures } = await soak(site, { ...size, root, seed: 1, peaceful: true });
  const found = failures.some((failure) => finding.test(failure));
  tally({
    test: `14 found, as planted: ${name}`,
    tried: `${checked.calls} calls`,
    bar: 'found',
    failures: found ? [] : [`not found; told instead: ${failures.join('; ')}`],
  });
}
