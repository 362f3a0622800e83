/** A part of an output that may have to do with fewer bytes. */
export interface Part {
  /** Lines. */
  readonly full: readonly string[];
  /** What stands in the place of `full` where that does not fit; the same lines when the part is always needed. */
  readonly brief: readonly string[];
  /** What it shows, for those who ask whether it is shown. */
  readonly name?: string;
  /** Who comes first when not all fit: smaller is sooner. */
  readonly rank: number;
}

export type Fit =
  /** For each part, whether it is shown in full. */
  | { readonly fits: true; readonly full: readonly boolean[] }
  /** Not even the brief forms fit; they take this many bytes. */
  | { readonly fits: false; readonly least: number };

/** Chooses the parts that are shown in full, by rank and then in their order, so that all stay within so many bytes of UTF-8. */
export function fitParts(parts: readonly Part[], mostBytes: number): Fit {
  const costs = parts.map(({ full, brief }) => ({ full: bytesOf(full), brief: bytesOf(brief) }));
  const shown = costs.map(({ full, brief }) => full <= brief);
  let total = costs.reduce((sum, { full, brief }) => sum + Math.min(full, brief), 0);
  if (total > mostBytes) return { fits: false, least: total };
  const order = parts.map((_, index) => index).sort((a, b) => (parts[a]?.rank ?? 0) - (parts[b]?.rank ?? 0) || a - b);
  for (const index of order) {
    const { full = 0, brief = 0 } = costs[index] ?? {};
    if (shown[index] || total + full - brief > mostBytes) continue;
    shown[index] = true;
    total += full - brief;
  }
  return { fits: true, full: shown };
}

/** The lines of the parts, each full or brief as the fit says. */
export function linesOfFit(parts: readonly Part[], full: readonly boolean[]): string[] {
  return parts.flatMap((part, index) => (full[index] ? part.full : part.brief));
}

const ENCODER = new TextEncoder();

/** Bytes of the lines as they are printed, newlines included. */
export function bytesOf(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + ENCODER.encode(line).length + 1, 0);
}
