import { generator, type Random } from '../../../support/random.js';
import type { Recorder } from './client.js';

const TARGETS = ['src/api', 'src/api/users.ts', 'src/web/**', 'src/**/*.ts', '@db/main', 'docs', 'src/*/users.ts'];

/** What an agent may do next, each with its share of all operations. */
const SHARES: readonly (readonly [share: number, make: (random: Random) => string[]])[] = [
  [0.3, (random) => ['claim', pick(random)]],
  [0.1, (random) => ['claim', pick(random), '--shared']],
  [0.1, (random) => ['claim', ...new Set([pick(random), pick(random)])]],
  [0.3, () => ['release', '--all', '--uncommitted']],
  [0.05, () => ['renew']],
  [0.05, (random) => ['release', pick(random), '--uncommitted']],
  [0.05, (random) => ['claim', pick(random), '--take-over']],
  [0.05, () => ['note']],
];

/** Each agent does its operations one after the other, all agents at once; the seed says which. */
export async function playWorkload(
  recorder: Recorder,
  { agents, operations, seed }: { readonly agents: number; readonly operations: number; readonly seed: number },
): Promise<void> {
  await Promise.all(
    Array.from({ length: agents }, async (_, number) => {
      const random = generator(seed * 1000 + number);
      for (let count = 0; count < operations; count += 1) await recorder.call(`agent${number}`, next(random));
    }),
  );
}

function next(random: Random): string[] {
  let left = random();
  for (const [share, make] of SHARES) {
    if (left < share) return make(random);
    left -= share;
  }
  return ['renew'];
}

function pick(random: Random): string {
  return TARGETS[Math.floor(random() * TARGETS.length)] as string;
}
