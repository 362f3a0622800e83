import { describe, expect, it } from 'vitest';
import { contradictions, noncesIn } from '../../../src/domain/deploy/evidence.js';
import type { Deployment } from '../../../src/domain/deploy/records.js';
import type { CoordEvent } from '../../../src/domain/events.js';
import { EMPTY_STATE } from '../../../src/domain/model.js';
import { at, granted } from '../../support/decisions.js';
import { beginOf, finishOf, startOf } from '../../support/deploys.js';
import { gateRecord } from '../../support/records.js';

const GATES = [gateRecord('owner', { nonces: ['n1', 'n2'], signers: ['ann'] }), gateRecord('tests')];

/** A deploy behind two gates, at each of its stages: its record, and all that the history tells by then. */
function stages(): { deployment: Deployment; events: CoordEvent[] }[] {
  const begun = granted(EMPTY_STATE, beginOf('maya', { gates: GATES }));
  const { id } = begun.result.deployment;
  const started = granted(begun.state, startOf('maya', id), at(1));
  const done = granted(started.state, finishOf('maya', id), at(2));
  const all = [begun, started, done];
  return all.map(({ result: { deployment } }, index) => ({
    deployment,
    events: all.slice(0, index + 1).flatMap((step) => step.events as readonly CoordEvent[]),
  }));
}

describe('the record of a deploy, held against the history', () => {
  it('is borne out at each of its stages', () => {
    const seen = stages();
    expect(seen.map(({ deployment }) => deployment.status)).toEqual(['running', 'running', 'done']);
    for (const { deployment, events } of seen) expect(contradictions(deployment, events)).toEqual([]);
  });

  it('is not where the history has nothing about it, or speaks of another', () => {
    for (const { deployment, events } of stages()) {
      const nothing = [`not verified: the history has nothing about ${deployment.id}`];
      expect(contradictions(deployment, [])).toEqual(nothing);
      expect(
        contradictions(
          deployment,
          events.map((event) => ({ ...event, deploy: 'd99' })),
        ),
      ).toEqual(nothing);
      expect(contradictions({ ...deployment, id: 'd99' }, events)).toEqual([nothing[0]?.replace(deployment.id, 'd99')]);
    }
  });

  it('is not where any field of it was changed, and each is named', () => {
    const { deployment, events } = stages()[2] as ReturnType<typeof stages>[number];
    const { id, gates: _, ...fields } = deployment;
    for (const name of Object.keys(fields)) {
      expect(contradictions({ ...deployment, [name]: 'forged' }, events)).toEqual([
        `not verified: the history tells another ${name} of ${id}`,
      ]);
    }
    expect(contradictions({ ...deployment, agent: 'noor', exit: 3 }, events)).toEqual([
      `not verified: the history tells another agent, exit of ${id}`,
    ]);
  });

  it('is not, before its end is told, where its target, commit or agent was changed', () => {
    for (const { deployment, events } of stages().slice(0, 2)) {
      for (const name of ['target', 'commit', 'agent']) {
        expect(contradictions({ ...deployment, [name]: 'forged' }, events)).toEqual([
          `not verified: the history tells another ${name} of ${deployment.id}`,
        ]);
      }
    }
  });

  it('is not where a gate was added, taken out, or changed in any of its facts', () => {
    for (const { deployment, events } of stages()) {
      const { id, gates } = deployment;
      const [owner, tests] = gates as [Deployment['gates'][number], Deployment['gates'][number]];
      const other = `not verified: the history tells another gates of ${id}`;
      const untold = ({ id: record, gate }: typeof owner) =>
        `not verified: the history does not say this of the gate ${gate} (record ${record})`;
      const extra = gateRecord('extra');
      expect(contradictions({ ...deployment, gates: [owner] }, events)).toEqual([other]);
      expect(contradictions({ ...deployment, gates: [...gates, extra] }, events)).toEqual([other, untold(extra)]);
      expect(contradictions({ ...deployment, gates: [tests, owner] }, events)).toEqual([]);
      for (const change of [
        { open: false },
        { commit: 'b'.repeat(40) },
        { action: 'rollback' as const },
        { finding: 'x' },
        { signers: ['eve'] },
        { outputDigest: 'x' },
        { configCommit: 'c'.repeat(40) },
      ]) {
        const forged = { ...owner, ...change };
        expect(contradictions({ ...deployment, gates: [forged, tests] }, events)).toEqual([untold(forged)]);
      }
    }
  });

  it('is not, once its end is told, where a gate has other nonces, which no event of the gate tells', () => {
    const [, , done] = stages();
    const forged = done?.deployment.gates.map((gate) => ({ ...gate, nonces: [] })) ?? [];
    expect(done && contradictions({ ...done.deployment, gates: forged }, done.events)).toEqual([
      'not verified: the history does not say this of the gate owner (record g-owner)',
    ]);
  });
});

describe('the nonces that the history tells to be used', () => {
  it('are those of deploys that succeeded, and of nothing else', () => {
    const [begun, started, done] = stages().map(({ events }) => events.flatMap(noncesIn));
    expect([begun, started, done]).toEqual([[], [], ['n1', 'n2']]);
  });

  it('are none where the record is not what it should be', () => {
    const event = { type: 'deploy.done', record: { gates: 'x' } } as unknown as CoordEvent;
    expect(noncesIn(event)).toEqual([]);
    expect(noncesIn({ ...event, record: {} })).toEqual([]);
    expect(noncesIn({ ...event, record: { gates: [{}] } })).toEqual([]);
  });
});
