import { rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { localFleet, sharedFleet } from '../support/fleet.js';
import { sandbox } from '../support/sandbox.js';

const MOST_LINES = 20;

function lastLines(stdout: string): string[] {
  expect(stdout.trimEnd().split('\n').length).toBeLessThanOrEqual(MOST_LINES);
  return stdout.trimEnd().split('\n').slice(-2);
}

describe('coord alone', () => {
  it('outside of a repository says where to go', async () => {
    const box = sandbox();
    const { code, stdout } = await box.coord(box.home, []);
    expect(code).toBe(0);
    expect(stdout).toContain('this folder is not in a git repository');
    expect(lastLines(stdout)).toEqual(['next: go into a git repository; then coord init', 'more: coord help']);
  });

  it('where it is not set up says how to begin', async () => {
    const box = sandbox();
    const clone = box.repository();
    const { code, stdout } = await box.coord(clone, []);
    expect(code).toBe(0);
    expect(lastLines(stdout)).toEqual(['next: coord init', 'more: coord help']);
    expect((await box.coord(clone, ['--json'])).json().data).toMatchObject({ setUp: 'no', next: 'coord init' });
  });

  it('to somebody unknown says what others hold, and how to be known', async () => {
    const fleet = await localFleet();
    await fleet.as('maya', ['claim', 'src/api']);
    const { code, stdout } = await fleet.box.coord(fleet.clone, []);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^you +not known yet\nhold +nothing\ntask +none\nothers +maya src\/api\/\*\* 30m\n/m);
    expect(lastLines(stdout)[0]).toBe('next: coord session start --agent YOUR-ID');
  });

  it('where several agents have a session in the worktree names them', async () => {
    const { box, clone } = await localFleet();
    for (const agent of ['a1', 'a2']) await box.coord(clone, ['session', 'start', '--agent', agent]);
    expect((await box.coord(clone, [])).stdout).toMatch(/^you +a1 or a2: say which with --agent or COORD_AGENT$/m);
  });

  it('to an agent at work says what it holds, who is beside it, and which note waits, as data too', async () => {
    const fleet = await localFleet();
    const start = await fleet.as('maya', ['session', 'start', '--json']);
    const as = { env: { COORD_SESSION: start.json().data.session } };
    await fleet.as('maya', ['claim', 'src/api'], as);
    for (const path of ['a', 'b', 'c', 'd', 'e']) await fleet.as('noor', ['claim', `docs/${path}.md`]);
    await fleet.as('noor', ['note', 'may I?', '--kind', 'proposal', '--to', 'maya', '--needs-ack', 'maya']);
    const { stdout } = await fleet.as('maya', [], as);
    expect(stdout).toMatch(
      /^you +maya\nhold +src\/api\/\*\* 30m\ntask +none\nothers +noor docs\/a\.md 30m · .* · and 1 more: coord status\n/m,
    );
    expect(stdout).toMatch(/^notes +1 note to you, 1 of them waits for your answer: coord inbox$/m);
    expect(stdout).toMatch(/^needs you noor waits for your answer: may I\?$/m);
    expect(lastLines(stdout)[0]).toMatch(/^next: coord ack \S+$/);
    expect((await fleet.as('maya', ['--json'], as)).json()).toMatchObject({
      command: 'overview',
      ok: true,
      data: {
        setUp: 'yes',
        agent: 'maya',
        claims: [{ target: 'src/api/**' }],
        tasks: [],
        readyTasks: 0,
        sync: { upstream: 'main', behind: 0 },
      },
    });
  });

  it('to an agent without work names the task that it can take, and then the one that it has', async () => {
    const fleet = await localFleet();
    const start = await fleet.as('maya', ['session', 'start', '--json']);
    const as = { env: { COORD_SESSION: start.json().data.session } };
    await fleet.as('maya', ['task', 'add', 'paginate the users', '--scope', 'src/api'], as);
    const before = await fleet.as('maya', [], as);
    expect(before.stdout).toMatch(/^task +none; 1 task can be taken: coord task take$/m);
    expect(lastLines(before.stdout)[0]).toBe('next: coord task take');
    await fleet.as('maya', ['task', 'take'], as);
    const after = await fleet.as('maya', [], as);
    expect(after.stdout).toMatch(/^task +t1 paginate the users$/m);
    expect(lastLines(after.stdout)[0]).toBe('next: commit your work, then coord land');
  });

  it('asks no remote, so that it answers when that is gone', async () => {
    const fleet = await sharedFleet();
    await fleet.as('maya', ['claim', 'src/api']);
    rmSync(fleet.remote, { recursive: true });
    const { code, stdout } = await fleet.as('maya', []);
    expect(code).toBe(0);
    expect(stdout).toContain('hold     src/api/** 30m');
    expect(stdout).toMatch(/^copy +has all of origin\/main as last fetched/m);
  });
});
