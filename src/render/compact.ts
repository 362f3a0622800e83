import type { Compacted } from '../domain/compacted.js';
import { plural } from '../domain/text.js';
import type { Instant } from '../domain/time.js';
import { CoordError } from '../errors.js';
import { clock, shortCommit } from './format.js';
import type { Style } from './style.js';

export interface CompactReport {
  readonly changed: boolean;
  readonly dryRun: boolean;
  /** null: there is nothing to gain. */
  readonly compacted: Compacted | null;
  /** Commits that stay as they are. */
  readonly kept: number;
  /** The tip before, and now. */
  readonly former: string;
  readonly tip: string;
  /** The ref that keeps the former history; null: none does. */
  readonly archive: string | null;
}

export function compactLines(report: CompactReport, now: Instant, style: Style): string[] {
  const { compacted, kept, former, archive, dryRun } = report;
  if (compacted === null) return [`nothing to compact: all of the ${plural(kept, 'commit')} would stay`];
  const until = clock(compacted.to, now);
  const gone = `${plural(compacted.commits, 'commit')} until ${until}`;
  const stays = kept === 0 ? 'none stays as it is' : `the newest ${plural(kept, 'commit')} would stay`;
  if (dryRun)
    return [`would compact ${gone} into one; ${stays}`, 'the state would stay the same; their events would go'];
  return [
    `${style.good('compacted')} ${gone} into one${kept === 0 ? '' : `; the newest ${plural(kept, 'commit')} stay`}`,
    'the state is the same; their events cannot be listed any more; other clones follow by themselves',
    archive === null
      ? `the former history is ${shortCommit(former)}, until git gc removes it`
      : `the former history is ${archive}`,
  ];
}

export function mayNotCompact(orchestrators: readonly string[]): CoordError {
  const who = orchestrators.length === 0 ? '' : ` (${orchestrators.join(', ')})`;
  return new CoordError('closed', 'refused: only an orchestrator, or a person at a terminal, may compact the history', {
    hint: `ask an orchestrator${who} or a person`,
    details: { reason: 'authority', orchestrators },
  });
}
