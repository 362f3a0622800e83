/** The value below which this share of the sorted values lies. */
export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/**
 * Times each case once a round, and the floor between them, so that whatever else the machine does meets all alike. A
 * ratio is that of a case to the floor of its own round; medians, with the middle half beside them.
 *
 * @param {{ name: string, time(round: number): number }[]} cases in the order in which they run
 * @param {(round: number) => number} floor milliseconds of what everything is compared with
 * @param {number} rounds one more is made first, and thrown away
 */
export function interleaved(cases, floor, rounds) {
  const ratios = cases.map(() => []);
  const times = cases.map(() => []);
  for (let round = 0; round <= rounds; round += 1) {
    const floors = [];
    const measured = cases.map(({ time }) => {
      floors.push(floor(round));
      return time(round);
    });
    if (round === 0) continue;
    const base = quantile(floors, 0.5);
    measured.forEach((ms, index) => {
      times[index].push(ms);
      ratios[index].push(ms / base);
    });
  }
  return cases.map(({ name }, index) => ({
    name,
    ratio: quantile(ratios[index], 0.5),
    low: quantile(ratios[index], 0.25),
    high: quantile(ratios[index], 0.75),
    ms: quantile(times[index], 0.5),
  }));
}
