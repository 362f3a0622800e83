import { describe, expect, it } from 'vitest';
import { EMPTY_STATE, type Note } from '../../../src/domain/model.js';
import type { GitStore } from '../../../src/store/swap/git-store.js';
import { commitByHand } from '../../support/by-hand.js';
import { inProcess } from '../../support/in-process.js';
import { type Sandbox, sandbox } from '../../support/sandbox.js';

const SEGMENT_BYTES = 64 * 1024;

async function emptyStore(box: Sandbox): Promise<{ store: GitStore; clone: string }> {
  const clone = box.repository();
  const store = await inProcess(box).context(clone).store();
  await store.life.create(EMPTY_STATE, { operation: 'begin', agent: 'a', at: stamp(0), summary: 'begin', events: [] });
  return { store, clone };
}

function stamp(day: number): string {
  return new Date(Date.UTC(2026, 0, 1 + day)).toISOString();
}

/** Adds a note as a writer with this clock would. */
async function add(store: GitStore, id: string, day: number, text = ''): Promise<void> {
  const nobody = { session: null, to: [], target: null, needsAck: [], answerBy: null, ref: null, refused: false };
  const note: Note = { id, at: stamp(day), agent: 'maya', kind: 'note', text, ...nobody };
  const before = await store.read(['log']);
  const entry = { operation: id, agent: 'maya', at: note.at, summary: 'note', events: [] };
  const swapped = await store.swap(before, { ...before.state, notes: [...before.state.notes, note] }, entry);
  expect(swapped).toBe(true);
}

function sizes(box: Sandbox, clone: string): Map<string, number> {
  const lines = box.git(clone, 'ls-tree', '-r', '-l', 'coord/state').split('\n');
  const files = lines.map((line) => [line.split('\t')[1] ?? '', Number(line.split(/\s+/)[3])] as const);
  return new Map(files.filter(([name]) => name.startsWith('log')));
}

const idsOf = (notes: readonly Note[]) => notes.map(({ id }) => id);

describe('the segments of the log', () => {
  it('close before they outgrow 64 KiB, under the id of their first note, and are never written again', async () => {
    const box = sandbox();
    const { store, clone } = await emptyStore(box);
    const written: string[] = [];
    const closed = new Map<string, string>();
    for (let index = 0; index < 40; index += 1) {
      await add(store, `n${index}`, index, 'x'.repeat(9_000));
      written.push(`n${index}`);
      for (const [name, bytes] of sizes(box, clone)) {
        expect(bytes).toBeLessThanOrEqual(SEGMENT_BYTES);
        if (name === 'log.jsonl') continue;
        const content = box.git(clone, 'rev-parse', `coord/state:${name}`);
        expect(closed.get(name) ?? content).toBe(content);
        closed.set(name, content);
      }
    }
    expect([...closed.keys()].sort()).toEqual(['n0', 'n14', 'n21', 'n28', 'n7'].map((id) => `log/${id}.jsonl`));
    expect(idsOf(await store.readLog())).toEqual(written);
    expect(idsOf((await store.read(['log'])).state.notes)).toEqual(['n35', 'n36', 'n37', 'n38', 'n39']);
  });

  it('keep the order in which they were written, whatever clocks and ids say', async () => {
    const box = sandbox();
    const { store } = await emptyStore(box);
    const days = [9, 300, -500, 4, 4, -3];
    const ids = days.map((_, index) => `${'zyxwvu'[index]}`);
    for (const [index, day] of days.entries()) await add(store, ids[index] ?? '', day, 'x'.repeat(40_000));
    expect(idsOf(await store.readLog())).toEqual(ids);
  });

  it('of eleven and more are in the order of their numbers, not of their digits', async () => {
    const box = sandbox();
    const { store } = await emptyStore(box);
    const ids = Array.from({ length: 13 }, (_, index) => `n${index}`);
    for (const id of ids) await add(store, id, 0, 'x'.repeat(60_000));
    expect(idsOf(await store.readLog())).toEqual(ids);
  });

  it('may be full to the byte', async () => {
    const box = sandbox();
    const { store, clone } = await emptyStore(box);
    for (const id of ['a', 'b']) await add(store, id, 0);
    const room = SEGMENT_BYTES - (sizes(box, clone).get('log.jsonl') ?? 0);
    const { store: full, clone: there } = await emptyStore(box);
    await add(full, 'a', 0);
    await add(full, 'b', 0, 'x'.repeat(room));
    expect(sizes(box, there).get('log.jsonl')).toBe(SEGMENT_BYTES);
    await add(full, 'c', 0);
    expect([...sizes(box, there).keys()]).toEqual(['log.jsonl', 'log/a.jsonl']);
  });

  it('are found damaged by those who read the whole log', async () => {
    const box = sandbox();
    const { store, clone } = await emptyStore(box);
    for (const id of ['a', 'b']) await add(store, id, 0, 'x'.repeat(50_000));
    commitByHand(box, clone, { 'log/a.jsonl': '{"format":1,"segment":0}\n{"id":1}\n' });
    await expect(store.readLog()).rejects.toMatchObject({ code: 'corrupt', details: { file: 'log/a.jsonl' } });
    await add(store, 'c', 0);
    commitByHand(box, clone, { 'log/a.jsonl': '{"format":2}\n' });
    await expect(store.readLog()).rejects.toMatchObject({ code: 'corrupt', details: { format: 2 } });
  });
});
