import { runInNewContext } from 'node:vm';
import type { VerifyConfig } from '../config/deploys.js';
import {
  type Cached,
  type Commits,
  type Expectation,
  expectationOf,
  type Judgement,
  judgeAnswer,
  type Verification,
} from '../domain/deploy/verification.js';
import type { Instant } from '../domain/time.js';
import { addressOf } from './address.js';
import { ask } from './ask.js';

/** Time and chance, which a test can set. */
export interface EndpointEffects {
  now(): Instant;
  /** Time that nobody can set, in seconds. */
  seconds(): number;
  /** Milliseconds. */
  pause(ms: number): Promise<unknown>;
  /** A signal that comes after so many milliseconds. */
  signalAfter(ms: number): AbortSignal;
  random(): number;
  /** Is told of each attempt. */
  tell?(attempt: Attempt): void;
}

export interface Attempt {
  /** From 1. */
  readonly number: number;
  readonly at: Instant;
  readonly ok: boolean;
  /** One sentence. */
  readonly finding: string;
}

/** So that a server that hangs leaves time for other attempts. */
const LONGEST_ATTEMPT_MS = 10_000;
/** So that the last attempt, or the only one, can be answered: it may end so much later than the time is over. */
const SHORTEST_ATTEMPT_MS = 5_000;

interface Look extends Judgement {
  readonly status: number | null;
  readonly ageSeconds: number | null;
}

/**
 * Asks the endpoint until it shows the commit, or the time is over. It bypasses caches; when it has seen the
 * commit, it asks once more as everybody does, and says when a cache shows something else.
 *
 * What the last attempt saw counts, except one that ended for want of time: that tells nothing where others were answered.
 * @throws CoordError `usage` when the URL cannot be asked
 */
export async function verifyEndpoint(
  config: VerifyConfig,
  commits: Commits,
  effects: EndpointEffects,
): Promise<Verification> {
  const address = addressOf(config.url);
  const wanted = expectationOf(config, commits.commit);
  const time = deadline(config.timeoutSeconds * 1000, effects);
  const firstAt = effects.now();
  const intervalMs = config.intervalSeconds * 1000;
  let counts: Look | null = null;
  let seen: string | null = null;
  for (let number = 1; ; number += 1) {
    const at = effects.now();
    const look = await lookOnce(address, config, wanted, commits, effects, limited(time.leftMs()), true);
    effects.tell?.({ number, at, ok: look.reason === null, finding: `${address.href} ${look.finding}` });
    seen = look.seen ?? seen;
    if (counts === null || look.reason !== 'timeout') counts = look;
    if (look.reason === null || time.leftMs() < intervalMs) {
      const cached = look.reason === null ? await cachedElsewise(address, config, wanted, commits, effects) : null;
      return {
        ok: counts.reason === null,
        ...{ url: address.href, commit: commits.commit, reason: counts.reason, expected: wanted.shown },
        ...{ namesCommit: wanted.namesCommit, seen },
        ...{ status: counts.status, attempts: number, firstAt, lastAt: effects.now() },
        ...{ finding: `${address.href} ${counts.finding}`, cached },
      };
    }
    await time.pause(intervalMs);
  }
}

/** In whole milliseconds: timers of abort signals take no others. */
function limited(leftMs: number): number {
  return Math.ceil(Math.min(LONGEST_ATTEMPT_MS, Math.max(SHORTEST_ATTEMPT_MS, leftMs)));
}

/** Counts what was paused, too, so that a clock that stands cannot make it go on for ever. */
function deadline(lastsMs: number, effects: EndpointEffects) {
  const began = effects.seconds();
  let pausedMs = 0;
  return {
    leftMs: () => lastsMs - Math.max((effects.seconds() - began) * 1000, pausedMs),
    pause: async (ms: number) => {
      pausedMs += ms;
      await effects.pause(ms);
    },
  };
}

async function lookOnce(
  address: URL,
  config: VerifyConfig,
  wanted: Expectation,
  commits: Commits,
  effects: EndpointEffects,
  limitMs: number,
  fresh: boolean,
): Promise<Look> {
  const chance = fresh ? Math.floor(effects.random() * 2 ** 50).toString(36) : null;
  const answer = await ask(address, config, chance, effects.signalAfter(limitMs));
  if ('failed' in answer) {
    const { failed: reason, finding, status } = answer;
    return { reason, finding, status, seen: null, ageSeconds: null };
  }
  const matches = answer.text === null ? false : matchesIn(answer.text, wanted.source);
  return { ...judgeAnswer(answer, wanted, commits, matches), status: answer.status, ageSeconds: answer.ageSeconds };
}

/** What those see who do not bypass caches, where that is another version; nothing else about it matters. */
async function cachedElsewise(
  address: URL,
  config: VerifyConfig,
  wanted: Expectation,
  commits: Commits,
  effects: EndpointEffects,
): Promise<Cached | null> {
  const look = await lookOnce(address, config, wanted, commits, effects, LONGEST_ATTEMPT_MS, false);
  const isOther = look.reason === 'old-version' || look.reason === 'other-version' || look.reason === 'missing';
  return isOther ? { seen: look.seen, ageSeconds: look.ageSeconds } : null;
}

/** A pattern that backtracks for ever is one of the configuration's, on an answer that anybody may have written. */
const LONGEST_MS = 1000;

/** Whether the regular expression matches; null when it does not come to an end. */
function matchesIn(text: string, source: string): boolean | null {
  try {
    return runInNewContext('new RegExp(source, "m").test(text)', { source, text }, { timeout: LONGEST_MS }) === true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return null;
    throw error;
  }
}
