import { expect, it } from 'vitest';
import { inProcess } from '../support/in-process.js';
import { sandbox } from '../support/sandbox.js';

it('log --by names whose notes are read; it acts for nobody, and renews and tells nothing of that agent’s', async () => {
  const box = sandbox();
  const clone = box.repository();
  box.commit(clone, 'README.md', 'x\n');
  const { clock, run } = inProcess(box);
  await run(null, clone, ['init']);
  await run('maya', clone, ['note', 'from maya']);
  await run('noor', clone, ['note', 'from noor']);
  await run('maya', clone, ['claim', 'README.md', '--ttl', '30m']);
  const tip = () => box.git(clone, 'rev-parse', 'coord/state');
  const before = tip();
  clock.pass(20 * 60);
  const ofMaya = await run('noor', clone, ['log', '--by', 'maya']);
  expect(ofMaya).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('from maya') });
  expect(ofMaya.stdout).not.toContain('from noor');
  expect(tip()).toBe(before);
  clock.pass(11 * 60);
  expect((await run(null, clone, ['log', '--by', 'maya'])).stderr).toBe('');
  const asMaya = await run(null, clone, ['log', '--by', 'noor', '--agent', 'maya']);
  expect(asMaya.stderr).toContain('your claim on README.md expired');
  expect(asMaya.stdout).toContain('from noor');
  expect(asMaya.stdout).not.toContain('from maya');
});
