import type { OnceBeginRequest, OnceBegun } from '../../domain/claims/once.js';
import { onceTarget } from '../../domain/ground/targets.js';
import type { Once } from '../../domain/model.js';
import type { Refusal } from '../../domain/refusal.js';
import { commandLine, coord, form, shellWord, targetWord } from '../../domain/suggestion.js';
import { oneLine } from '../../domain/text.js';
import type { Instant } from '../../domain/time.js';
import { CoordError, programFailed, usage } from '../../errors.js';
import { gaveUpError, repeatedLine } from '../../render/claims.js';
import { refusalError } from '../../render/refusals.js';
import type { GitStore } from '../../store/swap/git-store.js';
import { transact } from '../../store/swap/transact.js';
import type { Context } from '../../workspace/context.js';
import { readWait } from '../input.js';
import type { Input, Outcome, Verb } from '../verb.js';
import { askInTime, StillWaiting } from '../waiting/queueing.js';
import { claimTerms } from './claim-request.js';
import { runUnderClaims } from './run.js';

const KEY = /^[^\s/*?[\]{}\\@][^\s/*?[\]{}\\]*(?:\/[^\s/*?[\]{}\\]+)*$/u;
const LONGEST_KEY = 200;
/** Of a program's standard output this much is kept, for later callers. */
const OUTPUT_BYTES = 4096;
/** As a shell says it of a program that it cannot find. */
const NOT_STARTED = 127;
/** Short, so that a run that was killed is soon known to have ended; it is renewed while the program runs. */
const RUN_SECONDS = 60;

export const once: Verb = {
  arguments: [['<key>', 'what must happen only once, such as migrate/2026-11-21']],
  options: [
    ['--ttl <duration>', 'time to live, such as 45m; of the run (1m), renewed while the program runs'],
    ['--wait [duration]', 'wait your turn, first come, first served; for a run in progress, whose result is repeated'],
    ['--retry', 'try again; although an earlier run never reported its outcome'],
    ['--forget', 'forget the key and its result; runs nothing'],
  ],
  examples: [
    ['coord once migrate/42 -- npm run migrate', 'succeeds at most once, across all clones'],
    ['coord once migrate/42 --forget', 'start over'],
  ],
  notes: [
    'A later call repeats the recorded output and exits 0. A failed program may be run again. A run that never reported its',
    'outcome (killed, machine lost) is unknown: exit 7, and never repeated silently.',
  ],
  answers: {
    key: 'text',
    'ran?': ['boolean', 'false: it had succeeded before, and this is its answer'],
    'exit?': 'number',
    'output?': 'text',
    'truncated?': 'boolean',
    'by?': 'text',
    'at?': 'instant',
    'forgotten?': ['object | null', 'with --forget'],
  },
  async run(context, input) {
    const key = readKey(input.argument(0) ?? '');
    const store = await context.store();
    if (input.flag('forget')) return forget(context, store, key);
    if (input.command.length === 0)
      throw usage(
        'no program to run',
        `${form(`once ${shellWord(key)} -- PROGRAM ARGUMENTS`)}; examples: ${coord('help once')}`,
      );
    const begun = await begin(context, input, store, key);
    if (begun instanceof CoordError) return begun;
    if (begun.status === 'done') return repeat(context, begun.once);
    const tape = new Tape();
    const finish = async (exit: number) => {
      const { text: output, truncated } = tape;
      const facts = { key, claimId: begun.claims[0]?.id ?? '', exit, output, truncated };
      return transact(store, { kind: 'once-finish', ...(await context.requestBase()), ...facts }, context.effects);
    };
    const running = runUnderClaims(context, store, begun.claims, input.command, (chunk) => tape.add(chunk));
    const { exit } = await running.catch(async (error: unknown) => {
      await finish(NOT_STARTED);
      throw error;
    });
    const finished = await finish(exit);
    if (!finished.ok) return lostError(key, exit, input.command);
    return {
      data: { key, ran: true, exit, output: tape.text, truncated: tape.truncated },
      text: () => [],
      ...(exit === 0 ? {} : { failure: programFailed(exit, 'it may be run again', { key, exit }) }),
    };
  },
};

/** @throws CoordError `usage`. */
function readKey(text: string): string {
  const key = text.normalize('NFC');
  const climbs = key.split('/').some((part) => part === '.' || part === '..');
  if (KEY.test(key) && key.length <= LONGEST_KEY && !climbs) return key;
  throw usage(
    `not a key: ${JSON.stringify(text.slice(0, 80))}`,
    `use up to ${LONGEST_KEY} characters without spaces or glob characters, such as migrate/42`,
  );
}

async function begin(context: Context, input: Input, store: GitStore, key: string) {
  const seconds = readWait(input, await context.config());
  const again = onceCommand(key, '--wait', input.command);
  const ask = async () => {
    const decision = await askOnce(context, input, store, key);
    if (decision.ok) return decision.result;
    const { refusal } = decision;
    if (refusal.reason !== 'held') return refusedError(key, refusal, input.command, context.now());
    return seconds === null ? runningError(refusal, again, context.now()) : new StillWaiting(refusal.conflicts);
  };
  const { policy } = await context.requestBase();
  return askInTime<OnceBegun | CoordError>(
    context,
    store,
    { seconds: seconds ?? 0, policy },
    ask,
    async (why, waited, conflicts) => gaveUpError(why, waited, again, [onceTarget(key)], conflicts),
  );
}

/** Asks once whether the program may start. */
async function askOnce(context: Context, input: Input, store: GitStore, key: string) {
  const target = onceTarget(key);
  const asked = await claimTerms(context, input, store, [target]);
  const ttlSeconds = input.text('ttl') === undefined ? RUN_SECONDS : (asked.targets[0]?.ttlSeconds ?? RUN_SECONDS);
  const claim = { ...asked, targets: [{ target, ttlSeconds }], byOwnVerb: true as const };
  const { operation, agent, session, policy } = await context.requestBase();
  const facts = { key, claim, command: commandLine(input.command), retry: input.flag('retry') };
  const request: OnceBeginRequest = { kind: 'once-begin', operation, agent, session, policy, ...facts };
  return transact(store, request, context.effects);
}

function repeat(context: Context, record: Once): Outcome {
  const { key, output, truncated, agent, finishedAt } = record;
  context.tell(repeatedLine(record, context.now()));
  return {
    data: { key, ran: false, exit: 0, output, truncated, by: agent, at: finishedAt },
    text: () => (output === '' ? [] : output.replace(/\n$/, '')),
  };
}

async function forget(context: Context, store: GitStore, key: string): Promise<Outcome> {
  const base = await context.requestBase();
  const decision = await transact(store, { kind: 'once-forget', ...base, key }, context.effects);
  if (!decision.ok) {
    const look = coord(`status ${targetWord(onceTarget(key))}`);
    return runningError(decision.refusal, `wait until it has ended: ${look}`, context.now());
  }
  const { forgotten } = decision.result;
  return {
    data: { key, forgotten },
    text: () => (forgotten ? `forgot ${oneLine(key)}` : `no record of ${oneLine(key)}`),
  };
}

/** A refusal, with this very command as the way on where an earlier run never told its outcome. */
function refusedError(key: string, refusal: Refusal, command: readonly string[], now: Instant): CoordError {
  const error = refusalError(refusal, now);
  if (refusal.reason !== 'unknown-outcome') return error;
  return new CoordError(error.code, error.message, {
    hint: `look at what it did; to run it again: ${onceCommand(key, '--retry', command)}`,
    alternative: { why: 'start over', command: coord(`once ${shellWord(key)} --forget`) },
    details: error.details,
  });
}

function onceCommand(key: string, option: string, command: readonly string[]): string {
  return coord(`once ${shellWord(key)} ${option} -- ${commandLine(command)}`);
}

/** Somebody runs it at this moment, or was killed not long ago. */
function runningError(refusal: Refusal, again: string, now: Instant): CoordError {
  const { code, message, details } = refusalError(refusal, now);
  const words = `${message}\na run that was killed is reported as unknown once its claim expires`;
  return new CoordError(code, words, { hint: again, details });
}

function lostError(key: string, exit: number, command: readonly string[]): CoordError {
  return new CoordError(
    'lost',
    `the run of ${oneLine(key)} lost its claim; the program ended with exit ${exit}, unrecorded`,
    {
      hint: `its outcome is unknown to others: look at what it did; to run it again: ${onceCommand(key, '--retry', command)}`,
      alternative: { why: 'start over', command: coord(`once ${shellWord(key)} --forget`) },
      details: { key, exit },
    },
  );
}

/** Keeps the beginning of a program's output. */
class Tape {
  private kept = Buffer.alloc(0);
  truncated = false;

  add(chunk: Buffer): void {
    const room = OUTPUT_BYTES - this.kept.length;
    if (chunk.length > room) this.truncated = true;
    this.kept = Buffer.concat([this.kept, chunk.subarray(0, room)]);
  }

  get text(): string {
    return this.kept.toString('utf8');
  }
}
