import { expect, it } from 'vitest';
import { auditRig } from '../../support/audit.js';

it('looks at what HEAD has and the main branch lacks, or else at the last commit', async () => {
  const rig = await auditRig();
  const last = await rig.audit(rig.clone);
  expect([last.report.range, last.report.summary.commits]).toEqual(['HEAD', 1]);
  rig.commit(rig.clone, 'docs/a.md');
  rig.commit(rig.clone, 'docs/b.md');
  const ahead = await rig.audit(rig.clone);
  expect([ahead.code, ahead.report.range, ahead.report.summary.commits]).toEqual([0, 'origin/main..HEAD', 2]);
});

it('takes A..B, A...B, open ends, and one commit alone', async () => {
  const rig = await auditRig();
  const side = rig.worktree('side');
  const [first, second] = [rig.commit(rig.clone, 'src/a.ts'), rig.commit(rig.clone, 'src/b.ts')];
  const other = rig.commit(side, 'src/c.ts');
  const commits = async (range: string) =>
    (await rig.audit(rig.clone, range)).report.commits.map(({ commit }) => commit);
  expect(await commits(`${rig.start}..main`)).toEqual([second, first]);
  expect(await commits(`${first}..`)).toEqual([second]);
  expect(await commits('side..main')).toEqual([second, first]);
  expect((await commits('side...main')).sort()).toEqual([first, second, other].sort());
  expect(await commits('HEAD~1')).toEqual([first]);
  expect(await commits('main..main')).toEqual([]);
});

it('judges a first commit, and a history without a base, by the surface of the main branch', async () => {
  const rig = await auditRig();
  const root = rig.git(rig.clone, 'rev-list', '--max-parents=0', 'HEAD');
  expect((await rig.audit(rig.clone, root)).code).toBe(0);
  rig.git(rig.clone, 'checkout', '--quiet', '--orphan', 'other');
  rig.commit(rig.clone, 'src/z.ts');
  const { verdicts } = await rig.audit(rig.clone, 'HEAD');
  expect(verdicts).toContain('src/z.ts unclaimed -');
});

it('a merge answers only for what it has unlike all of its parents', async () => {
  const rig = await auditRig();
  const side = rig.worktree('side');
  rig.commit(side, { files: { 'src/a.ts': 'side\n', 'src/b.ts': 'side\n' } });
  rig.commit(rig.clone, { files: { 'src/b.ts': 'main\n' } });
  rig.box.tryGit(rig.clone, 'merge', '--quiet', 'side');
  rig.commit(rig.clone, { files: { 'src/b.ts': 'both\n' }, message: 'merge' });
  const { report } = await rig.audit(rig.clone, 'HEAD');
  expect(report.commits.map(({ paths }) => paths.map(({ path }) => path))).toEqual([['src/b.ts']]);
});

it('sees both names of a rename, deletions, modes and submodules', async () => {
  const rig = await auditRig();
  rig.git(rig.clone, 'mv', 'src/a.ts', 'docs.ts');
  rig.commit(rig.clone, { files: {}, message: 'rename away' });
  rig.git(rig.clone, 'rm', '--quiet', 'src/b.ts');
  rig.commit(rig.clone, { files: {}, message: 'remove' });
  rig.box.write(rig.clone, 'src/c.ts', 'c\n');
  rig.git(rig.clone, 'add', 'src/c.ts');
  rig.git(rig.clone, 'update-index', '--chmod=+x', 'src/c.ts');
  rig.git(rig.clone, 'commit', '--quiet', '--message', 'add');
  rig.git(rig.clone, 'update-index', '--chmod=-x', 'src/c.ts');
  rig.git(rig.clone, 'commit', '--quiet', '--message', 'mode only');
  rig.git(rig.clone, 'update-index', '--add', '--cacheinfo', `160000,${rig.start},src/module`);
  rig.git(rig.clone, 'commit', '--quiet', '--message', 'submodule');
  rig.git(rig.clone, 'update-index', '--cacheinfo', `160000,${rig.git(rig.clone, 'rev-parse', 'HEAD')},src/module`);
  rig.git(rig.clone, 'commit', '--quiet', '--message', 'submodule moved');
  rig.git(rig.clone, 'config', 'diff.ignoreSubmodules', 'all');
  rig.git(rig.clone, 'config', 'diff.renames', 'copies');
  rig.git(rig.clone, 'config', 'submodule.module.ignore', 'all');
  rig.box.write(rig.clone, '.gitmodules', '[submodule "module"]\n\tpath = src/module\n\tignore = all\n');
  const { verdicts } = await rig.audit(rig.clone);
  const paths = ['src/a.ts', 'src/b.ts', 'src/c.ts', 'src/c.ts', 'src/module', 'src/module'];
  expect(verdicts).toEqual(paths.map((path) => `${path} unclaimed -`));
});

it.each(['-x', '--all', 'nonsense', 'main..nonsense', '..', '...', 'a..b..c', 'HEAD^{tree}', 'HEAD^@', 'ma\nin', ''])(
  'refuses %j, which is no range',
  async (range) => {
    const rig = await auditRig();
    const result = await rig.host.run(null, rig.clone, ['audit', '--json', '--', range]);
    expect([result.code, result.json().error.code]).toEqual([2, 'usage']);
    expect(result.json().error.hint).toBeTruthy();
  },
);

it('says how to fetch a commit that is not here', async () => {
  const rig = await auditRig();
  const away = '1234567890'.repeat(4);
  const { error } = (await rig.host.run(null, rig.clone, ['audit', '--json', `${away}..HEAD`])).json();
  expect([error.exit, error.hint]).toEqual([7, expect.stringContaining(`git fetch origin ${away}`)]);
});

it('a branch without commits has nothing to audit', async () => {
  const rig = await auditRig();
  rig.git(rig.clone, 'checkout', '--quiet', '--orphan', 'empty');
  expect((await rig.audit(rig.clone)).code).toBe(2);
});

it('shows commits as they were made, whatever replace refs say', async () => {
  const rig = await auditRig();
  const commit = rig.commit(rig.clone, 'src/a.ts');
  rig.git(rig.clone, 'replace', commit, rig.start);
  expect((await rig.audit(rig.clone, `${rig.start}..${commit}`)).verdicts).toEqual(['src/a.ts unclaimed -']);
});
