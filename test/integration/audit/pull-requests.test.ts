import { expect, it } from 'vitest';
import { type AuditRig, auditRig } from '../../support/audit.js';

/** Two commits of maya under one claim, pushed for a pull request. */
async function pushed(rig: AuditRig): Promise<string> {
  const work = rig.worktree('feature');
  await rig.run('maya', work, 'claim', 'src/a.ts');
  rig.host.clock.pass(60);
  rig.commit(work, 'src/a.ts');
  rig.commit(work, 'src/a.ts');
  await rig.run('maya', work, 'land', '--to', 'feature');
  return work;
}

it('covers a pull request by the push that was recorded, while the claims are held', async () => {
  const rig = await auditRig();
  const work = await pushed(rig);
  const { code, verdicts, report } = await rig.audit(work, 'origin/main..HEAD');
  expect([code, verdicts]).toEqual([0, ['src/a.ts covered maya', 'src/a.ts covered maya']]);
  expect(report.commits[0]?.paths[0]?.reason).toBe('pushed');
});

it.each([
  ['a squash', ['merge', '--quiet', '--squash', 'feature'], 1],
  ['a rebase', ['cherry-pick', 'main..feature'], 2],
])('covers %s of it, before and after the claims are released', async (_, merge, commits) => {
  const rig = await auditRig();
  const work = await pushed(rig);
  rig.commit(rig.clone, 'docs/a.md');
  rig.git(rig.clone, ...merge);
  if (commits === 1) rig.git(rig.clone, 'commit', '--quiet', '--message', 'squashed');
  rig.git(rig.clone, 'push', '--quiet', 'origin', 'main');
  rig.host.clock.pass(7200);
  const covered = Array.from({ length: commits }, () => 'src/a.ts covered maya');
  const before = await rig.audit(rig.clone, `${rig.start}..main`);
  expect(before.verdicts).toEqual(covered);
  expect(before.report.commits[0]?.paths[0]?.reason).toBe('same-change');
  await rig.run('maya', work, 'claim', 'src/a.ts');
  await rig.host.run('maya', work, ['release', '--merged', 'HEAD']);
  expect((await rig.audit(rig.clone, `${rig.start}..main`)).verdicts).toEqual(covered);
});

it('does not cover an old copy that is put over later work', async () => {
  const rig = await auditRig();
  await rig.run('maya', rig.clone, 'claim', 'src/a.ts');
  rig.host.clock.pass(60);
  rig.commit(rig.clone, { files: { 'src/a.ts': 'by maya\n' } });
  await rig.run('maya', rig.clone, 'release', 'src/a.ts');
  await rig.run('zoe', rig.clone, 'claim', 'src/a.ts');
  rig.host.clock.pass(60);
  rig.commit(rig.clone, { files: { 'src/a.ts': 'by zoe\n' } });
  await rig.run('zoe', rig.clone, 'release', 'src/a.ts');
  rig.host.clock.pass(600);
  rig.commit(rig.clone, { files: { 'src/a.ts': 'by maya\n' } });
  expect((await rig.audit(rig.clone)).verdicts).toEqual([
    ...['src/a.ts covered maya', 'src/a.ts covered zoe', 'src/a.ts unclaimed zoe'],
  ]);
});

it('nobody needs a claim to bring in what the main branch has, and anybody to put it back to that', async () => {
  const rig = await auditRig();
  const work = rig.worktree('feature');
  rig.commit(work, 'docs/b.md');
  await rig.run('maya', rig.clone, 'claim', 'src/a.ts');
  rig.host.clock.pass(60);
  rig.commit(rig.clone, { files: { 'src/a.ts': 'new\n' } });
  await rig.run('maya', rig.clone, 'land');
  rig.host.clock.pass(600);
  rig.commit(work, { files: { 'src/a.ts': 'new\n' }, message: 'as main has it' });
  const brought = await rig.audit(work, 'origin/main..HEAD');
  expect(brought.report.commits.map(({ paths }) => paths[0]?.verdict)).toEqual(['covered']);
  rig.git(rig.clone, 'checkout', '--quiet', '-b', 'later');
  rig.commit(rig.clone, { files: { 'src/a.ts': 'more\n' } });
  rig.commit(rig.clone, { files: { 'src/a.ts': 'new\n' }, message: 'put back' });
  expect((await rig.audit(rig.clone, 'origin/main..HEAD')).verdicts).toEqual([
    ...['src/a.ts unclaimed maya', 'src/a.ts unclaimed maya'],
  ]);
});

it('takes nobody’s word for the claims of another', async () => {
  const rig = await auditRig();
  const noor = rig.worktree('noor');
  const claimed = await rig.run('maya', rig.clone, 'claim', 'src/a.ts', '--json');
  const { id } = claimed.json().data.claims[0];
  rig.host.clock.pass(60);
  const commit = rig.commit(noor, 'src/a.ts');
  const forged = JSON.stringify({
    ...{ id: 'forged.1', type: 'work.pushed', at: new Date(rig.host.clock.ms).toISOString(), agent: 'noor' },
    ...{ session: null, commit, from: rig.start, branch: 'x', claims: [id], paths: 1 },
  });
  const tree = rig.git(rig.clone, 'rev-parse', 'coord/state^{tree}');
  const tip = rig.git(rig.clone, 'commit-tree', tree, '-p', 'coord/state', '-m', 'push', '-m', forged);
  rig.git(rig.clone, 'push', '--quiet', 'origin', `${tip}:refs/coord/state`);
  expect((await rig.audit(noor)).verdicts).toEqual(['src/a.ts claimed-by-another maya']);
});
