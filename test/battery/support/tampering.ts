import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { commitFiles, fileOn, hashed } from '../../support/plumbing.js';
import type { Sandbox } from '../../support/sandbox.js';

export const REF = 'refs/coord/state';

/** What can be put in the place of the branch, by a name: ids of objects. */
export type Fakes = Readonly<Record<string, string>>;

/**
 * Makes them in a repository that has the whole branch, and pushes them to `store`, which thereby has all of them but
 * the one that is `missing`.
 */
export function makeFakes(box: Sandbox, stranger: string, store: string): Fakes {
  const git = (...args: string[]) => box.git(stranger, ...args);
  const tip = git('rev-parse', REF);
  const commit = (tree: string, ...parents: string[]) =>
    git('commit-tree', tree, ...parents.flatMap((parent) => ['-p', parent]), '-m', 'another history');
  const empty = git('hash-object', '-w', '-t', 'tree', '/dev/null');
  const newer = Buffer.from(fileOn(box, stranger, 'claims.json').toString().replace('"format": 1', '"format": 2'));
  const formatTwo = commitFiles(box, stranger, { 'claims.json': newer }, [tip]);
  git('tag', '--annotate', '--message', 'not a commit', 'annotated', tip);
  const fakes = {
    tip,
    parent: git('rev-parse', `${tip}~1`),
    first: git('rev-list', '--max-parents=0', tip),
    sibling: commit(`${tip}^{tree}`, `${tip}~1`),
    onward: commit(`${tip}~1^{tree}`, commit(`${tip}~2^{tree}`, `${tip}~1`)),
    again: commit(`${tip}^{tree}`),
    grafted: commit(`${tip}~1^{tree}`, `${tip}~1`),
    code: git('rev-parse', 'refs/remotes/origin/main'),
    emptied: commit(empty, tip),
    emptiedAnew: commit(empty),
    newer: formatTwo,
    newerAnew: commit(`${formatTwo}^{tree}`),
    blob: hashed(box, stranger, newer),
    tree: git('rev-parse', `${tip}^{tree}`),
    tag: git('rev-parse', 'refs/tags/annotated'),
  };
  git('push', '--quiet', store, ...new Set(Object.values(fakes).map((id) => `${id}:refs/fakes/${id}`)));
  return { ...fakes, missing: 'd'.repeat(40) };
}

/**
 * What a way of tampering leaves, for who knows the branch: less of it (`back`), other commits (`other`), its own history
 * with something on top that is no state (`on`), no commit (`object`), or nothing that git can follow (`broken`).
 */
type Kind = 'back' | 'other' | 'on' | 'object' | 'broken';

export interface Way {
  readonly name: string;
  readonly kind: Kind;
  /** Name of a fake; `gone`: the branch is deleted; `text`: what its file then holds. */
  readonly to: string | { readonly text: string };
}

export const WAYS: readonly Way[] = [
  { name: 'deleted', kind: 'back', to: 'gone' },
  { name: 'rewound by one', kind: 'back', to: 'parent' },
  { name: 'rewound to its beginning', kind: 'back', to: 'first' },
  { name: 'force-pushed to a sibling', kind: 'other', to: 'sibling' },
  { name: 'rewound, then moved forward', kind: 'other', to: 'onward' },
  { name: 'force-pushed, under a graft that hides it', kind: 'other', to: 'grafted' },
  { name: 'replaced by an unrelated root with the same files', kind: 'other', to: 'again' },
  { name: 'reset to the code', kind: 'other', to: 'code' },
  { name: 'replaced by an empty root', kind: 'other', to: 'emptiedAnew' },
  { name: 'replaced by a root of a newer format', kind: 'other', to: 'newerAnew' },
  { name: 'made another name of the main branch', kind: 'other', to: { text: 'ref: refs/heads/main\n' } },
  { name: 'moved on to an empty tree', kind: 'on', to: 'emptied' },
  { name: 'moved on to a newer format', kind: 'on', to: 'newer' },
  { name: 'pointed at a file', kind: 'object', to: 'blob' },
  { name: 'pointed at a folder', kind: 'object', to: 'tree' },
  { name: 'pointed at a tag', kind: 'object', to: 'tag' },
  { name: 'pointed at what is not there', kind: 'broken', to: 'missing' },
  { name: 'emptied', kind: 'broken', to: { text: '' } },
];

export interface Tampering {
  readonly repository: string;
  /** Has the fakes. */
  readonly store: string;
  readonly fakes: Fakes;
  readonly ref: string;
  /** Whether all refs are packed before, and after where git packs that. */
  readonly packed: boolean;
}

/** Does it to a ref, as git would, or where git would refuse, as an editor would. */
export function tamper(box: Sandbox, { repository, store, fakes, ref, packed }: Tampering, { to, kind }: Way): void {
  const pack = () => box.git(repository, 'pack-refs', '--all', '--prune');
  if (packed) pack();
  if (to === 'gone') box.git(repository, 'update-ref', '-d', ref);
  else {
    const text = typeof to === 'object' ? to.text : `${fakes[to]}\n`;
    if (kind !== 'broken' && typeof to === 'string' && repository !== store) {
      box.git(repository, 'fetch', '--quiet', '--no-tags', store, `refs/fakes/${fakes[to]}`);
    }
    box.write(gitDirectory(repository), ref, text);
    if (to === 'grafted') box.git(repository, 'replace', '--graft', fakes.grafted ?? '', fakes.tip ?? '');
  }
  if (packed && kind !== 'broken') pack();
}

/** Every ref of a repository as it stands on the disk, but for what remembers the main branch. */
export function refsOnDisk(repository: string): Map<string, string> {
  const directory = gitDirectory(repository);
  const refs = new Map<string, string>();
  const packed = join(directory, 'packed-refs');
  for (const line of existsSync(packed) ? readFileSync(packed, 'utf8').split('\n') : []) {
    const [id = '', ref = ''] = line.split(' ');
    if (ref.startsWith('refs/')) refs.set(ref, id);
  }
  for (const entry of readdirSync(join(directory, 'refs'), { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) refs.set(path.slice(directory.length + 1), readFileSync(path, 'utf8').trim());
  }
  for (const ref of refs.keys()) if (/^refs\/(coord\/seen|worktree|remotes)\//.test(ref)) refs.delete(ref);
  return refs;
}

function gitDirectory(repository: string): string {
  const inside = join(repository, '.git');
  return existsSync(inside) ? inside : repository;
}

/** Keeps the refs of repositories, and what coord has beside them, as they are now. @returns what puts them back */
export function keep(box: Sandbox, repositories: readonly string[]): () => void {
  const kept = repositories.flatMap((repository, number) =>
    ['refs', 'packed-refs', 'coord'].map((name) => {
      return [join(gitDirectory(repository), name), box.path('kept', `${number}`, name)] as const;
    }),
  );
  const copied = (from: string, to: string) => {
    rmSync(to, { recursive: true, force: true });
    if (existsSync(from)) cpSync(from, to, { recursive: true, preserveTimestamps: true });
  };
  for (const [path, copy] of kept) copied(path, copy);
  return () => {
    for (const [path, copy] of kept) copied(copy, path);
  };
}
