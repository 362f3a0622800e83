import {
  type Candidate,
  DEPLOY_STEPS,
  type Deployment,
  type LiveTarget,
  type SyncEvidence,
} from '../../domain/deploy/records.js';
import type { Cached, Verification } from '../../domain/deploy/verification.js';
import type { GateRecord } from '../../domain/gates/gate.js';
import type { Target } from '../../domain/ground/targets.js';
import type {
  Agent,
  AnsweredRequest,
  Claim,
  Kill,
  Loss,
  Note,
  Offer,
  Once,
  PathContent,
  Release,
  Submission,
  SubmissionClosing,
  SubmittedFile,
  Waiter,
} from '../../domain/model.js';
import { EVIDENCE, type LateResult, TASK_STATES, type Task, type TaskTry, TRY_ENDS } from '../../domain/tasks/task.js';
import {
  agentId,
  anyRecord,
  type Check,
  commit,
  type Fields,
  flag,
  instant,
  listOf,
  oneOf,
  orNull,
  plainName,
  recordOf,
  seconds,
  text,
  token,
  treePath,
  wholeNumber,
} from './fields.js';

const kind = oneOf('path', 'directory', 'glob', 'resource');
const mode = oneOf('exclusive', 'shared');

const OFFER: Fields<Offer> = {
  to: text,
  at: instant,
  commit: orNull(commit),
  declined: orNull(recordOf<NonNullable<Offer['declined']>>({ at: instant, reason: orNull(text) })),
};

export const CLAIM: Fields<Claim> = {
  id: text,
  target: text,
  kind,
  mode,
  agent: agentId,
  session: orNull(text),
  token,
  ttlSeconds: seconds,
  acquiredAt: instant,
  renewedAt: instant,
  expiresAt: instant,
  reason: orNull(text),
  reach: oneOf('clone', 'remote'),
  base: orNull(commit),
  expectSeconds: orNull(seconds),
  rules: orNull(text),
  allowedBehind: flag,
  offer: orNull(recordOf(OFFER)),
  tasks: listOf(text),
  byHand: flag,
};

export const WAITER: Fields<Waiter> = {
  id: text,
  agent: agentId,
  session: orNull(text),
  targets: listOf(recordOf<Target>({ kind, text })),
  mode,
  since: instant,
  expiresAt: instant,
  reason: orNull(text),
  passive: flag,
  suspected: flag,
};

export const RELEASE: Fields<Release> = {
  target: text,
  kind,
  agent: agentId,
  token,
  at: instant,
  commit,
  base: orNull(commit),
  changes: orNull(listOf(recordOf<PathContent>({ path: text, blob: orNull(commit) }))),
  uncommitted: flag,
};

const KILL: Fields<Kill> = { by: text, at: instant, reason: text };

const LOSS: Fields<Loss> = {
  claim: text,
  target: text,
  token,
  at: instant,
  how: oneOf('expired', 'taken-over', 'revoked', 'unconfirmed', 'handed-over'),
  session: orNull(text),
  by: orNull(text),
  reason: orNull(text),
};

export const AGENT: Fields<Agent> = {
  id: text,
  role: oneOf('peer', 'orchestrator', 'worker'),
  session: orNull(text),
  startedAt: orNull(instant),
  lastSeen: instant,
  state: orNull(text),
  rules: orNull(text),
  killed: orNull(recordOf(KILL)),
  revived: orNull(recordOf<NonNullable<Agent['revived']>>({ by: text, at: instant })),
  losses: listOf(recordOf(LOSS)),
};

export const NOTE: Fields<Note> = {
  id: text,
  at: instant,
  agent: agentId,
  session: orNull(text),
  kind: oneOf('note', 'intent', 'proposal', 'state', 'handoff', 'ack'),
  text,
  to: listOf(text),
  target: orNull(text),
  needsAck: listOf(text),
  answerBy: orNull(instant),
  ref: orNull(text),
  refused: flag,
};

export const ONCE: Fields<Once> = {
  key: text,
  status: oneOf('running', 'succeeded'),
  agent: agentId,
  session: orNull(text),
  claim: text,
  command: text,
  startedAt: instant,
  finishedAt: orNull(instant),
  output: text,
  truncated: flag,
};

const mode100 = oneOf('100644', '100755');

const SUBMITTED_FILE: Fields<SubmittedFile> = {
  path: treePath,
  blob: orNull(commit),
  mode: orNull(mode100),
  bytes: token,
  base: orNull(commit),
  baseMode: orNull(text),
  carriesBase: flag,
};

export const SUBMISSION: Fields<Submission> = {
  id: plainName,
  agent: agentId,
  session: orNull(text),
  at: instant,
  to: orNull(text),
  text,
  commit: orNull(commit),
  files: listOf(recordOf(SUBMITTED_FILE)),
  task: orNull(text),
  integrated: orNull(recordOf<NonNullable<Submission['integrated']>>({ by: text, at: instant, paths: listOf(text) })),
  closed: orNull(
    recordOf<SubmissionClosing>({
      how: oneOf('landed', 'declined', 'withdrawn'),
      by: text,
      at: instant,
      reason: orNull(text),
    }),
  ),
};

export const ANSWERED_REQUEST: Fields<AnsweredRequest> = {
  id: text,
  agent: agentId,
  kind: text,
  fingerprint: text,
  at: instant,
  answer: anyRecord,
};

const action = oneOf('deploy', 'rollback');

const GATE_RECORD: Fields<GateRecord> = {
  id: text,
  gate: text,
  target: text,
  commit,
  action,
  type: orNull(oneOf('command', 'signed-tag')),
  open: flag,
  closed: orNull(text),
  finding: text,
  checked: listOf(text),
  signers: listOf(text),
  nonces: listOf(text),
  outputDigest: orNull(text),
  configCommit: orNull(commit),
  at: instant,
};

const VERIFICATION: Fields<Verification> = {
  ok: flag,
  url: text,
  commit,
  reason: orNull(text),
  expected: text,
  namesCommit: flag,
  seen: orNull(text),
  status: orNull(wholeNumber),
  attempts: wholeNumber,
  firstAt: instant,
  lastAt: instant,
  finding: text,
  cached: orNull(recordOf<Cached>({ seen: orNull(text), ageSeconds: orNull(seconds) })),
};

const CANDIDATE: Fields<Candidate> = { deploy: text, commit, agent: agentId, at: instant };

export const LIVE_TARGET: Fields<LiveTarget> = {
  target: text,
  live: orNull(recordOf(CANDIDATE)),
  perhaps: listOf(recordOf(CANDIDATE)),
  nonces: listOf(text),
};

export const DEPLOYMENT: Fields<Deployment> = {
  id: text,
  target: text,
  action,
  status: oneOf('running', 'done', 'failed', 'blocked', 'unknown'),
  step: oneOf(...DEPLOY_STEPS),
  commit,
  previous: orNull(commit),
  agent: agentId,
  session: orNull(text),
  rules: orNull(text),
  command: listOf(text),
  startedAt: instant,
  finishedAt: orNull(instant),
  exit: orNull(wholeNumber),
  why: orNull(text),
  rollback: orNull(recordOf<NonNullable<Deployment['rollback']>>({ reason: text })),
  claim: orNull(recordOf<NonNullable<Deployment['claim']>>({ id: text, token, base: orNull(commit) })),
  sync: orNull(recordOf<SyncEvidence>({ upstream: text, upstreamCommit: commit, fetchedAt: instant })),
  gates: listOf(recordOf(GATE_RECORD)),
  verification: orNull(recordOf(VERIFICATION)),
};

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
