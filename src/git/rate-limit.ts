import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { textOf } from './if-there.js';
import type { PorcelainResult } from './porcelain.js';
import type { Environment } from './run.js';

/*
 * Hosts answer who asks too often with HTTP 429, or 403 with words (a "secondary rate limit"), or close an SSH connection with
 * words. They did nothing then, and more of the same makes it last longer: so the whole clone waits, says so, and gives up in the end.
 */

const SIGN =
  /\berror:? \(?429\b|\bHTTP 429\b|too many (?:requests|times)|rate[ -]limit|abuse detection|requests? (?:was|were) throttled/i;
const SECONDS = /retry[- ]after:? *(\d{1,6})\b|(?:try|retry) again (?:in|after) (\d{1,6}) ?s/i;

/** Whether a host asks for fewer requests, whatever git was to do. */
export function isRateLimited({ code, stdout, stderr }: Pick<PorcelainResult, 'code' | 'stdout' | 'stderr'>): boolean {
  return code !== 0 && SIGN.test(`${stdout}\n${stderr}`);
}

/** For how many seconds a host asks to be left alone, where it says so: in its words, or in a trace of its answer. */
export function secondsAsked(text: string): number | null {
  const [, after, again] = SECONDS.exec(text) ?? [];
  return after === undefined && again === undefined ? null : Number(after ?? again);
}

/** Where nothing is said; each the next time. */
const WAITS = [5, 15, 30];
/** A run of coord waits no longer than that in all, which is less than agents' tools wait for a command. */
const LONGEST_WAIT_SECONDS = 60;
const TRACED_MS = 3_600_000;

/**
 * How long to wait before asking again.
 * @param attempt how many answers of this kind there were before, in this run
 * @param asked what the host asks for; null: not said
 * @param waited in this run so far, in seconds
 * @param chance from 0 up to 1: clones that were stopped together do not come back together
 * @returns seconds; null: give up
 */
export function waitFor(attempt: number, asked: number | null, waited: number, chance: number): number | null {
  const base = asked ?? WAITS[attempt];
  if (base === undefined || waited + base > LONGEST_WAIT_SECONDS) return null;
  return Math.min(base * (1 + chance / 4), LONGEST_WAIT_SECONDS - waited);
}

/** What the clone remembers of its remote, across commands: until when it asked to be left alone, in milliseconds. */
export interface LeaveAlone {
  read(): number | null;
  write(untilMs: number): void;
}

export interface Patience {
  now(): number;
  pause(ms: number): Promise<void>;
  random(): number;
  /** Says that it waits. */
  tell(seconds: number): void;
  readonly memory: LeaveAlone;
  /** Whether nothing may wait here, such as an edit. */
  readonly hurried: boolean;
}

/** Runs network commands of one run of coord so that a host which asks for fewer requests is left alone. */
export class Paced {
  private waited = 0;
  private attempts = 0;
  private served = 0;

  constructor(private readonly patience: Patience) {}

  /**
   * @param command asked for a trace of the answer where it may be needed; returns what it says of a wait besides
   * @returns the last answer; where nothing was asked since it would be too early, one that says so
   */
  async run(
    command: (traced: boolean) => Promise<PorcelainResult & { readonly trace?: string }>,
  ): Promise<PorcelainResult> {
    for (;;) {
      const until = this.patience.memory.read();
      if (until !== null && until !== this.served) {
        const left = (until - this.patience.now()) / 1000;
        if (left > 0 && !(await this.wait(left, until))) return tooEarly(left);
      }
      // Git tells nobody what the header of such an answer says: from the second one on it is read in a trace.
      const isLately = until !== null && this.patience.now() - until < TRACED_MS;
      const { trace = '', ...result } = await command(isLately);
      if (!isRateLimited(result)) return result;
      const asked = secondsAsked(`${result.stderr}\n${trace}`);
      const seconds = waitFor(this.attempts, asked, this.waited, this.patience.random());
      const next = Math.ceil(this.patience.now() + (seconds ?? asked ?? LONGEST_WAIT_SECONDS) * 1000);
      this.patience.memory.write(next);
      this.attempts += 1;
      if (seconds === null || !(await this.wait(seconds, next))) return result;
    }
  }

  private async wait(seconds: number, until: number): Promise<boolean> {
    const { hurried, tell, pause } = this.patience;
    if (hurried || this.waited + seconds > LONGEST_WAIT_SECONDS) return false;
    tell(seconds);
    await pause(seconds * 1000);
    this.waited += seconds;
    this.served = until;
    return true;
  }
}

/** Runs a network command with a trace of what servers answer, without any content or secret. */
export async function withTrace(
  directory: string,
  command: (env: Environment) => Promise<PorcelainResult>,
): Promise<PorcelainResult & { readonly trace: string }> {
  const path = join(directory, `answers-${randomBytes(6).toString('hex')}`);
  try {
    const result = await command({ GIT_TRACE_CURL: path, GIT_TRACE_CURL_NO_DATA: '1', GIT_TRACE_REDACT: '1' });
    return { ...result, trace: textOf(path) };
  } finally {
    rmSync(path, { force: true });
  }
}

function tooEarly(left: number): PorcelainResult {
  const stderr = `fatal: its rate limit: it asked to be left alone for ${Math.ceil(left)}s more, so nothing was sent`;
  return { code: 128, stdout: '', stderr, timedOut: false };
}
