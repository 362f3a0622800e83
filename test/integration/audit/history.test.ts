import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { type AuditRig, auditRig } from '../../support/audit.js';

const remoteOf = (rig: AuditRig) => pathToFileURL(rig.git(rig.clone, 'remote', 'get-url', 'origin')).href;

/** Work of maya on src/a.ts, released and pushed; returns the commit. */
async function released(rig: AuditRig): Promise<string> {
  await rig.run('maya', rig.clone, 'claim', 'src/a.ts');
  rig.host.clock.pass(60);
  const commit = rig.commit(rig.clone, 'src/a.ts');
  await rig.run('maya', rig.clone, 'release', 'src/a.ts');
  rig.git(rig.clone, 'push', '--quiet', 'origin', 'main');
  rig.host.clock.pass(600);
  return commit;
}

it('fetches the state ref where a checkout has the main branch only', async () => {
  const rig = await auditRig();
  await released(rig);
  const ci = rig.box.clone(remoteOf(rig), { args: ['--single-branch', '--branch', 'main'] });
  expect((await rig.audit(ci, `${rig.start}..HEAD`)).verdicts).toEqual(['src/a.ts covered maya']);
  expect(rig.git(ci, 'status', '--porcelain')).toBe('');
});

it('cannot know in a shallow clone that ends inside the range, and says what to fetch', async () => {
  const rig = await auditRig();
  await released(rig);
  const ci = rig.box.clone(remoteOf(rig), { args: ['--depth=1', '--branch', 'main'] });
  for (const range of ['HEAD', 'HEAD~1..HEAD', `${rig.start}..HEAD`]) {
    const { code, error } = await rig.host
      .run(null, ci, ['audit', '--json', range])
      .then((result) => ({ code: result.code, error: result.json().error }));
    expect([range, code, error.hint]).toEqual([range, 7, expect.stringContaining('git fetch --unshallow origin')]);
  }
  rig.git(ci, 'fetch', '--quiet', '--deepen=1', 'origin');
  expect((await rig.audit(ci, 'HEAD')).verdicts).toEqual(['src/a.ts covered maya']);
});

it('cannot know without a state ref', async () => {
  const rig = await auditRig({ shared: false });
  rig.commit(rig.clone, 'src/a.ts');
  rig.git(rig.clone, 'push', '--quiet', 'origin', 'main');
  const ci = rig.box.clone(remoteOf(rig));
  const result = await rig.host.run(null, ci, ['audit', '--json', 'HEAD']);
  expect([result.code, result.json().error.details.reason]).toEqual([7, 'ref']);
  expect((await rig.audit(rig.clone, 'HEAD')).code).toBe(4);
});

it('cannot know when the remote is out of reach, except by what is here with --no-fetch', async () => {
  const rig = await auditRig();
  await released(rig);
  rig.git(rig.clone, 'remote', 'set-url', 'origin', rig.box.path('nowhere.git'));
  expect((await rig.audit(rig.clone, 'HEAD')).code).toBe(7);
  expect((await rig.audit(rig.clone, 'HEAD', '--no-fetch')).code).toBe(0);
});

it('says unknown for what was compacted away, and still knows the claims that were held then', async () => {
  const rig = await auditRig();
  const gone = await released(rig);
  await rig.run('noor', rig.clone, 'claim', 'src/b.ts');
  await rig.run('noor', rig.clone, 'agent', 'state', 'working');
  rig.host.clock.pass(600);
  const commit = rig.commit(rig.clone, 'src/b.ts');
  await rig.run('noor', rig.clone, 'claim', 'docs');
  await rig.run('noor', rig.clone, 'session', 'start', '--role', 'orchestrator');
  const compacted = await rig.host.run('noor', rig.clone, ['doctor', '--compact', '--keep-history', '2']);
  expect(compacted.code, compacted.stderr).toBe(0);
  await rig.run('noor', rig.clone, 'release', 'src/b.ts');
  const { code, report } = await rig.audit(rig.clone, `${rig.start}..HEAD`);
  expect(report.commits.map((one) => [one.commit, one.paths[0]?.verdict, one.paths[0]?.agent])).toEqual([
    [commit, 'covered', 'noor'],
    [gone, 'unknown', null],
  ]);
  expect(report.historyFrom).toEqual(expect.any(String));
  expect(code).toBe(7);
});

it('says unknown where a shallow state ref does not reach back, with the command that fixes it', async () => {
  const rig = await auditRig();
  await released(rig);
  await rig.run('noor', rig.clone, 'claim', 'docs');
  const ci = rig.box.clone(remoteOf(rig), { args: ['--depth=2', '--no-single-branch'] });
  rig.git(ci, 'fetch', '--quiet', '--depth=1', 'origin', 'refs/coord/state:refs/coord/state');
  const { code, report } = await rig.audit(ci, 'HEAD');
  expect([code, report.commits[0]?.paths[0]?.verdict]).toEqual([7, 'unknown']);
  const next = report.commits[0]?.paths[0]?.next ?? '';
  expect(next).toBe('git fetch --unshallow origin refs/coord/state');
  rig.git(ci, ...next.split(' ').slice(1));
  expect((await rig.audit(ci, 'HEAD')).verdicts).toEqual(['src/a.ts covered maya']);
});

it('says unknown while the commit with the holder’s work is not in the clone, and which it is', async () => {
  const rig = await auditRig();
  const work = rig.worktree('work');
  await rig.run('maya', work, 'claim', 'src/a.ts');
  rig.host.clock.pass(60);
  const commit = rig.commit(work, 'src/a.ts');
  await rig.run('maya', work, 'release', 'src/a.ts');
  rig.git(work, 'commit', '--quiet', '--amend', '--message', 'other words');
  rig.git(work, 'push', '--quiet', 'origin', 'HEAD:main');
  const ci = rig.box.clone(remoteOf(rig));
  const { code, report } = await rig.audit(ci, 'HEAD');
  expect(report.commits[0]?.paths).toMatchObject([
    { verdict: 'unknown', agent: 'maya', next: `git fetch origin ${commit}` },
  ]);
  expect(code).toBe(7);
});
