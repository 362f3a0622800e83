import {
  type Candidate,
  DEPLOY_STEPS,
  type Deployment,
  type LiveTarget,
  type SyncEvidence,
} from '../../domain/deploy/records.js';
import type { Cached, Verification } from '../../domain/deploy/verification.js';
import type { GateRecord } from '../../domain/gates/gate.js';
import {
  agentId,
  commit,
  type Fields,
  flag,
  instant,
  listOf,
  oneOf,
  orNull,
  recordOf,
  seconds,
  text,
  token,
  wholeNumber,
} from './fields.js';

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
