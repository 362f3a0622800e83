import { readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Repository } from '../git/repository.js';
import { GUARDED_HOOKS, isHookScript } from './hook-script.js';
import type { Write } from './shell/findings.js';

/** The hooks of coord that these writes change or delete. */
export function guardsAmong({ commonDir }: Repository, writes: readonly Write[]): string[] {
  const near = writes.flatMap(placesOf).filter(({ path }) => path === commonDir || path.startsWith(`${commonDir}/`));
  if (near.length === 0) return [];
  const guards = GUARDED_HOOKS.map((hook) => join(commonDir, 'hooks', hook)).filter(isGuard);
  return guards
    .filter((guard) => near.some(({ path, below }) => guard === path || (below && guard.startsWith(`${path}/`))))
    .map((guard) => `.git/hooks/${basename(guard)} is a guard of this repository; a person may change it`);
}

/** What a write changes: a file or all below it, what is put into a folder, or what is in the folder of a pattern. */
function placesOf({ path, isPattern, directory, into }: Write): { path: string; below: boolean }[] {
  const before = isPattern ? path.split('/').slice(0, segmentOfWildcard(path)).join('/') : path;
  const absolute = realPlace(resolve(directory, before));
  if (into.length > 0) return into.map((name) => ({ path: join(absolute, name), below: false }));
  return [{ path: absolute, below: true }];
}

function segmentOfWildcard(path: string): number {
  return path.split('/').findIndex((segment) => /[*?[{]/.test(segment));
}

/** With the links in its folder followed; a file that is itself a link stays what it is. */
function realPlace(path: string): string {
  try {
    return join(realpathSync(dirname(path)), basename(path));
  } catch {
    return path;
  }
}

function isGuard(path: string): boolean {
  try {
    return isHookScript(readFileSync(path, 'utf8'));
  } catch {
    return false;
  }
}
