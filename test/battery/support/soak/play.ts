import { setTimeout as delay } from 'node:timers/promises';
import { generator, pick, type Random } from '../../../support/random.js';
import type { CoordResult } from '../../../support/sandbox.js';
import type { CheckedHistory } from '../history/check.js';
import { checkBranch } from '../history/check.js';
import { type Call, Recorder } from '../history/client.js';
import { Gossip } from '../history/life.js';
import type { Landing } from './bench.js';
import { Crew } from './crew.js';
import { growing, type Sample } from './flat.js';
import { checkLanded } from './landed.js';
import { type FastClock, Machine, type Misfortune, runAlone, timeOf } from './machine.js';
import { makeMischief } from './mischief.js';
import { bytesOf, clearUp, type Leftovers, leftoversOf, type Place, type Site } from './site.js';
import { commandOf, some } from './verbs.js';

export interface Soak {
  /** Folder of the package whose program is soaked. */
  readonly root: string;
  readonly agents: number;
  readonly seconds: number;
  /** Seconds of the agents' clock that pass in a real one. */
  readonly speed: number;
  readonly seed: number;
  /** Without faults, so that nothing but the program can leave anything behind. */
  readonly peaceful?: boolean;
}

/** How much of what agents made has come where it belongs, while things went wrong. */
export interface Work {
  /** Pieces of work that somebody tried to land. */
  readonly committed: number;
  readonly landed: number;
  readonly submitted: number;
  readonly integrated: number;
}

export interface Soaked {
  readonly checked: CheckedHistory;
  readonly work: Work;
  /** What does not hold. */
  readonly failures: readonly string[];
  readonly figures: string;
}

const MACHINES = 4;
const SAMPLES = 24;
/** With fewer, nothing can be said of what grows: a slow machine takes longer. */
const LEAST_CALLS = 120;
const MEGABYTE = 1024 * 1024;

/** What may be left behind, in a few clones, whatever was killed; and the memory of a process that never ends. */
const BOUNDS: Readonly<
  Record<keyof Leftovers | 'bytes' | 'heap' | 'watcher' | 'descriptors', Parameters<typeof growing>[1][string]>
> = {
  queued: { perCommand: 0.02, slack: 12 },
  outbox: { perCommand: 0.02, slack: 20 },
  files: { perCommand: 0.03, slack: 12 },
  refs: { perCommand: 0.02, slack: 6 },
  halfDone: { perCommand: 0.02, slack: 12 },
  // The history itself, in four repositories; when git packs it, `npm run growth` measures.
  loose: { perCommand: 5, slack: 1_000 },
  bytes: { perCommand: 16_384, slack: 4 * MEGABYTE },
  packs: { perCommand: 0.01, slack: 25 },
  // Each verb loads its part of the program when it is first run, also after the first third on a slow machine.
  heap: { perCommand: 2_048, slack: 6 * MEGABYTE },
  watcher: { perCommand: 1_024, slack: 2 * MEGABYTE },
  descriptors: { perCommand: 0.01, slack: 12 },
};

/** Exit codes of a command that works as it should, when the remote may be away. */
const EXPECTED = new Set([0, 2, 3, 4, 5, 6, 7, 9]);

/**
 * Agents in several worktrees of several clones do what agents do, at a clock that goes faster than the real one, while
 * processes are killed and stopped, disks fail, the remote goes away, and others tidy up under their feet. Checked by the
 * history that they leave; meanwhile it is measured what they leave behind.
 */
export async function soak(
  site: Site,
  { root, agents: count, seconds, speed, seed, peaceful = false }: Soak,
): Promise<Soaked> {
  const { box, places } = site;
  const clock: FastClock = { startedMs: Date.now(), speed };
  const machines = Array.from({ length: MACHINES }, () => new Machine(box, root, clock));
  const watcher = new Machine(box, root, clock);
  const agents = Array.from({ length: count - site.benches.size }, (_, number) => `agent${number}`);
  const numberOf = (agent: string) => Number(/\d+$/.exec(agent)?.[0]);
  const placeOf = (agent: string) => site.benches.get(agent) ?? (places[numberOf(agent) % places.length] as Place);
  let calm = true;
  const offsets = new Map<string, number>();
  const befallen: Record<string, number> = {};
  const random = generator(seed);
  const run = (agent: string, args: readonly string[]): Promise<CoordResult | null> => {
    const place = placeOf(agent);
    const order = { agent, cwd: place.worktree, argv: args };
    // An audit compares the time of a commit, which is right, with that of its claim.
    const mayBeFarOff = !site.benches.has(agent);
    const bad = calm ? null : misfortuneOf(random, place, mayBeFarOff ? 2_000 * speed : WITHIN_TOLERANCE_MS);
    offsets.set(agent, bad?.offsetMs ?? 0);
    if (bad === null) return (machines[numberOf(agent) % MACHINES] as Machine).run(order);
    const name = Object.keys(bad)[0] ?? '';
    befallen[name] = (befallen[name] ?? 0) + 1;
    return runAlone(box, root, clock, order, bad);
  };
  const recorder = new Recorder(run, (agent) => timeOf(clock) + (offsets.get(agent) ?? 0), true);
  const crew = new Crew(site, recorder, () => new Date(timeOf(clock)));
  for (const clone of site.clones) {
    void watcher.run({ agent: 'watcher', cwd: clone, argv: ['events', '--follow', '--json'], forget: true });
  }
  await crew.begin();
  const ends = Date.now() + seconds * 1000;
  const goesOn = () => Date.now() < ends || recorder.calls.length < LEAST_CALLS;
  const gossip = new Gossip(agents, [site.start]);
  const cut = new Set<string>();
  const samples: Sample[] = [];
  calm = peaceful;
  const [made, untrue] = await Promise.all([
    peaceful ? {} : makeMischief(site, generator(seed + 1), goesOn),
    crew.work(seed + 3, agents, goesOn),
    peaceful ? null : cutOff(site, cut, generator(seed + 2), goesOn),
    sampling(site, machines, watcher, recorder, { samples, seconds, goesOn }),
    ...agents.map(async (agent, number) => {
      const own = generator(seed * 1000 + number);
      while (goesOn())
        gossip.hear(await recorder.call(agent, commandOf(agent, own, gossip, cut.has(placeOf(agent).clone))));
    }),
  ]);
  clearUp(site);
  calm = true;
  const work = workOf(crew.landings, recorder.calls);
  const strange = recorder.calls.filter(isStrange).map(complaint);
  const after = [...(await afterwards(recorder, site)), ...(await crew.afterwards())];
  const [clone = ''] = site.clones;
  box.git(clone, 'fetch', '--quiet', 'origin', '+refs/coord/state:refs/soak/coord', '+main:refs/soak/main');
  const [calls, spoken] = [[...recorder.calls], [...recorder.spoken]];
  const compacted = [...(await crew.compact()), ...(await afterwards(recorder, site, 'heir'))];
  await Promise.all([...machines, watcher].map((machine) => machine.close()));
  const checked = checkBranch(box, clone, calls, { branch: 'refs/soak/coord', spoken });
  const landed = checkLanded(site, { clone, branch: 'refs/soak/coord', main: 'refs/soak/main' }, crew.landings);
  const unsound = [...site.clones, site.remote].flatMap((store) => {
    const { code, stdout, stderr } = box.tryGit(store, 'fsck', '--strict', '--no-dangling');
    return code === 0 ? [] : [`git fsck of ${store}: exit ${code} ${stdout}${stderr}`];
  });
  const history = [...checked.problems, ...landed];
  const failures = [...strange, ...untrue, ...after, ...compacted, ...history, ...unsound, ...growing(samples, BOUNDS)];
  return { checked, work, failures, figures: figuresOf(samples, { ...befallen, ...made }, speed * seconds) };
}

function workOf(landings: readonly Landing[], calls: readonly Call[]): Work {
  const linesOf = (some: readonly Landing[]) => new Set(some.map(({ line }) => line)).size;
  const done = (verb: string) => calls.filter((call) => call.verb === verb && call.exit === 0);
  return {
    committed: linesOf(landings),
    landed: linesOf(landings.filter(({ call }) => call.exit === 0)),
    submitted: done('submit').filter(({ answer }) => answer?.data.added).length,
    integrated: done('integrate').filter(({ answer }) => answer?.data.applied).length,
  };
}

/** How far a clock may be off unseen. */
const WITHIN_TOLERANCE_MS = 20_000;

/**
 * Most commands meet with nothing.
 * @param farMs how far off the worst clock is
 */
function misfortuneOf(random: Random, { clone }: Place, farMs: number): Misfortune | null {
  const chance = random();
  if (chance < 0.08) return { killMs: 30 + random() * 500 };
  if (chance < 0.11) return { stop: [50 + random() * 300, 100 + random() * 600] };
  if (chance < 0.14) {
    const code = pick(['ENOSPC', 'EIO', 'EACCES'], random) ?? 'EIO';
    return { fault: { at: 1 + some(random, 60), code, under: clone, stays: random() < 0.5 } };
  }
  // Within the tolerance, or a time that is soon over.
  if (chance < 0.17) return { offsetMs: (random() < 0.7 ? WITHIN_TOLERANCE_MS : farMs) * (random() < 0.5 ? 1 : -1) };
  return null;
}

/** Now and then one clone cannot reach the remote, and its agents work offline. */
async function cutOff(site: Site, cut: Set<string>, random: Random, goesOn: () => boolean): Promise<void> {
  while (goesOn()) {
    await delay(random() * 2_000);
    const clone = pick(site.clones, random) ?? '';
    site.box.tryGit(clone, 'remote', 'set-url', 'origin', site.box.path('nowhere.git'));
    cut.add(clone);
    await delay(random() * 500);
    cut.delete(clone);
    site.box.tryGit(clone, 'remote', 'set-url', 'origin', site.remote);
  }
}

interface Sampling {
  readonly samples: Sample[];
  readonly seconds: number;
  readonly goesOn: () => boolean;
}

async function sampling(
  site: Site,
  machines: readonly Machine[],
  watcher: Machine,
  { calls }: Recorder,
  { samples, seconds, goesOn }: Sampling,
): Promise<void> {
  while (goesOn()) {
    await delay((seconds * 1000) / SAMPLES);
    const memory = await Promise.all(machines.map((machine) => machine.measure()));
    const watching = await watcher.measure();
    const sum = (of: (one: (typeof memory)[number]) => number) => memory.reduce((total, one) => total + of(one), 0);
    samples.push({
      commands: calls.length,
      figures: {
        ...leftoversOf(site),
        bytes: bytesOf(site),
        heap: sum(({ heap }) => heap),
        rss: sum(({ rss }) => rss),
        descriptors: sum(({ files }) => files) + watching.files,
        watcher: watching.heap,
      },
    });
  }
}

function isStrange({ end, exit }: Call): boolean {
  return end !== null && !EXPECTED.has(exit ?? -1);
}

function complaint({ agent, args, exit, answer }: Call): string {
  return `${agent} ${args.join(' ')}: exit ${exit} ${JSON.stringify(answer?.error ?? answer)}`;
}

/** When all is calm again, a command works in each worktree. */
async function afterwards(recorder: Recorder, { places }: Site, name = 'visitor'): Promise<string[]> {
  const failures: string[] = [];
  for (const number of places.keys()) {
    for (const args of [['claim', `after/${number}.md`], ['status'], ['release', '--all', '--uncommitted']]) {
      const call = await recorder.call(`${name}${number}`, args);
      if (call.exit !== 0) failures.push(`afterwards: ${complaint(call)}`);
    }
  }
  return failures;
}

function figuresOf(samples: readonly Sample[], faults: Readonly<Record<string, number>>, fastSeconds: number): string {
  const at = (share: number) =>
    samples[Math.min(samples.length - 1, Math.floor(samples.length * share))]?.figures ?? {};
  const over = (name: string, unit = 1) =>
    [0, 0.34, 0.67, 1].map((share) => round((at(share)[name] ?? 0) / unit)).join(' ');
  return [
    `${Math.round(fastSeconds / 60)} minutes of their clock`,
    `faults: ${Object.entries(faults)
      .map(([name, times]) => `${times} ${name}`)
      .join(', ')}`,
    `heap ${over('heap', MEGABYTE)} MB, watcher ${over('watcher', MEGABYTE)} MB, rss ${over('rss', MEGABYTE)} MB`,
    `queue ${over('queued')}, refusals ${over('outbox')}, other files ${over('files')}, refs ${over('refs')}`,
    `loose objects ${over('loose')}, packs ${over('packs')}, half-made ${over('halfDone')}, ${over('bytes', MEGABYTE)} MB`,
  ].join('; ');
}

function round(value: number): string {
  return value.toFixed(value % 1 === 0 ? 0 : 1);
}
