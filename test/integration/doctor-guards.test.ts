import { chmodSync, existsSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { DoctorReport } from '../../src/commands/doctor/doctor.js';
import { inProcess } from '../support/in-process.js';
import { sandbox } from '../support/sandbox.js';

const SURFACE = ['src/**', 'coord.config.json'];

async function rig(config: object = {}) {
  const box = sandbox();
  const clone = box.clone(box.bareRemote());
  box.write(
    clone,
    'coord.config.json',
    JSON.stringify({ share: true, mainBranch: 'main', surface: SURFACE, ...config }),
  );
  const land = (file: string, text: string) => {
    box.commit(clone, file, text);
    box.git(clone, 'push', '--quiet', 'origin', 'HEAD:main');
  };
  land('coord.config.json', box.read(join(clone, 'coord.config.json').slice(box.directory.length + 1)));
  land('src/a.ts', 'a\n');
  const host = inProcess(box);
  await host.run('maya', clone, ['init']);
  const doctor = async (...args: string[]) => {
    const result = await host.run('maya', clone, ['doctor', '--json', ...args]);
    const envelope = result.json();
    const report: DoctorReport = envelope.ok ? envelope.data : envelope.error.details;
    return { code: result.code, report, of: (id: string) => report.findings.find((one) => one.id === id) };
  };
  return { box, clone, host, land, doctor };
}

it('is guarded with live hooks and an audit in CI, and says which layers make it so', async () => {
  const { land, host, clone, doctor } = await rig();
  await host.run('maya', clone, ['guard', 'install']);
  expect((await doctor()).report.enforcement).toMatchObject({ level: 'advisory', missing: ['harness', 'ci'] });
  land('.github/workflows/ci.yml', '  # - run: coord audit\n');
  expect((await doctor()).report.enforcement.level).toBe('advisory');
  land('.github/workflows/ci.yml', '      - uses: some-one/coord@v1\n');
  const { report, of } = await doctor();
  expect(report.enforcement).toMatchObject({ level: 'guarded', missing: ['harness'] });
  expect(report.enforcement.layers.map(({ layer, live }) => [layer, live])).toEqual([
    ['claims', true],
    ['harness', false],
    ['hooks', true],
    ['ci', true],
  ]);
  expect(of('ci')?.message).toContain('.github/workflows/ci.yml of origin/main');
  const { stdout } = await host.run('maya', clone, ['doctor']);
  expect(stdout.trimEnd().split('\n').at(-2)).toMatch(/^enforcement: guarded; .* · not there: harness$/);
});

it('tells that Codex leaves out hooks which its user has not trusted', async () => {
  const { box, clone, host, doctor } = await rig();
  await host.run('maya', clone, ['guard', 'install', 'codex']);
  expect((await doctor()).of('harness')).toMatchObject({ ok: true });
  const config = (text: string) => box.write(box.home, '.codex/config.toml', text);
  config('model = "x"\n[projects."/elsewhere"]\ntrust_level = "trusted"\n');
  expect((await doctor()).of('harness')).toMatchObject({ ok: false, severity: 'medium' });
  config(`[hooks.state."${clone}/.codex/hooks.json:pre_tool_use:0:0"]\ntrusted_hash = "sha256:0"\n`);
  expect((await doctor()).of('harness')).toMatchObject({ ok: true });
});

it.each([
  ['claude-code', '.claude/settings.local.json', { disableAllHooks: true }],
  ['claude-code', '~/.claude/settings.json', { disableAllHooks: true }],
  ['gemini', '~/.gemini/settings.json', { hooksConfig: { enabled: false } }],
  ['gemini', '~/.gemini/settings.json', { hooksConfig: { disabled: ['coord guard hook gemini'] } }],
  ['gemini', '~/.gemini/trustedFolders.json', { '{clone}': 'DO_NOT_TRUST' }],
])('does not call the hooks of %s live where %s says %j', async (harness, file, settings) => {
  const { box, clone, host, doctor } = await rig();
  await host.run('maya', clone, ['guard', 'install', harness]);
  expect((await doctor()).of('harness')).toMatchObject({ ok: true });
  const text = JSON.stringify(settings).replace('{clone}', clone);
  box.write(file.startsWith('~/') ? box.home : clone, file.replace('~/', ''), text);
  const { of, report } = await doctor();
  expect(of('harness')).toMatchObject({ ok: false, severity: 'medium', message: expect.stringContaining(harness) });
  expect(report.enforcement.missing).toContain('harness');
});

it('does not call a surface live on which no file is but the configuration', async () => {
  const { box, clone, host, land, doctor } = await rig({ surface: ['lib/**', 'coord.config.json'] });
  await host.run('maya', clone, ['guard', 'install']);
  land('.github/workflows/ci.yml', '      - uses: some-one/coord@v1\n');
  expect((await doctor()).of('surface-files')).toMatchObject({ ok: false, severity: 'medium' });
  expect((await doctor()).report.enforcement).toMatchObject({ level: 'advisory', missing: ['harness'] });
  box.write(clone, 'lib/a.ts', 'a\n');
  expect((await doctor()).of('surface-files')?.ok).toBe(true);
  expect((await doctor()).report.enforcement.level).toBe('guarded');
});

it('takes the audit from the main branch, not from the working copy', async () => {
  const { box, clone, doctor } = await rig();
  box.write(clone, '.gitlab-ci.yml', 'audit:\n  script: npx coord audit\n');
  expect((await doctor()).of('ci')?.ok).toBe(false);
});

it('is guarded with live hooks and a harness that asks before an edit', async () => {
  const { box, clone, host, doctor } = await rig();
  await host.run('maya', clone, ['guard', 'install']);
  const hooks = {
    PreToolUse: [{ matcher: 'Edit', hooks: [{ type: 'command', command: 'coord guard hook claude-code' }] }],
  };
  box.write(clone, '.claude/settings.json', JSON.stringify({ hooks }));
  const { report, of } = await doctor();
  expect(report.enforcement).toMatchObject({ level: 'guarded', missing: ['ci'] });
  expect(of('harness')?.message).toContain('claude-code (.claude/settings.json)');
});

it('does not call hooks live that do not run, or are turned off', async () => {
  const { clone, host, doctor } = await rig();
  await host.run('maya', clone, ['guard', 'install']);
  expect((await doctor()).of('hooks')?.ok).toBe(true);
  const off = await host.run('maya', clone, ['doctor', '--json'], { COORD_GUARD: 'off' });
  expect(off.json().data.enforcement.missing).toContain('hooks');
  chmodSync(join(clone, '.git/hooks/pre-commit'), 0o644);
  const { of, report } = await doctor();
  expect(of('hooks')).toMatchObject({ ok: false, severity: 'medium', message: expect.stringContaining('pre-commit') });
  expect(report.enforcement.missing).toContain('hooks');
});

it('--fix renews stale hooks, and installs none where there were none', async () => {
  const { clone, host, doctor } = await rig();
  expect((await doctor('--fix')).report.fixed).toEqual([]);
  expect(existsSync(join(clone, '.git/hooks/pre-commit'))).toBe(false);
  await host.run('maya', clone, ['guard', 'install']);
  chmodSync(join(clone, '.git/hooks/pre-push'), 0o644);
  const { report, of } = await doctor('--fix');
  expect(report.fixed).toEqual([expect.stringContaining('pre-push')]);
  expect(of('hooks')?.ok).toBe(true);
});

it('--fix leaves a hook that another program has put in the place of the guard to people', async () => {
  const { box, clone, host, doctor } = await rig();
  await host.run('maya', clone, ['guard', 'install']);
  box.write(clone, '.git/hooks/pre-commit', '#!/bin/sh\nexit 0\n');
  const { report, of } = await doctor('--fix');
  expect(report.fixed).toEqual([]);
  expect(of('hooks')).toMatchObject({ ok: false, next: 'coord guard install' });
});

it('finds gates that cannot open: not there, no program, no signers on the main branch', async () => {
  const gates = {
    ...{
      tests: { type: 'command', command: ['no-such-program'] },
      local: { type: 'command', command: ['./check.sh'] },
    },
    ...{
      sound: { type: 'command', command: ['git', '--version'] },
      owner: { type: 'signed-tag', allowedSigners: 'keys' },
    },
  };
  const deploy = { prod: { gates: ['tests', 'ownre'] }, test: {}, demo: { gates: ['sound'] } };
  const { box, clone, land, doctor } = await rig({ gates, deploy, resources: {} });
  const first = (await doctor()).of('gates');
  expect(first).toMatchObject({ ok: false, severity: 'medium' });
  expect(first?.message.split('\n').map((line) => line.replace(/:? .*/, ''))).toEqual([
    ...['prod', 'test', 'gate', 'gate', 'gate'],
  ]);
  for (const words of ['ownre', 'test names no gate', 'no-such-program', './check.sh', 'keys is not on']) {
    expect(first?.message).toContain(words);
  }
  box.write(clone, 'keys', 'only here\n');
  box.write(clone, 'check.sh', '#!/bin/sh\n');
  chmodSync(join(clone, 'check.sh'), 0o755);
  const second = (await doctor()).of('gates')?.message ?? '';
  expect([second.includes('keys is not on'), second.includes('check.sh')]).toEqual([true, false]);
  land('keys', 'on the main branch\n');
  expect((await doctor()).of('gates')?.message).not.toContain('keys');
});

it('is not satisfied with a main branch whose configuration cannot be read', async () => {
  const { land, box, clone, doctor } = await rig();
  land('coord.config.json', '{');
  box.write(clone, 'coord.config.json', JSON.stringify({ share: true, surface: SURFACE }));
  const { code, of } = await doctor();
  expect([code, (of('protected') ?? of('config'))?.severity]).toEqual([2, 'high']);
});

it('--fix removes refs that killed commands left, and none that is in use', async () => {
  const { box, clone, host, doctor } = await rig();
  const commit = box.git(clone, 'rev-parse', 'HEAD');
  const refs = ['refs/coord-local/asked/old', 'refs/coord-local/asked/new', 'refs/worktree/coord/fetch-old'];
  for (const ref of refs) box.git(clone, 'update-ref', ref, commit);
  const stamp = (ref: string, seconds: number) => {
    const time = host.clock.ms / 1000 - seconds;
    utimesSync(join(clone, '.git', ref), time, time);
  };
  stamp('refs/coord-local/asked/old', 3600);
  stamp('refs/coord-local/asked/new', 10);
  stamp('refs/worktree/coord/fetch-old', 3600);
  expect((await doctor()).of('refs')).toMatchObject({ ok: false, severity: 'low', next: 'coord doctor --fix' });
  const { report, of } = await doctor('--fix');
  expect(report.fixed).toEqual(['2 refs of commands that were killed removed']);
  expect(of('refs')?.ok).toBe(true);
  expect(box.git(clone, 'for-each-ref', '--format=%(refname)', 'refs/coord-local/asked', 'refs/worktree')).toBe(
    'refs/coord-local/asked/new',
  );
  rmSync(join(clone, '.git/refs/coord-local/asked'), { recursive: true });
});
