// Apart from the tree of commands, which loads commander: a plain line is read without it.
import type { Input, Verb, VerbEntry } from '../commands/verb.js';
import { coord } from '../domain/suggestion.js';
import { oneLine, shorten } from '../domain/text.js';
import { usage } from '../errors.js';

/** What every command takes. */
interface CommonFlags {
  readonly json: boolean;
  readonly agent: string | undefined;
  readonly requestId?: string | undefined;
}

/** Called with what was typed, once it has been checked. */
export type Act = (entry: VerbEntry, verb: Verb, input: Input, flags: CommonFlags) => Promise<void>;

/** What is to be run. */
export interface CommandLine {
  readonly argv: readonly string[];
  readonly version: string;
  /** Help and version go here. */
  readonly write: (text: string) => void;
  readonly act: Act;
}

/** The options of every command. */
export const AGENT_OPTION = [
  '--agent <id>',
  'who acts (else COORD_AGENT, the harness, or this worktree’s one session)',
] as const;
export const JSON_OPTION = ['--json', 'one JSON object on standard output'] as const;

/**
 * @param options what was typed, by names in camel case
 * @throws CoordError `usage` for an agent that cannot be one
 */
export function commonFlags(options: Readonly<Record<string, unknown>>): CommonFlags {
  const { agent, json, jsonStream, requestId } = options;
  // `--agent $ID --json`, where the variable is empty.
  if (typeof agent === 'string' && agent.startsWith('-')) {
    throw usage(
      `--agent needs an id: ${JSON.stringify(oneLine(shorten(agent, 80)))} looks like an option`,
      coord('agent list'),
    );
  }
  return {
    // The last line of a stream is the one object that --json promises.
    json: json === true || jsonStream === true,
    agent: typeof agent === 'string' ? agent : undefined,
    requestId: typeof requestId === 'string' ? requestId : undefined,
  };
}
