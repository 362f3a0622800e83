import { realpathSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import type { Repository } from '../git/repository.js';
import { callsGuard, contentOf } from './hook-files.js';
import { GUARDED_HOOKS, isHookScript } from './hook-script.js';
import type { Write } from './shell/findings.js';

/** The hooks that guard this repository, and that these writes change or delete. */
export function guardsAmong({ root, commonDir }: Repository, writes: readonly Write[]): string[] {
  const isNear = (path: string) => [commonDir, root].some((own) => path.startsWith(`${own}/`)) || path === commonDir;
  const near = writes.flatMap(placesOf).filter(({ path }) => isNear(path));
  if (near.length === 0) return [];
  const folders = [join(commonDir, 'hooks'), ...configuredFolders(root, commonDir)];
  const guards = folders.flatMap((folder) => GUARDED_HOOKS.map((hook) => join(folder, hook)));
  return guards
    .filter((guard) => near.some(({ path, below }) => guard === path || (below && guard.startsWith(`${path}/`))))
    .filter((guard) => isGuard(guard, root))
    .map((guard) => `${nameOf(guard, root, commonDir)} is a guard of this repository; a person may change it`);
}

/** Where the configuration of the clone lets git take its hooks from, as far as its text says. */
function configuredFolders(root: string, commonDir: string): string[] {
  const text = contentOf(join(commonDir, 'config')) ?? '';
  const named = [...text.matchAll(/^\s*hookspath\s*=\s*"?([^"#;\r\n]+?)"?\s*$/gim)].map(([, folder = '']) => folder);
  return named.map((folder) => realPlace(resolve(root, folder)));
}

function nameOf(guard: string, root: string, commonDir: string): string {
  return guard.startsWith(`${commonDir}/`) ? `.git/${relative(commonDir, guard)}` : relative(root, guard);
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

function isGuard(path: string, root: string): boolean {
  const content = contentOf(path) ?? '';
  const hook = GUARDED_HOOKS.find((known) => known === basename(path));
  return isHookScript(content) || (hook !== undefined && callsGuard(hook, content, root));
}
