import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DoctorReport } from '../../src/commands/doctor/doctor.js';
import type { Waiter } from '../../src/domain/model.js';
import { inProcess } from '../support/in-process.js';
import { sandbox } from '../support/sandbox.js';

async function rig({ remote: wanted = false } = {}) {
  const box = sandbox();
  const remote = wanted ? box.bareRemote() : null;
  const clone = remote === null ? box.repository() : box.clone(remote);
  box.commit(clone, 'src/one.ts', 'one\n');
  const host = inProcess(box);
  const run = (cwd: string, ...args: string[]) => host.run('maya', cwd, args);
  await run(clone, 'init');
  /** The report, whatever the exit code. */
  const doctor = async (cwd = clone, ...args: string[]) => {
    const result = await host.run('maya', cwd, ['doctor', '--json', ...args]);
    const envelope = result.json();
    const report: DoctorReport = envelope.ok ? envelope.data : envelope.error.details;
    const bad = report.findings.filter(({ ok }) => !ok).map(({ id }) => id);
    return { code: result.code, error: envelope.error, report, bad, of: (id: string) => find(report, id) };
  };
  return { box, remote, clone, host, run, doctor };
}

function find({ findings }: DoctorReport, id: string) {
  const found = findings.find((finding) => finding.id === id);
  if (!found) throw new Error(`no finding ${id}`);
  return found;
}

describe('coord doctor', () => {
  it('of a fresh set-up finds nothing grave, and does not claim more than there is', async () => {
    const { doctor, run, clone } = await rig({ remote: true });
    const { code, bad, report } = await doctor();
    expect(code).toBe(0);
    expect(bad).toEqual(['protected', 'sessions', 'kill-switch', 'harness', 'hooks', 'ci']);
    expect(report.enforcement).toMatchObject({ level: 'advisory', missing: ['harness', 'hooks', 'ci'] });
    const { stdout } = await run(clone, 'doctor');
    expect(stdout).toMatch(/^✓ {2}config {2,}coord\.config\.json is valid$/m);
    expect(stdout).toMatch(/^✗ {2}hooks {2,}medium {2,}not installed/m);
    expect(stdout).toContain('enforcement: advisory');
  });

  it('before coord init says so, with the exit code of that', async () => {
    const { box, host } = await rig();
    const bare = box.repository();
    box.commit(bare, 'a', 'a');
    const result = await host.run('maya', bare, ['doctor', '--json']);
    expect(result.code).toBe(2);
    expect(result.json().error).toMatchObject({ code: 'usage', hint: 'coord init' });
  });

  it('names what is wrong with the configuration, and looks no further', async () => {
    const { box, clone, doctor } = await rig();
    box.write(clone, 'coord.config.json', '{"branhc": "x", "ttl": 3}');
    const { code, report, error } = await doctor();
    expect(code).toBe(2);
    expect(report.findings.map(({ id }) => id)).toEqual(['config']);
    for (const problem of ['branhc', 'ttl']) expect(error.message).toContain(problem);
  });

  it('finds a damaged state', async () => {
    const { box, clone, doctor } = await rig();
    const tree = box.git(clone, 'rev-parse', 'main^{tree}');
    const commit = box.git(clone, 'commit-tree', tree, '-p', 'coord/state', '-m', 'not ours');
    box.git(clone, 'update-ref', 'refs/coord/state', commit);
    const { code, of } = await doctor();
    expect(code).toBe(8);
    expect(of('state')).toMatchObject({ ok: false, severity: 'high', code: 'corrupt' });
  });

  it('finds a remote that is out of reach', async () => {
    const { box, clone, doctor } = await rig({ remote: true });
    box.git(clone, 'remote', 'set-url', 'origin', box.path('nowhere.git'));
    const { code, of } = await doctor();
    expect(code).toBe(7);
    expect(of('state').ok).toBe(true);
    expect(of('remote')).toMatchObject({ ok: false, severity: 'high', code: 'unavailable' });
  });

  it('finds rules that hide something, an empty surface, a deploy without a gate, and a remote that is not used', async () => {
    const { box, clone, doctor, run } = await rig({ remote: true });
    const config = { share: false, surface: [], deploy: { prod: { gates: ['owner'] }, test: {} } };
    box.git(clone, 'config', '--unset', 'coord.state');
    box.commit(clone, 'coord.config.json', JSON.stringify(config));
    box.git(clone, 'push', '--quiet', 'origin', 'main');
    box.write(clone, 'rules/core.md', '# Rules\n\nno rule at all\n\n## Same\n\nOne.\n\n## Same\n\nTwo.\n');
    const lint = await run(clone, 'rules', 'lint');
    expect(lint.code).toBe(2);
    const { code, bad, of } = await doctor();
    expect(code).toBe(0);
    const always = ['protected', 'sessions', 'kill-switch', 'harness', 'hooks', 'ci'];
    expect(bad.filter((id) => !always.includes(id))).toEqual(['share', 'rules', 'surface', 'resources', 'gates']);
    expect(of('gates').message).toContain('test names no gate');
    expect(of('share').message).toContain('only');
  });

  it('takes deploy targets from the main branch, not from the working copy', async () => {
    const { box, clone, doctor } = await rig({ remote: true });
    const committed = { share: true, surface: ['src/**'], deploy: { prod: {} } };
    box.commit(clone, 'coord.config.json', JSON.stringify(committed));
    box.git(clone, 'push', '--quiet', 'origin', 'main');
    box.write(clone, 'coord.config.json', JSON.stringify({ ...committed, deploy: {} }));
    expect((await doctor()).of('gates')).toMatchObject({ ok: false, severity: 'medium' });
  });

  it('finds a clock that is behind, a stopped agent, and a waiter that is stuck', async () => {
    const { box, clone, host, run, doctor } = await rig();
    await run(clone, 'claim', 'src/one.ts');
    await host.run('olga', clone, ['session', 'start', '--role', 'orchestrator']);
    await host.run('noor', clone, ['session', 'start']);
    await host.run('olga', clone, ['agent', 'kill', 'noor', '--reason', 'test']);
    const store = await host.context(clone).store();
    const snapshot = await store.read();
    const at = host.context(clone).now();
    const targets = [{ kind: 'path', text: 'src/one.ts' }] as const;
    const waiter: Waiter = {
      ...{ id: 'w1', agent: 'zoe', session: null, targets, mode: 'exclusive' as const },
      ...{ since: at, expiresAt: at, reason: null, passive: false, suspected: false },
    };
    const entry = { operation: 'wait', agent: 'zoe', at, summary: 'wait', events: [] };
    await store.swap(snapshot, { ...snapshot.state, waiters: [waiter], lastWaiter: 1 }, entry);
    const { bad, of, code } = await doctor();
    expect(code).toBe(0);
    expect(bad).toEqual(expect.arrayContaining(['waiters', 'agents']));
    expect(of('waiters').message).toContain('zoe for src/one.ts');
    expect(of('agents').message).toContain('noor (by olga: test)');
    expect(of('clock').ok).toBe(true);
    host.clock.pass(-7200);
    expect((await doctor()).of('clock')).toMatchObject({ ok: false, severity: 'medium' });
    expect(box.git(clone, 'status', '--porcelain', 'src')).toBe('');
  });

  it('finds that git no longer packs anything', async () => {
    const { clone, host, doctor } = await rig();
    const lock = join(clone, '.git', 'objects', 'maintenance.lock');
    writeFileSync(lock, '');
    const now = host.clock.ms / 1000;
    utimesSync(lock, now, now);
    expect((await doctor()).of('objects').ok).toBe(true);
    utimesSync(lock, now - 7_200, now - 7_200);
    expect((await doctor()).of('objects')).toMatchObject({ ok: false, severity: 'low' });
  });
});

describe('coord doctor --fix', () => {
  it('takes a left-over lock away, and says so', async () => {
    const { clone, run, doctor } = await rig();
    const lock = join(clone, '.git', 'refs', 'coord', 'state.lock');
    writeFileSync(lock, '');
    const long = Date.now() / 1000 - 3_600;
    utimesSync(lock, long, long);
    expect((await doctor()).of('lock')).toMatchObject({ ok: false, next: 'coord doctor --fix' });
    const { report, of } = await doctor(clone, '--fix');
    expect(report.fixed).toHaveLength(1);
    expect(of('lock').ok).toBe(true);
    expect((await run(clone, 'claim', 'src')).code).toBe(0);
    expect((await doctor(clone, '--fix')).report.fixed).toEqual([]);
    expect((await run(clone, 'doctor', '--fix')).stdout).toMatch(/^fixed: nothing; .*\n/);
    expect((await run(clone, 'doctor')).stdout).not.toContain('fixed');
  });

  it('puts a branch back that was deleted on the remote, from what this clone knows', async () => {
    const { box, clone, remote, run, doctor } = await rig({ remote: true });
    await run(clone, 'claim', 'src/one.ts');
    const tip = box.git(clone, 'rev-parse', 'coord/state');
    box.git(remote ?? '', 'update-ref', '-d', 'refs/coord/state');
    const before = await doctor();
    expect(before.code).toBe(8);
    expect(box.tryGit(remote ?? '', 'rev-parse', '--verify', '--quiet', 'coord/state').code).toBe(1);
    const { code, report } = await doctor(clone, '--fix');
    expect(code).toBe(0);
    expect(report.fixed).toEqual([expect.stringContaining(tip.slice(0, 7))]);
    expect(box.git(remote ?? '', 'rev-parse', 'coord/state')).toBe(tip);
  });

  it('puts a local branch back that was deleted', async () => {
    const { box, clone, run, doctor } = await rig();
    await run(clone, 'claim', 'src/one.ts');
    const tip = box.git(clone, 'rev-parse', 'coord/state');
    box.git(clone, 'update-ref', '-d', 'refs/coord/state');
    expect((await doctor()).code).toBe(8);
    expect((await doctor(clone, '--fix')).report.fixed).toHaveLength(1);
    expect(box.git(clone, 'rev-parse', 'coord/state')).toBe(tip);
  });

  it.each([true, false])('replaces a file of the branch that was cut off (with a remote: %s)', async (remote) => {
    const { box, clone, run, doctor } = await rig({ remote });
    await run(clone, 'claim', 'src/one.ts');
    box.git(clone, 'pack-refs', '--all');
    await run(clone, 'claim', 'src/two.ts');
    const tip = box.git(clone, 'rev-parse', 'coord/state');
    box.write(clone, '.git/refs/coord/state', '');
    expect((await doctor()).of('state')).toMatchObject({ ok: false, code: 'corrupt' });
    const { code, report } = await doctor(clone, '--fix');
    expect(report.fixed).toEqual([expect.stringContaining('refs/coord/state is back')]);
    expect(code).toBe(0);
    expect(box.git(clone, 'rev-parse', 'coord/state')).toBe(tip);
  });

  it('chooses between no two histories', async () => {
    const { box, clone, remote, run, doctor } = await rig({ remote: true });
    for (const name of ['a', 'b']) await run(clone, 'claim', `src/${name}.ts`);
    box.git(remote ?? '', 'update-ref', 'refs/coord/state', box.git(clone, 'rev-parse', 'coord/state^'));
    const refs = () => [clone, remote ?? ''].map((place) => box.git(place, 'for-each-ref'));
    const before = refs();
    const { code, report } = await doctor(clone, '--fix');
    expect(code).toBe(8);
    expect(report.fixed).toEqual([]);
    expect(refs()).toEqual(before);
  });
});
