import { describe, expect, it } from 'vitest';
import { numberEvents } from '../../../src/domain/events.js';
import { EMPTY_STATE, type State } from '../../../src/domain/model.js';
import { stillStands } from '../../../src/domain/request-ids.js';
import type { Request } from '../../../src/domain/request-table.js';
import { at, baseOf, claimOf, granted, path, releaseOf } from '../../support/decisions.js';
import { addOf, draftOf, takeOf } from '../../support/tasks.js';

/** Asks one after the other; what is known of the first when its answer is asked for again. */
function afterwards(before: readonly Request[], first: Request, later: readonly Request[], seconds = 0): boolean {
  let state: State = before.reduce((so, request) => granted(so, request).state, EMPTY_STATE);
  const asked = granted(state, first);
  state = asked.state;
  const events = later.flatMap((request) => {
    const decision = granted(state, request);
    state = decision.state;
    return numberEvents(request.operation, decision.events);
  });
  const own = numberEvents(first.operation, asked.events);
  return stillStands(state, first, asked, { own, later: events }, at(seconds));
}

const note: Request = {
  ...{
    ...baseOf('maya'),
    kind: 'note',
    noteKind: 'note',
    text: 'x',
    to: [],
    target: null,
    needsAck: [],
    answerSeconds: null,
    ref: null,
    refused: false,
  },
};
const claim = claimOf('maya', 'src/a.ts');
const release = releaseOf('maya', { targets: [path('src/a.ts')] });

describe('an answer that was lost', () => {
  it.each<readonly [string, readonly Request[], Request, readonly Request[], boolean]>([
    ['of a note, whatever came after it', [], note, [claim, note], true],
    ['of a release', [claim], release, [], true],
    ['of a release, after others have claimed the ground', [claim], release, [claimOf('noor', 'src/a.ts')], true],
    ['of a release, after a claim elsewhere', [claim], release, [claimOf('maya', 'src/b.ts')], true],
    ['of a release, after the ground was claimed again', [claim], release, [claimOf('maya', 'src/a.ts')], false],
    [
      'of a release of all, after any claim',
      [claim],
      releaseOf('maya', { targets: null }),
      [claimOf('maya', 'src/b.ts')],
      false,
    ],
    ['of a claim that is held', [], claim, [], true],
    ['of a claim that was given back', [], claim, [release], false],
    ['of a task that was added, and taken since', [], addOf('maya', draftOf('x')), [takeOf('maya')], true],
    ['of a task that was taken', [addOf('maya', draftOf('x'))], takeOf('maya'), [], true],
  ])('%s', (_, before, first, later, stands) => {
    expect(afterwards(before, first, later)).toBe(stands);
  });

  it('of a claim whose time is over is not given again', () => {
    expect([1_799, 1_801].map((seconds) => afterwards([], claim, [], seconds))).toEqual([true, false]);
  });
});
