import { describe, expect, it } from 'vitest';
import type { ClaimRequest } from '../../../src/domain/claims/claim.js';
import { blockedEvent, type DeployFinishRequest, outcomeOf } from '../../../src/domain/deploy/decision.js';
import { candidatesOn, type Deployment, liveOn, runningUnder } from '../../../src/domain/deploy/records.js';
import { deployTarget } from '../../../src/domain/ground/targets.js';
import { EMPTY_STATE, type State } from '../../../src/domain/model.js';
import { at, baseOf, claimOf, granted, path, refused, releaseOf, START } from '../../support/decisions.js';
import { type Asked, beginOf, finishOf, startOf } from '../../support/deploys.js';
import { agentRecord, deploymentRecord, gateRecord, stateOf } from '../../support/records.js';

const [ONE, TWO, THREE] = ['1', '2', '3'].map((digit) => digit.repeat(40)) as [string, string, string];

/** The state after a deploy has begun, and perhaps started its program; with its record. */
function begun(state: State, agent: string, asked: Asked = {}, now = START) {
  const decision = granted(state, beginOf(agent, asked), now);
  return { state: decision.state, deployment: decision.result.deployment };
}

function running(state: State, agent: string, asked: Asked = {}, now = START) {
  const first = begun(state, agent, asked, now);
  const decision = granted(first.state, startOf(agent, first.deployment.id), now);
  return { state: decision.state, deployment: decision.result.deployment };
}

function ended(state: State, agent: string, asked: Asked, changes: Partial<DeployFinishRequest>, now = START): State {
  const first = running(state, agent, asked, now);
  return granted(first.state, finishOf(agent, first.deployment.id, changes), now).state;
}

const FAILED = { status: 'failed', step: 'run', exit: 1, why: 'the program ended with exit 1' } as const;
const commitsOn = (state: State) => candidatesOn(state.deployments, 'prod').map(({ commit }) => commit);

describe('beginning a deploy', () => {
  it('takes the claim and puts the attempt on the record, with what ran before', () => {
    const live = ended(EMPTY_STATE, 'maya', { commit: ONE }, {});
    const { state, deployment } = begun(live, 'noor', { commit: TWO });
    expect(deployment).toMatchObject({ status: 'running', step: 'claim', commit: TWO, previous: ONE, agent: 'noor' });
    expect(state.claims).toMatchObject([{ target: '@deploy/prod', agent: 'noor', id: deployment.claim?.id }]);
  });

  it('is refused while another is at it, the same agent included, and not on another target', () => {
    const { state } = begun(EMPTY_STATE, 'maya');
    for (const agent of ['maya', 'noor']) {
      expect(refused(state, beginOf(agent), at(1))).toMatchObject({ code: 'held', conflicts: [{ agent: 'maya' }] });
    }
    expect(begun(state, 'noor', { target: 'test' }).deployment.target).toBe('test');
  });

  it('is refused to a worker, whatever its scratch paths are', () => {
    const state = stateOf({
      agents: [agentRecord('will', { role: 'worker' }), agentRecord('boss', { role: 'orchestrator' })],
    });
    const request = beginOf('will');
    const scratch = [{ kind: 'resource' as const, text: '@deploy/prod' }];
    expect(refused(state, { ...request, policy: { ...request.policy, scratch } })).toMatchObject({
      code: 'closed',
      reason: 'role',
      orchestrators: ['boss'],
    });
  });

  it('uses no signature twice, on whatever target it was used', () => {
    const gates = [gateRecord('owner', { nonces: ['n1', 'n2'] })];
    const used = ended(EMPTY_STATE, 'maya', { gates }, {});
    const again = beginOf('noor', { target: 'test', gates: [gateRecord('owner', { nonces: ['n2'] })] });
    expect(refused(used, again)).toMatchObject({ code: 'closed', reason: 'used-signature', gate: 'owner' });
    const failed = ended(EMPTY_STATE, 'maya', { gates }, FAILED);
    expect(begun(failed, 'noor', { gates }).deployment.gates).toEqual(gates);
  });
});

describe('an attempt that ended without a word', () => {
  const later = at(1800 + 31);

  it('before its program is known to have changed nothing', () => {
    const { state, deployment } = begun(EMPTY_STATE, 'maya', { commit: TWO });
    expect(outcomeOf(deployment, state.claims, later)).toBe('failed');
    const next = begun(state, 'noor', { commit: THREE }, later);
    expect(next.state.deployments.attempts[0]).toMatchObject({ status: 'failed', finishedAt: later });
    expect(commitsOn(next.state)).toEqual([]);
  });

  it('at its program is unknown: nobody goes on without saying so, and its commit may run', () => {
    const live = ended(EMPTY_STATE, 'maya', { commit: ONE }, {});
    const { state, deployment } = running(live, 'maya', { commit: TWO });
    expect(outcomeOf(deployment, state.claims, at(1))).toBe('running');
    expect(outcomeOf(deployment, state.claims, later)).toBe('unknown');
    expect(refused(state, beginOf('maya', { commit: THREE }), later)).toMatchObject({
      code: 'unavailable',
      reason: 'unknown-deploy',
      deployment: { id: deployment.id },
    });
    const next = begun(state, 'noor', { commit: THREE, retry: true }, later);
    expect(next.state.deployments.attempts[1]).toMatchObject({ id: deployment.id, status: 'unknown' });
    expect(commitsOn(next.state)).toEqual([ONE, TWO]);
  });

  it('is not kept alive by other commands of its agent', () => {
    const { state } = running(EMPTY_STATE, 'maya');
    const after = granted(state, claimOf('maya', 'src/x'), at(1500)).state;
    expect(after.claims.find(({ target }) => target === '@deploy/prod')?.expiresAt).toBe(at(1800));
  });

  it('may still tell its end, when others went on meanwhile: its commit may have come last', () => {
    const first = running(EMPTY_STATE, 'maya', { commit: ONE });
    const next = ended(first.state, 'noor', { commit: TWO, retry: true }, {}, later);
    expect(commitsOn(next)).toEqual([TWO]);
    const { state, result } = granted(next, finishOf('maya', first.deployment.id), later);
    expect(result.deployment).toMatchObject({ status: 'failed', why: expect.stringContaining('lost') });
    expect(commitsOn(state)).toEqual([TWO, ONE]);
  });
});

describe('ending a deploy', () => {
  it('done: this runs now, and nothing else; the claim is given back', () => {
    const failed = ended(EMPTY_STATE, 'maya', { commit: ONE }, FAILED);
    expect(commitsOn(failed)).toEqual([ONE]);
    const state = ended(failed, 'noor', { commit: TWO }, {});
    expect(commitsOn(state)).toEqual([TWO]);
    expect(liveOn(state.deployments, 'prod').live).toMatchObject({ agent: 'noor', commit: TWO });
    expect(state.claims).toEqual([]);
  });

  it('failed: both may run; blocked or never started: what ran before still does', () => {
    const live = ended(EMPTY_STATE, 'maya', { commit: ONE }, {});
    expect(commitsOn(ended(live, 'maya', { commit: TWO }, FAILED))).toEqual([ONE, TWO]);
    const blocked = { status: 'blocked', step: 'recheck', exit: null, ran: false, why: 'main moved' } as const;
    expect(commitsOn(ended(live, 'maya', { commit: TWO }, blocked))).toEqual([ONE]);
    const never = { ...FAILED, exit: null, ran: false };
    expect(commitsOn(ended(live, 'maya', { commit: TWO }, never))).toEqual([ONE]);
  });

  it('is never done for who lost the claim', () => {
    const first = running(EMPTY_STATE, 'maya');
    const stolen = { ...first.state, claims: [] };
    const { state, result } = granted(stolen, finishOf('maya', first.deployment.id));
    expect(result.deployment.status).toBe('failed');
    expect(liveOn(state.deployments, 'prod').live).toBeNull();
  });

  it('is told also by an agent that was stopped meanwhile, who may start nothing', () => {
    const first = begun(EMPTY_STATE, 'maya');
    const killed = { by: 'boss', at: START, reason: 'x' };
    const stopped = { ...first.state, claims: [], agents: [agentRecord('maya', { killed })] };
    expect(refused(stopped, startOf('maya', first.deployment.id))).toMatchObject({ reason: 'killed' });
    const { state } = granted(stopped, finishOf('maya', first.deployment.id, FAILED));
    expect(state.deployments.attempts).toMatchObject([{ status: 'failed', exit: 1 }]);
  });

  it('twice is once; of another agent’s deploy it is nothing', () => {
    const first = running(EMPTY_STATE, 'maya');
    const { state } = granted(first.state, finishOf('maya', first.deployment.id));
    expect(granted(state, finishOf('maya', first.deployment.id, FAILED)).state).toBe(state);
    expect(refused(first.state, finishOf('noor', first.deployment.id))).toMatchObject({ reason: 'no-deploy' });
  });

  it('gives back the claim that it waited for', () => {
    const held = granted(EMPTY_STATE, beginOf('maya').claim as ClaimRequest).state;
    expect(held.claims).toMatchObject([{ target: '@deploy/prod', agent: 'maya' }]);
    expect(ended(held, 'maya', {}, {}).claims).toEqual([]);
  });

  it('carries the whole record in its event, so that the history remembers it', () => {
    const first = running(EMPTY_STATE, 'maya', { gates: [gateRecord('tests')] });
    const { events, result } = granted(first.state, finishOf('maya', first.deployment.id));
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'deploy.done', deploy: first.deployment.id, record: result.deployment }),
    );
  });
});

describe('the claim of a deploy', () => {
  it('is given back only by its name while the deploy runs, by whatever gives back all', () => {
    const { state } = running(granted(EMPTY_STATE, claimOf('maya', 'src/x')).state, 'maya');
    expect(refused(state, releaseOf('maya'))).toMatchObject({ code: 'held', reason: 'deploying' });
    const named = granted(state, releaseOf('maya', { targets: [deployTarget('prod')] }));
    expect(named.state.claims.map(({ target }) => target)).toEqual(['src/x']);
    expect(granted(state, releaseOf('maya', { targets: [path('src/x')] })).result.released).toHaveLength(1);
  });
});

describe('starting the program', () => {
  it('needs the very claim that the deploy began with', () => {
    const first = begun(EMPTY_STATE, 'maya');
    const [claim] = first.state.claims;
    if (!claim) throw new Error('no claim');
    for (const claims of [[], [{ ...claim, token: claim.token + 1 }], [{ ...claim, id: 'other' }]]) {
      expect(refused({ ...first.state, claims }, startOf('maya', first.deployment.id))).toMatchObject({ code: 'lost' });
    }
    expect(refused(first.state, startOf('maya', first.deployment.id), at(1801))).toMatchObject({ code: 'lost' });
    expect(refused(first.state, startOf('maya', 'nonesuch'))).toMatchObject({ code: 'lost' });
  });
});

describe('what is kept', () => {
  it('is bounded: the newest attempts of each target, all that may run, and what runs however old it is', () => {
    let state = ended(EMPTY_STATE, 'maya', { target: 'prod' }, {});
    state = ended(state, 'maya', { target: 'test' }, {});
    for (let round = 0; round < 50; round += 1) {
      state = ended(state, 'maya', { commit: round.toString(16).padStart(40, 'a') }, FAILED);
    }
    const { attempts, targets } = state.deployments;
    expect(attempts.filter(({ target }) => target === 'prod')).toHaveLength(20);
    expect(attempts.filter(({ target }) => target === 'test')).toHaveLength(1);
    expect(targets.map(({ target }) => target)).toEqual(['prod', 'test']);
    expect(liveOn(state.deployments, 'prod')).toMatchObject({ live: { commit: ONE } });
    expect(liveOn(state.deployments, 'prod').perhaps).toHaveLength(20);
    expect(commitsOn(state).at(-1)).toBe((49).toString(16).padStart(40, 'a'));
  });

  it('never forgets an attempt that runs still', () => {
    const attempts: Deployment[] = [deploymentRecord('old', { status: 'running' })];
    for (let round = 0; round < 30; round += 1) attempts.push(deploymentRecord(`d${round}`, { status: 'blocked' }));
    const state = stateOf({ deployments: { targets: [], attempts } });
    const block = { ...beginOf('maya').attempt, target: 'prod' };
    const facts = { attempt: block, step: 'gates' as const, why: 'closed' };
    const after = granted(state, { kind: 'deploy-block', ...baseOf('maya'), ...facts }).state.deployments.attempts;
    expect(after.map(({ id }) => id)).toContain('old');
    expect(after).toHaveLength(21);
  });
});

describe('the record of a deploy', () => {
  const gates = [gateRecord('tests', { target: 'prod' })];
  const checks = [{ step: 'sync' as const, finding: 'in sync', at: at(1) }];
  const first = granted(EMPTY_STATE, beginOf('maya', { commit: ONE, gates }));
  const id = first.result.deployment.id;
  const started = granted(first.state, { ...startOf('maya', id), checks }, at(2));

  it('says in one sentence what is deployed by whom, and how far it is', () => {
    const name = 'deploy prod at 1111111 by maya';
    expect(first.summary).toBe(`${name} begins`);
    expect(started.summary).toBe(`${name} runs its program`);
    const end = (changes: Partial<DeployFinishRequest>) =>
      granted(started.state, finishOf('maya', id, changes)).summary;
    expect(end({})).toBe(`${name} done`);
    expect(end(FAILED)).toBe(`${name} failed: the program ended with exit 1`);
  });

  it('tells each gate that was asked, each check, the start, and the end with the claim', () => {
    const facts = { agent: 'maya', session: null, deploy: id, target: 'prod', commit: ONE, action: 'deploy', token: 1 };
    expect(first.events).toMatchObject([
      { type: 'deploy.checked', agent: 'maya', deploy: id, step: 'agent', finding: 'maya may deploy' },
      {
        type: 'gate.checked',
        deploy: id,
        gate: 'tests',
        targets: ['@deploy/prod'],
        open: true,
        code: 'ok',
        reason: 'open',
      },
      { type: 'claim.granted', target: '@deploy/prod' },
    ]);
    expect(started.events).toEqual([
      { type: 'deploy.checked', at: at(1), ...facts, step: 'sync', finding: 'in sync' },
      { type: 'deploy.started', at: at(2), ...facts, record: started.result.deployment },
    ]);
    const again = gateRecord('owner', { open: false, closed: 'expired', target: 'task/t1' });
    const failed = granted(started.state, finishOf('maya', id, { ...FAILED, checks, gates: [again] }), at(9));
    const { deployment } = failed.result;
    expect(failed.events.map(({ type }) => type)).toEqual([
      ...['deploy.checked', 'gate.checked', 'deploy.failed', 'claim.released'],
    ]);
    expect(failed.events[1]).toMatchObject({ gate: 'owner', open: false, code: 'closed', reason: 'expired' });
    expect(failed.events[2]).toEqual({
      ...{ type: 'deploy.failed', at: at(9), ...facts, step: 'run', outcome: 'failed', exit: 1, why: FAILED.why },
      record: deployment,
    });
    expect(failed.events[3]).toMatchObject({ target: '@deploy/prod', token: 1, commit: null, exit: 1 });
    expect(deployment.gates).toEqual([...gates, again]);
    const done = granted(started.state, finishOf('maya', id, { exit: null }), at(9)).events;
    expect(done[0]).not.toHaveProperty('exit');
    expect(done[0]).not.toHaveProperty('why');
  });

  it('of one that was blocked has a record of its own, and no claim', () => {
    const { attempt } = beginOf('maya', { commit: ONE, gates });
    const block = { kind: 'deploy-block' as const, ...baseOf('maya'), attempt, step: 'gates' as const, why: 'closed' };
    const { events, result, summary, state } = granted(EMPTY_STATE, block, at(3));
    expect(summary).toBe('deploy prod at 1111111 by maya blocked: closed');
    expect(result.deployment).toMatchObject({ status: 'blocked', step: 'gates', finishedAt: at(3), claim: null });
    expect(state.deployments.attempts).toEqual([result.deployment]);
    expect(events.map(({ type, token }) => [type, token])).toEqual([
      ['gate.checked', undefined],
      ['deploy.blocked', null],
    ]);
    const event = blockedEvent(EMPTY_STATE, block, at(3));
    expect(event).toMatchObject({
      id: `${block.operation}.r`,
      deploy: `d-${block.operation}`,
      type: 'deploy.blocked',
      why: 'closed',
    });
  });

  it('of one that ended without a word says so when the next one begins', () => {
    const lost = (state: State) => granted(state, beginOf('noor', { retry: true }), at(1831));
    expect(lost(first.state).events).toContainEqual(
      expect.objectContaining({
        type: 'deploy.failed',
        deploy: id,
        why: expect.stringContaining('its program had not started'),
      }),
    );
    expect(lost(started.state).state.deployments.attempts[0]?.why).toContain('never recorded');
    expect(granted(EMPTY_STATE, beginOf('noor')).events.map(({ type }) => type)).toEqual([
      'deploy.checked',
      'claim.granted',
    ]);
  });

  it('stands in its place among the others, and leaves other claims and targets alone', () => {
    const more = granted(started.state, beginOf('noor', { target: 'test' })).state;
    const both = granted(more, claimOf('maya', 'src/x')).state;
    const { state } = granted(both, finishOf('maya', id), at(9));
    expect(state.deployments.attempts.map(({ id: one, status }) => [one, status])).toEqual([
      [id, 'done'],
      ['d2', 'running'],
    ]);
    expect(state.claims.map(({ target }) => target)).toEqual(['@deploy/test', 'src/x']);
    expect(runningUnder(both.deployments, 'c1')?.id).toBe(id);
    expect(runningUnder(both.deployments, 'c2')?.target).toBe('test');
    expect(runningUnder(both.deployments, 'c9')).toBeUndefined();
    expect(runningUnder(state.deployments, 'c1')).toBeUndefined();
  });

  it('that may run comes last, and once', () => {
    const tries = [ONE, TWO, ONE].reduce((state, commit) => ended(state, 'maya', { commit }, FAILED), EMPTY_STATE);
    expect(commitsOn(tries)).toEqual([TWO, ONE]);
    const live = ended(tries, 'maya', { commit: THREE, gates: [gateRecord('g', { nonces: ['n1', 'n1'] })] }, {});
    expect(liveOn(ended(live, 'maya', { commit: THREE }, FAILED).deployments, 'prod')).toMatchObject({
      ...{ live: { commit: THREE }, perhaps: [{ commit: THREE }], nonces: ['n1'] },
    });
    expect(liveOn(live.deployments, 'other')).toEqual({ target: 'other', live: null, perhaps: [], nonces: [] });
  });

  it('is asked for by the claim that it lost', () => {
    const [claim] = started.state.claims;
    if (!claim) throw new Error('no claim');
    const newer = { ...started.state, claims: [{ ...claim, token: 9 }] };
    expect(refused(newer, startOf('maya', id))).toEqual({
      code: 'lost',
      reason: 'lost',
      targets: [{ target: '@deploy/prod', why: 'taken-over', holder: newer.claims[0], loss: null }],
      held: [],
    });
  });
});
