import { describe, expect, it } from 'vitest';
import { localFleet, sharedFleet } from '../support/fleet.js';
import { callHook } from '../support/harness.js';

const COMPLETED = 'claude-code.task-completed';

describe('a task of the harness that is called complete', () => {
  it('stays open for as long as the task of coord that it names is not done', async () => {
    const fleet = await localFleet();
    await fleet.as('boss', ['task', 'add', 'paginate users', '--scope', 'src/api']);
    const open = await callHook(fleet, COMPLETED);
    expect([open.code, open.stdout]).toEqual([2, '']);
    expect(open.stderr).toContain(
      'coord: t1 (paginate users) is not done yet: nobody has it\nnext: coord task take t1',
    );
    await fleet.as('maya', ['task', 'take']);
    const taken = await callHook(fleet, COMPLETED);
    expect([taken.code, taken.stdout]).toEqual([2, '']);
    expect(taken.stderr).toContain(
      'it is taken by maya\nnext: coord land, or where nothing is to land: coord task done t1',
    );
    await fleet.as('maya', ['task', 'done']);
    expect(await callHook(fleet, COMPLETED)).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });

  it.each([
    ['T1 paginate', ''],
    ['[t1] paginate', ''],
    ['task t1', ''],
    ['Paginate Users', ''],
    ['do the API', 'first: coord task take t1'],
    ['do the API', 'holds @task/t1'],
  ])('is known by %j, %j', async (subject, description) => {
    const fleet = await localFleet();
    await fleet.as('boss', ['task', 'add', 'paginate users']);
    const change = { task_subject: subject, task_description: description };
    expect((await callHook(fleet, COMPLETED, { change })).code).toBe(2);
  });

  it.each(['write tests', 'the t1 line', 't12: other', 't01', ''])('is let through as %j', async (subject) => {
    const fleet = await localFleet();
    await fleet.as('boss', ['task', 'add', 'paginate users']);
    const change = { task_subject: subject, task_description: 'as t1 says' };
    expect(await callHook(fleet, COMPLETED, { change })).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });

  it('is let through where nobody coordinates, and where no task is known', async () => {
    const fleet = await localFleet();
    expect(await callHook(fleet, COMPLETED)).toMatchObject({ code: 0, stderr: '' });
    const bare = fleet.box.repository();
    expect(await callHook({ ...fleet, clone: bare }, COMPLETED, { cwd: bare })).toMatchObject({ code: 0, stderr: '' });
  });

  it('is asked of the remote before it is stopped, and stopped where that cannot be asked', async () => {
    const fleet = await sharedFleet();
    const other = fleet.box.clone(fleet.remote);
    await fleet.as('boss', ['task', 'add', 'paginate users']);
    await fleet.as('noor', ['task', 'take'], { cwd: other });
    expect((await callHook(fleet, COMPLETED)).code).toBe(2);
    await fleet.as('noor', ['task', 'done'], { cwd: other });
    fleet.box.git(fleet.clone, 'remote', 'set-url', 'origin', fleet.box.path('out-of-reach.git'));
    const apart = await callHook(fleet, COMPLETED);
    expect([apart.code, apart.stderr]).toEqual([2, expect.stringContaining('coord: ')]);
    fleet.box.git(fleet.clone, 'remote', 'set-url', 'origin', fleet.remote);
    expect(await callHook(fleet, COMPLETED)).toMatchObject({ code: 0, stderr: '' });
  });
});
