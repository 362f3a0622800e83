import { patternTarget } from '../../src/domain/ground/patterns.js';
import type { TaskDoneRequest, TaskReturnRequest } from '../../src/domain/tasks/finish.js';
import type { TaskAddRequest, TaskDraft, TaskDropRequest, TaskEditRequest } from '../../src/domain/tasks/plan.js';
import type { TaskTakeRequest } from '../../src/domain/tasks/take.js';
import { baseOf } from './decisions.js';

/** A draft of a task with this title, as nobody fills in more of it. */
export function draftOf(
  title: string,
  { scope = [], ...changes }: Partial<Omit<TaskDraft, 'scope'>> & { readonly scope?: readonly string[] } = {},
): TaskDraft {
  const nothing = { key: null, where: null, text: '', after: [], role: null, accept: [], priority: 2 };
  return { ...nothing, title, scope: scope.map(patternTarget), ...changes };
}

export function addOf(agent: string, ...drafts: readonly TaskDraft[]): TaskAddRequest {
  return { ...baseOf(agent), kind: 'task-add', drafts };
}

const TERMS = {
  ...{ reason: null, expectSeconds: null, head: null, contains: {}, allowBehind: false, reach: 'clone' as const },
  ...{ rules: null, ticket: null, ttl: { asked: null, byDefault: 1800, resources: {} } },
};

export function takeOf(agent: string, changes: Partial<TaskTakeRequest> = {}): TaskTakeRequest {
  const asked = { id: null, another: false, ticketSeconds: null };
  return { ...baseOf(agent), ...TERMS, kind: 'task-take', ...asked, ...changes };
}

const NO_WORK = { commit: null, commitNamed: false, changes: null, uncommitted: false };

export function doneOf(agent: string, changes: Partial<TaskDoneRequest> = {}): TaskDoneRequest {
  const said = { id: null, text: null, landed: false, open: [], person: false };
  return { ...baseOf(agent), ...TERMS, ...NO_WORK, ...said, kind: 'task-done', ...changes };
}

export function returnOf(agent: string, changes: Partial<TaskReturnRequest> = {}): TaskReturnRequest {
  return { ...baseOf(agent), ...NO_WORK, kind: 'task-return', id: null, reason: null, person: false, ...changes };
}

export function editOf(agent: string, id: string, changes: Partial<TaskEditRequest> = {}): TaskEditRequest {
  return { ...baseOf(agent), kind: 'task-edit', id, changes: {}, retry: false, ...changes };
}

export function dropOf(agent: string, id: string, changes: Partial<TaskDropRequest> = {}): TaskDropRequest {
  return { ...baseOf(agent), kind: 'task-drop', id, reason: null, person: false, ...changes };
}
