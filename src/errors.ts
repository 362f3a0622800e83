/**
 * The exit table: the one place that gives each kind of failure its name, code, meaning, and what to do then.
 * `coord help exit-codes` and docs/reference/exit-codes.md are printed from it; a test holds them together.
 */
export const EXIT_TABLE = [
  { exit: 0, code: 'ok', when: 'done', next: 'go on' },
  {
    exit: 1,
    code: 'fault',
    when: 'a bug or an unforeseen failure; says what to report',
    next: 'stop, and report the command with its --json output',
  },
  {
    exit: 2,
    code: 'usage',
    when: 'bad arguments, bad config, no identity, not a repository',
    next: 'fix what it names first: until then, the same command fails again',
  },
  {
    exit: 3,
    code: 'held',
    when: 'refused: another holds it, or the wait would deadlock',
    next: 'change nothing there; claim the free paths that it names, or wait your turn',
  },
  {
    exit: 4,
    code: 'lost',
    when: 'the claim expired, was taken over, or is not yours; a stale token',
    next: 'stop changing those paths; claim them again first',
  },
  {
    exit: 5,
    code: 'behind',
    when: "out of sync: behind, diverged, dirty, or missing the last holder's work",
    next: 'bring in or commit what it names, look at your change again, then repeat',
  },
  {
    exit: 6,
    code: 'closed',
    when: 'gate closed or missing; agent killed; role not allowed',
    next: 'do not bypass it; ask an orchestrator or a person',
  },
  {
    exit: 7,
    code: 'unavailable',
    when: 'cannot know: remote or lock out of reach',
    next: 'stop here; repeat when it can be reached',
  },
  {
    exit: 8,
    code: 'corrupt',
    when: 'stored state is damaged or of a newer format',
    next: 'write nothing; have a person look at what it lists',
  },
  {
    exit: 9,
    code: 'timeout',
    when: 'waited, and gave up',
    next: 'nothing was granted; wait again, or claim other paths',
  },
] as const;

export type ExitName = (typeof EXIT_TABLE)[number]['code'];
/** `program`: the exit code stands for no row of the table: that of a program that coord ran, or what a harness expects. */
export type ErrorCode = Exclude<ExitName, 'ok'> | 'program';

/** The process exit code (0 to 9) of a name of the exit table. */
export function exitCodeOf(name: ExitName): number {
  return EXIT_TABLE.findIndex((row) => row.code === name);
}

export interface Alternative {
  /** Such as `wait your turn`. */
  readonly why: string;
  readonly command: string;
}

/** What is said of something that was refused, and what to do next. */
export interface Message {
  readonly message: string;
  readonly hint: string;
  readonly alternative?: Alternative;
}

export interface CoordErrorOptions {
  /** The one next thing to do, as a command or a sentence. */
  readonly hint?: string;
  /** Another command that could be run instead, and what for. */
  readonly alternative?: Alternative;
  /** Machine-readable facts; stands in `error.details` of the JSON envelope. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
  /** With the code `program`. */
  readonly exit?: number;
}

/** A failure that coord foresaw: its code decides the exit code, its hint says what to do next. */
export class CoordError extends Error {
  readonly code: ErrorCode;
  /** The exit code of the process. */
  readonly exit: number;
  readonly hint: string | undefined;
  readonly alternative: Alternative | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: CoordErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'CoordError';
    this.code = code;
    this.exit = code === 'program' ? (options.exit ?? 1) : exitCodeOf(code);
    this.hint = options.hint;
    this.alternative = options.alternative;
    this.details = options.details ?? {};
  }
}

/** A program that coord ran failed. @param exit its own exit code; 128 and the signal's number when a signal ended it */
export function programFailed(exit: number, hint: string, details: Readonly<Record<string, unknown>>): CoordError {
  return new CoordError('program', `the program ended with exit ${exit}`, { exit, hint, details });
}

export function usage(message: string, hint?: string, details?: Readonly<Record<string, unknown>>): CoordError {
  return new CoordError('usage', message, { ...(hint ? { hint } : {}), ...(details ? { details } : {}) });
}

/** What was thrown, where it is an error of coord's; anything else is thrown on. */
export function asError(thrown: unknown): CoordError {
  if (thrown instanceof CoordError) return thrown;
  throw thrown;
}
