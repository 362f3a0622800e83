import { generator, pick, type Random } from '../../../support/random.js';
import type { Recorder } from '../history/client.js';
import { Bench, type Landing } from './bench.js';
import { CREW, type Place, type Site } from './site.js';

/** The files that agents land work on, few enough for them to meet. */
const SHARED = ['work/a.txt', 'work/b.txt', 'work/c.txt'];

/** What a worker has submitted, by id: the file, and the line that it adds there. */
type HandedOver = Map<string, { readonly file: string; readonly line: string }>;

interface At {
  readonly bench: Bench;
  readonly random: Random;
  readonly goesOn: () => boolean;
}

/** Agents that edit, each in a worktree of its own: some land, one hands over to another, who integrates it and lands. */
export class Crew {
  private readonly benches: ReadonlyMap<string, Bench>;

  constructor(
    private readonly site: Site,
    recorder: Recorder,
    now: () => Date,
  ) {
    const bench = (agent: string, place: Place) => [agent, new Bench(site.box, place, agent, recorder, now)] as const;
    this.benches = new Map([...site.benches].map(([agent, place]) => bench(agent, place)));
  }

  get landings(): readonly Landing[] {
    return [...this.benches.values()].flatMap(({ landings }) => landings);
  }

  /** Makes known who is what, before anything else. */
  async begin(): Promise<void> {
    for (const [agent, role] of [
      [CREW.boss, 'orchestrator'],
      [CREW.worker, 'worker'],
    ] as const) {
      await this.at(agent).call('session', 'start', '--role', role);
      await this.at(agent).call('session', 'end');
    }
  }

  /**
   * Works as long as it is to go on.
   * @param others whom the orchestrator may stop, beside those who land
   * @returns what was told that is not so
   */
  async work(seed: number, others: readonly string[], goesOn: () => boolean): Promise<string[]> {
    const handedOver: HandedOver = new Map();
    const at = (agent: string, number: number) => {
      return { bench: this.at(agent), random: generator(seed * 1000 + number), goesOn };
    };
    const [failures] = await Promise.all([
      integrateAgain(at(CREW.boss, 0), handedOver, [...others, ...CREW.landers]),
      submitAgain(at(CREW.worker, 1), handedOver),
      ...CREW.landers.map((agent, number) => landAgain(at(agent, 2 + number))),
    ]);
    return failures;
  }

  /** When all is calm again, each can land, and nobody has landed without a claim. @returns what does not hold */
  async afterwards(): Promise<string[]> {
    const boss = this.at(CREW.boss);
    for (const agent of CREW.landers) await boss.call('agent', 'revive', agent);
    const failures = await Promise.all([...CREW.landers, CREW.boss].map((agent) => landsAfterwards(this.at(agent))));
    await boss.startOver();
    const { exit, answer } = await boss.call('audit', `${this.site.start}..HEAD`);
    if (exit !== 0) failures.push([`coord audit: exit ${exit} ${JSON.stringify(answer?.error)}`]);
    return failures.flat();
  }

  /** Shortens the state ref. */
  async compact(): Promise<string[]> {
    const { exit, answer } = await this.at(CREW.boss).call('doctor', '--compact', '--keep-history', '20');
    return exit === 0 && answer?.data.changed ? [] : [`coord compact: exit ${exit} ${JSON.stringify(answer)}`];
  }

  private at(agent: string): Bench {
    return this.benches.get(agent) as Bench;
  }
}

async function landsAfterwards(bench: Bench): Promise<string[]> {
  const [file, line] = [`work/${bench.agent}.txt`, `${bench.agent} afterwards`];
  const ready = await bench.startOver();
  const { exit } = await bench.call('claim', file, '--take-over', '--allow-behind');
  bench.write(file, line);
  const landed = ready && exit === 0 && (await bench.commit(line)) && (await bench.land(line, [file], () => true));
  if (landed) return [];
  return [`afterwards: ${bench.agent} cannot land: ${JSON.stringify(bench.last)}`];
}

/** Claims a file, commits a line to it and lands it, again and again. */
async function landAgain({ bench, random, goesOn }: At): Promise<void> {
  for (let count = 0; goesOn(); count += 1) {
    if (!(await bench.startOver())) continue;
    const file = pick(SHARED, random) ?? '';
    // Some claims are over before the work has landed.
    const life = ['--ttl', random() < 0.3 ? '30s' : '1h'];
    const claimed = await bench.claim([file], [...life, ...(random() < 0.5 ? ['--allow-behind'] : ['--wait=5m'])]);
    const line = `${bench.agent} ${count}`;
    if (claimed.exit !== 0) continue;
    bench.write(file, line);
    if (await bench.commit(line)) await bench.land(line, [file], goesOn);
  }
}

/** Edits without a claim, and hands it over. */
async function submitAgain({ bench, random, goesOn }: At, handedOver: HandedOver): Promise<void> {
  for (let count = 0; goesOn(); count += 1) {
    if (!(await bench.startOver())) continue;
    if (random() < 0.2) await bench.call('scratch');
    const line = `${bench.agent} ${count}`;
    const file = random() < 0.6 ? `work/made/${count}.txt` : (pick(SHARED, random) ?? '');
    bench.write(file, line);
    const { exit, answer } = await bench.insist('submit', 'work', '--note', line);
    const id = exit === 0 ? answer?.data.submission.id : null;
    if (id === null) continue;
    handedOver.set(id, { file, line });
    if (random() < 0.1) await bench.insist('submit', '--take-back', id);
  }
}

/**
 * Integrates what is handed over, and lands it; stops one or the other agent, and lets it act again.
 * @param others whom it may stop
 * @returns what it was told that is not so
 */
async function integrateAgain(
  { bench, random, goesOn }: At,
  handedOver: HandedOver,
  others: readonly string[],
): Promise<string[]> {
  const failures: string[] = [];
  while (goesOn()) {
    if (random() < 0.05) await stopForAWhile(bench, pick(others, random) ?? '');
    if (!(await bench.startOver())) continue;
    const { answer } = await bench.call('integrate');
    const submission = pick<{ id: string }>(answer?.data?.submissions ?? [], random);
    if (!submission) continue;
    const { id } = submission;
    const work = handedOver.get(id);
    // Its worker was killed before it knew the id.
    if (!work || random() < 0.05) await bench.insist('integrate', id, '--decline', '--reason', 'not now');
    else failures.push(...(await take(bench, id, work, goesOn)));
  }
  return failures;
}

async function take(
  bench: Bench,
  id: string,
  { file, line }: { readonly file: string; readonly line: string },
  goesOn: () => boolean,
): Promise<string[]> {
  if ((await bench.claim([file], ['--ttl', '1h', '--allow-behind'])).exit !== 0) return [];
  const { exit, answer } = await bench.insist('integrate', id);
  // Others have changed the same lines.
  if (exit === 5) await bench.insist('integrate', id, '--decline', '--reason', 'it conflicts');
  if (exit !== 0) return [];
  if (!bench.has(file, line)) return [`integrate ${id}: ${file} lacks ${line}, though told ${JSON.stringify(answer)}`];
  if (await bench.commit(line)) await bench.land(line, [file], goesOn);
  return [];
}

async function stopForAWhile(bench: Bench, other: string): Promise<void> {
  await bench.call('agent', 'kill', other, '--reason', 'it is to look again');
  await bench.insist('agent', 'revive', other);
}
