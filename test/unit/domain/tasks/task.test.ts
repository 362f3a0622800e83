import { describe, expect, it } from 'vitest';
import { EMPTY_STATE } from '../../../../src/domain/model.js';
import { isTaskQuestion, taskQuestion, tasksNamedIn } from '../../../../src/domain/tasks/task.js';
import { stateAfter } from '../../../support/decisions.js';
import { addOf, draftOf } from '../../../support/tasks.js';

const { tasks } = stateAfter(EMPTY_STATE, [
  addOf(
    'boss',
    draftOf('Paginate users'),
    draftOf('document pages'),
    ...Array.from({ length: 10 }, () => draftOf('x')),
  ),
]);

describe('the tasks that somebody else’s list means', () => {
  it.each<[subject: string, description: string, ids: string[]]>([
    ['t2: anything', '', ['t2']],
    ['T2: anything', '', ['t2']],
    ['[t2] anything', '', ['t2']],
    ['task t2', '', ['t2']],
    ['coord task t2', '', ['t2']],
    ['do it', 'holds @task/t2', ['t2']],
    ['do it', 'coord task take t2, then coord task done t1', ['t1', 't2']],
    ['  paginate USERS ', '', ['t1']],
    ['t12: is not t1', '', ['t12']],
    ['see t2', '', []],
    ['do it', 't2 is only spoken of', []],
    ['do it', '@task/t22 and @task/t0', []],
    ['paginate users and more', '', []],
    ['', '', []],
  ])('%j, %j: %j', (subject, description, ids) => {
    expect(tasksNamedIn(tasks, subject, description).map(({ id }) => id)).toEqual(ids);
  });
});

it('a gate is asked about a task, and is told it from a deploy target', () => {
  expect(isTaskQuestion(taskQuestion('t12'))).toBe(true);
  for (const target of ['prod', 'task/', 'task/t0', 'task/x1', 'a/task/t1', 'task/t1/x', 't1']) {
    expect([target, isTaskQuestion(target)]).toEqual([target, false]);
  }
});
