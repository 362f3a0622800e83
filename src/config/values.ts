import { parseDuration } from '../domain/time.js';

/** A duration of the configuration in seconds; undefined where it is not set. */
export function seconds(duration: string | undefined): number | undefined {
  return duration === undefined ? undefined : (parseDuration(duration) ?? undefined);
}

/** The same record with each value changed. */
export function mapValues<A, B>(record: Readonly<Record<string, A>>, change: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}
