import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Sandbox } from './sandbox.js';

/** Every file below a directory with its mode and content's digest; what is called `.git` is left out. */
export function filesBelow(directory: string): Record<string, string> {
  const found: Record<string, string> = {};
  const visit = (folder: string) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.name === '.git') continue;
      if (entry.isDirectory()) visit(path);
      else found[relative(directory, path)] = describe(path);
    }
  };
  visit(directory);
  return found;
}

function describe(path: string): string {
  const stats = lstatSync(path);
  const content = stats.isSymbolicLink() ? readlinkSync(path) : readFileSync(path);
  return `${stats.mode.toString(8)} ${stats.mtimeMs} ${createHash('sha1').update(content).digest('hex')}`;
}

/** All of a worktree that is the user's: files, index (byte for byte), HEAD, its reflog, stash, refs but coord's own. */
export function usersPart(box: Sandbox, worktree: string) {
  const gitDirectory = box.git(worktree, 'rev-parse', '--absolute-git-dir');
  const refs = box.git(worktree, 'for-each-ref', '--format=%(refname) %(objectname)').split('\n');
  const read = (name: string) => {
    const path = join(gitDirectory, name);
    return existsSync(path) ? readFileSync(path).toString('base64') : null;
  };
  return {
    files: filesBelow(worktree),
    index: read('index'),
    head: read('HEAD'),
    reflog: read('logs/HEAD'),
    stash: box.git(worktree, 'stash', 'list'),
    stashReflog: read('logs/refs/stash'),
    // But for what coord remembers there.
    config: readFileSync(
      join(gitDirectory, existsSync(join(gitDirectory, 'config')) ? 'config' : 'HEAD'),
      'utf8',
    ).replace(/\[coord\]\n(?:\t.*\n)*/, ''),
    fetchHead: read('FETCH_HEAD'),
    refs: refs.filter((line) => !/^refs\/coord(?:-local)?\//.test(line)),
    inGitDirectory: readdirSync(gitDirectory).filter((name) => name !== 'coord' && name !== 'COMMIT_EDITMSG'),
  };
}
