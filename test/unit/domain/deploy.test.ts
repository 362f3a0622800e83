import { describe, expect, it } from 'vitest';
import type { ClaimRequest } from '../../../src/domain/claims/claim.js';
import { type DeployFinishRequest, outcomeOf } from '../../../src/domain/deploy/decision.js';
import { candidatesOn, type Deployment, liveOn } from '../../../src/domain/deploy/records.js';
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
