import { describe, expect, it } from 'vitest';
import { localFleet, sharedFleet, until } from '../support/fleet.js';

/** The session of whoever may stop agents. */
const ROOT = { COORD_SESSION: 's1' };

describe('run', () => {
  it('holds the ground while the program runs, and passes its exit code, streams and token on', async () => {
    const fleet = await localFleet();
    const script = `
      const { claims } = JSON.parse(require('node:child_process')
        .execFileSync(process.execPath, [process.env.COORD, 'status', '--json'], { encoding: 'utf8' })).data;
      process.stdin.on('data', (text) => process.stdout.write('in: ' + text));
      process.stdin.on('end', () => {
        console.log(claims.length, claims[0].agent, claims[0].token === Number(process.env.COORD_TOKEN));
        console.error('to stderr');
        process.exit(7);
      });`;
    const result = await fleet.as('maya', ['run', 'src/api', '--', process.execPath, '-e', script], {
      input: 'hello\n',
      env: { COORD: fleet.box.program },
    });
    expect(result).toMatchObject({ code: 7, stdout: 'in: hello\n1 maya true\n' });
    expect(result.stderr).toContain('to stderr');
    expect((await fleet.as('maya', ['status', '--json'])).json().data.claims).toEqual([]);
  });

  it('releases with the HEAD that the program made', async () => {
    const fleet = await localFleet();
    const work = 'echo more >> src/api/users.ts && git commit --quiet --all --message work';
    expect((await fleet.as('maya', ['run', 'src/api', '--', 'sh', '-c', work])).code).toBe(0);
    const head = fleet.box.git(fleet.clone, 'rev-parse', 'HEAD');
    expect(fleet.box.git(fleet.clone, 'log', '-1', '--format=%b', 'coord/state')).toContain(`"commit":"${head}"`);
  });

  it('keeps ground with uncommitted changes, and says so', async () => {
    const fleet = await localFleet();
    const result = await fleet.as('maya', ['run', 'src/api', '--', 'sh', '-c', 'echo more >> src/api/users.ts']);
    expect(result.code).toBe(0);
    expect(result.stderr).toContain('src/api/** has uncommitted changes');
    expect((await fleet.as('maya', ['status', '--json'])).json().data.claims).toHaveLength(1);
  });

  it('leaves the agent what it held before', async () => {
    const fleet = await localFleet();
    await fleet.as('maya', ['claim', 'src/api', '--reason', 'mine']);
    expect((await fleet.as('maya', ['run', 'src/api', 'src/web', '--', 'true'])).code).toBe(0);
    const { claims } = (await fleet.as('maya', ['status', '--json'])).json().data;
    expect(claims).toMatchObject([{ target: 'src/api/**', agent: 'maya' }]);
  });

  it('starts nothing when the claim is refused', async () => {
    const fleet = await localFleet();
    await fleet.as('noor', ['claim', 'src/api']);
    const result = await fleet.as('maya', ['run', 'src/api/users.ts', '--', 'sh', '-c', 'echo ran']);
    expect(result).toMatchObject({ code: 3, stdout: '' });
  });

  const ENDINGS: Record<string, readonly string[]> = {
    'stolen, before the heartbeat would tell': ['claim', 'src/api', '--take-over', '--reason', 'urgent'],
    'revoked with its agent': ['agent', 'kill', 'maya', '--reason', 'runaway'],
  };

  const CASES = Object.entries(ENDINGS).flatMap(([how, words]) =>
    (['this clone', 'another clone'] as const).flatMap((where) =>
      [true, false].map((held) => ({ how, words, where, held, whose: held ? 'a claim of before' : 'its own claim' })),
    ),
  );

  it.each(CASES)('is exit 4, and never ok, when $whose was $how, in $where', async ({ words, where, held }) => {
    const fleet = where === 'this clone' ? await localFleet() : await sharedFleet();
    // What another clone writes is not seen in this one.
    const there = 'remote' in fleet ? fleet.box.clone(String(fleet.remote)) : fleet.clone;
    await fleet.as('noor', ['session', 'start', '--role', 'orchestrator'], { cwd: there, env: ROOT });
    if (held) await fleet.as('maya', ['claim', 'src/api']);
    const args = JSON.stringify([fleet.box.program, ...words, '--agent', 'noor']);
    const options = JSON.stringify({ cwd: there });
    const script = `require('node:child_process').execFileSync(process.execPath, ${args},
      { ...${options}, env: { ...process.env, COORD_AGENT: '', COORD_SESSION: 's1' } })`;
    const run = await fleet.as('maya', ['run', 'src/api', '--json', '--', process.execPath, '-e', script]);
    expect(run.json()).toMatchObject({ ok: false, error: { code: 'lost', exit: 4, details: { reason: 'lost' } } });
    expect(run.code).toBe(4);
  });

  it('releases at the HEAD of a worktree that the program removed, with or without git', async () => {
    const fleet = await localFleet();
    for (const remove of ['rm -rf "$WT"', 'git -C "$MAIN" worktree remove --force "$WT"']) {
      const worktree = fleet.box.worktree(fleet.clone);
      const run = await fleet.as('maya', ['run', 'src/api', '--json', '--', 'sh', '-c', `cd /; ${remove}`], {
        cwd: worktree,
        env: { WT: worktree, MAIN: fleet.clone },
      });
      expect(run.json()).toMatchObject({ ok: true, data: { exit: 0, kept: [] } });
      expect((await fleet.as('maya', ['status', '--json'])).json().data.claims).toEqual([]);
    }
  });

  it('stops the program when the claim is lost: exit 4', async () => {
    const fleet = await localFleet();
    const running = fleet.as('maya', ['run', 'src/api', '--', process.execPath, '-e', 'setInterval(() => {}, 1000)']);
    const held = async () => (await fleet.as('noor', ['status', '--json'])).json().data.claims.length > 0;
    await until(held, 'maya holds it');
    const stolen = await fleet.as('noor', ['claim', 'src/api', '--take-over', '--reason', 'urgent']);
    expect(stolen.code).toBe(0);
    const result = await running;
    expect(result.code).toBe(4);
    expect(result.stderr).toContain('was stopped');
    expect((await fleet.as('noor', ['status', '--json'])).json().data.claims).toMatchObject([{ agent: 'noor' }]);
  });

  it('passes signals on, and releases', async () => {
    const fleet = await localFleet();
    const script = `process.on('SIGTERM', () => process.exit(42)); process.kill(process.ppid, 'SIGTERM'); setInterval(() => {}, 1000);`;
    const result = await fleet.as('maya', ['run', 'src/api', '--', process.execPath, '-e', script]);
    expect(result.code).toBe(42);
    expect((await fleet.as('maya', ['status', '--json'])).json().data.claims).toEqual([]);
  });

  it.each([
    { args: ['run', 'src/api'], why: 'no program' },
    { args: ['run', 'src/api', '--'], why: 'nothing after --' },
    { args: ['run', 'src/api', '--', 'no-such-program-anywhere'], why: 'no such program' },
    { args: ['run', '--', 'true'], why: 'no target' },
  ])('exit 2 and no claim left: $why', async ({ args }) => {
    const fleet = await localFleet();
    expect((await fleet.as('maya', args)).code).toBe(2);
    expect((await fleet.as('maya', ['status', '--json'])).json().data.claims).toEqual([]);
  });

  it('with --json, keeps standard output for the one object', async () => {
    const fleet = await localFleet();
    const result = await fleet.as('maya', ['run', 'src/api', '--json', '--', 'sh', '-c', 'echo out; exit 3']);
    expect(result.code).toBe(3);
    expect(result.json()).toMatchObject({ ok: false, error: { code: 'program', exit: 3 } });
    expect(result.json().data).toMatchObject({ exit: 3, claims: [{ target: 'src/api/**' }] });
    expect(result.stderr).toContain('out');
  });
});
