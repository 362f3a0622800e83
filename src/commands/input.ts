import type { Config } from '../config/config.js';
import type { Target } from '../domain/ground/targets.js';
import { formatDuration, parseDuration } from '../domain/time.js';
import { usage } from '../errors.js';
import type { Context } from '../workspace/context.js';
import { checkAgentId } from '../workspace/identity.js';
import { asTracked, readGround } from '../workspace/targets.js';
import type { Input, Verb } from './verb.js';

/** The text without the spaces around it. @throws CoordError `usage` when there is none, or it is too long. */
export function readText(what: string, text: string, most: number): string {
  const trimmed = text.trim();
  if (trimmed === '') throw usage(`${what} is empty`, 'say it in a few words');
  if ([...trimmed].length <= most) return trimmed;
  throw usage(`${what} is longer than ${most} characters`, 'shorten it; put the rest into a note');
}

/** A reason that is not optional. @throws CoordError `usage` */
export function requiredReason(text: string | undefined, why: string): string {
  if (text === undefined || text.trim() === '') throw usage(`--reason is required: ${why}`, 'add --reason "…"');
  return readText('the reason', text, 1_000);
}

const EXAMPLE_SECONDS = 30 * 60;

/**
 * Seconds of a duration that was typed for an option.
 * @param maxSeconds no longer one is suggested
 * @throws CoordError `usage` when it is not one, or is zero.
 */
export function readDuration(option: string, text: string, maxSeconds = Infinity): number {
  const seconds = parseDuration(text);
  if (seconds !== null && seconds > 0) return seconds;
  const problem = seconds === null ? `is not a duration: ${JSON.stringify(text)}` : 'must be above zero';
  throw usage(`${option} ${problem}`, durationHint(option, text, maxSeconds));
}

/** What was typed with a unit, where that can be meant; else an example. */
function durationHint(option: string, text: string, maxSeconds: number): string {
  const meant = /^[1-9]\d{0,3}$/.test(text) ? parseDuration(`${text}m`) : null;
  if (meant !== null && meant <= maxSeconds)
    return `name the unit: ${option}=${text}m for minutes, ${option}=${text}s for seconds`;
  return `for example ${option}=${typed(Math.min(EXAMPLE_SECONDS, maxSeconds))}`;
}

/** A duration as it can be typed. */
function typed(seconds: number): string {
  if (seconds % 3600 === 0) return `${seconds / 3600}h`;
  return seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`;
}

/** As {@link readDuration}, for a time to live. @throws CoordError `usage` above the cap. */
export function readTtl(text: string, config: Config): number {
  const seconds = readDuration('--ttl', text, config.ttl.maxSeconds);
  const { maxSeconds } = config.ttl;
  if (seconds <= maxSeconds) return seconds;
  throw usage(
    `--ttl ${text} is above the cap of ${formatDuration(maxSeconds)}`,
    `ask for --ttl=${typed(maxSeconds)} or less; renewing extends it; ttl.max in coord.config.json sets the cap`,
  );
}

/**
 * Seconds that `--wait[=DURATION]` allows; null when it was not given.
 * @throws CoordError `usage` above the cap: the tools of agents stop a command that runs too long.
 */
export function readWait(input: Input, config: Config): number | null {
  if (!input.flag('wait')) return null;
  const text = input.text('wait');
  if (text === undefined || text === '') return config.waitSeconds;
  const seconds = readDuration('--wait', text, config.waitSeconds);
  if (seconds <= config.waitSeconds) return seconds;
  const cap = formatDuration(config.waitSeconds);
  throw usage(
    `--wait ${text} is above the cap of ${cap}`,
    `ask for --wait=${typed(config.waitSeconds)} or less, and repeat; wait.max in coord.config.json sets the cap`,
  );
}

/** The time to live of a target: what was asked, else what its resource has, else the default. */
export function ttlFor(target: string, asked: number | undefined, config: Config): number {
  if (asked !== undefined) return asked;
  const resource = Object.hasOwn(config.resources, target) ? config.resources[target]?.ttlSeconds : null;
  return Math.min(resource ?? config.ttl.defaultSeconds, config.ttl.maxSeconds);
}

/** The options of every command that takes targets. */
export const TARGET_OPTIONS = [
  ['--literal', 'take each target as a path, whatever characters it has'],
  ['--glob', 'take each target as a glob, even where a file has that name'],
] as const;

/** The targets that were typed, each once, in their order. */
export async function readTargets(context: Context, input: Input, texts: readonly string[]): Promise<Target[]> {
  if (input.flag('literal') && input.flag('glob'))
    throw usage('--literal and --glob cannot be used together', 'use one');
  const as = input.flag('literal') ? 'literal' : input.flag('glob') ? 'glob' : undefined;
  const { root, foldsCase } = context.repository;
  const typed = texts.flatMap((text) => readGround(text, { root, cwd: context.host.cwd, as }));
  const targets = foldsCase ? await asTracked(context.git, typed) : typed;
  return targets.filter(
    (target, index) => targets.findIndex((other) => other.kind === target.kind && other.text === target.text) === index,
  );
}

const DEFAULT_LIMIT = 50;

export const BY_OPTION = ['--by <id>', 'only what this agent did'] as const;

/** @throws CoordError `usage` for what is no id */
export function readBy(input: Input): string | null {
  const by = input.text('by');
  return by === undefined ? null : checkAgentId(by);
}

/** What narrows a list of what happened, and means the same for each of them. */
export const LISTING_OPTIONS: NonNullable<Verb['options']> = [
  ['--since <when>', 'what came after: a duration such as 2h, an instant, or an id of the list'],
  BY_OPTION,
  ['--limit <n>', `only the newest so many; ${DEFAULT_LIMIT} unless --since says where to begin`],
  ['--all', 'all of them; however many there are'],
];

/** The newest so many, of one agent or of all. */
export interface Listing {
  readonly by: string | null;
  readonly limit: number;
}

/** @throws CoordError `usage` */
export function readListing(input: Input): Listing {
  const limit = input.text('limit');
  if (limit !== undefined && input.flag('all')) throw usage('--limit and --all cannot be used together', 'use one');
  const unlimited = input.flag('all') || input.text('since') !== undefined;
  const most = unlimited ? Number.POSITIVE_INFINITY : DEFAULT_LIMIT;
  return { by: readBy(input), limit: limit === undefined ? most : readCount('--limit', limit) };
}

/** A whole number above zero that was typed for an option. @throws CoordError `usage` when it is not one. */
export function readCount(option: string, text: string): number {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (count > 0) return count;
  throw usage(`${option} is not a whole number above zero: ${JSON.stringify(text)}`, `for example ${option} 50`);
}
