import { expect, it } from 'vitest';
import { coordInProcess } from '../support/in-process.js';
import { sandbox } from '../support/sandbox.js';

it('a text that is longer than a program can be given is bad input', async () => {
  const box = sandbox();
  const clone = box.repository();
  const env = { COORD_AGENT: 'maya' };
  await coordInProcess(box, clone, ['init', '--local'], { env });
  const long = 'a'.repeat(2 ** 20);
  expect((await coordInProcess(box, clone, ['claim', 'src'], { env })).code).toBe(0);
  const refused = await coordInProcess(box, clone, ['release', '--all', '--commit', long, '--json'], { env });
  expect(refused.json().error).toMatchObject({ code: 'usage', exit: 2, hint: expect.stringContaining('shorten') });
});

it('the version is one object with --json, wherever it is asked for', async () => {
  const box = sandbox();
  for (const words of [['--version'], ['claim', 'src', '--version'], ['-V', 'status']]) {
    const { code, json } = await coordInProcess(box, box.home, [...words, '--json']);
    expect([words, code, json().data]).toEqual([words, 0, { version: 'test' }]);
  }
});
