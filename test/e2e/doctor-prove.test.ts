import { spawn } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { DoctorReport } from '../../src/commands/doctor/doctor.js';
import type { Attempt } from '../../src/domain/doctor/checkup.js';
import { type Sandbox, sandbox } from '../support/sandbox.js';

interface Rig {
  readonly box: Sandbox;
  readonly clone: string;
  readonly remote: string;
  prove(env?: Readonly<Record<string, string>>): Promise<{ code: number; report: DoctorReport; text: string }>;
}

async function rig({
  hooks = true,
  surface = ['src/**', 'coord.config.json'],
  path = 'src/a.ts',
  share = true,
} = {}): Promise<Rig> {
  const box = sandbox();
  const remote = box.bareRemote();
  const clone = box.clone(remote);
  box.commit(clone, 'coord.config.json', JSON.stringify({ share, mainBranch: 'main', surface }));
  box.commit(clone, path, 'a\n');
  box.git(clone, 'push', '--quiet', 'origin', 'main');
  const as = { env: { COORD_AGENT: 'maya' } };
  await box.coord(clone, ['init'], as);
  if (hooks) await box.coord(clone, ['guard', 'install'], as);
  return {
    ...{ box, clone, remote },
    prove: async (env = {}) => {
      const result = await box.coord(clone, ['doctor', '--prove', '--json'], { env: { ...as.env, ...env } });
      const envelope = result.json();
      return { code: result.code, report: envelope.ok ? envelope.data : envelope.error.details, text: result.stderr };
    },
  };
}

const outcomes = ({ proof }: DoctorReport) => proof?.attempts.map(({ id, outcome }) => [id, outcome]) ?? [];
const attempt = ({ proof }: DoctorReport, id: Attempt['id']) => proof?.attempts.find((one) => one.id === id);

/** Everything that a proof must not change. */
function traces({ box, clone, remote }: Rig) {
  return [
    ...[clone, remote].map((place) => box.git(place, 'for-each-ref')),
    box.git(clone, 'status', '--porcelain', '--ignored'),
    box.git(clone, 'worktree', 'list'),
    box.git(clone, 'count-objects', '-v'),
    readdirSync(join(clone, '.git', 'coord')).sort(),
    readdirSync(box.path('tmp')),
  ];
}

it('shows which layer stops a change that another holds, and which would not, and leaves nothing behind', async () => {
  const here = await rig();
  await here.prove();
  const before = traces(here);
  const { code, report } = await here.prove();
  expect(code).toBe(0);
  expect(outcomes(report)).toEqual([
    ['claim', 'stopped'],
    ['edit', 'not-tried'],
    ['commit', 'stopped'],
    ['no-verify', 'stopped'],
    ['plumbing', 'not-stopped'],
    ['push', 'stopped'],
    ['push-no-verify', 'not-stopped'],
    ['audit', 'found'],
  ]);
  expect(report.proof?.path).toBe('src/a.ts');
  expect(['commit', 'no-verify', 'push'].map((id) => attempt(report, id as Attempt['id'])?.by)).toEqual([
    ...['pre-commit', 'prepare-commit-msg', 'pre-push'],
  ]);
  expect(traces(here)).toEqual(before);
});

it.each([true, false])('sends a dozen at once, of whom one is granted it (shared: %s)', async (share) => {
  const here = await rig({ share });
  const result = await here.box.coord(here.clone, ['doctor', '--prove', '--agents', '12', '--json']);
  expect(result.json().data.proof.attempts[0]).toEqual({
    ...{ id: 'rush', what: 'coord claim by 12 agents at once', layer: 'claims', outcome: 'stopped', by: 'coord claim' },
    why: expect.stringMatching(/^1 of 12 granted, \d+ refused, naming the holder/),
  });
  expect(result.json().data.proof.attempts).toHaveLength(9);
  expect(existsSync(join(here.clone, '.git', 'coord', 'prove'))).toBe(false);
  for (const words of [
    ['--agents', '12'],
    ['--prove', '--agents', '1'],
    ['--prove', '--agents', '51'],
    ['--prove', '--agents', 'x'],
  ])
    expect((await here.box.coord(here.clone, ['doctor', ...words])).code).toBe(2);
});

it('says so where no guard is installed, and runs no hook of others', async () => {
  const here = await rig({ hooks: false });
  const { box, clone } = here;
  const mark = box.path('ran');
  for (const hook of ['pre-commit', 'prepare-commit-msg', 'pre-push', 'reference-transaction', 'post-index-change']) {
    chmodSync(box.write(box.home, `hooks/${hook}`, `#!/bin/sh\npwd >> ${mark}\n`), 0o755);
  }
  box.git(clone, 'config', '--global', 'core.hooksPath', join(box.home, 'hooks'));
  const { code, report } = await here.prove();
  expect(code).toBe(0);
  const tried = Object.fromEntries(outcomes(report));
  expect(tried).toMatchObject({ claim: 'stopped', commit: 'not-tried', push: 'not-tried', audit: 'found' });
  const ran = existsSync(mark) ? box.read('ran') : '';
  expect(ran).not.toContain('prove');
});

it('shows it when a guard stands there and lets the change through', async () => {
  const here = await rig();
  for (const hook of ['pre-commit', 'prepare-commit-msg', 'pre-push']) {
    const path = join(here.clone, '.git/hooks', hook);
    const script = readFileSync(path, 'utf8');
    const open = script.replace('| guard "$@" || exit $?', '| true').replace('guard "$@" || exit $?', 'true');
    expect(open).not.toBe(script);
    writeFileSync(path, open);
  }
  const { report } = await here.prove();
  expect(Object.fromEntries(outcomes(report))).toMatchObject({
    ...{ commit: 'not-stopped', 'no-verify': 'not-stopped', push: 'not-stopped', audit: 'found' },
  });
  expect(report.enforcement.missing).toContain('hooks');
});

it.each(["src/:(glob)\nit's [a] {b}.ts", 'src/-x'])('plants it at %j, too', async (path) => {
  const { prove } = await rig({ path });
  const { report } = await prove();
  expect(report.proof?.path).toBe(path);
  expect(Object.fromEntries(outcomes(report))).toMatchObject({
    ...{ claim: 'stopped', commit: 'stopped', 'no-verify': 'stopped', push: 'stopped', audit: 'found' },
  });
});

it('asks no real remote: it proves the same while that is out of reach', async () => {
  const here = await rig();
  here.box.git(here.clone, 'remote', 'set-url', 'origin', here.box.path('nowhere.git'));
  const { code, report } = await here.prove();
  expect(code).toBe(7);
  expect(Object.fromEntries(outcomes(report))).toMatchObject({ commit: 'stopped', push: 'stopped', audit: 'found' });
});

it('proves it from a linked worktree, without a remote, and with the guards turned off in the environment', async () => {
  const here = await rig({ share: false });
  const linked = here.box.worktree(here.clone);
  const result = await here.box.coord(linked, ['doctor', '--prove', '--json'], { env: { COORD_GUARD: 'off' } });
  expect(Object.fromEntries(outcomes(result.json().data))).toMatchObject({ commit: 'stopped', push: 'stopped' });
});

it('tries an edit where a harness asks before one', async () => {
  const here = await rig();
  const command = { type: 'command', command: 'coord guard hook claude-code' };
  const settings = { hooks: { PreToolUse: [{ matcher: 'Edit|Write', hooks: [command] }] } };
  here.box.write(here.clone, '.claude/settings.json', JSON.stringify(settings));
  const { code, report } = await here.prove();
  expect([code, report.enforcement.level]).toEqual([0, 'guarded']);
  expect(attempt(report, 'edit')).toMatchObject({ outcome: 'stopped', by: 'edit hook' });
});

it('says what it cannot show where the surface has no file', async () => {
  const { prove } = await rig({ surface: ['none/**'] });
  const { report } = await prove();
  expect(attempt(report, 'audit')).toMatchObject({ outcome: 'not-tried' });
  expect(attempt(report, 'claim')).toMatchObject({ outcome: 'stopped' });
});

it.each(['SIGKILL', 'SIGTERM'] as const)('leaves nothing behind when it is ended half-way by %s', async (signal) => {
  const here = await rig();
  await here.prove();
  const before = traces(here);
  const folder = join(here.clone, '.git', 'coord', 'prove');
  const env = { ...here.box.env, COORD_AGENT: 'maya' };
  const child = spawn(process.execPath, [here.box.program, 'doctor', '--prove'], {
    cwd: here.clone,
    env,
    stdio: 'ignore',
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const inside = () =>
    (existsSync(folder) ? readdirSync(folder) : []).map((name) =>
      join(folder, name, 'work', '.git', 'refs', 'coord', 'state'),
    );
  while (!inside().some((ref) => existsSync(ref))) await new Promise((resolve) => setTimeout(resolve, 5));
  child.kill(signal);
  await ended;
  expect(existsSync(folder)).toBe(signal === 'SIGKILL');
  if (signal === 'SIGKILL') expect((await here.prove()).report.proof?.attempts).toHaveLength(8);
  expect(traces(here)).toEqual(before);
});

it('--fix removes what a proof that was killed has left', async () => {
  const here = await rig();
  await here.prove();
  const before = traces(here);
  here.box.write(here.clone, '.git/coord/prove/old/work/file', 'left over\n');
  const fix = () => here.box.coord(here.clone, ['doctor', '--fix', '--json'], { env: { COORD_AGENT: 'maya' } });
  expect((await fix()).json().data.fixed).toEqual(['1 folder of a --prove that was killed removed']);
  expect(traces(here)).toEqual(before);
});

it('two at once do not disturb each other', async () => {
  const here = await rig();
  const both = await Promise.all([here.prove(), here.prove()]);
  for (const { code, report } of both) {
    expect([code, report.proof?.attempts.length]).toEqual([0, 8]);
  }
});
