import { expect, it } from 'vitest';
import { auditRig } from '../../support/audit.js';

it('passes what was released with the commit, and says by whom and under which rules', async () => {
  const rig = await auditRig();
  await rig.run('maya', rig.clone, 'session', 'start');
  await rig.run('maya', rig.clone, 'claim', 'src/a.ts');
  rig.host.clock.pass(60);
  const commit = rig.commit(rig.clone, 'src/a.ts');
  rig.host.clock.pass(60);
  await rig.run('maya', rig.clone, 'release', 'src/a.ts');
  const { code, report } = await rig.audit(rig.clone);
  expect(code).toBe(0);
  expect(report.range).toBe('origin/main..HEAD');
  expect(report.commits).toMatchObject([
    {
      ...{ commit, author: 'Some Body', subject: 'change src/a.ts' },
      paths: [{ path: 'src/a.ts', verdict: 'covered', agent: 'maya', reason: 'released', target: 'src/a.ts' }],
    },
  ]);
  expect(report.commits[0]?.paths[0]?.claim).toEqual(expect.any(String));
  expect(report.summary).toEqual({
    ...{ commits: 1, onSurface: 1, findings: 0 },
    ...{ covered: 1, late: 0, 'claimed-by-another': 0, unclaimed: 0, unknown: 0 },
  });
});

it('finds what nobody held, what another holds, and leaves what is off the surface alone', async () => {
  const rig = await auditRig();
  const noor = rig.worktree('noor');
  await rig.run('maya', rig.clone, 'claim', 'src/a.ts');
  rig.host.clock.pass(60);
  rig.commit(noor, { files: { 'src/a.ts': 'noor\n', 'src/b.ts': 'noor\n', 'docs/c.md': 'noor\n' } });
  const { code, verdicts, stderr } = await rig.audit(noor, 'origin/main..HEAD');
  expect([code, stderr]).toEqual([4, '']);
  expect(verdicts).toEqual(['src/a.ts claimed-by-another maya', 'src/b.ts unclaimed -']);
});

it.each([
  ['another message', { files: {}, message: 'better' }, 'covered maya', 'unknown maya'],
  ['more of the change', { files: { 'src/a.ts': 'two\n' }, message: 'more' }, 'unknown maya', 'unknown maya'],
])(
  'accuses no author who amends after the release, by %s, what another has claimed since',
  async (_, changes, here, elsewhere) => {
    const rig = await auditRig();
    await rig.run('maya', rig.clone, 'claim', 'src/a.ts');
    rig.commit(rig.clone, { files: { 'src/a.ts': 'one\n' } });
    await rig.run('maya', rig.clone, 'release', 'src/a.ts');
    rig.host.clock.pass(300);
    await rig.run('noor', rig.worktree('noor'), 'claim', 'src/a.ts', '--allow-behind');
    rig.host.clock.pass(300);
    for (const [path, text] of Object.entries(changes.files)) rig.box.write(rig.clone, path, text);
    rig.git(rig.clone, 'commit', '--quiet', '--amend', '--all', '--no-verify', '--message', changes.message);
    rig.git(rig.clone, 'push', '--quiet', 'origin', 'HEAD:main');
    const range = `${rig.start}..origin/main`;
    const own = await rig.audit(rig.clone, range);
    expect(own.verdicts).toEqual([`src/a.ts ${here}`]);
    const other = rig.box.clone(rig.box.git(rig.clone, 'remote', 'get-url', 'origin'));
    const ci = await rig.audit(other, range);
    expect([ci.verdicts, ci.code]).toEqual([[`src/a.ts ${elsewhere}`], 7]);
    expect(ci.report.commits[0]?.paths[0]?.next).toContain('--to maya');
  },
);

it('does not take a later release that lacks the commit for its cover', async () => {
  const rig = await auditRig();
  const noor = rig.worktree('noor');
  await rig.run('maya', rig.clone, 'claim', 'src/a.ts');
  rig.host.clock.pass(60);
  rig.commit(noor, 'src/a.ts');
  rig.commit(rig.clone, 'src/a.ts');
  await rig.run('maya', rig.clone, 'release', 'src/a.ts');
  expect((await rig.audit(noor)).verdicts).toEqual(['src/a.ts claimed-by-another maya']);
  expect((await rig.audit(rig.clone)).verdicts).toEqual(['src/a.ts covered maya']);
});

it('covers what was made before the claim that it was landed under, where nobody else held it meanwhile', async () => {
  const rig = await auditRig();
  rig.commit(rig.clone, 'src/a.ts');
  rig.host.clock.pass(300);
  await rig.run('maya', rig.clone, 'claim', 'src');
  rig.host.clock.pass(60);
  rig.commit(rig.clone, 'src/b.ts');
  await rig.run('maya', rig.clone, 'land');
  const { code, verdicts } = await rig.audit(rig.clone, `${rig.start}..HEAD`);
  expect(verdicts).toEqual(['src/a.ts covered maya', 'src/b.ts covered maya']);
  expect(code).toBe(0);
});

it('calls it late where somebody else held the path meanwhile', async () => {
  const rig = await auditRig();
  rig.commit(rig.clone, 'src/a.ts');
  rig.host.clock.pass(60);
  await rig.run('noor', rig.clone, 'claim', 'src/a.ts');
  rig.host.clock.pass(60);
  await rig.run('noor', rig.clone, 'release', 'src/a.ts');
  rig.host.clock.pass(60);
  await rig.run('maya', rig.clone, 'claim', 'src/a.ts');
  await rig.run('maya', rig.clone, 'land');
  const { code, verdicts } = await rig.audit(rig.clone, `${rig.start}..HEAD`);
  expect([code, verdicts]).toEqual([4, ['src/a.ts late maya']]);
});

it('takes what an agent commits under its own live claim for its own, when it asks itself', async () => {
  const rig = await auditRig();
  await rig.run('maya', rig.clone, 'claim', 'src/a.ts');
  rig.commit(rig.clone, 'src/a.ts');
  const audited = async (agent: string) => {
    const { data, error } = (await rig.host.run(agent, rig.clone, ['audit', 'HEAD', '--json'])).json();
    return (data ?? error.details).commits[0].paths[0];
  };
  expect(await audited('maya')).toMatchObject({ verdict: 'covered', reason: 'own-claim', agent: 'maya' });
  expect(await audited('noor')).toMatchObject({ verdict: 'claimed-by-another', agent: 'maya' });
});

it('knows by ancestry what the holder had before the claim, whatever its date says', async () => {
  const rig = await auditRig();
  rig.commit(rig.clone, { files: { 'src/a.ts': 'early\n' }, date: rig.host.clock.ms + 600_000 });
  await rig.run('maya', rig.clone, 'claim', 'src/a.ts');
  rig.host.clock.pass(600);
  rig.commit(rig.clone, 'src/a.ts');
  await rig.run('maya', rig.clone, 'land');
  const { verdicts } = await rig.audit(rig.clone, `${rig.start}..HEAD`);
  expect(verdicts).toEqual(['src/a.ts late maya', 'src/a.ts covered maya']);
});

it('calls late what was made before the claim, in another branch that the claim was released with', async () => {
  const rig = await auditRig();
  const work = rig.worktree('work');
  rig.commit(work, 'src/a.ts');
  rig.host.clock.pass(300);
  await rig.run('maya', rig.clone, 'claim', 'src/a.ts');
  rig.git(rig.clone, 'merge', '--quiet', '--no-ff', '--no-edit', 'work');
  await rig.run('maya', rig.clone, 'release', 'src/a.ts');
  expect((await rig.audit(rig.clone)).verdicts).toEqual(['src/a.ts late maya']);
});

it('does not let a landing cover what others had brought to the main branch meanwhile', async () => {
  const rig = await auditRig();
  const noor = rig.worktree('noor');
  await rig.run('maya', rig.clone, 'claim', 'src/a.ts');
  rig.host.clock.pass(60);
  rig.commit(noor, 'src/a.ts');
  rig.git(noor, 'push', '--quiet', 'origin', 'HEAD:main');
  rig.git(rig.clone, 'pull', '--quiet', '--rebase', 'origin', 'main');
  rig.commit(rig.clone, 'src/a.ts');
  await rig.run('maya', rig.clone, 'land');
  const { verdicts } = await rig.audit(rig.clone, `${rig.start}..HEAD`);
  expect(verdicts).toEqual(['src/a.ts claimed-by-another maya', 'src/a.ts covered maya']);
});

it('holds the former holder to its own work after a handover', async () => {
  const rig = await auditRig();
  await rig.run('noor', rig.clone, 'session', 'start');
  await rig.run('maya', rig.clone, 'claim', 'src');
  rig.host.clock.pass(60);
  rig.commit(rig.clone, 'src/a.ts');
  await rig.run('maya', rig.clone, 'handoff', 'src', '--to', 'noor');
  await rig.run('noor', rig.clone, 'handoff', 'accept');
  rig.host.clock.pass(60);
  rig.commit(rig.clone, 'src/b.ts');
  await rig.run('noor', rig.clone, 'release', 'src');
  const { code, verdicts } = await rig.audit(rig.clone);
  expect(verdicts).toEqual(['src/a.ts covered maya', 'src/b.ts covered noor']);
  expect(code).toBe(0);
});

it('finds a change after the claim expired, or was taken over', async () => {
  const rig = await auditRig();
  await rig.run('maya', rig.clone, 'claim', 'src/a.ts', '--ttl', '5m');
  rig.host.clock.pass(1800);
  rig.commit(rig.clone, 'src/a.ts');
  const expired = await rig.audit(rig.clone);
  expect(expired.report.commits[0]?.paths).toMatchObject([{ verdict: 'unclaimed', reason: 'ended', agent: 'maya' }]);
  await rig.run('noor', rig.clone, 'claim', 'src/a.ts', '--reason', 'gone');
  rig.host.clock.pass(60);
  rig.commit(rig.clone, 'src/a.ts');
  expect((await rig.audit(rig.clone, 'HEAD')).verdicts).toEqual(['src/a.ts claimed-by-another noor']);
});

it('takes a claim that the commit names for a hint, within the claim’s time only', async () => {
  const rig = await auditRig();
  const claimed = await rig.run('maya', rig.clone, 'claim', 'src/a.ts', '--ttl', '5m', '--json');
  const { id } = claimed.json().data.claims[0];
  const message = `work\n\nCoord-Claim: ${id}\n`;
  rig.host.clock.pass(60);
  rig.commit(rig.clone, { files: { 'src/a.ts': '1\n' }, message });
  rig.commit(rig.clone, { files: { 'src/b.ts': '1\n' }, message });
  rig.commit(rig.clone, { files: { 'src/a.ts': '2\n' }, message, date: rig.host.clock.ms + 3_600_000 });
  const { verdicts, report } = await rig.audit(rig.clone);
  expect(verdicts).toEqual(['src/a.ts covered maya', 'src/b.ts unclaimed -', 'src/a.ts late maya']);
  expect(report.commits.at(-1)?.paths[0]?.reason).toBe('named');
});

it('a shared claim covers no change', async () => {
  const rig = await auditRig();
  await rig.run('maya', rig.clone, 'claim', 'src', '--shared');
  rig.host.clock.pass(60);
  rig.commit(rig.clone, 'src/a.ts');
  await rig.run('maya', rig.clone, 'release', 'src');
  expect((await rig.audit(rig.clone)).report.commits[0]?.paths).toMatchObject([
    { verdict: 'unclaimed', reason: 'shared' },
  ]);
});
