import { describe, expect, it } from 'vitest';
import { localFleet } from '../support/fleet.js';
import { workshop } from '../support/workers.js';

describe('a worker', () => {
  it.each([
    ['claim', 'src/api'],
    ['claim', 'src/api', 'scratch/w1/x'],
    ['claim', '**'],
    ['claim', '@deploy/prod'],
    ['claim', 'src/api', '--wait=1s'],
    ['claim', 'src/api', '--shared'],
    ['run', 'src/api', '--', 'true'],
    ['once', 'migrate', '--', 'true'],
    ['claim', 'src/api', '--take-over', '--reason', 'mine'],
    ['handoff', 'accept'],
    ['handoff', 'accept', 'src/api'],
  ])('is refused the surface by coord %s %s, and told how to hand over', async (...words) => {
    const { as } = await localFleet();
    await as('w1', ['session', 'start', '--role', 'worker']);
    await as('maya', ['claim', 'src/api']);
    await as('maya', ['handoff', 'src/api', '--to', 'w1']);
    if (words[0] === 'claim' || words[0] === 'run') await as('maya', ['release', '--all']);
    const { code, stderr } = await as('w1', words);
    expect([code, stderr]).toEqual([6, expect.stringContaining('coord submit PATH --note')]);
    expect((await as('w1', ['status', '--mine', '--json'])).json().data.claims).toEqual([]);
  });

  it('may not land, and is told how to hand over', async () => {
    const { box, bench, w1, remote } = await workshop();
    box.commit(bench, 'docs/x', 'x');
    const before = box.git(remote, 'rev-parse', 'main');
    for (const words of [['land'], ['land', '--to', 'mine'], ['land', '--dry-run']]) {
      const { code, stderr } = await w1(...words);
      expect([code, stderr]).toEqual([6, expect.stringContaining('coord submit PATH --base COMMIT --note')]);
    }
    expect([box.git(remote, 'rev-parse', 'main'), box.git(remote, 'branch', '--list', 'mine')]).toEqual([before, '']);
  });

  it('may claim its scratch, hand that over, write notes and say what it does', async () => {
    const { as } = await localFleet();
    await as('w1', ['session', 'start', '--role', 'worker']);
    await as('noor', ['claim', '@x']);
    for (const words of [
      ['session', 'scratch'],
      ['claim', 'scratch/w1/deep/x'],
      ['run', 'scratch/w1', '--', 'true'],
      ['handoff', 'scratch/w1', '--to', 'noor', '--uncommitted'],
      ['note', 'found it'],
      ['agent', 'state', 'looking'],
    ]) {
      expect([words, (await as('w1', words)).code]).toEqual([words, 0]);
    }
    expect((await as('w1', ['claim', 'scratch/w2/x'])).code).toBe(0);
  });
});
