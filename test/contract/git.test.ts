import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'vitest';
import { EMPTY_STATE } from '../../src/domain/model.js';
import { inProcess } from '../support/in-process.js';
import { BEGIN, historyIn, LOCAL, opening, SHARED } from '../support/opened.js';
import { type Sandbox as Box, Sandbox, sandbox } from '../support/sandbox.js';
import { type Opened, storeContract } from './store.contract.js';

async function local(box: Box, directory: string, before?: () => void): Promise<Opened> {
  const context = () => inProcess(box).context(directory);
  await (await context().stores.open(LOCAL)).life.create(EMPTY_STATE, BEGIN);
  const here = opening(context, LOCAL, before);
  return { here, far: here, history: historyIn(box, directory) };
}

storeContract('a branch of this clone', async () => {
  const box = sandbox();
  return local(box, box.repository());
});

storeContract('a branch of this clone, seen from a linked worktree', async () => {
  const box = sandbox();
  const clone = box.repository();
  box.commit(clone, 'a', 'a');
  const worktree = box.worktree(clone);
  const opened = await local(box, clone);
  return { ...opened, far: opening(() => inProcess(box).context(worktree)) };
});

storeContract('refs and objects packed', async () => {
  const box = sandbox();
  const directory = box.repository();
  // Packed as soon as something loose is there: no read may rely on loose refs or objects.
  return local(box, directory, () => {
    if (existsSync(join(directory, '.git', 'refs', 'coord', 'state'))) box.git(directory, 'gc', '--quiet');
  });
});

storeContract('objects of another repository (alternates)', async () => {
  const box = sandbox();
  const lender = box.repository();
  await local(box, lender);
  const borrower = box.clone(lender, { args: ['--shared', '--no-checkout'] });
  box.git(borrower, 'fetch', '--quiet', 'origin', 'refs/coord/state:refs/coord/state');
  return local(box, borrower);
});

storeContract('SHA-256', async () => {
  const box = sandbox();
  box.git(box.directory, 'init', '--quiet', '--object-format=sha256', 'wide');
  return local(box, box.path('wide'));
});

describe.skipIf(!supports('--ref-format=reftable'))('where git has it', () => {
  storeContract('reftable', async () => {
    const box = sandbox();
    box.git(box.directory, 'init', '--quiet', '--ref-format=reftable', 'table');
    return local(box, box.path('table'));
  });
});

storeContract('a remote that arbitrates, two clones', async () => {
  const box = sandbox();
  const remote = box.bareRemote();
  const [one, two] = [box.clone(remote), box.clone(remote)];
  const contextOf = (directory: string) => () => inProcess(box).context(directory);
  await (await contextOf(one)().stores.open(SHARED)).life.create(EMPTY_STATE, BEGIN);
  await (await contextOf(two)().stores.open(SHARED)).life.create(EMPTY_STATE, BEGIN);
  return {
    here: opening(contextOf(one), SHARED),
    far: opening(contextOf(two), SHARED),
    history: historyIn(box, remote),
  };
});

function supports(option: string): boolean {
  const box = new Sandbox();
  try {
    return box.tryGit(box.directory, 'init', '--quiet', option, 'probe').code === 0;
  } finally {
    box.cleanup();
  }
}
