import { VERBS } from '../../../../src/cli/registry.js';
import type { CoordEnvelope, CoordResult } from '../../../support/sandbox.js';

/** What one client asked, when, and what it was told. */
export interface Call {
  /** Unique among all clients; stands in the reason of a claim and in the text of a note. */
  readonly mark: string;
  readonly agent: string;
  readonly verb: string;
  readonly args: readonly string[];
  /** Monotonic milliseconds. */
  readonly start: number;
  /** null: the client was told nothing, so nobody knows whether it was done. */
  readonly end: number | null;
  /** The client's clock when the answer came; null with `end`. */
  readonly endedAt: string | null;
  readonly exit: number | null;
  readonly answer: CoordEnvelope | null;
  /** Calls with the same request id are one operation, asked again. */
  readonly requestId: string | null;
}

/** Whether nobody knows if it was done: no answer, a fault of the program, or an answer that says just that. */
export function isUnknown({ end, exit }: Pick<Call, 'end' | 'exit'>): boolean {
  return end === null || exit === 1 || exit === 7;
}

/** Whether it was granted on the word of its host alone. */
export function isOffline({ args }: Pick<Call, 'args'>): boolean {
  return args.includes('--offline');
}

/** Runs a command line as an agent; null when it was killed before it could answer. */
export type Runner = (agent: string, args: readonly string[]) => Promise<CoordResult | null>;

/** How a verb carries the mark of its call into the history. */
const MARKED: Readonly<Record<string, (mark: string) => readonly string[]>> = {
  claim: (mark) => ['--reason', mark],
  run: (mark) => ['--reason', mark],
  note: (mark) => [mark],
};

/** A call that was made without `--json`: what it said, in sentences. */
export interface Spoken extends Pick<Call, 'mark' | 'agent' | 'verb' | 'args' | 'start'> {
  /** Monotonic milliseconds. */
  readonly end: number;
  readonly exit: number;
  /** Both streams, without colour. */
  readonly text: string;
}

/** Verbs of which some calls are made without `--json`: nothing but their exit code is needed to go on. */
const SPEAKING: readonly string[] = ['claim', 'release', 'renew', 'note', 'land'];
const SPEAKS_EVERY = 4;

/** Records every call of every client, for {@link checkHistory}. */
export class Recorder {
  readonly calls: Call[] = [];
  /** The calls that were answered in sentences; for the rest of the checks nobody knows what came of these. */
  readonly spoken: Spoken[] = [];
  private count = 0;
  private readonly asked = new Map<string, string>();

  /** @param clock of the host of an agent, in milliseconds since the epoch */
  constructor(
    private readonly run: Runner,
    private readonly clock: (agent: string) => number = Date.now,
    /** Whether some calls are made without `--json`. */
    private readonly speaks = false,
  ) {}

  async call(agent: string, args: readonly string[], again: { readonly requestId?: string } = {}): Promise<Call> {
    this.count += 1;
    const long = args.slice(0, 2).join(' ');
    const verb = VERBS.some(({ name }) => name === long) ? long : (args[0] ?? '');
    const called = verb.split(' ');
    const { requestId = null } = again;
    const mark = (requestId === null ? undefined : this.asked.get(requestId)) ?? `call-${this.count}`;
    if (requestId !== null) this.asked.set(requestId, mark);
    const request = requestId === null ? [] : ['--request-id', requestId];
    const start = performance.now();
    const words = [...(MARKED[verb]?.(mark) ?? []), ...args.slice(called.length)];
    if (this.speaks && requestId === null && SPEAKING.includes(verb) && this.count % SPEAKS_EVERY === 0) {
      return this.listen({ mark, agent, verb, args, start }, [...called, ...words]);
    }
    const result = await this.run(agent, [...called, '--json', ...request, ...words]);
    const answer = result === null ? null : envelopeOf(result);
    const call: Call = {
      mark,
      agent,
      verb,
      args,
      start,
      end: answer === null ? null : performance.now(),
      endedAt: answer === null ? null : new Date(this.clock(agent)).toISOString(),
      exit: answer === null ? null : (result?.code ?? null),
      answer,
      requestId,
    };
    this.calls.push(call);
    return call;
  }

  private async listen(asked: Pick<Spoken, 'mark' | 'agent' | 'verb' | 'args' | 'start'>, line: readonly string[]) {
    const result = await this.run(asked.agent, line);
    const unknown: Call = { ...asked, end: null, endedAt: null, exit: null, answer: null, requestId: null };
    this.calls.push(unknown);
    if (result === null) return unknown;
    const end = performance.now();
    this.spoken.push({ ...asked, end, exit: result.code, text: `${result.stdout}\n${result.stderr}` });
    return { ...unknown, end, exit: result.code };
  }
}

/** An answer that was cut off is none. */
function envelopeOf(result: CoordResult): CoordEnvelope | null {
  try {
    return result.json();
  } catch {
    return null;
  }
}
