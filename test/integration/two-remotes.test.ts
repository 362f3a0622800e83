import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { coordInProcess, inProcess } from '../support/in-process.js';
import { prepared } from '../support/prepared.js';
import type { Sandbox } from '../support/sandbox.js';

const FILE = 'coord.config.json';
const STATE = 'refs/coord/state';

/** What one clone calls the two repositories. */
interface Names {
  readonly state: string;
  readonly main: string;
}

interface World {
  readonly box: Sandbox;
  readonly clone: string;
  readonly other: string;
  /** The repositories: of the main branch, and of the claims. */
  readonly code: string;
  readonly arbiter: string;
  readonly names: Names;
  run(agent: string, cwd: string, ...args: string[]): ReturnType<ReturnType<typeof inProcess>['run']>;
  /** Where a ref stands in a repository; null: there is none. */
  at(repository: string, ref: string): string | null;
  /** Commits to the clone's HEAD. */
  work(text?: string): string;
}

interface Made {
  readonly clone: string;
  readonly other: string;
  readonly code: string;
  readonly arbiter: string;
}

/** The ways in which the two can be two: what the configuration says, and what the second clone calls them otherwise. */
const WAYS: readonly (readonly [string, Names, Names])[] = [
  ['an arbiter of the fleet’s own', { state: 'arbiter', main: 'origin' }, { state: 'arbiter', main: 'origin' }],
  ['a fork with the claims', { state: 'origin', main: 'upstream' }, { state: 'origin', main: 'upstream' }],
  [
    'the claims upstream, the main branch in the fork',
    { state: 'upstream', main: 'origin' },
    { state: 'hub', main: 'vendor' },
  ],
];

/**
 * Two clones of two repositories. The one with the claims has a main branch of its own that lacks what the other has, as a
 * fork left behind, and never moves.
 */
async function build(box: Sandbox, ours: Names, theirs: Names): Promise<Made> {
  const code = box.bareRemote();
  const arbiter = box.bareRemote();
  const cloneAs = ({ state, main }: Names) => {
    const clone = box.clone(code, { args: ['--origin', main] });
    box.git(clone, 'remote', 'add', state, arbiter);
    return clone;
  };
  const clone = cloneAs(ours);
  box.git(clone, 'push', '--quiet', '--force', ours.state, 'main');
  box.commit(clone, 'src/a', 'a');
  const init = ['init', '--remote', ours.state, '--main-remote', ours.main];
  const made = await inProcess(box).run('maya', clone, [...init, '--json']);
  if (made.code !== 0) throw new Error(made.stdout);
  const text = JSON.parse(readFileSync(join(clone, FILE), 'utf8'));
  const deploy = { prod: { gates: ['open'], requirePushed: true } };
  const gates = { open: { type: 'command', command: ['true'] } };
  box.write(clone, FILE, JSON.stringify({ ...text, surface: ['src/**'], deploy, gates }));
  box.git(clone, 'add', '.');
  box.git(clone, 'commit', '--quiet', '--message', 'set up');
  box.git(clone, 'push', '--quiet', ours.main, 'main');
  const other = cloneAs(theirs);
  if (theirs.state !== ours.state) box.git(other, 'config', 'coord.remote', theirs.state);
  if (theirs.main !== ours.main) box.git(other, 'config', 'coord.mainRemote', theirs.main);
  return { clone, other, code, arbiter };
}

function hook(repository: string, name: string, script: string): void {
  const path = join(repository, 'hooks', name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

async function world([name, ours, theirs]: (typeof WAYS)[number]): Promise<World> {
  const { box, made } = await prepared(`two-remotes-${WAYS.findIndex(([one]) => one === name)}`, (fresh) =>
    build(fresh, ours, theirs),
  );
  const host = inProcess(box);
  return {
    ...{ box, ...made, names: ours },
    run: (agent, cwd, ...args) => host.run(agent, cwd, [...args, '--json']),
    at: (repository, ref) => box.git(repository, 'for-each-ref', '--format=%(objectname)', ref).trim() || null,
    work: (text = 'more') => {
      box.commit(made.clone, 'src/a', text);
      return box.git(made.clone, 'rev-parse', 'HEAD').trim();
    },
  };
}

describe.each(WAYS)('%s', (...way) => {
  it('claims are arbitrated at the one, for clones that call it otherwise too', async () => {
    const all = await world(way);
    const fork = all.at(all.arbiter, 'refs/heads/main');
    expect((await all.run('maya', all.clone, 'claim', 'src/a')).code).toBe(0);
    expect((await all.run('noor', all.other, 'claim', 'src/a')).code).toBe(3);
    expect(all.at(all.code, 'refs/coord')).toBeNull();
    expect(all.at(all.arbiter, 'refs/heads/main')).toBe(fork);
  });

  // Each verb that goes by the main branch, while the other repository has another one that would say otherwise.
  it.each<[string, readonly string[], number, unknown]>([
    ['status', ['status'], 0, { reach: 'remote' }],
    [
      'session start',
      ['session', 'start'],
      0,
      { sync: expect.objectContaining({ behind: 0, ahead: 0, fetched: true }) },
    ],
    ['deploy list', ['deploy', 'list'], 0, {}],
    ['gate check', ['gate', 'check', 'prod'], 0, {}],
    ['audit', ['audit', 'HEAD~1..HEAD'], 0, {}],
    ['conflicts', ['conflicts'], 0, {}],
    ['rules', ['rules', 'list'], 0, {}],
    ['doctor', ['doctor'], 0, {}],
    [
      'release --merged',
      ['release', '--merged', 'HEAD'],
      0,
      { upstream: expect.stringMatching(/^(?:origin|upstream)\/main$/) },
    ],
  ])('%s', async (_, args, code, data) => {
    const all = await world(way);
    await all.run('maya', all.clone, 'session', 'start');
    const { box, clone, names } = all;
    // What the fork’s main branch has and nobody merged: who asks the wrong one is behind it.
    box.git(clone, 'fetch', '--quiet', names.state);
    const answer = await all.run('maya', clone, ...args);
    expect([answer.code, answer.json().data], answer.stdout).toEqual([code, expect.objectContaining(data as object)]);
  });

  it('sync-check goes by the main branch, wherever the other one stands', async () => {
    const all = await world(way);
    const { box, clone, other, names } = all;
    expect((await all.run('maya', clone, 'sync-check')).json().data).toMatchObject({
      inSync: true,
      upstream: `${names.main}/main`,
    });
    all.work();
    box.git(clone, 'push', '--quiet', '--force', names.state, 'HEAD:main');
    expect((await all.run('noor', other, 'sync-check')).code).toBe(0);
    box.git(clone, 'push', '--quiet', names.main, 'HEAD:main');
    expect((await all.run('noor', other, 'sync-check')).code).toBe(5);
  });

  it('land moves the main branch under a turn, then the claims, and says so', async () => {
    const all = await world(way);
    const fork = all.at(all.arbiter, 'refs/heads/main');
    await all.run('maya', all.clone, 'claim', 'src/a');
    const commit = all.work();
    const landed = (await all.run('maya', all.clone, 'land')).json();
    expect(landed.data).toMatchObject({
      ...{ landed: true, already: false, claimsAt: all.names.state, to: `${all.names.main}/main` },
      released: [{ target: 'src/a' }],
    });
    expect(all.at(all.code, 'refs/heads/main')).toBe(commit);
    expect(all.at(all.arbiter, 'refs/heads/main')).toBe(fork);
    const history = all.box.git(all.arbiter, 'log', '-2', '--format=%B', STATE);
    expect(history).toMatch(/"type":"work.landed"/);
    expect(history).toMatch(/claim @land\/main by maya/);
    expect((await all.run('maya', all.clone, 'status')).json().data.claims).toEqual([]);
    const again = (await all.run('maya', all.clone, 'land')).json();
    expect(again.data).toMatchObject({ landed: true, already: true, released: [{ target: 'src/a' }] });
  });

  it('one that was killed between the two steps is found by the same command, and by nobody else undone', async () => {
    const all = await world(way);
    const { box, clone, other, code } = all;
    // By the real clock, as the one that is killed.
    const run = (agent: string, cwd: string, ...args: string[]) =>
      box.coord(cwd, [...args, '--json'], { env: { COORD_AGENT: agent } });
    await run('maya', clone, 'claim', 'src/a');
    const commit = all.work();
    const pid = join(box.directory, 'pid');
    // The server of the main branch has moved it, and then the whole command is gone.
    hook(code, 'post-receive', `while ! test -s '${pid}'; do sleep 0.01; done; kill -9 "$(cat '${pid}')"`);
    const env = { ...box.env, COORD_AGENT: 'maya' };
    const child = spawn(process.execPath, [box.program, 'land'], { cwd: clone, env, stdio: 'ignore' });
    writeFileSync(pid, `${child.pid}\n`);
    const signal = await new Promise((resolve) => child.on('close', (_, by) => resolve(by)));
    expect([signal, all.at(code, 'refs/heads/main')]).toEqual(['SIGKILL', commit]);
    hook(code, 'post-receive', 'exit 0');
    box.git(other, 'pull', '--quiet', way[2].main, 'main');
    expect((await run('noor', other, 'claim', 'src/a')).code).toBe(3);
    expect((await run('noor', other, 'land', '--wait=1s')).code).toBe(9);
    const { data } = (await run('maya', clone, 'land')).json();
    expect(data).toMatchObject({ landed: true, already: true, paths: ['src/a'], released: [{ target: 'src/a' }] });
    expect(box.git(all.arbiter, 'log', '-1', '--format=%B', STATE)).toContain('"type":"work.landed"');
    expect((await run('noor', other, 'claim', 'src/a')).code).toBe(0);
    expect((await run('noor', other, 'status', '@land/main')).json().data.claims).toEqual([]);
  });

  it('the claims’ server out of reach for the second step is exit 7, and the same command makes it', async () => {
    const all = await world(way);
    await all.run('maya', all.clone, 'claim', 'src/a');
    const commit = all.work();
    hook(
      all.arbiter,
      'pre-receive',
      'read _ new _; git cat-file -p $new | grep -q work.landed && { echo later; exit 1; }; exit 0',
    );
    const { error } = (await all.run('maya', all.clone, 'land')).json();
    expect([error.details.step, error.message, error.hint]).toEqual([
      2,
      expect.stringMatching(/has your work, but that is not recorded yet[\s\S]*\n\| later/),
      expect.stringContaining('repeat the command'),
    ]);
    expect(all.at(all.code, 'refs/heads/main')).toBe(commit);
    hook(all.arbiter, 'pre-receive', 'exit 0');
    expect((await all.run('maya', all.clone, 'land')).json().data).toMatchObject({ landed: true, already: true });
  });

  it('a main branch that takes no push leaves the claims held, and no turn behind', async () => {
    const all = await world(way);
    await all.run('maya', all.clone, 'claim', 'src/a');
    const commit = all.work();
    hook(all.code, 'pre-receive', 'echo main is closed today; exit 1');
    const { error } = (await all.run('maya', all.clone, 'land')).json();
    expect([error.exit, error.message]).toEqual([6, expect.stringContaining('main is closed today')]);
    expect(all.at(all.code, 'refs/heads/main')).not.toBe(commit);
    const { claims } = (await all.run('maya', all.clone, 'status')).json().data;
    expect(claims.map(({ target }: { target: string }) => target)).toEqual(['src/a']);
  });

  it('while one lands, nobody else moves the main branch', async () => {
    const all = await world(way);
    await all.run('noor', all.other, 'claim', 'src/b');
    await all.run('maya', all.clone, 'claim', 'src/a');
    all.work();
    // Taken and kept by a run that was told to rebase.
    all.box.commit(all.other, 'src/b', 'b');
    all.box.git(all.other, 'push', '--quiet', way[2].main, 'HEAD:main');
    expect((await all.run('maya', all.clone, 'land', '--wait=1s')).code).toBe(5);
    all.box.commit(all.other, 'src/b', 'c');
    const refused = (await all.run('noor', all.other, 'land')).json();
    expect(refused.error).toMatchObject({ exit: 3, message: expect.stringContaining('turn of maya') });
  });

  it('the next holder is told where the work is', async () => {
    const all = await world(way);
    await all.run('maya', all.clone, 'claim', 'src/a');
    const commit = all.work();
    await all.run('maya', all.clone, 'land');
    const refused = (await all.run('noor', all.other, 'claim', 'src/a')).json();
    const main = way[2].main;
    expect(refused.error.details.missing).toMatchObject([
      { commit, where: { kind: 'remote', remote: main, branch: 'main' } },
    ]);
  });

  it('land --to pushes where git would push, else beside the main branch', async () => {
    const all = await world(way);
    const { box, clone, names } = all;
    await all.run('maya', clone, 'claim', 'src/a');
    const commit = all.work();
    expect((await all.run('maya', clone, 'land', '--to', 'topic')).json().data.to).toBe(`${names.main}/topic`);
    box.git(clone, 'config', 'remote.pushDefault', names.state);
    expect((await all.run('maya', clone, 'land', '--to', 'pull')).json().data.to).toBe(`${names.state}/pull`);
    expect([all.at(all.code, 'refs/heads/topic'), all.at(all.arbiter, 'refs/heads/pull')]).toEqual([commit, commit]);
  });

  it('the guard of pushes watches the main branch of the one, and the state of the other', async () => {
    const all = await world(way);
    const { box, clone, names } = all;
    await all.run('noor', all.other, 'claim', 'src/a');
    const head = all.work();
    const judged = async (remote: string, ref: string) => {
      const address = box.git(clone, 'remote', 'get-url', remote).trim();
      const state = ref === STATE;
      const line = `${state ? '(delete)' : 'HEAD'} ${state ? '0'.repeat(40) : head} ${ref} ${all.at(state ? all.arbiter : all.code, ref)}\n`;
      const args = ['guard', 'run', 'pre-push', remote, address];
      return (await coordInProcess(box, clone, args, { input: line, env: { COORD_AGENT: 'maya' } })).code;
    };
    expect(await judged(names.main, 'refs/heads/main')).not.toBe(0);
    expect(await judged(names.state, 'refs/heads/main')).toBe(0);
    expect(await judged(names.main, STATE)).toBe(0);
    expect(await judged(names.state, STATE)).not.toBe(0);
  });
});

describe('what names no remote of git’s', () => {
  const BAD = ['../code.git', 'https://evil.example/x.git', '--upload-pack=touch pwned', '.'];

  it.each(BAD.flatMap((bad) => ['coord.remote', 'coord.mainRemote'].map((key) => [key, bad] as const)))(
    'git config %s %s is exit 2',
    async (key, bad) => {
      const all = await world(WAYS[0] as (typeof WAYS)[number]);
      all.box.git(all.clone, 'config', key, bad);
      for (const args of [['status'], ['claim', 'src/a'], ['sync-check'], ['land']]) {
        expect((await all.run('maya', all.clone, ...args)).json().error).toMatchObject({ exit: 2 });
      }
    },
  );

  it.each(BAD)('"mainRemote": %s in the configuration is exit 2', async (bad) => {
    const all = await world(WAYS[0] as (typeof WAYS)[number]);
    const text = JSON.parse(readFileSync(join(all.clone, FILE), 'utf8'));
    all.box.commit(all.clone, FILE, JSON.stringify({ ...text, mainRemote: bad }));
    all.box.git(all.clone, 'push', '--quiet', 'origin', 'main');
    expect((await all.run('maya', all.clone, 'claim', 'src/a')).code).toBe(2);
    expect(all.box.git(all.clone, 'status', '--porcelain')).not.toContain('pwned');
  });

  it('where the main branch and this clone disagree on where the main branch is, exit 2 names both', async () => {
    const all = await world(WAYS[0] as (typeof WAYS)[number]);
    await all.run('maya', all.clone, 'status');
    const text = JSON.parse(readFileSync(join(all.clone, FILE), 'utf8'));
    all.box.commit(all.clone, FILE, JSON.stringify({ ...text, mainRemote: 'arbiter' }));
    all.box.git(all.clone, 'push', '--quiet', 'origin', 'main');
    const { error } = (await all.run('maya', all.clone, 'claim', 'src/a')).json();
    expect(error).toMatchObject({ exit: 2, details: { reason: 'authority' } });
    expect(error.message).toMatch(/main branch on arbiter.*main branch on origin/);
  });
});
