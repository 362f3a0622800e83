import { describe, expect, it } from 'vitest';
import type { CoordEvent } from '../../../src/domain/events.js';
import { commitBody, eventsIn, parseCommit } from '../../../src/store/format/commits.js';
import { HOSTILE_TEXTS } from '../../support/records.js';
import { START } from '../../support/requests.js';

const TREE = '1'.repeat(40);
const PARENT = '2'.repeat(40);

function event(id: string, facts: Record<string, unknown> = {}): CoordEvent {
  return { id, type: 'claim.granted', at: START, agent: 'maya', session: null, ...facts };
}

function entry(summary: string, events: readonly CoordEvent[] = [event('e1')]) {
  return { operation: 'op1', agent: 'maya', at: START, summary, events };
}

describe('a coordination commit', () => {
  it('says in a sentence what happened, and carries a line of JSON for each event', () => {
    const body = commitBody(TREE, PARENT, entry('claim a by maya'), [event('r1')], {
      ref: 'refs/coord/state',
    }).toString();
    expect(body).toBe(
      [
        `tree ${TREE}`,
        `parent ${PARENT}`,
        'author maya <maya@coord.invalid> 1795262400 +0000',
        'committer maya <maya@coord.invalid> 1795262400 +0000',
        '',
        'claim a by maya',
        '',
        JSON.stringify(event('r1')),
        JSON.stringify(event('e1')),
        '',
        'Coord-Operation: op1',
        '',
      ].join('\n'),
    );
  });

  it('differs from another with the same content by its operation', () => {
    const one = commitBody(TREE, PARENT, entry('same'), [], { ref: 'refs/coord/state' });
    expect(
      commitBody(TREE, PARENT, { ...entry('same'), operation: 'op2' }, [], { ref: 'refs/coord/state' }).equals(one),
    ).toBe(false);
    expect(commitBody(TREE, PARENT, entry('same'), [], { ref: 'refs/coord/state' }).equals(one)).toBe(true);
  });

  it('is read back: tree, parents, events', () => {
    const { tree, parents, message } = parseCommit(
      commitBody(TREE, PARENT, entry('x'), [], { ref: 'refs/coord/state' }),
    );
    expect([tree, parents]).toEqual([TREE, [PARENT]]);
    expect(eventsIn(message)).toEqual([event('e1')]);
    expect(parseCommit(commitBody(TREE, null, entry('x'), [], { ref: 'refs/coord/state' })).parents).toEqual([]);
  });

  it.each(HOSTILE_TEXTS)('with %j in it has one line of subject, and no forged event', (text) => {
    const facts = event('e1', { target: text, reason: text });
    const { message } = parseCommit(
      commitBody(TREE, PARENT, entry(`claim ${text}`, [facts]), [], { ref: 'refs/coord/state' }),
    );
    const [subject, blank] = message.split('\n');
    expect(subject?.startsWith('claim ')).toBe(true);
    expect([...(subject ?? '')].length).toBeLessThanOrEqual(120);
    expect(blank).toBe('');
    expect(eventsIn(message)).toEqual([facts]);
    expect(message.trimEnd().split('\n').at(-1)).toBe('Coord-Operation: op1');
  });

  it('that somebody made by hand has the events that can be read, and breaks nothing', () => {
    const good = JSON.stringify(event('e1'));
    const message = ['by hand', '', '{broken', good, '{"no":"id"}', '{', '[]', 'null', ''].join('\n');
    expect(eventsIn(message)).toEqual([event('e1')]);
  });

  it('with more headers than ours is read: a signature, an encoding, several parents', () => {
    const raw = [
      `tree ${TREE}`,
      `parent ${PARENT}`,
      `parent ${TREE}`,
      'author A <a@b.example> 1 +0000',
      'committer A <a@b.example> 1 +0000',
      'encoding ISO-8859-1',
      'gpgsig -----BEGIN SSH SIGNATURE-----',
      ' tree not-this-one',
      ' -----END SSH SIGNATURE-----',
      '',
      'merge',
      '',
    ].join('\n');
    expect(parseCommit(Buffer.from(raw))).toEqual({ tree: TREE, parents: [PARENT, TREE], message: 'merge\n' });
  });
});
