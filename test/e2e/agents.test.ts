import { describe, expect, it } from 'vitest';
import { type Fleet, localFleet } from '../support/fleet.js';
import { coordInProcess } from '../support/in-process.js';

/** A person at a terminal; the built program under test has none. */
function asPaul({ box, clone }: Fleet, ...args: readonly string[]) {
  return coordInProcess(box, clone, [...args, '--agent', 'paul'], { person: true });
}

describe('coord agent kill', () => {
  it('revokes what the agent holds, tells it, and lets it only read until it is revived', async () => {
    const fleet = await localFleet();
    await fleet.as('noor', ['claim', 'src/api', '@db/main']);
    const killed = await asPaul(fleet, 'agent', 'kill', 'noor', '--reason', 'edits the wrong branch', '--json');
    expect(killed.code).toBe(0);
    expect(killed.json().data).toMatchObject({
      agent: { id: 'noor', killed: { by: 'paul', reason: 'edits the wrong branch' } },
      revoked: [{ target: 'src/api/**' }, { target: '@db/main' }],
    });

    const told = await fleet.as('noor', ['status']);
    expect(told.code).toBe(0);
    expect(told.stderr).toContain('you lost src/api/**: revoked by paul');
    expect(told.stderr).toMatch(/you were stopped by paul at .*: "edits the wrong branch"; you may only read/);
    for (const args of [
      ...[
        ['claim', 'docs'],
        ['renew'],
        ['release', '--all'],
        ['claim', 'docs'],
        ['handoff', 'accept'],
        ['agent', 'state', 'busy'],
      ],
      ...[
        ['claim', 'docs', '--wait'],
        ['agent', 'revive', 'noor'],
      ],
    ]) {
      const refused = await fleet.as('noor', args);
      expect([args, refused.code]).toEqual([args, 6]);
    }
    for (const args of [
      ['status'],
      ['agent', 'list'],
      ['agent', 'state'],
      ['verify-token', 'docs', '1', '--no-fetch'],
    ]) {
      expect((await fleet.as('noor', args)).stdout + (await fleet.as('noor', args)).stderr).not.toContain('refused');
    }
    expect((await fleet.as('maya', ['claim', 'src/api'])).code).toBe(0);

    expect((await fleet.as('maya', ['handoff', 'src/api', '--to', 'noor'])).code).toBe(2);
    expect((await asPaul(fleet, 'agent', 'revive', 'noor')).stdout).toContain('revived noor');
    expect((await fleet.as('noor', ['claim', 'docs'])).code).toBe(0);
  });

  it('is refused to a peer with exit 6, and nothing changes', async () => {
    const fleet = await localFleet();
    await fleet.as('noor', ['claim', 'src/api']);
    for (const args of [
      ['agent', 'kill', 'noor', '--reason', 'mine'],
      ['agent', 'revive', 'noor'],
    ]) {
      const refused = await fleet.as('maya', args);
      expect(refused.code).toBe(6);
      expect(refused.stderr).toContain('only an orchestrator, or a person at a terminal');
    }
    expect((await fleet.as('noor', ['renew', 'src/api'])).code).toBe(0);
  });

  it('needs a reason and a known agent, and says when it was done before', async () => {
    const fleet = await localFleet();
    await fleet.as('noor', ['agent', 'state', 'here']);
    expect((await asPaul(fleet, 'agent', 'kill', 'noor')).code).toBe(2);
    const unknown = await asPaul(fleet, 'agent', 'kill', 'nour', '--reason', 'x');
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toContain('known: noor');
    await asPaul(fleet, 'agent', 'kill', 'noor', '--reason', 'loops');
    const tip = fleet.box.git(fleet.clone, 'rev-parse', 'coord/state');
    const again = await asPaul(fleet, 'agent', 'kill', 'noor', '--reason', 'again');
    expect([again.code, again.stdout]).toEqual([0, expect.stringContaining('noor was stopped already, by paul')]);
    expect(fleet.box.git(fleet.clone, 'rev-parse', 'coord/state')).toBe(tip);
  });
});

describe('coord agent list and coord agent state', () => {
  it('show who works here, what each does and holds', async () => {
    const fleet = await localFleet();
    expect((await fleet.as('maya', ['agent', 'list'])).stdout).toBe('no agent has written here yet\n');
    await fleet.as('maya', ['claim', 'src/api']);
    expect((await fleet.as('maya', ['agent', 'state', 'moving\tpagination'])).stdout).toBe(
      'state moving\\tpagination\n',
    );
    expect((await fleet.as('maya', ['agent', 'state'])).stdout).toBe('moving\\tpagination\n');
    const report = (await fleet.as('noor', ['agent', 'list', '--json'])).json().data;
    expect(report.agents).toMatchObject([
      { id: 'maya', role: 'peer', session: null, state: 'moving\tpagination', killed: null, rules: null },
    ]);
    expect(report.agents[0].claims).toMatchObject([{ target: 'src/api/**', agent: 'maya' }]);
    expect((await fleet.as('noor', ['agent', 'list'])).stdout).toMatch(
      /maya +peer +- +\d+s ago +1 +- +- +moving\\tpagination/,
    );
    expect((await fleet.as('maya', ['agent', 'state', '--clear', '--json'])).json().data).toEqual({
      agent: 'maya',
      state: null,
      reach: 'clone',
    });
    expect((await fleet.as('maya', ['agent', 'state'])).stdout).toBe('no state\n');
  });

  it('write no second commit for the same state', async () => {
    const { box, clone, as } = await localFleet();
    await as('maya', ['agent', 'state', 'thinking']);
    const tip = box.git(clone, 'rev-parse', 'coord/state');
    await as('maya', ['agent', 'state', 'thinking']);
    expect(box.git(clone, 'rev-parse', 'coord/state')).toBe(tip);
  });

  it.each([[['']], [['x'.repeat(501)]], [['doing', '--clear']]])('refuse %j with exit 2', async (args) => {
    const fleet = await localFleet();
    expect((await fleet.as('maya', ['agent', 'state', ...args])).code).toBe(2);
    expect((await fleet.as('maya', ['agent', 'state', 'x'.repeat(500)])).code).toBe(0);
  });
});
