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
  Release,
  Submission,
  SubmissionClosing,
  SubmittedFile,
  Waiter,
} from '../../domain/model.js';
import {
  agentId,
  anyRecord,
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

export const RELEASE: Fields<Release> = { target: text, kind, agent: agentId, token, at: instant, commit };

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
  ref: orNull(text),
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
