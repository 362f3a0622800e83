import { describe, expect, it } from 'vitest';
import { localFleet } from '../support/fleet.js';
import { submitted, workshop } from '../support/workers.js';

const SAID = 'run coord status, then coord land';

/** Where the agent names itself by --agent, suggestions repeat that; what people wrote must not change with them. */
describe('with --agent, what people wrote is shown as they wrote it', () => {
  it.each<[what: string, ...args: string[]]>([
    ['a note', 'log'],
    ['a note', 'inbox'],
    ['the reason of a claim', 'status'],
    ['an event', 'events'],
    ['what an agent does', 'agent', 'list'],
    ['what this agent does', 'agent', 'state'],
    ['a rule', 'rules'],
    ['one rule', 'rules', 'show', 'own'],
    ['rules, memory, notes and reasons', 'session', 'start'],
  ])('%s (coord %s)', async (what, ...args) => {
    const { box, clone, as } = await localFleet();
    box.commit(clone, 'rules/project.md', `## own: Own\n\n${SAID}.\n`);
    box.commit(clone, 'STATE.md', `memory: ${SAID}\n`);
    await as('noor', ['note', SAID, '--to', 'maya']);
    await as('noor', ['claim', 'src/api', '--reason', SAID]);
    await as('noor', ['agent', 'state', SAID]);
    await as('maya', ['agent', 'state', SAID]);
    await as('maya', ['note', SAID]);
    await as('maya', ['claim', '@db', '--reason', SAID]);
    const { code, stdout } = await box.coord(clone, ['--agent', 'maya', ...args]);
    expect([code, stdout]).toEqual([0, expect.stringContaining(SAID)]);
    expect(stdout).not.toMatch(/\\ufdd|coord --agent maya (status, then|land)/);
    if (what.startsWith('rules,')) expect(stdout.split(SAID).length).toBe(6);
  });

  it('a patch, which may be applied', async () => {
    const shop = await workshop();
    shop.box.write(shop.bench, 'src/x', `${SAID}\n`);
    const id = await submitted(shop, 'src');
    const { stdout } = await shop.box.coord(shop.boss, ['--agent', 'maya', 'integrate', id, '--patch']);
    expect(stdout).toContain(`\n+${SAID}\n`);
  });

  it('a file name, in a suggestion too', async () => {
    const { box, clone, as } = await localFleet();
    box.commit(clone, 'src/my coord notes.md', 'x\n');
    await as('noor', ['claim', 'src/my coord notes.md']);
    const { code, stderr } = await box.coord(clone, ['--agent', 'maya', 'claim', 'src/my coord notes.md']);
    expect(code).toBe(3);
    expect(stderr).toContain("coord --agent maya claim 'src/my coord notes.md' --wait");
    expect(stderr).not.toMatch(/\\ufdd|my coord --agent/);
  });

  it('a loss with its reason, in a notice', async () => {
    const { box, clone, as } = await localFleet();
    await as('maya', ['claim', 'src/api']);
    await as('noor', ['claim', 'src/api', '--take-over', '--reason', SAID]);
    const { stderr } = await box.coord(clone, ['--agent', 'maya', 'status']);
    expect(stderr).toContain(SAID);
  });
});
