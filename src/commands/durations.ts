import type { Config } from '../config/config.js';
import { formatDuration, parseDuration } from '../domain/time.js';
import { usage } from '../errors.js';
import type { Input } from './verb.js';

/**
 * Seconds of a duration that was typed for an option.
 * @throws CoordError `usage` when it is not one, or is zero.
 */
export function readDuration(option: string, text: string): number {
  const seconds = parseDuration(text);
  if (seconds === null)
    throw usage(`${option} is not a duration: ${JSON.stringify(text)}`, `for example ${option} 30m`);
  if (seconds <= 0) throw usage(`${option} must be above zero`, `for example ${option} 30m`);
  return seconds;
}

/** As {@link readDuration}, for a time to live. @throws CoordError `usage` above the cap. */
export function readTtl(text: string, config: Config): number {
  const seconds = readDuration('--ttl', text);
  const { maxSeconds } = config.ttl;
  if (seconds <= maxSeconds) return seconds;
  throw usage(
    `--ttl ${text} is above the cap of ${formatDuration(maxSeconds)}`,
    `ask for ${formatDuration(maxSeconds)} or less; renewing extends it (ttl.max in coord.config.json)`,
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
  const seconds = readDuration('--wait', text);
  if (seconds <= config.waitSeconds) return seconds;
  const cap = formatDuration(config.waitSeconds);
  throw usage(
    `--wait ${text} is above the cap of ${cap}`,
    `wait ${cap} or less, and repeat (wait.max in coord.config.json)`,
  );
}

/** The time to live of a target: what was asked, else what its resource has, else the default. */
export function ttlFor(target: string, asked: number | undefined, config: Config): number {
  if (asked !== undefined) return asked;
  const resource = Object.hasOwn(config.resources, target) ? config.resources[target]?.ttlSeconds : null;
  return Math.min(resource ?? config.ttl.defaultSeconds, config.ttl.maxSeconds);
}
