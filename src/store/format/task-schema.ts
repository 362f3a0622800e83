import type { Target } from '../../domain/ground/targets.js';
import { EVIDENCE, type LateResult, TASK_STATES, type Task, type TaskTry, TRY_ENDS } from '../../domain/tasks/task.js';
import {
  agentId,
  type Check,
  commit,
  type Fields,
  instant,
  listOf,
  oneOf,
  orNull,
  recordOf,
  text,
  token,
} from './fields.js';

const taskId: Check = (value) =>
  typeof value === 'string' && /^t[1-9]\d{0,14}$/.test(value) ? null : 'not the id of a task';

const TRY: Fields<TaskTry> = {
  agent: agentId,
  at: instant,
  how: oneOf(...TRY_ENDS),
  reason: orNull(text),
  commit: orNull(commit),
};

const LATE: Fields<LateResult> = {
  agent: agentId,
  at: instant,
  text: orNull(text),
  commit: orNull(commit),
  submission: orNull(text),
};

export const TASK: Fields<Task> = {
  id: taskId,
  title: text,
  text,
  scope: listOf(recordOf<Target>({ kind: oneOf('path', 'directory', 'glob', 'resource'), text })),
  after: listOf(taskId),
  role: orNull(oneOf('peer', 'orchestrator', 'worker')),
  accept: listOf(text),
  priority: token,
  by: agentId,
  addedAt: instant,
  state: oneOf(...TASK_STATES),
  agent: orNull(agentId),
  since: instant,
  attempts: token,
  submission: orNull(text),
  evidence: orNull(oneOf(...EVIDENCE)),
  commit: orNull(commit),
  result: orNull(text),
  tries: listOf(recordOf(TRY)),
  late: listOf(recordOf(LATE)),
};
