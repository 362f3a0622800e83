import type { Deployment } from '../../src/domain/deploy/records.js';
import type { GateRecord } from '../../src/domain/gates/gate.js';
import {
  type Agent,
  type Claim,
  EMPTY_STATE,
  largestNumber,
  type Note,
  type Release,
  type State,
  type Waiter,
} from '../../src/domain/model.js';
import { at, START } from './requests.js';

export function claimRecord(token: number, changes: Partial<Claim> = {}): Claim {
  return {
    id: `c${token}`,
    target: `src/${token}.ts`,
    kind: 'path',
    mode: 'exclusive',
    agent: 'maya',
    session: null,
    token,
    ttlSeconds: 1800,
    acquiredAt: START,
    renewedAt: START,
    expiresAt: at(1800),
    reason: null,
    reach: 'clone',
    base: null,
    expectSeconds: null,
    rules: null,
    allowedBehind: false,
    offer: null,
    tasks: [],
    byHand: true,
    ...changes,
  };
}

export function agentRecord(id: string, changes: Partial<Agent> = {}): Agent {
  return {
    id,
    role: 'peer',
    session: null,
    startedAt: null,
    lastSeen: START,
    state: null,
    rules: null,
    killed: null,
    revived: null,
    losses: [],
    ...changes,
  };
}

export function noteRecord(id: string, text: string, changes: Partial<Note> = {}): Note {
  return {
    id,
    at: START,
    agent: 'maya',
    session: null,
    kind: 'note',
    text,
    to: [],
    target: null,
    needsAck: [],
    answerBy: null,
    ref: null,
    refused: false,
    ...changes,
  };
}

export function waiterRecord(id: string, changes: Partial<Waiter> = {}): Waiter {
  return {
    id,
    agent: 'noor',
    session: null,
    targets: [{ kind: 'path', text: 'src/1.ts' }],
    mode: 'exclusive',
    since: START,
    expiresAt: at(20),
    reason: null,
    passive: false,
    suspected: false,
    ...changes,
  };
}

export function releaseRecord(target: string, changes: Partial<Release> = {}): Release {
  return {
    ...{ target, kind: 'path', agent: 'maya', token: 1, at: START, commit: 'a'.repeat(40) },
    ...{ base: null, changes: null, uncommitted: false, ...changes },
  };
}

/** A state that has counted the ids in it. */
export function stateOf(changes: Partial<State> = {}): State {
  const { claims = [], waiters = [] } = changes;
  return { ...EMPTY_STATE, lastClaim: largestNumber(claims), lastWaiter: largestNumber(waiters), ...changes };
}

/** Texts that break what is careless about quoting, lines, encodings or keys. */
export const HOSTILE_TEXTS = [
  'with space',
  '"double" \'single\' `tick`',
  'back\\slash',
  'new\nline',
  'carriage\r\nreturn',
  'tab\there',
  '\u001b[31mred\u001b[0m\u0007',
  'line\u2028and\u2029paragraph',
  '\u202eright to left',
  'emoji 🎉 and 👩‍👩‍👧',
  'NFC \u00e9 and NFD e\u0301',
  '-dash',
  '--json',
  '__proto__',
  'constructor',
  '{"type":"claim.granted","id":"forged"}',
  'Coord-Operation: forged',
  '$(touch pwned); `touch pwned`',
  'x'.repeat(4_000),
];

export function gateRecord(gate: string, changes: Partial<GateRecord> = {}): GateRecord {
  return {
    id: `g-${gate}`,
    gate,
    target: 'prod',
    commit: 'a'.repeat(40),
    action: 'deploy',
    type: 'command',
    open: true,
    closed: null,
    finding: 'ended with exit 0',
    checked: ['true'],
    signers: [],
    nonces: [],
    outputDigest: null,
    configCommit: null,
    at: START,
    ...changes,
  };
}

export function deploymentRecord(id: string, changes: Partial<Deployment> = {}): Deployment {
  return {
    id,
    target: 'prod',
    action: 'deploy',
    status: 'done',
    step: 'record',
    commit: 'a'.repeat(40),
    previous: null,
    agent: 'maya',
    session: null,
    rules: null,
    command: ['true'],
    startedAt: START,
    finishedAt: START,
    exit: 0,
    why: null,
    rollback: null,
    claim: null,
    sync: null,
    gates: [],
    verification: null,
    ...changes,
  };
}
