import { describe, expect, it } from 'vitest';
import type { ReceivedNote } from '../../../src/domain/log/notes.js';
import type { Submission } from '../../../src/domain/model.js';
import { needsOf } from '../../../src/domain/status.js';
import { coord, targetWord } from '../../../src/domain/suggestion.js';
import type { TaskView } from '../../../src/domain/tasks/standing.js';
import { agentRecord, claimRecord, deploymentRecord, noteRecord, stateOf } from '../../support/records.js';
import { at, START } from '../../support/requests.js';

const offer = (to: string, seconds: number) => ({ to, at: at(seconds), commit: null, declined: null });

function submissionOf(id: string, changes: Partial<Submission> = {}): Submission {
  const made = { agent: 'hand', session: null, at: at(30), to: null, text: 'the\nparser', commit: null, files: [] };
  return { id, ...made, task: null, integrated: null, closed: null, ...changes };
}

function noteOf(id: string, pending: readonly string[]): ReceivedNote {
  return { ...noteRecord(id, 'may I\nrename?', { at: at(20) }), pending } as unknown as ReceivedNote;
}

function taskOf(id: string, changes: Partial<TaskView>): TaskView {
  return { id, title: 'write it', stuck: true, attempts: 3, since: at(50), addedAt: at(1), ...changes } as TaskView;
}

const state = stateOf({
  agents: [agentRecord('noor', { role: 'orchestrator' }), agentRecord('maya')],
  claims: [
    claimRecord(1, { offer: offer('noor', 40) }),
    claimRecord(2, { offer: offer('omar', 41) }),
    claimRecord(3, { offer: offer('noor', 42), expiresAt: at(60), target: 'gone' }),
  ],
  submissions: [
    submissionOf('n1'),
    submissionOf('n2', { to: 'maya', at: at(5) }),
    submissionOf('n3', { closed: { how: 'landed', by: 'noor', at: START, reason: null } }),
  ],
  deployments: {
    targets: [],
    attempts: [
      deploymentRecord('d1', { status: 'running', step: 'run', finishedAt: null, agent: 'ci', startedAt: at(-9000) }),
      deploymentRecord('d2', { target: 'web' }),
    ],
  },
});
const notes = [noteOf('n7', ['noor', 'omar']), noteOf('n8', ['omar'])];
const tasks = [taskOf('t1', {}), taskOf('t2', { stuck: false }), taskOf('t3', { since: at(1) })];
const needs = (agent: string | null) => needsOf(state, { agent, notes, tasks }, at(100));

const OFFER = {
  kind: 'offer',
  what: 'maya offers you src/1.ts',
  since: at(40),
  next: coord(`handoff accept ${targetWord({ kind: 'path', text: 'src/1.ts' })}`),
};
const ACK = {
  kind: 'ack',
  what: 'maya waits for your answer: may I\\nrename?',
  since: at(20),
  next: coord('ack n7'),
};
const SUBMISSION = {
  kind: 'submission',
  what: 'hand handed over: the\\nparser',
  since: at(30),
  next: coord('integrate n1'),
};
const stuck = (id: string, seconds: number) => ({
  kind: 'stuck-task',
  what: `${id} was tried 3 times without success: write it`,
  since: at(seconds),
  next: coord(`task show ${id}`),
});

describe('what waits for an agent', () => {
  it('is what was offered and asked of it, handed over to any orchestrator, and stuck for all, oldest first', () => {
    expect(needs('noor').filter(({ kind }) => kind !== 'unknown-deploy')).toEqual([
      ...[stuck('t3', 1), ACK, SUBMISSION, OFFER, stuck('t1', 50)],
    ]);
  });

  it('is what was handed over to itself, though it is no orchestrator, and nothing of others', () => {
    const own = needs('maya').filter(({ kind }) => !['unknown-deploy', 'stuck-task'].includes(kind));
    expect(own).toEqual([{ ...SUBMISSION, since: at(5), next: coord('integrate n2') }]);
    expect(needs('kim').map(({ kind }) => kind)).toEqual(needs(null).map(({ kind }) => kind));
  });

  it('is only what waits for anybody, where nobody is known to ask', () => {
    expect(needs(null).filter(({ kind }) => kind !== 'unknown-deploy')).toEqual([stuck('t3', 1), stuck('t1', 50)]);
  });

  it('is a deploy of which nobody knows how it ended, until there is a newer one there', () => {
    const unknown = {
      kind: 'unknown-deploy',
      what: "the outcome of ci's deploy to prod is unknown",
      since: at(-9000),
      next: coord('deploy show d1'),
    };
    expect(needs(null).filter(({ kind }) => kind === 'unknown-deploy')).toEqual([unknown]);
    const attempts = [...state.deployments.attempts, deploymentRecord('d3')];
    const later = { ...state, deployments: { ...state.deployments, attempts } };
    expect(needsOf(later, { agent: null, notes: [], tasks: [] }, at(100))).toEqual([]);
  });
});
