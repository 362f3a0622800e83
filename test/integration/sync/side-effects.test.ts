import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { type Sandbox, sandbox } from '../../support/sandbox.js';
import { facts, inSync, refused } from './rig.js';

let box: Sandbox;
let remote: string;
let clone: string;

beforeEach(() => {
  box = sandbox();
  remote = box.bareRemote();
  clone = box.clone(remote);
});

/** Digest and modification time of each file, but for objects and coord's own refs. */
function snapshot(directory: string, at = ''): Record<string, string> {
  const found: Record<string, string> = {};
  for (const entry of readdirSync(join(directory, at), { withFileTypes: true })) {
    const path = join(at, entry.name);
    if (['.git/objects', '.git/refs/coord-local', '.git/refs/worktree'].includes(path)) continue;
    if (entry.isDirectory()) Object.assign(found, snapshot(directory, path));
    else {
      const digest = createHash('sha256')
        .update(readFileSync(join(directory, path)))
        .digest('hex');
      found[path] = `${digest} ${statSync(join(directory, path)).mtimeMs}`;
    }
  }
  return found;
}

test('touches no index, working tree, HEAD, tracking ref, tag, FETCH_HEAD or reflog', async () => {
  box.git(clone, 'config', 'fetch.prune', 'true');
  box.git(clone, 'config', 'fetch.pruneTags', 'true');
  box.git(clone, 'config', 'fetch.writeCommitGraph', 'true');
  box.git(clone, 'config', 'remote.origin.tagOpt', '--tags');
  box.git(clone, 'tag', 'local');
  const other = box.clone(remote);
  box.commit(other, 'a', 'a');
  box.git(other, 'tag', 'v1');
  box.git(other, 'push', '--quiet', 'origin', 'main', 'v1');
  box.write(clone, 'untracked', 'x');
  const before = snapshot(clone);
  await refused(box, clone, { requireClean: true });
  await refused(box, clone, { mainBranch: 'main' });
  expect(snapshot(clone)).toEqual(before);
});

test('works whatever the refspec of the remote, and moves nothing by it', async () => {
  box.git(clone, 'config', 'remote.origin.fetch', '+refs/heads/*:refs/heads/*');
  const other = box.clone(remote);
  box.commit(other, 'a', 'a');
  box.git(other, 'push', '--quiet', 'origin', 'main');
  const before = snapshot(clone);
  expect(await refused(box, clone)).toMatchObject({ reason: 'behind' });
  expect(snapshot(clone)).toEqual(before);
});

test('worktrees and calls at once do not fail each other', async () => {
  const places = [clone, box.worktree(clone), box.worktree(clone)];
  const other = box.clone(remote);
  for (const round of [1, 2, 3]) {
    box.commit(other, 'a', `${round}`);
    box.git(other, 'push', '--quiet', 'origin', 'main');
    const all = await Promise.all([...places, ...places, ...places].map((place) => facts(box, place)));
    expect(all.map(({ upstream }) => upstream)).toEqual(
      all.map(() => expect.objectContaining({ kind: 'fetched', behind: round })),
    );
  }
  const head = box.git(other, 'rev-parse', 'HEAD');
  expect(box.git(clone, 'for-each-ref', '--format=%(refname)', 'refs/coord', 'refs/coord-local', 'refs/worktree')).toBe(
    `refs/coord-local/seen/origin/%HEAD/${head}\nrefs/coord-local/seen/origin/main/${head}`,
  );
});

test('packed refs and a reader of packed refs are served alike', async () => {
  await inSync(box, clone);
  box.git(clone, 'pack-refs', '--all');
  box.git(remote, 'pack-refs', '--all');
  await inSync(box, clone);
  const other = box.clone(remote);
  box.commit(other, 'a', 'a');
  box.git(other, 'push', '--quiet', 'origin', 'main');
  expect(await refused(box, clone)).toMatchObject({ reason: 'behind' });
});

test('a repository of SHA-256 objects', async () => {
  box.git(box.directory, 'init', '--quiet', '--bare', '--object-format=sha256', 'long.git');
  box.git(box.directory, 'init', '--quiet', '--object-format=sha256', 'long');
  const long = box.path('long');
  box.git(long, 'remote', 'add', 'origin', box.path('long.git'));
  const first = box.commit(long, 'a', 'a');
  box.commit(long, 'b', 'b');
  box.git(long, 'push', '--quiet', 'origin', 'main');
  await inSync(box, long);
  box.git(box.path('long.git'), 'update-ref', 'refs/heads/main', first);
  expect(await refused(box, long)).toMatchObject({ reason: 'rewound' });
});
