import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EMPTY_STATE, type Part, type State } from '../../../src/domain/model.js';
import { parseTree } from '../../../src/git/files.js';
import { openObjects } from '../../../src/git/objects.js';
import { discoverRepository } from '../../../src/git/repository.js';
import { gitIn } from '../../../src/git/run.js';
import { VerifiedBlobs } from '../../../src/store/cache/verified-blobs.js';
import { commitBody } from '../../../src/store/format/commits.js';
import { NO_SETUP, StateTree, submittedContents } from '../../../src/store/format/state-tree.js';
import { agentRecord, claimRecord, noteRecord, stateOf } from '../../support/records.js';
import { START } from '../../support/requests.js';
import { Sandbox } from '../../support/sandbox.js';

const ALL: readonly Part[] = ['log', 'onces', 'deployments', 'requests', 'submissions', 'tasks'];
const SETUP = { ref: 'refs/coord/state', remote: 'origin', mainBranch: null };
const ENTRY = { operation: 'op', agent: 'maya', at: START, summary: 'x', events: [] };

let box: Sandbox;
let clone: string;
beforeAll(() => {
  box = new Sandbox();
  clone = box.repository();
});
afterAll(() => box.cleanup());

function open() {
  const repository = discoverRepository(clone);
  const objects = openObjects(repository, gitIn(clone, box.env));
  const tree = new StateTree(objects, 'sha1', { name: 'refs/coord/state' }, new VerifiedBlobs(box.path('coord')));
  const commit = (id: string, parent: string | null = null) =>
    objects.write('commit', commitBody(id, parent, ENTRY, [], { ref: 'refs/coord/state' }));
  return { objects, tree, commit };
}

/** What is read back of a state that is written after an empty one. */
async function written(state: State, parts: readonly Part[] = ALL) {
  const { tree, commit, objects } = open();
  const base = await tree.load(commit(tree.begin(EMPTY_STATE, SETUP)), parts);
  const next = await tree.write(base, state);
  const revision = commit(next.tree, base.revision);
  await objects.flush();
  return { tree, commit, revision, base, next, read: await tree.load(revision, ALL) };
}

describe('the tree of the state', () => {
  it('begins empty, with what rules until the main branch has a configuration', async () => {
    const { tree, commit } = open();
    const begun = await tree.load(commit(tree.begin(EMPTY_STATE, SETUP)), ALL);
    expect(begun.state).toEqual(EMPTY_STATE);
    expect([...begun.files.keys()].sort()).toEqual(['agents.json', 'claims.json', 'log.jsonl', 'setup.json']);
    expect(await tree.readSetup(begun)).toEqual(SETUP);
    const changed = await tree.load(commit(await tree.withSetup(begun, { mainBranch: 'trunk' })), []);
    expect(await tree.readSetup(changed)).toEqual({ ...SETUP, mainBranch: 'trunk' });
    const without = { ...begun, files: new Map([...begun.files].filter(([name]) => name !== 'setup.json')) };
    expect(await tree.readSetup(without)).toBeNull();
    const none = await tree.load(commit(await tree.withSetup(without, {})), []);
    expect(await tree.readSetup(none)).toEqual(NO_SETUP);
  });

  it('has what was written, and git finds it sound', async () => {
    const state = stateOf({
      claims: [claimRecord(1)],
      lastToken: 1,
      agents: [agentRecord('maya')],
      notes: [noteRecord('n1', 'hello')],
    });
    const { read, revision, next, base } = await written(state);
    expect(read.state).toEqual(state);
    expect(next.state).toEqual(state);
    expect(read.message).toMatch(/^x\n/);
    expect(read.segment).toBe(base.segment);
    const names = box.git(clone, 'ls-tree', '--name-only', revision).split('\n');
    expect(names).toEqual(expect.arrayContaining(['agents.json', 'claims.json', 'log.jsonl', 'setup.json']));
    expect(box.git(clone, 'fsck', '--no-dangling')).not.toContain('error');
  });

  it('keeps the object of what did not change, and of what was not read', async () => {
    const { tree, read } = await written(stateOf({ claims: [claimRecord(1)], lastToken: 1 }));
    const same = await tree.write(read, read.state);
    expect(same.files).toEqual(read.files);
    const blind = { ...read, parts: [] as Part[] };
    const ignored = await tree.write(blind, { ...read.state, notes: [noteRecord('n1', 'x')] });
    expect(ignored.files).toEqual(read.files);
    for (const changes of [{ lastToken: 9 }, { lastClaim: 9 }, { lastWaiter: 9 }, { waiters: [] }, { releases: [] }]) {
      const moved = await tree.write(read, { ...read.state, ...changes });
      const isNew = moved.files.get('claims.json')?.id !== read.files.get('claims.json')?.id;
      expect(isNew).toBe(!('waiters' in changes || 'releases' in changes));
    }
  });

  it('closes a segment of the log before it outgrows its size, and reads all of it in order', async () => {
    const long = Array.from({ length: 40 }, (_, index) => noteRecord(`n${index + 1}`, 'x'.repeat(1500)));
    const { tree, commit, read } = await written(stateOf({ notes: long }));
    const more = [
      ...read.state.notes,
      ...Array.from({ length: 10 }, (_, index) => noteRecord(`n${index + 41}`, 'y'.repeat(1500))),
    ];
    const next = await tree.write(read, { ...read.state, notes: more });
    const after = await tree.load(commit(next.tree), ['log']);
    expect(after.segment).toBe(read.segment + 1);
    expect(after.state.notes.map(({ id }) => id)).toEqual(Array.from({ length: 10 }, (_, index) => `n${index + 41}`));
    expect((await tree.readLog(after)).map(({ id }) => id)).toEqual(more.map(({ id }) => id));
    expect((await tree.readLog(read)).length).toBe(40);
  });

  it('is refused where a file is missing, is no blob, or the commit is a merge', async () => {
    const { tree, commit, objects } = open();
    const files = parseTree(
      (await objects.read([tree.begin(EMPTY_STATE, SETUP)])).values().next().value?.body ?? Buffer.alloc(0),
      20,
    );
    expect(files.size).toBe(4);
    const empty = objects.write('tree', Buffer.alloc(0));
    await expect(tree.load(commit(empty), [])).rejects.toMatchObject({
      code: 'corrupt',
      details: { file: 'claims.json', missing: true, problems: ['claims.json: missing'] },
    });
    const parent = commit(empty);
    const merge = Buffer.from(
      `tree ${empty}\nparent ${parent}\nparent ${parent}\nauthor A <a@x> 1 +0000\ncommitter A <a@x> 1 +0000\n\nx\n`,
    );
    await expect(tree.load(objects.write('commit', merge), [])).rejects.toMatchObject({
      details: { reason: 'merged' },
    });
    await expect(tree.load(empty, [])).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringContaining('is a tree, not a commit'),
    });
  });

  it('has a setup that is refused where it is damaged or newer', async () => {
    const { tree, commit, objects } = open();
    const begun = await tree.load(commit(tree.begin(EMPTY_STATE, SETUP)), []);
    const withText = (text: string) => ({
      ...begun,
      files: new Map([
        ...begun.files,
        ['setup.json', { mode: '100644', id: objects.write('blob', Buffer.from(text)) }] as const,
      ]),
    });
    const sound = '{"format":1,"ref":null,"remote":null,"mainBranch":"m"}';
    expect(await tree.readSetup(withText(sound))).toEqual({ ref: null, remote: null, mainBranch: 'm' });
    for (const text of [
      '',
      'null',
      '7',
      sound.replace('"m"', '7'),
      sound.replace('"ref":null,', ''),
      sound.replace('1', '0'),
    ])
      await expect(tree.readSetup(withText(text))).rejects.toMatchObject({
        code: 'corrupt',
        message: expect.stringContaining('damaged'),
      });
    await expect(tree.readSetup(withText(sound.replace('1', '2')))).rejects.toMatchObject({ hint: 'upgrade coord' });
  });
});

it('open submissions travel with it: each file by its number, and what it was made from where that is carried', () => {
  const file = (blob: string | null, base: string | null, carriesBase: boolean) => {
    return { path: 'a', blob, mode: null, bytes: 1, base, baseMode: null, carriesBase };
  };
  const submission = {
    ...{ id: 'n1', agent: 'maya', session: null, at: START, to: null, text: 'x', commit: null, task: null },
    ...{
      integrated: null,
      closed: null,
      files: [file('b1', 'o1', true), file(null, 'o2', true), file('b3', 'o3', false), file('b4', null, true)],
    },
  };
  const closed = { ...submission, id: 'n2', closed: { how: 'landed' as const, by: 'x', at: START, reason: null } };
  const trees: string[][] = [];
  const write = (entries: ReadonlyMap<string, { readonly mode: string; readonly id: string }>) => {
    trees.push([...entries].map(([name, { mode, id }]) => `${mode} ${name} ${id}`));
    return `tree${trees.length}`;
  };
  expect(submittedContents([closed], write)).toBeNull();
  expect(submittedContents([submission, closed], write)).toBe('tree2');
  expect(trees).toEqual([
    ['100644 1 b1', '100644 1.base o1', '100644 2.base o2', '100644 3 b3', '100644 4 b4'],
    ['40000 n1 tree1'],
  ]);
});
