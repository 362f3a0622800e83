import { expect, it } from 'vitest';
import { discoverRepository } from '../../../src/git/repository.js';
import { gitIn } from '../../../src/git/run.js';
import { ScratchIndex } from '../../../src/git/scratch-index.js';
import { sandbox } from '../../support/sandbox.js';

it('tells more changes than a call of a function may have arguments', async () => {
  const box = sandbox();
  const clone = box.repository();
  const id = box.git(clone, 'hash-object', '-w', '/dev/null');
  const index = new ScratchIndex(discoverRepository(clone), gitIn(clone, box.env), 'many');
  const count = 200_000;
  await index.put(
    Array.from({ length: count }, (_, number) => ({ path: `many/${number}`, file: { mode: '100644', id } })),
  );
  expect(await index.changesSince(null, ['many'])).toHaveLength(count);
});
