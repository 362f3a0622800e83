import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { localFleet, sharedFleet } from '../support/fleet.js';
import { inProcess } from '../support/in-process.js';

/** A shared repository with two clones, whose commands run at a clock that the test moves. */
async function twoClones() {
  const { box, clone: first, remote } = await sharedFleet();
  const second = box.clone(remote);
  const world = inProcess(box);
  const json = async (agent: string, cwd: string, ...args: string[]) => {
    const result = await world.run(agent, cwd, [...args, '--json']);
    return { code: result.code, ...result.json(), stderr: result.stderr };
  };
  const work = (cwd: string, file: string, text: string) => {
    box.commit(cwd, file, text);
    return box.git(cwd, 'rev-parse', 'HEAD');
  };
  return { box, first, second, remote, ...world, json, work };
}

const standings = (data: { tasks: { id: string; state: string; ready: boolean }[] }) =>
  data.tasks.map(({ id, state, ready }) => `${id} ${state}${ready ? ', ready' : ''}`);

describe('a task, from end to end', () => {
  it('is taken with its ground, landed in one push, and then others may build on it', async () => {
    const { first, second, run, json, work, box, remote } = await twoClones();
    await run('boss', first, ['task', 'add', 'paginate users', '--scope', 'src/api', '--text', '20 a page']);
    const added = await json('boss', first, 'task', 'add', 'document pages', '--scope', 'docs', '--after', 't1');
    expect(added.data.tasks).toEqual([
      {
        ...{ id: 't2', title: 'document pages', text: '', scope: ['docs'], after: ['t1'], role: null, accept: [] },
        ...{ priority: 2, state: 'open', ready: false, blockedBy: ['t1'], stuck: false, agent: null, attempts: 0 },
        ...{ evidence: null, commit: null, result: null, submission: null, by: 'boss', expiresAt: null },
        ...{ since: expect.any(String), addedAt: expect.any(String), tries: [], late: [] },
      },
    ]);
    const taken = await json('maya', first, 'task', 'take');
    expect(taken.data).toMatchObject({
      task: { id: 't1', state: 'taken', agent: 'maya', text: '20 a page' },
      claims: [{ target: 'src/api/**', agent: 'maya', reach: 'remote' }, { target: '@task/t1' }],
      again: false,
    });
    const blocked = await json('noor', second, 'task', 'take');
    expect([blocked.code, blocked.error.details.reason, blocked.error.details.blocked]).toEqual([
      3,
      'blocked',
      [{ task: 't2', title: 'document pages', blockedBy: ['t1'] }],
    ]);

    const commit = work(first, 'src/api/users.ts', 'pages\n');
    const landed = await json('maya', first, 'land');
    expect(landed.data).toMatchObject({
      landed: true,
      done: [{ id: 't1', title: 'paginate users' }],
      released: [{ target: 'src/api/**' }],
    });
    // One push moved both, and the state says that it is done in the very commit that gave the ground back.
    expect(box.git(remote, 'rev-parse', 'main')).toBe(commit);
    const again = await json('maya', first, 'land');
    expect(again.data).toMatchObject({ landed: true, already: true, done: [{ id: 't1' }] });
    const list = await json('noor', second, 'task', 'list');
    expect(standings(list.data)).toEqual(['t1 done', 't2 open, ready']);
    expect(list.data.tasks[0]).toMatchObject({ evidence: 'landed', commit, agent: 'maya' });

    const behind = await json('noor', second, 'task', 'take');
    expect([behind.code, behind.error.details.missing[0].commit]).toEqual([5, commit]);
    expect(behind.error.hint).toContain(commit.slice(0, 7));
    box.git(second, 'pull', '--quiet', '--rebase');
    const next = await json('noor', second, 'task', 'take');
    expect(next.data).toMatchObject({ task: { id: 't2' }, before: [{ id: 't1', commit }] });
  });

  it('lives as its claims do: expiry opens it again, and the next one is told', async () => {
    const { first, second, run, json, clock, work } = await twoClones();
    await run('boss', first, ['task', 'add', 'a', '--scope', 'src/api']);
    await run('maya', first, ['task', 'take', '--ttl', '10m']);
    clock.pass(615);
    expect((await json('noor', second, 'task', 'take')).error.details.reason).toBe('none');
    clock.pass(20);
    expect(standings((await json('noor', second, 'task', 'list')).data)).toEqual(['t1 open, ready']);
    const taken = await json('noor', second, 'task', 'take');
    expect(taken.data.task).toMatchObject({ attempts: 1, tries: [{ agent: 'maya', how: 'expired' }] });
    const told = await run('noor', second, ['task', 'take']);
    expect(told.stdout).toContain('tried before: maya let it expire');
    const commit = work(first, 'src/api/users.ts', 'late\n');
    const late = await json('maya', first, 'task', 'done', 't1', '--result', 'mine');
    expect([late.code, late.error.details]).toMatchObject([4, { reason: 'late', task: 't1', agent: 'noor' }]);
    const { task } = (await json('noor', second, 'task', 'show', 't1')).data;
    expect(task).toMatchObject({ state: 'taken', agent: 'noor', late: [{ agent: 'maya', text: 'mine', commit }] });
    expect((await run('noor', second, ['task', 'show', '1'])).stdout).toContain('late result of maya');
  });

  it('is given back with a reason, which the next one reads; its ground is not given back alone', async () => {
    const { first, run, json, work, box } = await twoClones();
    await run('boss', first, ['task', 'add', 'a', '--scope', 'src/api', '--scope', 'docs/{a,b}.md']);
    await run('maya', first, ['task', 'take']);
    for (const target of ['src/api', '@task/t1']) {
      const refused = await json('maya', first, 'release', target);
      expect([refused.code, refused.error.details.reason, refused.error.details.tasks]).toEqual([
        2,
        'task-ground',
        ['t1'],
      ]);
      expect(refused.error.details.next).toContain('coord task return t1');
    }
    await run('maya', first, ['claim', 'README.md']);
    const all = await json('maya', first, 'release', '--all');
    expect(all.data.released).toMatchObject([{ target: 'README.md' }]);
    expect(all.stderr).toContain('kept the paths of t1');
    box.write(first, 'src/api/users.ts', 'half\n');
    const dirty = await json('maya', first, 'task', 'return', '--reason', 'needs the schema');
    expect([dirty.code, dirty.error.details.reason]).toEqual([5, 'uncommitted']);
    const commit = work(first, 'src/api/users.ts', 'half\n');
    const back = await json('maya', first, 'task', 'return', '--reason', 'needs the schema');
    expect(back.data.task).toMatchObject({ state: 'open', ready: true, attempts: 0 });
    expect(back.data.task.tries).toMatchObject([{ how: 'returned', reason: 'needs the schema', commit }]);
    const behind = await json('zoe', first, 'task', 'take');
    expect(behind.code).toBe(0);
  });

  it('goes with a session that ends, unless its ground has uncommitted work', async () => {
    const { first, run, json, box } = await twoClones();
    await run('boss', first, ['task', 'add', 'a', '--scope', 'src/api']);
    await run('boss', first, ['task', 'add', 'b', '--scope', 'src/b.ts']);
    await run('maya', first, ['session', 'start']);
    await run('maya', first, ['task', 'take']);
    await run('maya', first, ['task', 'take', '--another']);
    box.write(first, 'src/b.ts', 'half\n');
    const ended = await json('maya', first, 'session', 'end');
    expect(ended.data.released.map(({ target }: { target: string }) => target)).toEqual(['src/api/**', '@task/t1']);
    expect(ended.data.kept.map(({ target }: { target: string }) => target)).toEqual(['src/b.ts', '@task/t2']);
    const { tasks } = (await json('noor', first, 'task', 'list')).data;
    expect(tasks).toMatchObject([
      { state: 'open', tries: [{ how: 'returned', reason: 'its session ended' }] },
      { state: 'taken', agent: 'maya' },
    ]);
  });

  it('is closed by the merge of its pull request', async () => {
    const { first, second, run, json, work, box } = await twoClones();
    await run('boss', first, ['task', 'add', 'a', '--scope', 'src/api']);
    await run('maya', first, ['task', 'take']);
    const commit = work(first, 'src/api/users.ts', 'pages\n');
    expect((await json('maya', first, 'land', '--to', 'pages')).data.held).toEqual(['src/api/**']);
    expect((await json('boss', second, 'task', 'show', 't1')).data.task).toMatchObject({ state: 'taken', commit });
    box.git(second, 'fetch', '--quiet');
    box.git(second, 'merge', '--quiet', '--squash', 'origin/pages');
    box.git(second, 'commit', '--quiet', '--message', 'pages (#1)');
    box.git(second, 'push', '--quiet', 'origin', 'main');
    const merged = await json('maya', first, 'release', '--merged', commit);
    expect(merged.data).toMatchObject({
      how: 'same-content',
      done: [{ id: 't1' }],
      released: [{ target: 'src/api/**' }],
    });
    const { task } = (await json('boss', second, 'task', 'show', 't1')).data;
    expect(task).toMatchObject({ state: 'done', evidence: 'landed', commit: box.git(second, 'rev-parse', 'HEAD') });
  });

  it('repeats its answer for the same request id, and has no second effect', async () => {
    const { first, run, json } = await twoClones();
    const add = ['task', 'add', 'a', '--scope', 'src/api', '--request-id', 'r1'];
    const one = (await json('boss', first, ...add)).data.tasks[0].id;
    expect([one, (await json('boss', first, ...add)).data.tasks[0].id]).toEqual(['t1', 't1']);
    expect((await json('boss', first, 'task', 'list')).data.tasks).toHaveLength(1);
    const take = ['task', 'take', '--request-id', 'r2'];
    const { claims } = (await json('maya', first, ...take)).data;
    await run('maya', first, ['task', 'return', '--request-id', 'r3']);
    expect((await json('maya', first, ...take)).data.claims).toEqual(claims);
    expect((await json('maya', first, 'task', 'list')).data.tasks[0].state).toBe('open');
    for (const verb of ['add', 'take', 'done', 'return', 'edit', 'drop']) {
      const { stdout } = await run(null as never, first, ['help', 'task', verb]);
      expect(stdout).toContain('--request-id');
    }
  });
});

describe('a task of a worker', () => {
  it('ends with what it submitted, when the orchestrator lands it; a decline opens it again', async () => {
    const { first, second, run, json, box, remote } = await twoClones();
    await run('boss', first, ['session', 'start', '--role', 'orchestrator']);
    await run('w1', second, ['session', 'start', '--role', 'worker']);
    await run('boss', first, ['task', 'add', 'paginate', '--scope', 'src/api', '--role', 'worker']);
    expect((await json('maya', first, 'task', 'take')).error.details).toMatchObject({
      reason: 'none',
      forOthers: ['t1'],
    });
    expect((await run('w1', second, ['claim', 'src/api'])).code).toBe(6);
    expect((await json('w1', second, 'task', 'take')).data.claims).toHaveLength(2);
    box.write(second, 'src/api/users.ts', 'bad\n');
    const bad = await json('w1', second, 'submit', 'src', '--note', 'pages');
    expect(bad.data).toMatchObject({ task: 't1', late: false, submission: { task: 't1' } });
    const { task } = (await json('boss', first, 'task', 'show', 't1')).data;
    expect(task).toMatchObject({
      state: 'submitted',
      agent: 'w1',
      submission: bad.data.submission.id,
      result: 'pages',
    });
    expect((await json('boss', first, 'status')).data.claims).toEqual([]);
    await run('boss', first, ['integrate', bad.data.submission.id, '--decline', '--reason', 'twenty a page']);
    const again = await json('w1', second, 'task', 'take');
    expect(again.data.task).toMatchObject({ attempts: 1, tries: [{ how: 'declined', reason: 'twenty a page' }] });
    box.write(second, 'src/api/users.ts', 'good\n');
    const { id } = (await json('w1', second, 'submit', 'src', '--note', 'pages of 20')).data.submission;
    await run('boss', first, ['claim', 'src/api']);
    for (const round of ['once', 'and again']) {
      expect([round, (await run('boss', first, ['integrate', id])).code]).toEqual([round, 0]);
      expect(box.git(first, 'diff', '--name-only')).toBe('src/api/users.ts');
      if (round === 'once') box.git(first, 'checkout', '--quiet', '--', '.');
    }
    box.git(first, 'commit', '--quiet', '--all', '--message', 'pages of 20');
    expect((await json('boss', first, 'land')).data).toMatchObject({ landed: true, done: [{ id: 't1' }] });
    const commit = box.git(remote, 'rev-parse', 'main');
    const done = (await json('w1', second, 'task', 'show', 't1')).data.task;
    expect(done).toMatchObject({ state: 'done', evidence: 'landed', agent: 'w1', commit, result: 'pages of 20' });
  });

  it('ends with a release, where nothing is shared', async () => {
    const { box, clone } = await localFleet();
    const { run } = inProcess(box);
    const hand = box.worktree(clone);
    const json = async (agent: string, cwd: string, ...args: string[]) =>
      (await run(agent, cwd, [...args, '--json'])).json();
    await run('boss', clone, ['session', 'start', '--role', 'orchestrator']);
    await run('w1', hand, ['session', 'start', '--role', 'worker']);
    await run('boss', clone, ['task', 'add', 'paginate', '--scope', 'src/api']);
    await run('w1', hand, ['task', 'take']);
    box.write(hand, 'src/api/users.ts', 'pages\n');
    const { id } = (await json('w1', hand, 'submit', 'src', '--note', 'pages')).data.submission;
    await run('boss', clone, ['claim', 'src/api']);
    await run('boss', clone, ['integrate', id]);
    box.git(clone, 'commit', '--quiet', '--all', '--message', 'pages');
    expect((await run('boss', clone, ['release', 'src/api'])).stdout).toContain('done t1 paginate');
    expect((await json('boss', clone, 'task', 'show', 't1')).data.task).toMatchObject({
      state: 'done',
      evidence: 'landed',
    });
    expect((await json('boss', clone, 'integrate')).data.submissions).toEqual([]);
  });
});

it.each(['land', 'push and release'])('the result of a worker ends its task only behind its gates: %s', async (way) => {
  const { first, second, box, run, json, work } = await twoClones();
  const config = JSON.parse(box.git(first, 'show', 'HEAD:coord.config.json'));
  const gates = { ready: { type: 'command', command: ['test', '-e', 'READY'] } };
  work(first, 'coord.config.json', JSON.stringify({ ...config, gates }));
  box.git(first, 'push', '--quiet', 'origin', 'main');
  box.git(second, 'pull', '--quiet', '--rebase');
  await run('boss', first, ['session', 'start', '--role', 'orchestrator']);
  await run('w1', second, ['session', 'start', '--role', 'worker']);
  await run('boss', first, ['task', 'add', 'paginate', '--scope', 'src/api', '--accept', 'ready']);
  await run('w1', second, ['task', 'take']);
  box.write(second, 'src/api/users.ts', 'pages\n');
  const { id } = (await json('w1', second, 'submit', 'src', '--note', 'pages')).data.submission;
  const bring = async () => {
    await run('boss', first, ['claim', 'src/api', 'READY']);
    if (way === 'land') return json('boss', first, 'land');
    box.git(first, 'push', '--quiet', 'origin', 'main');
    return json('boss', first, 'release', 'src/api');
  };
  await run('boss', first, ['claim', 'src/api']);
  await run('boss', first, ['integrate', id]);
  box.git(first, 'commit', '--quiet', '--all', '--message', 'pages');
  const closed = await bring();
  expect(closed.stderr).toContain('gate ready is closed: ');
  expect(standings((await json('boss', first, 'task', 'list')).data)).toEqual(['t1 submitted']);
  work(first, 'READY', 'yes\n');
  expect((await bring()).code).toBe(0);
  expect((await json('boss', first, 'task', 'show', 't1')).data.task).toMatchObject({
    state: 'done',
    evidence: 'landed',
  });
});

describe('whose task is what', () => {
  it('is told at the start of a session, with the agents, and to whoever is refused ground', async () => {
    const { box, clone } = await localFleet();
    const { run } = inProcess(box);
    const json = async (agent: string, ...args: string[]) => (await run(agent, clone, [...args, '--json'])).json();
    await run('boss', clone, ['task', 'add', 'paginate', '--scope', 'src/api']);
    const before = await json('maya', 'session', 'start');
    expect(before.data).toMatchObject({ tasks: [], readyTasks: 1, next: 'coord task take' });
    await run('maya', clone, ['task', 'take']);
    const { stdout } = await run('maya', clone, ['session', 'start']);
    expect(stdout).toContain('your task: t1 paginate (src/api/**)');
    expect(
      (await json('zoe', 'agent', 'list')).data.agents.find(({ id }: { id: string }) => id === 'maya').tasks,
    ).toEqual(['t1']);
    const alone = await json('noor', 'claim', 'src/api/users.ts');
    expect(alone.error.details.task).toBeUndefined();
    await run('boss', clone, ['task', 'add', 'also there', '--scope', 'src/api/more.ts', '--priority', '0']);
    await run('boss', clone, ['task', 'add', 'document pages', '--scope', 'docs']);
    const refused = await run('noor', clone, ['claim', 'src/api/users.ts']);
    expect(refused.stderr).toContain('or take another task (document pages): coord task take t3');
    expect((await json('noor', 'claim', 'src/api/users.ts')).error.details.task).toEqual({
      id: 't3',
      title: 'document pages',
    });
    await run('noor', clone, ['task', 'take', 't3']);
    expect((await json('noor', 'claim', 'src/api/users.ts')).error.details.task).toBeUndefined();
  });
});

describe('which task a landing does', () => {
  it('is what its ground says, or must be said', async () => {
    const { first, run, json, work } = await twoClones();
    for (const title of ['a', 'b']) await run('boss', first, ['task', 'add', title, '--scope', 'src/api']);
    await run('boss', first, ['task', 'add', 'c', '--scope', 'docs']);
    for (const id of ['t1', 't2', 't3']) await run('maya', first, ['task', 'take', id, '--another']);
    work(first, 'src/api/users.ts', 'one\n');
    const unclear = await json('maya', first, 'land');
    expect([unclear.code, unclear.error.details.reason]).toEqual([2, 'which-task']);
    const landed = await json('maya', first, 'land', '--task', 't2');
    expect(landed.data).toMatchObject({ done: [{ id: 't2' }], released: [] });
    expect(standings((await json('maya', first, 'task', 'list')).data)).toEqual(['t1 taken', 't2 done', 't3 taken']);
    work(first, 'src/api/users.ts', 'two\n');
    expect((await json('maya', first, 'land', '--task', 'none')).data.done).toEqual([]);
    work(first, 'src/api/users.ts', 'three\n');
    const last = await json('maya', first, 'land');
    expect(last.data).toMatchObject({ done: [{ id: 't1' }], released: [{ target: 'src/api/**' }] });
  });

  it('is refused while a gate that it names is closed, and nothing is moved', async () => {
    const { first, box, run, json, work, remote } = await twoClones();
    const config = JSON.parse(box.git(first, 'show', 'HEAD:coord.config.json'));
    const gates = { ready: { type: 'command', command: ['test', '-e', 'READY'] } };
    work(first, 'coord.config.json', JSON.stringify({ ...config, gates }));
    box.git(first, 'push', '--quiet', 'origin', 'main');
    const unknown = await json('boss', first, 'task', 'add', 'a', '--accept', 'nobody');
    expect([unknown.code, unknown.error.details.problems[0]]).toEqual([2, expect.stringContaining('"nobody"')]);
    await run('boss', first, ['task', 'add', 'a', '--scope', 'src/api', '--accept', 'ready']);
    await run('maya', first, ['task', 'take']);
    const before = box.git(remote, 'rev-parse', 'main');
    work(first, 'src/api/users.ts', 'one\n');
    const closed = await json('maya', first, 'land');
    expect([closed.code, closed.error.details.gates]).toEqual([6, ['ready']]);
    expect((await json('maya', first, 'task', 'done')).code).toBe(6);
    expect(box.git(remote, 'rev-parse', 'main')).toBe(before);
    work(first, 'READY', 'yes\n');
    await run('maya', first, ['claim', 'READY']);
    const landed = await json('maya', first, 'land');
    expect(landed.data).toMatchObject({ landed: true, done: [{ id: 't1' }] });
  });
});

describe('what shows that a task is done', () => {
  it('is found out: the main branch, or else a word', async () => {
    const { box, clone } = await localFleet();
    const { run } = inProcess(box);
    const json = async (agent: string, ...args: string[]) => (await run(agent, clone, [...args, '--json'])).json();
    for (const title of ['a', 'b', 'c']) await run('boss', clone, ['task', 'add', title, '--scope', `src/${title}.ts`]);
    await run('maya', clone, ['task', 'take']);
    box.commit(clone, 'src/a.ts', 'a\n');
    expect((await json('maya', 'task', 'done')).data.task).toMatchObject({ evidence: 'landed', state: 'done' });
    await run('maya', clone, ['task', 'take']);
    const word = await json('maya', 'task', 'done', '--result', 'nothing to change');
    expect(word.data.task).toMatchObject({ id: 't2', evidence: 'word', result: 'nothing to change' });
    await run('maya', clone, ['task', 'take']);
    box.git(clone, 'switch', '--quiet', '--create', 'side');
    box.commit(clone, 'src/c.ts', 'c\n');
    expect((await json('maya', 'task', 'done')).data.task).toMatchObject({ id: 't3', evidence: 'word' });
    const report = (await run('boss', clone, ['task', 'report'])).stdout;
    expect(report).toContain('# Tasks\n\n3 of 3 tasks done');
    expect(report).toMatch(/- \*\*t2\*\* b · maya, `\w{7}` · evidence: word\n {2}nothing to change/);
    expect((await json('boss', 'task', 'report')).data.totals).toEqual({
      ...{ open: 0, taken: 0, submitted: 0, done: 3, dropped: 0 },
    });
  });
});

describe('tasks from elsewhere', () => {
  const cases = {
    'a Markdown list': [
      '# Plan\n\n- [ ] **ship it**\n  scope: `src/api/**`, docs\n  priority: 1\n  With care.\n  - write the query\n    - [x] think\n  - test it\n    role: worker\n- tell\n',
      [
        {
          id: 't1',
          title: 'ship it',
          scope: ['src/api/**', 'docs'],
          priority: 1,
          text: 'With care.',
          after: ['t2', 't3'],
        },
        { id: 't2', title: 'write the query', after: [] },
        { id: 't3', title: 'test it', role: 'worker' },
        { id: 't4', title: 'tell', after: [] },
      ],
    ],
    'JSON lines': [
      '{"id":"x","title":"one","scope":["src/api"]}\n\n{"title":"two","after":["x"],"text":"more"}\n',
      [
        { id: 't1', title: 'one', scope: ['src/api/**'] },
        { id: 't2', title: 'two', after: ['t1'], text: 'more' },
      ],
    ],
    'an export of beads': [
      [
        { id: 'bd-1', title: 'old', status: 'closed', priority: 0, issue_type: 'task' },
        {
          ...{ id: 'bd-2', title: 'next', description: 'why', status: 'open', priority: 1, issue_type: 'feature' },
          ...{ labels: ['x'], created_at: '2026-01-01T00:00:00Z' },
          dependencies: [
            { issue_id: 'bd-2', depends_on_id: 'bd-1', type: 'blocks' },
            { issue_id: 'bd-2', depends_on_id: 'bd-3', type: 'blocks' },
            { issue_id: 'bd-2', depends_on_id: 'bd-9', type: 'related' },
          ],
        },
        { id: 'bd-3', title: 'first', status: 'open', priority: 2, issue_type: 'bug' },
      ]
        .map((record) => JSON.stringify(record))
        .join('\n'),
      [
        { id: 't1', title: 'next', text: 'why', priority: 1, after: ['t2'] },
        { id: 't2', title: 'first', after: [] },
      ],
    ],
  } as const;

  it.each(Object.entries(cases))('are read from %s', async (_, [text, expected]) => {
    const { box, clone } = await localFleet();
    const { run } = inProcess(box);
    writeFileSync(join(clone, 'plan'), text);
    const added = (await run('boss', clone, ['task', 'add', '--from', 'plan', '--json'])).json();
    expect(added.data.tasks).toMatchObject(expected);
  });

  it('are all added or none, with every problem listed', async () => {
    const { box, clone } = await localFleet();
    const { run } = inProcess(box);
    const lines = [
      '{"title":""}',
      'no json',
      '{"title":"a","scope":["../x"]}',
      '{"title":"b","after":["t99"],"colour":"red"}',
      '{"title":"c","id":"c","after":["d"]}',
      '{"title":"d","id":"d","after":["c"],"accept":["nobody"]}',
      `{"title":"e","text":"${'x'.repeat(1_100_000)}"}`,
      '{"title":"f","scope":["@task/t1"],"role":"king","priority":"high"}',
    ];
    writeFileSync(join(clone, 'plan'), lines.join('\n'));
    const refused = await run('boss', clone, ['task', 'add', '--from', 'plan', '--json']);
    const { error } = refused.json();
    expect([refused.code, error.details.reason]).toEqual([2, 'bad-tasks']);
    const wanted = [
      /line 1: no title/,
      /line 2: not JSON/,
      /line 3: scope: .*outside/,
      /line 4: "colour" is unknown/,
      /line 4: after "t99", which is not a task/,
      /a circle: "c" after "d" after "c"/,
      /line 6: accept "nobody"/,
      /line 7: a text longer/,
      /line 8: scope @task\/t1/,
      /line 8: role "king"/,
      /line 8: priority: not a number/,
    ];
    for (const problem of wanted) expect(error.details.problems).toContainEqual(expect.stringMatching(problem));
    expect((await run('boss', clone, ['task', 'list', '--json'])).json().data.tasks).toEqual([]);
    for (const file of ['/dev/zero', '.', 'nowhere'])
      expect((await run('boss', clone, ['task', 'add', '--from', file])).code).toBe(2);
  });
});

describe('with one in charge', () => {
  it('only the holder of @orchestrator gives out work, as the main branch says, and the next one is told whose it is', async () => {
    const { box, clone } = await localFleet();
    const { run } = inProcess(box);
    const config = JSON.parse(box.git(clone, 'show', 'HEAD:coord.config.json'));
    box.commit(clone, 'coord.config.json', JSON.stringify({ ...config, tasks: { by: 'orchestrator' } }));
    box.write(clone, 'coord.config.json', JSON.stringify(config));
    const add = async (agent: string) => (await run(agent, clone, ['task', 'add', 'x', '--json'])).json();
    expect((await add('maya')).error).toMatchObject({ exit: 6, details: { reason: 'not-in-charge', holder: null } });
    for (const agent of ['boss', 'chief']) await run(agent, clone, ['session', 'start', '--role', 'orchestrator']);
    expect((await run('maya', clone, ['claim', '@orchestrator'])).code).toBe(6);
    expect((await run('boss', clone, ['claim', '@orchestrator'])).code).toBe(0);
    expect((await add('boss')).data.tasks).toHaveLength(1);
    const second = await run('chief', clone, ['claim', '@orchestrator', '--json']);
    expect([second.code, second.json().error.details.conflicts[0].agent]).toEqual([3, 'boss']);
    expect((await add('chief')).error.message).toContain('boss, who holds @orchestrator');
    await run('boss', clone, ['handoff', '@orchestrator', '--to', 'chief']);
    expect((await run('chief', clone, ['handoff', 'accept'])).code).toBe(0);
    expect((await add('chief')).data.tasks).toHaveLength(1);
    expect((await add('boss')).error).toMatchObject({ exit: 6, details: { holder: 'chief' } });
  });
});
