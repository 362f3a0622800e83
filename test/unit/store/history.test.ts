import { describe, expect, it } from 'vitest';
import type { CoordEvent } from '../../../src/domain/events.js';
import type { GitStream } from '../../../src/git/run.js';
import { eventsSince, type HistoryCommit, historyFrom, malformedWarnings } from '../../../src/store/format/history.js';
import { at } from '../../support/requests.js';

function event(id: string, seconds: number, type: CoordEvent['type'] = 'claim.granted'): CoordEvent {
  return { id, type, at: at(seconds), agent: 'maya', session: null };
}

const refusal = (id: string, seconds: number) => event(id, seconds, 'claim.refused');

/** Commits, oldest first, one each ten seconds; `read` counts how many of them were looked at. */
class Fake {
  read = 0;

  constructor(private readonly commits: readonly (readonly CoordEvent[])[]) {}

  async *newestFirst(): AsyncGenerator<HistoryCommit> {
    for (let index = this.commits.length - 1; index >= 0; index -= 1) {
      this.read += 1;
      yield {
        id: `commit${index}`,
        at: at(index * 10),
        events: this.commits[index] ?? [],
        malformed: 0,
        compacted: null,
      };
    }
  }
}

const idsOf = (events: readonly CoordEvent[]) => events.map(({ id }) => id);
const many = Array.from({ length: 1_000 }, (_, index) => [event(`e${index}`, index * 10)]);

describe('the events since a point in the history', () => {
  it('are all of them, in the order in which they were recorded', async () => {
    const fake = new Fake([[event('a', 0)], [event('c', 9), event('b', 5)], []]);
    const { events, found } = await eventsSince(fake.newestFirst(), null);
    expect([idsOf(events), found]).toEqual([['a', 'c', 'b'], true]);
  });

  it('come after an event, exclusive, also within one commit', async () => {
    const fake = new Fake([[event('a', 0)], [event('b', 10), event('c', 10)], [event('d', 20)]]);
    expect(idsOf((await eventsSince(fake.newestFirst(), { event: 'b' })).events)).toEqual(['c', 'd']);
    expect(idsOf((await eventsSince(fake.newestFirst(), { event: 'd' })).events)).toEqual([]);
  });

  it('after an unknown event are not found', async () => {
    expect((await eventsSince(new Fake(many).newestFirst(), { event: 'x' })).found).toBe(false);
  });

  it('since an instant include that instant', async () => {
    const fake = new Fake([[event('a', 0)], [event('b', 10)], [event('c', 20)]]);
    expect(idsOf((await eventsSince(fake.newestFirst(), { instant: at(10) })).events)).toEqual(['b', 'c']);
  });

  it('are read no further back than must be', async () => {
    const after = new Fake(many);
    expect(idsOf((await eventsSince(after.newestFirst(), { event: 'e997' })).events)).toEqual(['e998', 'e999']);
    expect(after.read).toBe(3);
    const since = new Fake(many);
    expect((await eventsSince(since.newestFirst(), { instant: at(9_900) })).events).toHaveLength(10);
    expect(since.read).toBe(110);
    const newest = new Fake(many);
    await eventsSince(newest.newestFirst(), null, { limit: 5, wants: () => true });
    expect(newest.read).toBe(5);
  });

  it('counts only what is wanted towards the limit', async () => {
    const fake = new Fake(many);
    const wants = ({ id }: CoordEvent) => id.endsWith('0');
    const { events } = await eventsSince(fake.newestFirst(), null, { limit: 2, wants });
    expect(idsOf(events.filter(wants))).toEqual(['e980', 'e990']);
  });

  it('are found behind a writer whose clock is far behind', async () => {
    const fake = new Fake([[event('a', 0)], [event('b', 10)]]);
    async function* skewed(): AsyncGenerator<HistoryCommit> {
      yield { id: 'wrong', at: at(-1_000_000), events: [event('w', -1_000_000)], malformed: 0, compacted: null };
      yield* fake.newestFirst();
    }
    expect(idsOf((await eventsSince(skewed(), { instant: at(0) })).events)).toEqual(['a', 'b']);
  });
});

describe('a refusal that was recorded twice', () => {
  const twice = [
    ...[[event('a', 0)], [refusal('r', 10), event('b', 10)], [event('c', 20)]],
    ...[[refusal('r', 10), event('d', 30)], [event('e', 40)]],
  ];

  it('is told once, where it was recorded first', async () => {
    expect(idsOf((await eventsSince(new Fake(twice).newestFirst(), null)).events)).toEqual([
      ...['a', 'r', 'b', 'c', 'd', 'e'],
    ]);
  });

  it('is not told again to who has seen it', async () => {
    expect(idsOf((await eventsSince(new Fake(twice).newestFirst(), { event: 'c' })).events)).toEqual(['d', 'e']);
    expect(idsOf((await eventsSince(new Fake(twice).newestFirst(), { event: 'b' })).events)).toEqual(['c', 'd', 'e']);
  });

  it('is no reason to leave out what came between, for who has seen it last', async () => {
    const { events } = await eventsSince(new Fake(twice).newestFirst(), { event: 'r' });
    expect(idsOf(events)).toEqual(['b', 'c', 'd', 'e']);
  });

  it('does not make the search long', async () => {
    const fake = new Fake([...many, [refusal('r', 9_995)], [event('last', 10_010)]]);
    expect((await eventsSince(fake.newestFirst(), { event: 'e999' })).events).toHaveLength(2);
    expect(fake.read).toBe(3);
  });
});

describe('the history as git tells it', () => {
  const line = (one: CoordEvent) => JSON.stringify(one);
  const record = (id: string, seconds: number, ...lines: string[]) =>
    `commit ${id}\n${seconds}\nsubject\n\n${lines.join('\n')}\n\nCoord-Operation: x\n\0\n`;

  function inChunks(text: string, size: number): GitStream {
    const bytes = Buffer.from(text);
    return async function* () {
      for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
    };
  }

  async function read(text: string, size: number): Promise<HistoryCommit[]> {
    const commits: HistoryCommit[] = [];
    for await (const commit of historyFrom(inChunks(text, size), 'tip')) commits.push(commit);
    return commits;
  }

  it.each([1, 7, 64, 100_000])('is the same in chunks of %d bytes', async (size) => {
    const one = { ...event('ü1', 0), target: 'größe/🎉' };
    const text = record('aaa', 5, line(one), line(event('e2', 1))) + record('bbb', 4);
    expect(await read(text, size)).toEqual([
      { id: 'aaa', at: '1970-01-01T00:00:05.000Z', events: [one, event('e2', 1)], malformed: 0, compacted: null },
      { id: 'bbb', at: '1970-01-01T00:00:04.000Z', events: [], malformed: 0, compacted: null },
    ]);
  });

  it.each(['{broken', '{"id":"x"}', '{"id":"x","type":"claim.granted","at":"noon","agent":"maya"}', '{"id":1}'])(
    'counts the line %s, names its commit, and goes on',
    async (bad) => {
      const commits = await read(
        record('aaa', 5, line(event('e1', 0))) + record('bbb', 4, bad, line(event('e0', 0))),
        50,
      );
      expect(commits.map(({ events, malformed }) => [events.map(({ id }) => id), malformed])).toEqual([
        [['e1'], 0],
        [['e0'], 1],
      ]);
      const { events, malformed } = await eventsSince(
        (async function* () {
          yield* commits;
        })(),
        null,
      );
      expect(events.map(({ id }) => id)).toEqual(['e0', 'e1']);
      expect(malformedWarnings(malformed)).toEqual([expect.stringMatching(/^1 line .* git show --stat bbb$/)]);
      expect(malformedWarnings([])).toEqual([]);
    },
  );
});
