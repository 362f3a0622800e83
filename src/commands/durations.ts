import type { Config } from '../config/config.js';
import { formatDuration, parseDuration } from '../domain/time.js';
import { usage } from '../errors.js';
import type { Input } from './verb.js';

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
