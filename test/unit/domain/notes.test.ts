import { describe, expect, it } from 'vitest';
import { inboxOf, type NoteRequest, newsFor, withPending } from '../../../src/domain/log/notes.js';
import { EMPTY_STATE, type State } from '../../../src/domain/model.js';
import { at, baseOf, granted, START } from '../../support/decisions.js';

function noteOf(agent: string, changes: Partial<NoteRequest> = {}): NoteRequest {
  const said = {
    noteKind: 'note' as const,
    text: 'hello',
    to: [],
    target: null,
    needsAck: [],
    answerSeconds: null,
    ref: null,
    refused: false,
  };
  return { ...baseOf(agent), kind: 'note', ...said, ...changes };
}

/** The state after a note, and the id of that note. */
function noted(state: State, request: NoteRequest): { state: State; id: string } {
  const { state: next, result } = granted(state, request);
  return { state: next, id: result.note.id };
}

describe('a note', () => {
  it('is added at the end of the log, and recorded as an event', () => {
    const first = noted(EMPTY_STATE, noteOf('maya'));
    const { state, events, summary } = granted(first.state, noteOf('noor', { noteKind: 'intent', text: 'next' }));
    expect(state.notes.map(({ agent, kind, text, at }) => [agent, kind, text, at])).toEqual([
      ['maya', 'note', 'hello', START],
      ['noor', 'intent', 'next', START],
    ]);
    expect(events).toMatchObject([{ type: 'note.added', agent: 'noor', kind: 'intent', note: state.notes[1]?.id }]);
    expect(summary).toContain('by noor');
  });

  it('changes neither claims nor waiters nor releases', () => {
    const { state } = granted(EMPTY_STATE, noteOf('maya', { noteKind: 'handoff', text: 'lock granted' }));
    expect({ ...state, notes: [], agents: [] }).toEqual(EMPTY_STATE);
  });
});

describe('an ack', () => {
  it('is given once by each agent; a second one adds what it has to say beyond the first, or nothing', () => {
    const { state, id } = noted(EMPTY_STATE, noteOf('maya', { needsAck: ['noor', 'omar'] }));
    const first = granted(state, noteOf('noor', { noteKind: 'ack', text: 'fine', ref: id }));
    for (const text of ['fine', '']) {
      const again = granted(first.state, noteOf('noor', { noteKind: 'ack', text, ref: id }));
      expect(again.state).toBe(first.state);
      expect(again.events).toEqual([]);
      expect(again.result).toEqual({ note: first.result.note, added: false });
    }
    const more = granted(first.state, noteOf('noor', { noteKind: 'ack', text: 'other words', ref: id }));
    expect(more.result).toMatchObject({ note: { text: 'other words' }, added: true });
    expect(more.state.notes.map(({ text }) => text)).toEqual(['hello', 'fine', 'other words']);
    const other = granted(first.state, noteOf('omar', { noteKind: 'ack', text: '', ref: id }));
    expect(other.state.notes).toHaveLength(3);
  });

  it('may say no, and may change its mind; the newest counts', () => {
    const { state, id } = noted(EMPTY_STATE, noteOf('maya', { needsAck: ['noor', 'omar'] }));
    const no = granted(state, noteOf('noor', { noteKind: 'ack', ref: id, refused: true }));
    expect(withPending(no.state.notes)[0]).toMatchObject({ pending: ['omar'], refusedBy: ['noor'] });
    const yes = granted(no.state, noteOf('noor', { noteKind: 'ack', ref: id }));
    expect(yes.result.added).toBe(true);
    expect(withPending(yes.state.notes)[0]).toMatchObject({ pending: ['omar'], refusedBy: [] });
  });

  it('takes its agent from those who are awaited', () => {
    const asked = noted(EMPTY_STATE, noteOf('maya', { needsAck: ['noor', 'omar'] }));
    const other = noted(asked.state, noteOf('maya', { needsAck: ['noor'] }));
    const { state } = granted(other.state, noteOf('noor', { noteKind: 'ack', ref: asked.id }));
    expect(withPending(state.notes).map(({ pending }) => pending)).toEqual([['omar'], ['noor'], []]);
  });
});

describe('the inbox', () => {
  const toNoor = noted(EMPTY_STATE, noteOf('maya', { to: ['noor'], text: 'one' }));
  const asksNoor = noted(toNoor.state, noteOf('maya', { needsAck: ['noor', 'omar'], text: 'two' }));
  const toOmar = noted(asksNoor.state, noteOf('maya', { to: ['omar'], text: 'three' }));
  const { state } = granted(toOmar.state, noteOf('noor', { noteKind: 'ack', ref: toNoor.id, to: ['maya'] }));
  const texts = (agent: string) => inboxOf(state.notes, agent).map(({ text, open }) => [text, open]);

  it('holds what is addressed to the agent or awaits its ack, the open ones first', () => {
    expect(texts('noor')).toEqual([
      ['two', true],
      ['one', false],
    ]);
    expect(texts('omar')).toEqual([
      ['two', true],
      ['three', true],
    ]);
  });

  it('holds no acks, and nothing for others', () => {
    expect(texts('maya')).toEqual([]);
    expect(texts('pia')).toEqual([]);
  });
});

describe('the news of notes', () => {
  const asked = noted(EMPTY_STATE, noteOf('maya', { text: 'may I?', needsAck: ['noor', 'omar'], answerSeconds: 60 }));
  const answered = noted(asked.state, noteOf('noor', { noteKind: 'ack', text: 'yes', ref: asked.id })).state.notes;
  const newsOf = (agent: string, now = at(59)) => {
    const { owed, answers, overdue } = newsFor(answered, agent, now);
    return [owed.map(({ id }) => id), answers.map(({ text }) => text), overdue.map(({ pending }) => pending)];
  };

  it('are what one owes, what others answered, and, from the deadline on, who has not', () => {
    expect(newsOf('omar')).toEqual([[asked.id], [], []]);
    expect(newsOf('noor')).toEqual([[], [], []]);
    expect(newsOf('maya')).toEqual([[], ['yes'], []]);
    expect(newsOf('maya', at(60))).toEqual([[], ['yes'], [['omar']]]);
    expect(newsOf('omar', at(60))).toEqual([[asked.id], [], []]);
    expect(newsOf('pia', at(60))).toEqual([[], [], []]);
  });

  it('hold no answer of one’s own, and nothing overdue once all have answered, or where no time was set', () => {
    const own = noted(asked.state, noteOf('maya', { noteKind: 'ack', text: 'me too', ref: asked.id })).state.notes;
    expect(newsFor(own, 'maya', at(0)).answers).toEqual([]);
    const all = noted({ ...EMPTY_STATE, notes: answered }, noteOf('omar', { noteKind: 'ack', ref: asked.id })).state
      .notes;
    expect(newsFor(all, 'maya', at(60)).overdue).toEqual([]);
    const open = noted(EMPTY_STATE, noteOf('maya', { needsAck: ['noor'] })).state.notes;
    expect(newsFor(open, 'maya', at(1e6)).overdue).toEqual([]);
  });
});
