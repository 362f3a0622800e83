import { spawnSync } from 'node:child_process';
import type { Sandbox } from './sandbox.js';

/** What stands in a file of a tree: its bytes, or a mode and the id of any object. */
export type Entry = Buffer | { readonly mode: string; readonly id: string };

/** Moves the state ref on to a commit that git's plumbing made: its files, but for these; null: removed. */
export function commitFiles(
  box: Sandbox,
  clone: string,
  files: Readonly<Record<string, Entry | null>>,
  parents: readonly string[] = [box.git(clone, 'rev-parse', 'refs/coord/state')],
): string {
  const before = box.git(clone, 'ls-tree', parents[0] ?? '').split('\n');
  const kept = before.filter((line) => !Object.hasOwn(files, line.split('\t')[1] ?? ''));
  const own = Object.entries(files).flatMap(([name, entry]) => {
    if (entry === null) return [];
    const { mode, id } = Buffer.isBuffer(entry) ? { mode: '100644', id: hashed(box, clone, entry) } : entry;
    const type = mode === '40000' ? 'tree' : mode === '160000' ? 'commit' : 'blob';
    return [`${mode} ${type} ${id}\t${name}`];
  });
  const tree = fed(box, clone, ['mktree', '--missing'], Buffer.from(`${[...kept, ...own].join('\n')}\n`));
  const words = parents.flatMap((parent) => ['-p', parent]);
  const commit = box.git(clone, 'commit-tree', tree, ...words, '-m', 'by hand');
  box.git(clone, 'update-ref', 'refs/coord/state', commit);
  return commit;
}

export function hashed(box: Sandbox, clone: string, body: Buffer): string {
  return fed(box, clone, ['hash-object', '-w', '--stdin'], body);
}

/** The bytes of a file on the state ref. */
export function fileOn(box: Sandbox, clone: string, name: string): Buffer {
  const { stdout } = spawnSync('git', ['cat-file', 'blob', `refs/coord/state:${name}`], { cwd: clone, env: box.env });
  return stdout;
}

function fed(box: Sandbox, cwd: string, args: readonly string[], input: Buffer): string {
  const { status, stdout, stderr } = spawnSync('git', args, { cwd, env: box.env, input });
  if (status !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`);
  return stdout.toString().trim();
}
