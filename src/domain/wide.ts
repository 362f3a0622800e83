import { groundOf } from './conflicts.js';
import { contains } from './ground/index.js';
import type { Claim } from './model.js';
import type { Target } from './targets.js';

const MOST_SUGGESTED = 3;

/** Whether a claim stops many others: the whole repository, or a whole top-level directory of the surface. */
export function isWide(claim: Pick<Claim, 'kind' | 'target'>, surface: readonly Target[]): boolean {
  const ground = groundOf(claim);
  if (ground.kind === 'resource' || ground.kind === 'path') return false;
  return (
    contains(ground, { kind: 'directory', text: '**' }) ||
    surface.some((part) => part.kind === 'directory' && !part.text.slice(0, -3).includes('/') && contains(ground, part))
  );
}

/** At most three files or directories that hold all of the changed paths; empty when nothing has changed. */
export function narrowerGround(changed: readonly string[]): string[] {
  if (changed.length <= MOST_SUGGESTED) return [...changed];
  const folders = [...new Set(changed.map((path) => path.split('/').slice(0, -1).join('/')))];
  return folders.length <= MOST_SUGGESTED && !folders.includes('') ? folders : [];
}
