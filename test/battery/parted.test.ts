import { describe, expect, it } from 'vitest';
import { coordInProcess, NOON } from '../support/in-process.js';
import { generator, type Random } from '../support/random.js';
import { sandbox } from '../support/sandbox.js';
import { sized, tally } from './support/battery.js';
import { readBranch } from './support/history/branch.js';
import { replayCommits } from './support/history/replay.js';

const ROUNDS = sized(3, 100);
const TARGETS = ['src/a.ts', 'src/b.ts', 'src', 'docs/x.md', 'docs/*.md', '@db/main'];

/** Two agents in each of two clones; `cut` takes the remote away from one of them, `fix` gives it back. */
async function rig() {
  const box = sandbox();
  const remote = box.bareRemote();
  const clones = [box.clone(remote), box.clone(remote)] as const;
  const clock = { ms: NOON };
  const agents = ['maya', 'noor', 'omar', 'pia'].map((name, number) => ({ name, clone: clones[number % 2] as string }));
  type Agent = (typeof agents)[number];
  const as = ({ name, clone }: Agent, ...args: readonly string[]) =>
    coordInProcess(box, clone, args, { now: clock.ms, env: { COORD_AGENT: name } });
  for (const agent of agents) expect(await as(agent, 'init')).toMatchObject({ code: 0 });
  const cut = (clone: string) => box.git(clone, 'remote', 'set-url', 'origin', box.path('out-of-reach.git'));
  const fix = (clone: string) => box.git(clone, 'remote', 'set-url', 'origin', remote);
  return { box, remote, clones, clock, agents, as, cut, fix };
}

type Rig = Awaited<ReturnType<typeof rig>>;

/** What each agent was granted offline and has not given back. */
type Held = Map<string, { readonly agent: string; readonly target: string }>;

/** Some minutes of work by all four, some of whom the remote cannot be reached by. */
async function apart({ agents, as, clock }: Rig, offline: readonly string[], random: Random, failures: string[]) {
  const held: Held = new Map();
  for (let step = 0; step < 10; step += 1) {
    clock.ms += random() * 60_000;
    const agent = agents[Math.floor(random() * agents.length)] as (typeof agents)[number];
    const flag = offline.includes(agent.clone) ? ['--offline'] : [];
    const target = TARGETS[Math.floor(random() * TARGETS.length)] as string;
    const gives = random() < 0.2;
    const words = gives ? ['release', '--all', '--uncommitted'] : ['claim', target, '--allow-behind'];
    const result = await as(agent, ...words, ...flag, '--json');
    if (![0, 3, 4].includes(result.code)) failures.push(`${agent.name} ${words.join(' ')}: ${result.stdout}`);
    if (result.code !== 0 || flag.length === 0) continue;
    const { claims = [], released = [] } = result.json().data;
    // The ids of a clone are its own until the remote has confirmed them.
    for (const { id, target: text } of claims) held.set(`${agent.name} ${id}`, { agent: agent.name, target: text });
    for (const { id } of released) held.delete(`${agent.name} ${id}`);
  }
  return held;
}

/** Each comes back; what it held offline is its own now, or it is told of the loss. */
async function rejoined({ agents, as }: Rig, held: Held, random: Random, failures: string[]): Promise<number> {
  const heard = new Map<string, string>();
  for (const round of [1, 2]) {
    for (const agent of [...agents].sort(() => random() - 0.5)) {
      const { code, stderr } = await as(agent, 'status');
      if (code !== 0) failures.push(`${agent.name} status ${round}: ${stderr}`);
      heard.set(agent.name, `${heard.get(agent.name) ?? ''}${stderr}`);
    }
  }
  const [anyone] = agents;
  const { data } = (await as(anyone as (typeof agents)[number], 'status', '--json')).json();
  const kept = new Set(data.claims.filter(({ reach }: { reach: string }) => reach === 'remote').map(placeOf));
  let lost = 0;
  for (const { agent, target } of held.values()) {
    if (kept.has(placeOf({ agent, target }))) continue;
    lost += 1;
    if (!heard.get(agent)?.includes(`you lost ${target}`))
      failures.push(`${agent} was not told that it lost ${target}`);
  }
  return lost;
}

function placeOf({ agent, target }: { agent: string; target: string }): string {
  return `${agent} ${target}`;
}

describe('clones that were parted from their remote, and rejoin', () => {
  it('hold nothing twice, and tell each lost claim', async () => {
    const all = await rig();
    const { box, remote, clones, agents, as, cut, fix } = all;
    const random = generator(7);
    const failures: string[] = [];
    let granted = 0;
    let lost = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      // Both are cut off, or one while the other goes on.
      const offline = round % 2 === 0 ? clones : [clones[0]];
      for (const clone of offline) cut(clone);
      const held = await apart(all, offline, random, failures);
      for (const clone of offline) fix(clone);
      granted += held.size;
      lost += await rejoined(all, held, random, failures);
      for (const agent of agents) await as(agent, 'release', '--all', '--uncommitted');
    }
    box.git(clones[0], 'fetch', '--quiet', remote, 'refs/coord/state:refs/remotes/origin/coord');
    const replay = replayCommits(readBranch(box, clones[0], 'refs/remotes/origin/coord'));
    tally({
      test: '7 clones parted, claims offline, rejoined',
      tried: `${ROUNDS} partings, ${granted} offline claims, ${lost} lost`,
      bar: '0 double grants of valid in all clones; each lost claim is told',
      failures: [...failures, ...replay.problems],
    });
    expect(lost).toBeGreaterThan(0);
    expect(granted).toBeGreaterThan(lost);
  });

  it('one that lost many at once is told of all of them', async () => {
    const all = await rig();
    const { clones, agents, as, cut, fix } = all;
    const [maya, noor] = agents as [(typeof agents)[number], (typeof agents)[number]];
    cut(clones[0]);
    const targets = Array.from({ length: 60 }, (_, number) => `src/${number}.ts`);
    const failures: string[] = [];
    for (let first = 0; first < targets.length; first += 15) {
      const { code } = await as(maya, 'claim', ...targets.slice(first, first + 15), '--offline');
      if (code !== 0) failures.push(`offline: exit ${code}`);
    }
    await as(noor, 'claim', 'src');
    fix(clones[0]);
    const { stderr } = await as(maya, 'status');
    failures.push(...targets.filter((target) => !stderr.includes(`you lost ${target}:`)));
    tally({
      test: '7 many offline claims lost at once',
      tried: `${targets.length} claims`,
      bar: 'each is told',
      failures,
    });
  });
});
