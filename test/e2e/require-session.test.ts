import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Fleet, localFleet, sharedFleet } from '../support/fleet.js';

const CHANGED = 'the rules have changed since your session loaded them';
const RULE = '## be-kind: Be kind\n\nAnswer each note.\n';

function demand(fleet: Fleet, requireSession: boolean, commit = true): void {
  const config = JSON.parse(readFileSync(join(fleet.clone, 'coord.config.json'), 'utf8'));
  const text = JSON.stringify({ ...config, requireSession });
  if (commit) fleet.box.commit(fleet.clone, 'coord.config.json', text);
  else fleet.box.write(fleet.clone, 'coord.config.json', text);
}

describe('"requireSession": true', () => {
  it('refuses ground until the rules in force are loaded, with the one command to run', async () => {
    const fleet = await localFleet();
    demand(fleet, true);
    const refused = await fleet.as('maya', ['claim', 'src/api', '--json']);
    expect(refused.code).toBe(6);
    expect(refused.json().error).toMatchObject({
      code: 'closed',
      hint: 'coord session start',
      details: { reason: 'session-required', why: 'no-session', loaded: null },
    });
    const named = await fleet.box.coord(fleet.clone, ['claim', 'src/api', '--agent', 'maya', '--json']);
    expect(named.json().error.hint).toBe('coord --agent maya session start');
    expect((await fleet.as('maya', ['session', 'start'])).code).toBe(0);
    expect((await fleet.as('maya', ['claim', 'src/api'])).code).toBe(0);
    fleet.box.commit(fleet.clone, 'rules/own.md', RULE);
    const older = await fleet.as('maya', ['claim', 'src/web', '--json']);
    expect([older.code, older.json().error.details.why]).toEqual([6, 'older-rules']);
    expect((await fleet.as('maya', ['release', 'src/api'])).code).toBe(0);
    expect((await fleet.as('maya', ['session', 'start'])).code).toBe(0);
    expect((await fleet.as('maya', ['claim', 'src/web'])).code).toBe(0);
  });

  it.each([
    ['claim', 'src/web', '--wait=1s'],
    ['claim', 'src/web'],
    ['run', 'src/web', '--', 'true'],
    ['once', 'k', '--', 'true'],
    ['handoff', 'accept'],
    ['session', 'scratch'],
  ])('holds for coord %s', async (...words) => {
    const fleet = await localFleet();
    demand(fleet, true);
    const { code, stderr } = await fleet.as('maya', words);
    expect([code, stderr]).toEqual([6, expect.stringContaining('next: coord session start')]);
  });

  it('is not lifted by an agent that edits its own copy, its rules folder or its branch', async () => {
    const fleet = await localFleet();
    demand(fleet, true);
    demand(fleet, false, false);
    expect((await fleet.as('maya', ['claim', 'src/api'])).code).toBe(6);
    fleet.box.git(fleet.clone, 'switch', '--quiet', '-c', 'mine');
    demand(fleet, false);
    expect((await fleet.as('maya', ['claim', 'src/api'])).code).toBe(6);
    const config = JSON.parse(readFileSync(join(fleet.clone, 'coord.config.json'), 'utf8'));
    fleet.box.write(fleet.clone, 'coord.config.json', JSON.stringify({ ...config, rules: 'src' }));
    expect((await fleet.as('maya', ['session', 'start'])).code).toBe(0);
    expect((await fleet.as('maya', ['claim', 'src/api'])).code).toBe(6);
  });

  it('is read from the working copy while no main branch has a configuration', async () => {
    const fleet = await localFleet();
    fleet.box.git(fleet.clone, 'rm', '--quiet', '--cached', 'coord.config.json');
    fleet.box.git(fleet.clone, 'commit', '--quiet', '--message', 'none');
    expect((await fleet.as('maya', ['claim', 'src/api'])).code).toBe(0);
    demand(fleet, true, false);
    expect((await fleet.as('maya', ['claim', 'src/web'])).code).toBe(6);
  });

  it('stands although the main branch’s configuration has faults elsewhere', async () => {
    const fleet = await localFleet();
    demand(fleet, true);
    const good = readFileSync(join(fleet.clone, 'coord.config.json'), 'utf8');
    fleet.box.commit(fleet.clone, 'coord.config.json', good.replace('{', '{"later": 1,'));
    demand(fleet, false, false);
    fleet.box.write(fleet.clone, 'coord.config.json', good.replace('"requireSession":true', '"requireSession":false'));
    const refused = await fleet.as('maya', ['claim', 'src/api']);
    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('on main: coord.config.json has problems'),
    });
  });

  it('costs a claim no git process more while the main branch stands still', async () => {
    const fleet = await sharedFleet();
    demand(fleet, true);
    fleet.box.git(fleet.clone, 'push', '--quiet', 'origin', 'main');
    await fleet.as('maya', ['session', 'start']);
    await fleet.as('maya', ['claim', 'src/api']);
    const processes = async (name: string) => {
      await fleet.as('maya', ['renew'], { env: { GIT_TRACE2_EVENT: fleet.box.path(name) } });
      const lines = fleet.box
        .read(name)
        .split('\n')
        .filter((line) => line.includes('"event":"cmd_name"'));
      return lines.map((line) => (JSON.parse(line) as { name: string }).name);
    };
    const strict = await processes('strict.json');
    expect(strict).not.toContain('ls-tree');
    expect(strict).not.toContain('cat-file');
  });
});

describe('rules that changed after the session loaded them', () => {
  it('are told by the next command of the session, and once', async () => {
    const fleet = await sharedFleet();
    await fleet.as('maya', ['session', 'start']);
    await fleet.as('noor', ['claim', '@db']);
    fleet.box.commit(fleet.clone, 'rules/own.md', RULE);
    fleet.box.git(fleet.clone, 'push', '--quiet', 'origin', 'main');
    const told = await fleet.as('maya', ['status', '--json']);
    expect(told.stderr).toContain(`notice: ${CHANGED}; read them before you go on: coord session start`);
    expect((await fleet.as('maya', ['status'])).stderr).not.toContain(CHANGED);
    expect((await fleet.as('noor', ['status'])).stderr).not.toContain(CHANGED);
    const claimed = await fleet.as('maya', ['claim', 'src/api']);
    expect(claimed.stderr.split(CHANGED)).toHaveLength(2);
    fleet.box.commit(fleet.clone, 'rules/own.md', `${RULE}\nWhy: it helps.\n`);
    fleet.box.git(fleet.clone, 'push', '--quiet', 'origin', 'main');
    const stolen = await fleet.as('maya', ['claim', 'src/web']);
    expect(stolen.stderr.split(CHANGED)).toHaveLength(2);
    expect((await fleet.as('maya', ['session', 'start'])).stderr).not.toContain(CHANGED);
    expect((await fleet.as('maya', ['claim', 'src/api'])).stderr).not.toContain(CHANGED);
  });
});
