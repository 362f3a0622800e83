import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/load.js';
import { checkGates } from '../../../src/gates/check.js';
import { protectedConfig } from '../../../src/workspace/main-branch.js';
import { gatedRepository } from '../../support/gates.js';
import { NOON } from '../../support/in-process.js';

const node = (script: string, ...args: string[]) => [process.execPath, '-e', script, ...args];

function withCommand(command: readonly string[], more: object = {}) {
  return gatedRepository({
    gates: { tests: { type: 'command', command, ...more } },
    deploy: { prod: { gates: ['tests'] } },
  });
}

/** Whether a process runs: one that was killed, and that nobody has asked for its exit code yet, does not. */
function runs(pid: number): boolean {
  const { status, stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return status === 0 && !stdout.startsWith('Z');
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

describe('a command gate', () => {
  it('is opened by exit 0, and cites what was run, on what, and the digest of its output', async () => {
    const command = node("process.stdout.write('all well')");
    const gated = withCommand(command);
    expect(await gated.check()).toEqual([
      {
        ...{ id: expect.any(String), gate: 'tests', target: 'prod', commit: gated.head(), action: 'deploy' },
        ...{ type: 'command', open: true, closed: null, finding: expect.stringContaining('exit 0') },
        ...{ checked: command, signers: [], nonces: [], outputDigest: sha256('all well') },
        ...{ configCommit: gated.head(), at: new Date(NOON).toISOString() },
      },
    ]);
  });

  it('stays closed at any other exit, and shows the end of the output without recording it', async () => {
    const gated = withCommand(node("console.log('one\\x1b[31m'); console.error('two'); process.exit(3)"));
    const [record] = await gated.check();
    expect(record).toMatchObject({ open: false, closed: 'failed', finding: expect.stringContaining('exit 3') });
    expect(JSON.stringify(record)).not.toContain('\\u001b[31m');
    const [, checked] = gated.steps;
    expect(checked).toMatchObject({ step: 'checked', record });
    const { lastLines } = checked as { lastLines: readonly string[] };
    expect([...lastLines].sort()).toEqual(['one\\u001b[31m', 'two']);
  });

  it('runs at the root, knows what it is asked, sees no variable of git, and can read nothing', async () => {
    const script = `
      const { env } = process;
      const input = require('node:fs').readFileSync(0, 'utf8');
      const git = Object.keys(env).filter((name) => name.startsWith('GIT_'));
      console.log(JSON.stringify([process.cwd(), env.COORD_GATE, env.COORD_TARGET, env.COORD_COMMIT, env.COORD_ACTION, input, git]));
      process.exit(1);`;
    const gated = withCommand(node(script));
    await gated.check({ action: 'rollback' });
    const { lastLines } = gated.steps[1] as { lastLines: readonly string[] };
    const expected = [gated.clone, 'tests', 'prod', gated.head(), 'rollback', '', []];
    expect(JSON.parse(lastLines[0] ?? '')).toEqual(expected);
  });

  it('hands arguments on as they are: no shell reads them', async () => {
    const gated = withCommand(
      node('process.exit(process.argv[1] === "$(touch x); `y` *" ? 0 : 1)', '$(touch x); `y` *'),
    );
    expect(await gated.check()).toMatchObject([{ open: true }]);
  });

  it.each([
    ['is not there', ['./no-such-program'], 'there is no such program'],
    ['is not executable', ['./data.txt'], 'it is not executable'],
    ['is a directory', ['./src'], 'it is not executable'],
  ])('whose program %s is not runnable', async (_what, command, words) => {
    const gated = gatedRepository(
      { gates: { tests: { type: 'command', command } }, deploy: { prod: { gates: ['tests'] } } },
      { 'data.txt': 'x', 'src/a': 'a' },
    );
    expect(await gated.check()).toMatchObject([
      { closed: 'not-runnable', outputDigest: null, finding: expect.stringContaining(words) },
    ]);
  });

  it('whose program has an argument that no program can be given is refused with the configuration', async () => {
    const gated = gatedRepository(
      {
        gates: { tests: { type: 'command', command: [process.execPath, 'a\0b'] } },
        deploy: { prod: { gates: ['tests'] } },
      },
      { 'data.txt': 'x', 'src/a': 'a' },
    );
    await expect(gated.check()).rejects.toThrow('gates.tests.command.1: must not contain a NUL character');
  });

  it('that does not end in time is stopped with all that it started, though they ignore it', async () => {
    const stubborn = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000);";
    const script = `
      const child = require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(stubborn)}]);
      child.on('spawn', () => require('node:fs').writeFileSync(process.argv[1], String(child.pid)));
      setInterval(() => {}, 1000);`;
    const gated = gatedRepository({});
    const pidFile = join(gated.box.directory, 'pid');
    gated.publish({
      'coord.config.json': JSON.stringify({
        gates: { slow: { type: 'command', command: node(script, pidFile), timeout: '3s' } },
        deploy: { prod: { gates: ['slow'] } },
      }),
    });
    expect(await gated.check()).toMatchObject([{ closed: 'timeout', finding: expect.stringContaining('3s') }]);
    expect(existsSync(pidFile)).toBe(true);
    await expect.poll(() => runs(Number(readFileSync(pidFile, 'utf8')))).toBe(false);
  });

  it('leaves nothing running, and does not wait for what keeps its output open', async () => {
    const script = `
      const child = require('node:child_process').spawn('sleep', ['60'], { stdio: 'inherit' });
      child.on('spawn', () => { require('node:fs').writeFileSync(process.argv[1], String(child.pid)); process.exit(0); });`;
    const gated = gatedRepository({});
    const pidFile = join(gated.box.directory, 'pid');
    gated.publish({
      'coord.config.json': JSON.stringify({
        gates: { tests: { type: 'command', command: node(script, pidFile) } },
        deploy: { prod: { gates: ['tests'] } },
      }),
    });
    expect(await gated.check()).toMatchObject([{ open: true }]);
    await expect.poll(() => runs(Number(readFileSync(pidFile, 'utf8')))).toBe(false);
  });

  it('may write without end: the digest is of all, and the end is kept', async () => {
    const gated = withCommand(node("process.stdout.write('x'.repeat(3_000_000) + '\\nlast\\n')"));
    const [record] = await gated.check();
    expect(record?.outputDigest).toBe(sha256(`${'x'.repeat(3_000_000)}\nlast\n`));
    const { lastLines } = gated.steps[1] as { lastLines: readonly string[] };
    expect(lastLines.at(-1)).toBe('last');
    expect(lastLines.join('').length).toBeLessThan(1000);
  });
});

describe('a command gate judges the commit', () => {
  const passing = node('');

  it('so that it is closed where HEAD is another one', async () => {
    const gated = withCommand(passing);
    const before = gated.head();
    gated.box.commit(gated.clone, 'a', 'a');
    expect(await gated.check({ commit: before })).toMatchObject([
      { closed: 'not-at-commit', outputDigest: null, finding: expect.stringContaining('HEAD is') },
    ]);
  });

  it.each([
    ['a changed file', ['README.md']],
    ['an untracked one', ['vitest.config.ts']],
  ])('so that %s closes it, before it runs', async (_what, files) => {
    const gated = withCommand(passing);
    for (const file of files) gated.box.write(gated.clone, file, 'planted\n');
    expect(await gated.check()).toMatchObject([
      { closed: 'not-at-commit', finding: expect.stringContaining(files[0] ?? '') },
    ]);
  });

  it('though git was told not to look at the file', async () => {
    const gated = withCommand(passing);
    gated.box.git(gated.clone, 'update-index', '--assume-unchanged', 'README.md');
    gated.box.write(gated.clone, 'README.md', 'planted\n');
    expect(await gated.check()).toMatchObject([{ closed: 'not-at-commit' }]);
  });

  it('also when it is changed while the program runs; what the program adds is its own matter', async () => {
    const script = "require('node:fs').writeFileSync(process.argv[1], 'changed')";
    expect(await withCommand(node(script, 'README.md')).check()).toMatchObject([{ closed: 'not-at-commit' }]);
    expect(await withCommand(node(script, 'report.txt')).check()).toMatchObject([{ open: true }]);
  });

  it('and files in scratch directories of workers do not matter', async () => {
    const gated = withCommand(passing);
    gated.box.write(gated.clone, 'scratch/noor/notes.md', 'mine\n');
    expect(await gated.check()).toMatchObject([{ open: true }]);
  });
});

describe('the gates of a target', () => {
  it('are all checked, though one is closed; one that is configured nowhere is named', async () => {
    const gated = gatedRepository({
      gates: { no: { type: 'command', command: node('process.exit(1)') }, yes: { type: 'command', command: node('') } },
      deploy: { prod: { gates: ['no', 'ghost', 'yes', 'no'] } },
    });
    expect(await gated.check()).toMatchObject([
      { gate: 'no', closed: 'failed' },
      { gate: 'ghost', type: null, closed: 'unconfigured', finding: expect.stringContaining('gates.ghost') },
      { gate: 'yes', open: true },
    ]);
  });

  it.each([
    ['names none', 'bare'],
    ['is configured nowhere', 'elsewhere'],
    ['has the name of a property of every object', 'constructor'],
  ])('of a target that %s are closed', async (_what, target) => {
    const gated = gatedRepository({ deploy: { bare: {}, odd: { gates: ['toString'] } } });
    const [record, ...more] = await gated.check({ target });
    expect(more).toEqual([]);
    expect(record).toMatchObject({ open: false, closed: 'unconfigured', type: null });
    expect(record?.finding).toContain(`deploy.${target}.gates`);
    expect(await gated.check({ target: 'odd' })).toMatchObject([{ gate: 'toString', closed: 'unconfigured' }]);
  });

  it('are those of the main branch: an agent that edits its own copy changes nothing', async () => {
    const gated = withCommand(node('process.exit(1)'));
    const open = { gates: { tests: { type: 'command', command: node('') } }, deploy: { prod: { gates: ['tests'] } } };
    gated.box.commit(gated.clone, 'coord.config.json', JSON.stringify(open));
    expect(await gated.check()).toMatchObject([{ closed: 'failed' }]);
  });

  it('are those of the default branch, whatever branch the agent calls the main one', async () => {
    const gated = withCommand(node('process.exit(1)'));
    const { box, clone } = gated;
    const open = { mainBranch: 'mine', gates: { tests: { type: 'command', command: node('') } } };
    box.commit(clone, 'coord.config.json', JSON.stringify({ ...open, deploy: { prod: { gates: ['tests'] } } }));
    box.git(clone, 'push', '--quiet', 'origin', 'HEAD:mine');
    box.git(clone, 'fetch', '--quiet', 'origin');
    expect(await gated.check()).toMatchObject([{ closed: 'failed' }]);
    // Once the default branch itself says so, it is.
    box.git(clone, 'push', '--quiet', 'origin', 'HEAD:main');
    expect(await gated.check()).toMatchObject([{ open: true }]);
    expect((await protectedConfig(gated.context(clone))).from?.name).toBe('origin/mine');
  });

  it('open nothing while no main branch has them', async () => {
    const gated = gatedRepository({});
    const box = gated.box;
    const clone = box.repository();
    box.git(clone, 'checkout', '--quiet', '-b', 'work');
    const config = { gates: { tests: { type: 'command', command: node('') } }, deploy: { prod: { gates: ['tests'] } } };
    const commit = box.commit(clone, 'coord.config.json', JSON.stringify(config));
    const context = gated.context(clone);
    const none = await protectedConfig(context);
    expect(none).toMatchObject({ from: null, config: { gates: {}, deploy: {} } });
    // Nor would they, did they come from a configuration of no main branch.
    const protectedBy = { from: null, config: await parseConfig(JSON.stringify(config)) };
    const check = { target: 'prod', commit, action: 'deploy', usedNonces: [], config: protectedBy } as const;
    expect(await checkGates(context, check)).toMatchObject([{ closed: 'unreadable', configCommit: null }]);
  });
});
