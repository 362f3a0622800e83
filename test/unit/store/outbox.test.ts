import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { CoordEvent } from '../../../src/domain/events.js';
import { Outbox } from '../../../src/store/cache/outbox.js';
import { at } from '../../support/requests.js';
import { sandbox } from '../../support/sandbox.js';

let directory: string;

beforeEach(() => {
  directory = sandbox().path('outbox');
});

function refusal(id: string, seconds = 0, changes: Partial<CoordEvent> = {}): CoordEvent {
  const facts = { code: 'held', reason: 'held', targets: ['a'], heldBy: ['c1'] };
  return { id, type: 'claim.refused', at: at(seconds), agent: 'noor', session: null, ...facts, ...changes };
}

describe('the outbox', () => {
  it('keeps refusals until they are taken away, oldest first', () => {
    const outbox = new Outbox(directory);
    outbox.add(refusal('r2', 2, { targets: ['b'] }));
    outbox.add(refusal('r1', 1));
    expect(new Outbox(directory).list().map(({ id }) => id)).toEqual(['r1', 'r2']);
    outbox.remove(outbox.list());
    expect(outbox.list()).toEqual([]);
  });

  it('counts the same refusal of the same agent instead of listing it again', () => {
    const outbox = new Outbox(directory);
    for (let round = 1; round <= 5; round += 1) outbox.add(refusal(`r${round}`, round));
    expect(outbox.list()).toEqual([{ ...refusal('r5', 5), firstAt: at(1), count: 5 }]);
    outbox.add(refusal('other', 6, { agent: 'omar' }));
    outbox.add(refusal('next', 7, { heldBy: ['c2'] }));
    expect(outbox.list()).toHaveLength(3);
  });

  it.each([
    ['deploy.blocked', { target: 'prod', step: 'gate' }, { target: 'test', step: 'gate' }],
    ['deploy.blocked', { target: 'prod', step: 'gate' }, { target: 'prod', step: 'sync' }],
    ['gate.checked', { targets: ['@deploy/prod'], gate: 'tests' }, { targets: ['@deploy/prod'], gate: 'owner' }],
    ['guard.refused', { hook: 'pre-commit' }, { hook: 'pre-push' }],
  ] as const)('keeps a %s of %j beside that of %j', (type, one, other) => {
    const outbox = new Outbox(directory);
    const facts = { type, reason: undefined, targets: undefined, heldBy: undefined };
    for (const [index, each] of [one, other, other].entries()) {
      outbox.add(refusal(`r${index}`, index, { ...facts, ...each }));
    }
    expect(outbox.list().map(({ count }) => count)).toEqual([1, 2]);
  });

  it('does not take away a refusal that came meanwhile', () => {
    const outbox = new Outbox(directory);
    outbox.add(refusal('r1', 1));
    const written = outbox.list();
    outbox.add(refusal('r2', 2));
    outbox.remove(written);
    expect(outbox.list()).toMatchObject([{ id: 'r2', count: 2 }]);
  });

  it('reads past what is damaged, and takes no half-written file for a refusal', () => {
    const outbox = new Outbox(directory);
    outbox.add(refusal('r1'));
    for (const [name, text] of [
      ['broken.json', '{'],
      ['null.json', 'null'],
      ['list.json', '[]'],
      ['stranger.json', '{}'],
      ['x.json.r9.tmp', '{}'],
    ]) {
      writeFileSync(join(directory, name ?? ''), text ?? '');
    }
    expect(outbox.list().map(({ id }) => id)).toEqual(['r1']);
  });

  it('is bounded', () => {
    const outbox = new Outbox(directory);
    mkdirSync(directory);
    for (let index = 0; index < 500; index += 1) writeFileSync(join(directory, `${index}.json`), '{}');
    outbox.add(refusal('r1'));
    expect(readdirSync(directory)).toHaveLength(500);
  });

  it('never fails the refusal: where nothing can be written, it is forgotten', () => {
    writeFileSync(directory, 'a file in the way');
    const outbox = new Outbox(directory);
    outbox.add(refusal('r1'));
    expect(outbox.list()).toEqual([]);
  });
});
