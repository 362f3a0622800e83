import type { Random } from '../../../support/random.js';
import { type Gossip, nextCommand } from '../history/life.js';

/** Beside what is done to claims: the verbs whose answers say less, and that agents use all the same. */
const MORE: readonly (readonly [share: number, words: (random: Random) => readonly string[]])[] = [
  [3, (random) => ['run', `@job/${some(random, 3)}`, '--ttl', '2m', '--', 'true']],
  [2, (random) => ['run', `@job/${some(random, 3)}`, '--ttl', '2m', '--', 'sleep', '0.3']],
  [2, (random) => ['once', `key-${some(random, 40)}`, '--', 'true']],
  [1, () => ['status', 'src/api', '--wait', '1m']],
  [1, (random) => ['claim', `work/${'abc'[some(random, 3)]}.txt`, '--force', '--allow-behind', '--ttl', '1m']],
  [2, () => ['session', 'start']],
  [2, () => ['session', 'end', '--uncommitted']],
  [1, (random) => ['agent', 'state', `at step ${some(random, 3)}`]],
  [2, () => ['events', '--limit', '20']],
  [1, () => ['log', '--limit', '20']],
  [2, () => ['inbox']],
  [1, () => ['agent', 'list']],
  [1, () => ['metrics']],
  [1, () => ['doctor']],
  [1, () => ['rules', 'list']],
  [1, () => ['rules', 'lint']],
  [1, () => ['gate', 'list', 'dummy']],
  [1, () => ['guard', 'status']],
  [2, () => ['sync-check']],
  [1, () => ['audit', 'HEAD']],
  [1, () => ['gate', 'check', 'dummy']],
  [2, () => ['deploy', 'dummy', '--', 'true']],
  [1, () => ['deploy', 'list']],
  [1, () => ['land', '--dry-run']],
  [1, () => ['land', '--to', 'review']],
  [1, () => ['release', '--merged', 'HEAD']],
];

/** The next command line of an agent; `offline`: its clone cannot reach the remote. */
export function commandOf(agent: string, random: Random, gossip: Gossip, offline: boolean): readonly string[] {
  let left = random() * 100;
  for (const [share, words] of MORE) {
    if (left < share) return words(random);
    left -= share;
  }
  const words = nextCommand(agent, random, gossip);
  const possible =
    ['claim', 'renew', 'note'].includes(words[0] ?? '') && !words.some((word) => word.startsWith('--wait'));
  return offline && possible ? [...words, '--offline'] : words;
}

/** A whole number from 0 up to this one. */
export function some(random: Random, most: number): number {
  return Math.floor(random() * most);
}
