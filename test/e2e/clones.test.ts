import { spawn } from 'node:child_process';
import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { replayHistory } from '../battery/support/history/replay.js';
import { sharedFleet } from '../support/fleet.js';

/** A second clone, set up. */
async function twoClones() {
  const fleet = await sharedFleet();
  const two = fleet.box.clone(fleet.remote);
  expect(await fleet.as('noor', ['init'], { cwd: two })).toMatchObject({ code: 0 });
  return { ...fleet, two };
}

it('a coord that is killed after the remote had accepted: run again, it gives the same answer, and no second effect', async () => {
  const { box, clone, two, remote, as } = await twoClones();
  const pid = box.path('pid');
  const hook = box.write(
    remote,
    'hooks/post-receive',
    `#!/bin/sh\nrm -f "$0"\nwhile [ ! -s "${pid}" ]; do sleep 0.01; done\nkill -9 $(cat "${pid}")\n`,
  );
  chmodSync(hook, 0o755);
  const child = spawn(process.execPath, [box.program, 'claim', 'src/api', '--request-id', 'once', '--json'], {
    cwd: clone,
    env: { ...box.env, COORD_AGENT: 'maya' },
  });
  writeFileSync(pid, `${child.pid}`);
  expect(await new Promise((resolve) => child.on('close', (_, signal) => resolve(signal)))).toBe('SIGKILL');
  expect(existsSync(hook)).toBe(false);
  // It was granted, and nobody here has heard of it.
  expect(await as('noor', ['claim', 'src/api'], { cwd: two })).toMatchObject({ code: 3 });
  const again = await as('maya', ['claim', 'src/api', '--request-id', 'once', '--json']);
  expect(again).toMatchObject({ code: 0 });
  const [claim] = again.json().data.claims;
  const status = (await as('noor', ['status', '--json'], { cwd: two })).json().data.claims;
  expect(status).toMatchObject([{ id: claim.id, token: claim.token, agent: 'maya', reach: 'remote' }]);
  expect(replayHistory(box, remote)).toMatchObject({ grants: 1, problems: [] });
});

it('two clones that are cut off from each other and joined again: one truth, and no double grant', async () => {
  const { box, clone, two, remote, as } = await twoClones();
  const there = (args: readonly string[]) => as('noor', args, { cwd: two });
  await as('maya', ['claim', 'src/api']);
  await there(['status']);
  for (const each of [clone, two]) box.git(each, 'remote', 'set-url', 'origin', box.path('cut'));
  expect(await as('maya', ['claim', 'src/web'])).toMatchObject({ code: 7 });
  expect(await there(['claim', 'src/web'])).toMatchObject({ code: 7 });
  expect(await as('maya', ['claim', 'src/web', '--offline'])).toMatchObject({ code: 0 });
  expect(await there(['claim', 'src/web', '--offline'])).toMatchObject({ code: 0 });
  expect(await there(['claim', 'src/api', '--offline'])).toMatchObject({ code: 3 });
  for (const each of [clone, two]) box.git(each, 'remote', 'set-url', 'origin', remote);
  const joined = await Promise.all([as('maya', ['status', '--json']), there(['status', '--json'])]);
  expect(joined.map(({ code }) => code)).toEqual([0, 0]);
  const { claims } = (await as('maya', ['status', '--json'])).json().data;
  expect(claims.map(({ target }: { target: string }) => target).sort()).toEqual(['src/api/**', 'src/web']);
  const holders = new Set(
    claims.filter(({ target }: { target: string }) => target === 'src/web').map((one: { agent: string }) => one.agent),
  );
  expect(holders.size).toBe(1);
  expect(replayHistory(box, remote)).toMatchObject({ grants: 2, problems: [] });
});

it('every clone may lose its machine-local directory, and no claim with it', async () => {
  const { clone, two, as } = await twoClones();
  await as('maya', ['claim', 'src/api']);
  for (const each of [clone, two]) rmSync(`${each}/.git/coord`, { recursive: true, force: true });
  expect(await as('noor', ['claim', 'src/api'], { cwd: two })).toMatchObject({ code: 3 });
  expect(await as('maya', ['release', 'src/api'])).toMatchObject({ code: 0 });
});

it('many clones at work on one remote: each acknowledged operation stands in the history once (npm run stress:clones)', async () => {
  const { box } = await sharedFleet();
  const args = ['scripts/stress-clones.mjs', '--clones', '4', '--operations', '5'];
  const child = spawn(process.execPath, args, { env: { ...box.env } });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk));
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect([code, said]).toEqual([0, expect.stringContaining('all in order')]);
});
