import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { discoverRepository } from '../../src/git/repository.js';
import { watchFolder, watchRef } from '../../src/store/queue/watch.js';
import { type Sandbox, sandbox } from '../support/sandbox.js';

/** Watches a ref, and hands out a promise of the next change for each that is awaited. */
function watched(clone: string, ref: string) {
  let ring: () => void = () => undefined;
  let changes = 0;
  const watch = watchRef({
    repository: discoverRepository(clone),
    ref,
    onChange: () => {
      changes += 1;
      ring();
    },
  });
  onTestFinished(() => watch.close());
  return {
    get changes() {
      return changes;
    },
    /** Does something, and resolves when the watch has told of a change. */
    async tellsOf(work: () => unknown): Promise<void> {
      const next = new Promise<void>((resolve) => {
        ring = resolve;
      });
      work();
      await next;
    },
    close: () => watch.close(),
  };
}

function repository(): { box: Sandbox; clone: string; commits: string[] } {
  const box = sandbox();
  const clone = box.repository();
  return { box, clone, commits: ['1', '2', '3', '4'].map((text) => box.commit(clone, 'a', text)) };
}

describe.each(['refs/coord/state', 'refs/heads/team/deep/coord'])('watching the ref %s', (ref) => {
  it('tells when it is made, moved, packed, moved again, deleted and made again', async () => {
    const { box, clone, commits } = repository();
    const to = (commit: string | undefined) => box.git(clone, 'update-ref', ref, commit ?? '');
    const watch = watched(clone, ref);
    await watch.tellsOf(() => to(commits[0]));
    await watch.tellsOf(() => to(commits[1]));
    await watch.tellsOf(() => box.git(clone, 'pack-refs', '--all', '--prune'));
    await watch.tellsOf(() => to(commits[2]));
    await watch.tellsOf(() => box.git(clone, 'update-ref', '-d', ref));
    await watch.tellsOf(() => to(commits[3]));
  });

  it('tells of it to another worktree', async () => {
    const { box, clone, commits } = repository();
    const watch = watched(box.worktree(clone), ref);
    await watch.tellsOf(() => box.git(clone, 'update-ref', ref, commits[0] ?? ''));
  });

  it('tells nothing of other refs, nor after it was closed', async () => {
    const { box, clone, commits } = repository();
    box.git(clone, 'update-ref', ref, 'HEAD');
    const watch = watched(clone, ref);
    const other = watched(clone, `${ref}2`);
    await other.tellsOf(() => box.git(clone, 'update-ref', `${ref}2`, commits[0] ?? ''));
    expect(watch.changes).toBe(0);
    watch.close();
    await other.tellsOf(() => {
      box.git(clone, 'update-ref', ref, commits[0] ?? '');
      box.git(clone, 'update-ref', `${ref}2`, commits[1] ?? '');
    });
    expect(watch.changes).toBe(0);
  });
});

it('watches a folder that does not exist yet, and one that was removed and made again', async () => {
  const box = sandbox();
  const folder = join(box.directory, 'not', 'there');
  let ring: () => void = () => undefined;
  const watch = watchFolder(folder, () => ring());
  onTestFinished(() => watch.close());
  const tellsOf = (work: () => void) =>
    new Promise<void>((resolve) => {
      ring = resolve;
      work();
    });
  await tellsOf(() => mkdirSync(folder, { recursive: true }));
  await tellsOf(() => writeFileSync(join(folder, 'x'), ''));
  await tellsOf(() => rmSync(join(box.directory, 'not'), { recursive: true }));
  await tellsOf(() => mkdirSync(folder, { recursive: true }));
  await tellsOf(() => writeFileSync(join(folder, 'y'), ''));
});
