import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Submodule } from '../domain/sync.js';
import { type IndexEntry, SUBMODULE_MODE } from './index-entries.js';
import type { Repository } from './repository.js';
import type { Git } from './run.js';

export function hasSubmodules(repository: Repository): boolean {
  return existsSync(join(repository.root, '.gitmodules'));
}

/** The submodules whose checked-out commit is not the recorded one, or that are not checked out. */
export async function submodulesOffPin(
  repository: Repository,
  git: Git,
  entries: readonly IndexEntry[],
): Promise<Submodule[]> {
  const off: Submodule[] = [];
  for (const { path, mode, id } of entries) {
    if (mode !== SUBMODULE_MODE) continue;
    const at = await checkedOut(repository, git, path);
    if (at !== id) off.push({ path, pin: id, at });
  }
  return off;
}

async function checkedOut(repository: Repository, git: Git, path: string): Promise<string | null> {
  // Without a .git of its own, git would answer for the superproject.
  if (!existsSync(join(repository.root, path, '.git'))) return null;
  const { code, stdout } = await git(['-C', join(repository.root, path), 'rev-parse', '--quiet', '--verify', 'HEAD']);
  return code === 0 ? stdout.toString('latin1').trim() : null;
}
