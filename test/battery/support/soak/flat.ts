/** A figure that must not grow with the work that is done. */
export interface Bound {
  /** What each command may leave behind. */
  readonly perCommand: number;
  /** By how much it may differ from third to third, whatever was done: what is under way, and chance. */
  readonly slack: number;
}

export interface Sample {
  /** How many commands had been run. */
  readonly commands: number;
  readonly figures: Readonly<Record<string, number>>;
}

/**
 * What grew: the median of the last third of the samples is compared with that of the middle third, by the commands that
 * were run between them. The first third is left out, in which caches fill and leftovers reach the level at which they are
 * cleared away; the median, since a single sample may meet a pause of everything.
 */
export function growing(samples: readonly Sample[], bounds: Readonly<Record<string, Bound>>): string[] {
  const third = Math.floor(samples.length / 3);
  const [middle, last] = [samples.slice(third, 2 * third), samples.slice(-third)];
  const commands = median(last.map((one) => one.commands)) - median(middle.map((one) => one.commands));
  return Object.entries(bounds).flatMap(([name, { perCommand, slack }]) => {
    const [before, after] = [middle, last].map((part) => median(part.map(({ figures }) => figures[name] ?? 0)));
    const most = slack + perCommand * commands;
    if (before === undefined || after === undefined || after - before <= most) return [];
    return [`${name} grew from ${before} to ${after} in ${commands} commands, more than by ${Math.round(most)}`];
  });
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
