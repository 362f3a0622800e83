import { coord } from '../../domain/suggestion.js';
import { type Instant, instantOf } from '../../domain/time.js';
import { CoordError } from '../../errors.js';
import type { ObjectDatabase } from '../../git/objects.js';
import { ALL_PARTS } from '../cache/known-tip.js';
import { parseCommit } from '../format/commits.js';
import type { StateTree } from '../format/state-tree.js';

/** The newest commit of the state ref whose whole state can be read. */
export interface LastGood {
  readonly commit: string;
  /** By the clock of its writer, to the second. */
  readonly at: Instant;
}

/** So many commits in a row are looked at: nobody goes on writing on a state that cannot be read. */
const MOST_LOOKED_AT = 500;

/**
 * Whether going back to a good commit mends it: what the ref names, or its content, is wrong for everybody. Objects that are
 * damaged or missing in this clone alone are none of that, nor is the state of a newer coord.
 */
function isMended({ details }: CoordError, shared: boolean): boolean {
  if (details.reason === 'object') return !shared;
  return details.supported === undefined && details.reason !== 'moved';
}

/** Two states that never were one: which of them is good is not a question of damage. */
function isOfTwoMinds({ details }: CoordError): boolean {
  return details.reason === 'apart' || details.reason === 'ahead';
}

/** Names the last good commit in an error that says what is damaged, and the command that goes back to it. */
function namingLastGood(error: CoordError, good: LastGood | null, shared: boolean): CoordError {
  if (good === null) return error;
  const short = good.commit.slice(0, 7);
  const message = `${error.message}\nthe last good commit is ${short} of ${good.at}`;
  const back = coord(`doctor --fix --restore ${short}`);
  const hint = !isMended(error, shared)
    ? error.hint
    : typeof error.details.known === 'string'
      ? `${error.hint}; or let coord put that commit back: ${back}`
      : `nothing was changed; to go back to that commit, on the record: ${back}`;
  const details = { ...error.details, lastGood: good };
  return new CoordError('corrupt', message, { ...(hint === undefined ? {} : { hint }), details, cause: error });
}

/**
 * Looks for the last good commit, from a commit back along its first parents.
 * @param look what a commit is: null where it cannot be read itself, so that nothing before it can be found
 */
async function findLastGood(
  start: string,
  look: (
    commit: string,
  ) => Promise<{ readonly at: Instant; readonly parent: string | null; readonly good: boolean } | null>,
): Promise<LastGood | null> {
  let commit: string | null = start;
  for (let count = 0; commit !== null && count < MOST_LOOKED_AT; count += 1) {
    const seen = await look(commit);
    if (seen === null) return null;
    if (seen.good) return { commit, at: seen.at };
    commit = seen.parent;
  }
  return null;
}

/** The lines before the message of a commit, names of its writer among them. */
const MOST_HEADER_BYTES = 8_192;

/** Finds the last good commit of the state. */
export class GoodCommits {
  constructor(
    private readonly objects: Pick<ObjectDatabase, 'read'>,
    private readonly tree: Pick<StateTree, 'load'>,
  ) {}

  /**
   * An error that says what is damaged, with the last good commit that this clone can find, and the way back to it.
   * @param revision where to begin to look, unless the error names a commit
   */
  async explain(error: unknown, revision: string | null, shared: boolean): Promise<unknown> {
    if (!(error instanceof CoordError) || error.code !== 'corrupt' || 'lastGood' in error.details) return error;
    const { known } = error.details;
    if (isOfTwoMinds(error)) return error;
    const start = typeof known === 'string' && /^[0-9a-f]{40,64}$/.test(known) ? known : revision;
    const good = start === null ? null : await findLastGood(start, (commit) => this.look(commit));
    return namingLastGood(error, good, shared);
  }

  private async look(commit: string) {
    const object = await this.objects.read([commit]).then(
      (found) => found.get(commit),
      () => undefined,
    );
    if (object?.type !== 'commit') return null;
    const { parents } = parseCommit(object.body);
    const seconds = /^committer .* (\d+) [+-]\d{4}$/m.exec(object.body.toString('latin1', 0, MOST_HEADER_BYTES))?.[1];
    const good = await this.tree.load(commit, ALL_PARTS).then(
      () => true,
      () => false,
    );
    return { at: instantOf(Number(seconds ?? 0) * 1000), parent: parents[0] ?? null, good };
  }
}
