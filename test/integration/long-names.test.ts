import { expect, it } from 'vitest';
import { readRef } from '../../src/git/refs.js';
import { discoverRepository } from '../../src/git/repository.js';
import { gitIn } from '../../src/git/run.js';
import { sandbox } from '../support/sandbox.js';

it('finds no ref under a name that no file can have', async () => {
  const box = sandbox();
  const clone = box.repository();
  const ref = `refs/heads/${'9'.repeat(400)}`;
  expect(await readRef(discoverRepository(clone), gitIn(clone, box.env), ref)).toBeNull();
});
