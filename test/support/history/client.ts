import type { CoordEnvelope, CoordResult } from '../sandbox.js';

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
  /** The clock of the host when the answer came; null with `end`. */
  readonly endedAt: string | null;
  readonly exit: number | null;
  readonly answer: CoordEnvelope | null;
  /** Calls with the same request id are one operation, asked again. */
  readonly requestId: string | null;
}

/** Runs a command line as an agent; null when it was killed before it could answer. */
export type Runner = (agent: string, args: readonly string[]) => Promise<CoordResult | null>;

/** How a verb carries the mark of its call into the history. */
const MARKED: Readonly<Record<string, (mark: string) => readonly string[]>> = {
  claim: (mark) => ['--reason', mark],
  steal: (mark) => ['--reason', mark],
  note: (mark) => [mark],
};

/** Records every call of every client, for {@link checkHistory}. */
export class Recorder {
  readonly calls: Call[] = [];
  private count = 0;

  constructor(private readonly run: Runner) {}

  async call(agent: string, args: readonly string[], again: { readonly requestId?: string } = {}): Promise<Call> {
    this.count += 1;
    const verb = args[0] ?? '';
    const earlier = this.calls.find(({ requestId }) => requestId !== null && requestId === again.requestId);
    const mark = earlier?.mark ?? `call-${this.count}`;
    const request = again.requestId === undefined ? [] : ['--request-id', again.requestId];
    const start = performance.now();
    const words = [...args.slice(1), ...(MARKED[verb]?.(mark) ?? [])];
    const result = await this.run(agent, [verb, '--json', ...request, ...words]);
    const answer = result === null ? null : envelopeOf(result);
    const call: Call = {
      mark,
      agent,
      verb,
      args,
      start,
      end: answer === null ? null : performance.now(),
      endedAt: answer === null ? null : new Date().toISOString(),
      exit: answer === null ? null : (result?.code ?? null),
      answer,
      requestId: again.requestId ?? null,
    };
    this.calls.push(call);
    return call;
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
