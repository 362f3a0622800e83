import { existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Fleet, localFleet } from '../support/fleet.js';

const worker = async (fleet: Fleet, id = 'w1') => fleet.as(id, ['session', 'start', '--role', 'worker']);

function configure(fleet: Fleet, changes: object): void {
  const config = JSON.parse(fleet.box.read(`${fleet.clone.split('/').at(-1)}/coord.config.json`));
  fleet.box.commit(fleet.clone, 'coord.config.json', JSON.stringify({ ...config, ...changes }));
}

describe('coord session scratch', () => {
  it('makes and claims a directory of the agent’s own, and is the same again', async () => {
    const fleet = await localFleet();
    await worker(fleet);
    const first = await fleet.as('w1', ['session', 'scratch']);
    expect([first.code, first.stdout]).toEqual([0, 'scratch/w1/\n']);
    expect(existsSync(join(fleet.clone, 'scratch/w1'))).toBe(true);
    const again = (await fleet.as('w1', ['session', 'scratch', '--json'])).json().data;
    expect(again).toMatchObject({ path: 'scratch/w1/', directory: join(fleet.clone, 'scratch/w1') });
    expect(again.claims).toMatchObject([{ target: 'scratch/w1/**', mode: 'exclusive', agent: 'w1' }]);
    const { claims } = (await fleet.as('w1', ['status', '--json'])).json().data;
    expect(claims).toHaveLength(1);
    const other = await fleet.as('w2', ['claim', 'scratch/w1/report.md']);
    expect(other.code).toBe(3);
  });

  it('is named as seen from where one stands', async () => {
    const fleet = await localFleet();
    const { stdout } = await fleet.as('w1', ['session', 'scratch'], { cwd: join(fleet.clone, 'src/api') });
    expect(stdout).toBe('../../scratch/w1/\n');
  });

  it('says how to keep it out of commits, until it is ignored', async () => {
    const fleet = await localFleet();
    const first = await fleet.as('w1', ['session', 'scratch']);
    expect(first.stderr).toContain(
      'scratch/w1/ is not ignored by git, so it may end up in a commit: echo /scratch/ >> .gitignore',
    );
    fleet.box.write(fleet.clone, '.gitignore', '/scratch/\n');
    expect((await fleet.as('w1', ['session', 'scratch'])).stderr).toBe('');
    fleet.box.write(fleet.clone, 'scratch/w1/x', '');
    fleet.box.git(fleet.clone, 'add', '-f', 'scratch/w1/x');
    expect((await fleet.as('w1', ['session', 'scratch'])).stderr).toContain('1 file of scratch/w1/ is tracked by git');
  });

  it('takes the first pattern that is a directory of one agent', async () => {
    const fleet = await localFleet();
    configure(fleet, {
      roles: { worker: { scratch: ['tmp/**', 'reports/{agent}.md', '*/{agent}/**', 'a b/{agent}/**'] } },
    });
    expect((await fleet.as('w1', ['session', 'scratch'])).stdout).toBe('a b/w1/\n');
    configure(fleet, { roles: { worker: { scratch: ['tmp/**'] } } });
    const none = await fleet.as('w1', ['session', 'scratch']);
    expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('"scratch/{agent}/**"')]);
  });

  it('follows no link out of its place, and writes over no file', async () => {
    const fleet = await localFleet();
    symlinkSync('src', join(fleet.clone, 'scratch'));
    const led = await fleet.as('w1', ['session', 'scratch']);
    expect([led.code, led.stderr]).toEqual([2, expect.stringContaining('leads to src/w1')]);
    expect((await fleet.as('w1', ['status', '--json'])).json().data.claims).toEqual([]);
    const other = await localFleet();
    other.box.write(other.clone, 'scratch/w1', 'a file');
    expect((await other.as('w1', ['session', 'scratch'])).code).toBe(2);
  });
});
