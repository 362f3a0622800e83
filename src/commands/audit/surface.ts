import type { Config } from '../../config/config.js';
import { CONFIG_FILE, parseConfig } from '../../config/load.js';
import type { Context } from '../../context.js';
import { matches } from '../../domain/ground/index.js';
import { patternTarget } from '../../domain/patterns.js';
import { CoordError } from '../../errors.js';
import { blobsAt, type RangeCommit } from '../../git/commit-range.js';
import { configAt, protectedConfig } from '../main-branch/protected-config.js';

/**
 * The configuration that the audit goes by: of the range's base, which whoever is audited did not choose; where it has
 * none, of the main branch.
 * @throws CoordError `usage` when it cannot be read: nothing weaker takes its place.
 */
export async function auditConfig(context: Context, base: string | null): Promise<Config> {
  const there = base === null ? null : await configAt(context, base);
  return there ?? (await protectedConfig(context)).config;
}

export interface Surface {
  /** Whether a path was on the surface when this commit changed it. */
  covers(commit: RangeCommit, path: string): boolean;
  /** What of the configurations could not be read. */
  readonly warnings: readonly string[];
}

/**
 * A path is on the surface when it was so at the base of the range, or in the commit's first parent: who takes a path off
 * the surface escapes in no commit of the range, and what came onto it counts from the next commit on.
 */
export async function readSurface(context: Context, base: Config, commits: readonly RangeCommit[]): Promise<Surface> {
  const parents = [...new Set(commits.flatMap(({ parents: [first] }) => first ?? []))];
  const blobs = await blobsAt(context.git, parents, CONFIG_FILE);
  const blobOf = new Map(parents.map((parent, index) => [parent, blobs[index] ?? null]));
  const texts = await context.objects.read([...new Set(blobs.filter((id) => id !== null))]);
  const surfaces = new Map<string, readonly string[]>();
  const warnings: string[] = [];
  for (const [id, { body }] of texts) {
    try {
      surfaces.set(id, (await parseConfig(body.toString('utf8'))).surface);
    } catch (error) {
      if (!(error instanceof CoordError)) throw error;
      const parent = parents.find((one) => blobOf.get(one) === id) ?? '';
      warnings.push(`${CONFIG_FILE} of ${parent.slice(0, 7)} cannot be read; the surface of the range's base counts`);
    }
  }
  const always = membership(base.surface, context.repository.foldsCase);
  const byBlob = new Map([...surfaces].map(([id, list]) => [id, membership(list, context.repository.foldsCase)]));
  return {
    covers: ({ parents: [first] }, path) => always(path) || byBlob.get(blobOf.get(first ?? '') ?? '')?.(path) === true,
    warnings,
  };
}

/** Whether a path is on one of the patterns; each path is looked at once. */
function membership(patterns: readonly string[], foldCase: boolean): (path: string) => boolean {
  const targets = patterns.map(patternTarget);
  const known = new Map<string, boolean>();
  return (path) => {
    const before = known.get(path);
    if (before !== undefined) return before;
    const is = targets.some((target) => matches(target, path, { foldCase }));
    known.set(path, is);
    return is;
  };
}
