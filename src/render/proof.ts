import type { Attempt, Proof } from '../domain/proof.js';
import { oneLine } from '../domain/text.js';
import { table } from './format.js';
import type { Style } from './style.js';

/** What was tried, line by line, and what that shows. */
export function proofLines({ path, holder, intruder, attempts }: Proof, style: Style): string[] {
  const rows = table(attempts.map(({ what, outcome }) => [marks[outcome], what, outcome.replace('-', ' '), '|']));
  return [
    `proof: ${holder} holds ${style.target(oneLine(path))}, and ${intruder} tries to change it`,
    ...attempts.map(({ outcome, by, why }, index) => {
      const head = (rows[index] ?? '').slice(0, -1);
      const paint = outcome === 'stopped' || outcome === 'found' ? style.good : style.warn;
      return `${paint(head)}${by === null ? '' : `by ${by}: `}${why}`;
    }),
    'it was played in a copy, with a remote and claims of its own; the hooks are the ones that are installed here',
  ];
}

const marks: Readonly<Record<Attempt['outcome'], string>> = {
  stopped: '✓',
  found: '✓',
  'not-stopped': '✗',
  'not-tried': '✗',
};
