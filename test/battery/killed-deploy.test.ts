import { existsSync, readFileSync } from 'node:fs';
import { it } from 'vitest';
import { type DeployFleet, deployFleet } from '../support/deploying.js';
import { until } from '../support/fleet.js';
import { killedAfter } from '../support/killing.js';
import { generator } from '../support/random.js';
import type { CoordResult } from '../support/sandbox.js';
import { sized, tally } from './support/battery.js';

const KILLS = sized(3, 100);
const TTL_SECONDS = 2;

interface Attempt {
  readonly id: string;
  readonly outcome: 'running' | 'done' | 'failed' | 'blocked' | 'unknown';
}

/** What is on the record of a target. */
interface Known {
  readonly attempts: readonly Attempt[];
  readonly live: string | null;
}

/** Each round deploys to a target of its own, so that nobody has to wait for the claim of the one that was killed. */
async function rig() {
  const targets = Array.from({ length: KILLS + 1 }, (_, round) => `t${round}`);
  const deploy = Object.fromEntries(targets.map((target) => [target, { gates: ['tests'] }]));
  const fleet = await deployFleet({ config: { deploy, skewTolerance: '0s' } });
  const { box, clone } = fleet;
  const commandFor = (target: string, ...options: readonly string[]) => {
    const note = `echo "$COORD_DEPLOY" >> '${box.path(target)}'`;
    return ['deploy', target, `--ttl=${TTL_SECONDS}s`, ...options, '--json', '--', 'sh', '-c', note];
  };
  return {
    ...fleet,
    commandFor,
    head: box.git(clone, 'rev-parse', 'HEAD'),
    /** Ids of the deploys whose program has run there. */
    ranOn: (target: string) =>
      existsSync(box.path(target)) ? readFileSync(box.path(target), 'utf8').trim().split('\n') : [],
  };
}

type Rig = Awaited<ReturnType<typeof rig>>;

async function knownOf({ as }: DeployFleet, target: string): Promise<Known> {
  const { data } = (await as('noor', ['deploy', 'list', target, '--json'])).json();
  return { attempts: data.deployments, live: data.live[0].commit };
}

/** What the record says of a killed deploy must be true, or say that it does not know. */
function wrongRecord({ head }: Rig, { attempts, live }: Known, ran: readonly string[], answer: CoordResult | null) {
  const [attempt] = attempts;
  const outcome = attempt?.outcome ?? 'none';
  const failures: string[] = [];
  if (attempts.length > 1) failures.push(`${attempts.length} attempts on the record`);
  if (outcome === 'done' ? ran.length !== 1 || live !== head : live !== null) {
    failures.push(`${outcome}, live ${live}, and its program ran ${ran.length} times`);
  }
  if (['none', 'failed', 'blocked'].includes(outcome) && ran.length > 0)
    failures.push(`${outcome}, but its program ran`);
  if (answer?.code === 0 && outcome !== 'done') failures.push(`answered that it is done, and is ${outcome}`);
  if (ran.some((id) => id !== attempt?.id)) failures.push(`the program of another deploy ran: ${ran.join(', ')}`);
  return failures;
}

/** The next deploy goes on, or is told that it is not known what runs, and then goes on when it says so. */
async function wrongAfterwards(all: Rig, target: string, outcome: string): Promise<string[]> {
  const { as, commandFor, ranOn, head } = all;
  const before = ranOn(target).length;
  const next = await as('noor', commandFor(target));
  const exit = outcome === 'unknown' ? 7 : 0;
  if (next.code !== exit) return [`${outcome}, then exit ${next.code}, not ${exit}: ${next.stdout}`];
  if (exit === 7) {
    if (ranOn(target).length !== before) return ['it ran although nobody knows what runs'];
    const retried = await as('noor', commandFor(target, '--retry'));
    if (retried.code !== 0) return [`--retry: exit ${retried.code}: ${retried.stdout}`];
  }
  const ran = ranOn(target);
  const twice = new Set(ran).size !== ran.length ? [`a program ran twice: ${ran.join(', ')}`] : [];
  const { live } = await knownOf(all, target);
  return [...twice, ...(ran.length === before + 1 && live === head ? [] : [`ran ${ran.length}, live ${live}`])];
}

/** How long a deploy takes here at the least that nobody kills. */
async function wholeMs({ as, commandFor }: Rig): Promise<number> {
  const times: number[] = [];
  for (const _ of [1, 2, 3]) {
    const began = performance.now();
    const { code, stdout } = await as('maya', commandFor(`t${KILLS}`));
    if (code !== 0) throw new Error(`a deploy that nobody kills: exit ${code} ${stdout}`);
    times.push(performance.now() - began);
  }
  return Math.min(...times);
}

it('deploy, killed at a random moment: the record is true or says unknown, and the next deploy goes on', async () => {
  const all = await rig();
  const { box, clone, as, commandFor, ranOn } = all;
  const random = generator(4);
  const failures: string[] = [];
  const whole = await wholeMs(all);
  const answers: (CoordResult | null)[] = [];
  for (let round = 0; round < KILLS; round += 1) {
    answers.push(await killedAfter(box, clone, 'maya', commandFor(`t${round}`), 20 + random() * whole));
    const longest = new Date(Date.now() + TTL_SECONDS * 1000).toISOString();
    const { claims } = (await as('noor', ['status', '--no-fetch', '--json'])).json().data;
    const stuck = claims.filter(({ expiresAt }: { expiresAt: string }) => expiresAt > longest);
    if (stuck.length > 0) failures.push(`t${round}: held beyond its time: ${JSON.stringify(stuck)}`);
  }
  const outcomes: Record<string, number> = {};
  for (const [round, answer] of answers.entries()) {
    const target = `t${round}`;
    const over = async () => (await knownOf(all, target)).attempts[0]?.outcome !== 'running';
    await until(over, `the claim on ${target} ends`);
    const known = await knownOf(all, target);
    const outcome = known.attempts[0]?.outcome ?? 'none';
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    const wrong = [...wrongRecord(all, known, ranOn(target), answer), ...(await wrongAfterwards(all, target, outcome))];
    failures.push(...wrong.map((text) => `${target}: ${text}`));
  }
  const { code, stdout } = box.tryGit(clone, 'fsck', '--strict', '--no-dangling');
  if (code !== 0) failures.push(`git fsck: ${stdout}`);
  const counted = Object.entries(outcomes).map(([outcome, times]) => `${times} ${outcome}`);
  tally({
    test: '2 kill -9 of deploy',
    tried: `${KILLS} runs, ${answers.filter((answer) => answer === null).length} killed before they answered`,
    bar: 'never falsely done; the next deploy works',
    figures: `then on record: ${counted.join(', ')}`,
    failures,
  });
});
