import { join } from 'node:path';
import type { State } from '../domain/model.js';
import type { Instant } from '../domain/time.js';
import type { SeenTip } from '../store/cache/known-tip.js';
import { SeenNotices } from '../store/cache/observations.js';
import { NOBODY } from '../workspace/asides.js';
import type { Identity } from '../workspace/identity.js';
import type { Standing } from '../workspace/standing.js';

/** What leads out of the fast lane, before anything is written. */
export class Leaving extends Error {
  constructor(
    readonly why: string,
    /** What of standard input was read already. */
    readonly input: readonly Buffer[] = [],
  ) {
    super(why);
  }
}

/** What is known without asking anybody. */
export interface Known extends Standing {
  readonly snapshot: SeenTip;
  readonly state: State;
  readonly localDirectory: string;
  now(): Instant;
}

/** @returns whether the agent was told of something */
export function mustHaveNoAsides(
  { asides, localDirectory }: Known,
  identity: Identity | null,
): (mark: string) => boolean {
  let seen: SeenNotices | undefined;
  const isTold = (mark: string) => {
    seen ??= new SeenNotices(join(localDirectory, 'seen-notices', `${identity?.agent ?? NOBODY}.json`));
    return seen.has(mark);
  };
  if (!asides.every(isTold)) throw new Leaving('notice');
  return isTold;
}
