import type { CoordError } from '../errors.js';
import type { Style } from '../render/style.js';
import type { Context } from '../workspace/context.js';

/** What a command answers: data for machines, words for people. A refusal is answered as its error, not thrown. */
export interface Success {
  readonly data: object;
  /** The same in words, for standard output. */
  text(style: Style): string | readonly string[];
  /** Told on standard error, success though it is. */
  readonly warnings?: readonly string[];
  /** Everything was written as it came: nothing is left to say. */
  readonly streamed?: true;
  /** What failed, although there is something to say: it decides the exit code, and `ok` in JSON. */
  readonly failure?: CoordError;
  /** Of what was written as it came, where a harness or a stream reads it: the exit code alone. */
  readonly exit?: number;
}

export type Outcome = Success | CoordError;

/**
 * Fields of an answer of `--json`, each with its type and, where it needs one, its meaning. A type is `text`, `number`, `boolean`,
 * `instant` (UTC, ISO 8601, milliseconds), `commit` (a full object id), `object` (whose fields are no promise), a text in single
 * quotes, or the name of a record in `src/cli/json-records.ts`; `T[]` is a list of it, `A | B` either, and a field whose name ends
 * with `?` may be missing.
 */
export type Fields = Readonly<Record<string, string | readonly [type: string, meaning: string]>>;

/** A part of each answer that shows the log. */
export const LOG_FIELDS = { disclaimer: ['text', 'that a log grants nothing'] } as const;

/** One verb: what it takes, an example of it, and what it does. */
export interface Verb {
  /** Positional arguments as commander writes them (`<target...>`), with what they mean. */
  readonly arguments?: readonly (readonly [flags: string, description: string])[];
  /** A `repeatable` one may be given several times; {@link Input.texts} has all its values. */
  readonly options?: readonly (readonly [flags: string, description: string, repeatable?: 'repeatable'])[];
  /** Whole command lines, each with what it does. */
  readonly examples: readonly (readonly [command: string, meaning: string])[];
  /** More words for `--help`, a line each. */
  readonly notes?: readonly string[];
  /** What stands in `data`; a verb that passes on what another program writes has its fields here too. */
  readonly answers: Fields;
  /** What stands in `error.details` of a refusal, where scripts rely on it; its hint as `next` besides. */
  readonly refusals?: Fields;
  /**
   * Who may do what these words do, where that is decided by no request: an agent that is not stopped, or one that is no
   * worker either; null: anybody. The decision of a request refuses both by itself (`domain/decide.ts`).
   */
  readonly demands?: (input: Input) => 'not-stopped' | 'no-worker' | null;
  run(context: Context, input: Input): Promise<Outcome>;
}

/** A line of the registry. */
export interface VerbEntry {
  /** `claim`, or `session start` for a verb of a group; `deploy` beside `deploy list` is a verb and a group. */
  readonly name: string;
  readonly summary: string;
  /** Whether the group alone means this one; a verb that has the name of its group needs no such mark. */
  readonly isDefault?: boolean;
  /** Whether the words after `--` are a command line of their own. */
  readonly takesCommand?: boolean;
  /** Whether it writes to the state ref: it takes a request id then. */
  readonly writes?: boolean;
  /** Loaded only when it is run, or its help is asked for. */
  load(): Promise<Verb>;
}

/** What was typed, checked against the verb's arguments and options. */
export class Input {
  constructor(
    private readonly positional: readonly unknown[],
    private readonly options: Readonly<Record<string, unknown>>,
    /** The words after `--`, for a verb that takes a command line. */
    readonly command: readonly string[] = [],
  ) {}

  withCommand(command: readonly string[]): Input {
    return new Input(this.positional, this.options, command);
  }

  /** The positional argument at this place; a variadic one is a list. */
  argument(index: number): string | undefined {
    const value = this.positional[index];
    return typeof value === 'string' ? value : undefined;
  }

  list(index: number): readonly string[] {
    const value = this.positional[index];
    return Array.isArray(value) ? (value as string[]) : [];
  }

  /** The value of `--name VALUE`; undefined when it was not given. */
  text(name: string): string | undefined {
    const value = this.options[name];
    return typeof value === 'string' ? value : undefined;
  }

  /** The values of a repeatable `--name A --name B,C`, each once. */
  texts(name: string): readonly string[] {
    const values = this.options[name];
    const words = Array.isArray(values) ? (values as string[]).flatMap((value) => value.split(',')) : [];
    return [...new Set(words.map((word) => word.trim()))].filter((word) => word !== '');
  }

  /** The values of a repeatable `--name A --name B`, as they were typed: one may hold commas. */
  each(name: string): readonly string[] {
    const values = this.options[name];
    return Array.isArray(values) ? (values as string[]) : [];
  }

  /** Whether `--name` was given (also with a value); `--no-name` makes it false. */
  flag(name: string): boolean {
    const value = this.options[name];
    return value !== undefined && value !== false;
  }

  /** Whether `--no-name` was given. */
  negated(name: string): boolean {
    return this.options[name] === false;
  }
}
