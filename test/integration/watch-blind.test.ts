import { expect, it, onTestFinished, vi } from 'vitest';
import { discoverRepository } from '../../src/git/repository.js';
import { watchRef } from '../../src/store/queue/watch.js';
import { sandbox } from '../support/sandbox.js';

const attempts = vi.hoisted(() => ({ count: 0 }));

// As where a system has no watches left: git and all other files stay real.
vi.mock('node:fs', async (original) => ({
  ...(await original<typeof import('node:fs')>()),
  watch: () => {
    attempts.count += 1;
    throw Object.assign(new Error('no space left for watches'), { code: 'ENOSPC' });
  },
}));

it('tells of a moved branch also where the file system tells of nothing', async () => {
  const box = sandbox();
  const clone = box.repository();
  const commit = box.commit(clone, 'a', '1');
  const moved = new Promise<void>((resolve) => {
    const watch = watchRef({ repository: discoverRepository(clone), ref: 'refs/coord/state', onChange: resolve });
    onTestFinished(() => watch.close());
  });
  box.git(clone, 'update-ref', 'refs/coord/state', commit);
  await moved;
  expect(attempts.count).toBeGreaterThan(0);
});
