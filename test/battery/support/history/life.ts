import { pick, type Random } from '../../../support/random.js';
import type { Call } from './client.js';

const TARGETS = ['src/api', 'src/api/users.ts', 'src/web/**', 'src/**/*.ts', '@db/main', 'docs', 'src/*/users.ts'];
const LIVES = ['2m', '10m', '30m'];

/** What agents know of each other's doings, to have something to answer to. */
export class Gossip {
  private notes: string[] = [];
  private tasks: string[] = [];
  private claims: { readonly target: string; readonly token: number; readonly agent: string }[] = [];

  /** @param commits to name at a release: not everybody has each of them */
  constructor(
    readonly agents: readonly string[],
    readonly commits: readonly string[],
  ) {}

  /** Takes in what a call was answered. */
  hear({ exit, answer }: Call): void {
    if (exit !== 0) return;
    // A program with a bug answers anything.
    this.notes.push(...(answer?.data.notes ?? []).map((note: { id: string } | null) => note?.id ?? 'none'));
    this.claims.push(...(answer?.data.claims ?? []));
    const { task, tasks = [] } = answer?.data ?? {};
    this.tasks.push(...[task, ...tasks].flatMap((one?: { id: string }) => one?.id ?? []));
    this.tasks = this.tasks.slice(-20);
    this.notes = this.notes.slice(-20);
    this.claims = this.claims.slice(-20);
  }

  /** What to say of a task, where one is known. */
  task(random: Random, ...words: readonly string[]): readonly string[] {
    const task = pick(this.tasks, random);
    return task === undefined ? [] : [...words, task];
  }

  note(random: Random): string | undefined {
    return pick(this.notes, random);
  }

  claim(random: Random, agent?: string) {
    return pick(agent === undefined ? this.claims : this.claims.filter((one) => one.agent === agent), random);
  }
}

type Act = (agent: string, random: Random, gossip: Gossip) => readonly string[];

const target = (random: Random) => pick(TARGETS, random) ?? 'docs';
const own = (agent: string, random: Random, gossip: Gossip) => gossip.claim(random, agent)?.target ?? target(random);
const commit = (random: Random, gossip: Gossip) => pick(gossip.commits, random) ?? 'HEAD';
const behind = (random: Random) => (random() < 0.6 ? ['--allow-behind'] : []);

/** What an agent may do next, each with its share of all that it does. */
const ACTS: readonly (readonly [share: number, act: Act])[] = [
  [20, (_, random) => ['claim', target(random), '--ttl', pick(LIVES, random) ?? '2m', ...behind(random)]],
  [8, (_, random) => ['claim', target(random), '--shared', ...behind(random)]],
  [6, (_, random) => ['claim', ...new Set([target(random), target(random)]), ...behind(random)]],
  [10, (_, random) => ['claim', target(random), '--wait=5m', '--expect=1m', '--allow-behind']],
  [6, () => ['release', '--all', '--uncommitted']],
  [8, (_, random, gossip) => ['release', '--all', '--uncommitted', '--commit', commit(random, gossip)]],
  [
    6,
    (agent, random, gossip) => [
      ...['release', own(agent, random, gossip), '--uncommitted'],
      ...['--commit', commit(random, gossip)],
    ],
  ],
  [4, () => ['renew']],
  [6, (agent, random, gossip) => ['renew', own(agent, random, gossip), target(random)]],
  [3, (_, random) => ['claim', target(random), '--take-over', '--allow-behind']],
  [2, (_, random) => ['claim', target(random), '--allow-behind']],
  [
    6,
    (agent, random, gossip) => [
      'handoff',
      own(agent, random, gossip),
      '--uncommitted',
      '--to',
      pick(gossip.agents, random) ?? agent,
    ],
  ],
  [5, () => ['handoff', 'accept', '--allow-behind']],
  [2, (_, random, gossip) => ['handoff', 'accept', gossip.claim(random)?.target ?? target(random), '--allow-behind']],
  [2, () => ['handoff', 'decline']],
  [4, () => ['note']],
  [3, (_, random, gossip) => ['ack', gossip.note(random) ?? 'none']],
  [6, () => ['status']],
  [
    7,
    (_, random, gossip) => [
      ...['task', 'add', 'some work', '--scope', target(random)],
      ...(random() < 0.4 ? gossip.task(random, '--after') : []),
    ],
  ],
  [8, (_, random) => ['task', 'take', ...behind(random)]],
  [3, () => ['task', 'take', '--wait=5m', '--allow-behind']],
  [2, (_, random, gossip) => ['task', 'take', ...gossip.task(random), '--another', '--allow-behind']],
  [6, () => ['task', 'done', '--uncommitted', '--result', 'as asked']],
  [2, (_, random, gossip) => ['task', 'done', ...gossip.task(random), '--uncommitted']],
  [2, () => ['task', 'return', '--uncommitted']],
  [1, (_, random, gossip) => ['task', 'drop', ...gossip.task(random)]],
  [1, (_, random, gossip) => ['task', 'edit', ...gossip.task(random), '--retry']],
  [
    5,
    (_, random, gossip) => {
      const claim = gossip.claim(random);
      return ['verify-token', claim?.target ?? 'docs', String(claim?.token ?? 1)];
    },
  ],
];

const ALL = ACTS.reduce((sum, [share]) => sum + share, 0);

/** The next command line of an agent. */
export function nextCommand(agent: string, random: Random, gossip: Gossip): readonly string[] {
  let left = random() * ALL;
  for (const [share, act] of ACTS) {
    if (left < share) return act(agent, random, gossip);
    left -= share;
  }
  return ['status'];
}
