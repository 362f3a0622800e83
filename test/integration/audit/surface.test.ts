import { expect, it } from 'vitest';
import { auditRig } from '../../support/audit.js';

const config = (...surface: string[]) => JSON.stringify({ surface, share: true, mainBranch: 'main' });

it('who takes a path off the surface escapes in no commit of the range', async () => {
  const rig = await auditRig();
  rig.commit(rig.clone, { files: { 'coord.config.json': config('docs/**'), 'src/a.ts': '1\n' } });
  rig.commit(rig.clone, { files: { 'src/b.ts': '1\n', 'docs/a.md': '1\n' } });
  const { verdicts } = await rig.audit(rig.clone);
  expect(verdicts).toEqual([
    ...['coord.config.json unclaimed -', 'src/a.ts unclaimed -'],
    // What came onto the surface counts from the next commit on.
    ...['docs/a.md unclaimed -', 'src/b.ts unclaimed -'],
  ]);
});

it('nor by a configuration that cannot be read, nor by one that names another state ref', async () => {
  const rig = await auditRig();
  rig.commit(rig.clone, { files: { 'coord.config.json': '{' } });
  rig.commit(rig.clone, 'src/a.ts');
  const broken = await rig.host.run(null, rig.clone, ['audit', '--json', 'origin/main..HEAD']);
  expect(broken.code).toBe(4);
  expect(broken.json().error.message).toContain('cannot be read');
  const forged = JSON.stringify({ surface: [], branch: 'forged', share: false, mainBranch: 'forged' });
  rig.commit(rig.clone, { files: { 'coord.config.json': forged } });
  const { verdicts } = await rig.audit(rig.clone, 'origin/main..HEAD');
  expect(verdicts).toContain('src/a.ts unclaimed -');
});

it('goes by the working copy where no commit has a configuration', async () => {
  const rig = await auditRig();
  rig.git(rig.clone, 'checkout', '--quiet', '--orphan', 'bare');
  rig.git(rig.clone, 'rm', '--quiet', '--cached', '-r', '.');
  rig.git(rig.clone, 'update-ref', '-d', 'refs/remotes/origin/main');
  rig.git(rig.clone, 'branch', '--quiet', '-D', 'main');
  rig.git(rig.clone, 'add', 'src/a.ts');
  rig.git(rig.clone, 'commit', '--quiet', '--message', 'one');
  expect((await rig.audit(rig.clone, 'HEAD')).verdicts).toEqual(['src/a.ts unclaimed -']);
});
