import { beforeEach, expect, it } from 'vitest';
import { type Fleet, localFleet } from '../support/fleet.js';
import { type InProcess, inProcess } from '../support/in-process.js';

let fleet: Fleet;
let program: InProcess;
beforeEach(async () => {
  fleet = await localFleet();
  program = inProcess(fleet.box);
  await program.run('maya', fleet.clone, ['claim', 'src/api']);
  fleet.box.write(fleet.clone, 'src/api/users.ts', 'new\n');
  fleet.box.git(fleet.clone, 'add', '.');
});

const guard = () => program.run('maya', fleet.clone, ['guard', 'run', 'pre-commit']);
const tip = () => fleet.box.git(fleet.clone, 'rev-parse', 'coord/state');

it('a guard renews nothing and tells of nothing but the change', async () => {
  const before = tip();
  program.clock.pass(1700);
  expect(await guard()).toMatchObject({ code: 0, stdout: '', stderr: '' });
  expect(tip()).toBe(before);
});

it('a claim that has expired is lost at once for a guard', async () => {
  program.clock.pass(1801);
  expect(await guard()).toMatchObject({ code: 4, stderr: expect.stringContaining('your claim expired') });
});

it('a claim that was granted offline counts for a commit', async () => {
  const remote = fleet.box.bareRemote({ seeded: false });
  fleet.box.git(fleet.clone, 'remote', 'add', 'origin', remote);
  fleet.box.git(fleet.clone, 'push', '-q', 'origin', 'main', 'refs/coord/state');
  const config = JSON.parse(fleet.box.git(fleet.clone, 'show', 'HEAD:coord.config.json'));
  fleet.box.write(fleet.clone, 'coord.config.json', JSON.stringify({ ...config, share: true, surface: ['src/**'] }));
  fleet.box.git(fleet.clone, 'commit', '-qm', 'share', '--', 'coord.config.json');
  fleet.box.git(fleet.clone, 'push', '-q', 'origin', 'main');
  fleet.box.git(fleet.clone, 'remote', 'set-url', 'origin', fleet.box.path('gone'));
  fleet.box.write(fleet.clone, 'src/web/page.ts', 'new\n');
  fleet.box.git(fleet.clone, 'add', '.');
  expect((await guard()).stderr).toContain('src/web/page.ts: nobody holds it');
  expect((await program.run('maya', fleet.clone, ['claim', 'src/web', '--offline'])).code).toBe(0);
  expect(await guard()).toMatchObject({ code: 0, stderr: '' });
});
