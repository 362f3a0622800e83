import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { sharedFleet, until } from '../support/fleet.js';

const node = (script: string, ...args: string[]) => [process.execPath, '-e', script, ...args];

/** Publishes a configuration beside what `coord init` wrote. */
async function fleetWith(config: (directory: string) => object) {
  const fleet = await sharedFleet();
  const { box, clone } = fleet;
  const before = JSON.parse(readFileSync(join(clone, 'coord.config.json'), 'utf8'));
  box.commit(clone, 'coord.config.json', JSON.stringify({ ...before, ...config(box.directory) }));
  box.git(clone, 'push', '--quiet', 'origin', 'main');
  return fleet;
}

it('gates are listed and checked in a shared repository, and each check is recorded', async () => {
  const fleet = await fleetWith(() => ({
    gates: { yes: { type: 'command', command: node('') }, no: { type: 'command', command: node('process.exit(1)') } },
    deploy: { prod: { gates: ['yes', 'no'] }, stage: { gates: ['yes'] } },
  }));
  expect((await fleet.as('maya', ['gate'])).stdout).toMatch(/TARGET +GATE +OPENED BY/);
  const open = await fleet.as('maya', ['gate', 'check', 'stage']);
  expect(open.stdout).toMatch(
    /^open: every gate of stage for [0-9a-f]{7} \(as origin\/main has them at [0-9a-f]{7}\)\n +open +yes /,
  );
  expect(open.code).toBe(0);
  const closed = await fleet.as('maya', ['gate', 'check', 'prod', '--json']);
  expect(closed.code).toBe(6);
  expect(closed.json().error.details.gates).toMatchObject([{ gate: 'no', closed: 'failed' }]);
  await fleet.as('maya', ['claim', '@x']);
  const events = (await fleet.as('noor', ['events', '--type', 'gate.checked', '--json'])).json().data.events;
  expect(events.map(({ gate, open }: { gate: string; open: boolean }) => [gate, open])).toEqual([
    ['yes', true],
    ['yes', true],
    ['no', false],
  ]);
});

it('a check that is interrupted stops the program of the gate, and opens nothing', async () => {
  const script = `
    require('node:fs').writeFileSync(process.argv[1], String(process.pid));
    setInterval(() => {}, 1000);`;
  const fleet = await fleetWith((directory) => ({
    gates: {
      slow: { type: 'command', command: node(script, join(directory, 'pid')) },
      next: { type: 'command', command: node('') },
    },
    deploy: { prod: { gates: ['slow', 'next'] } },
  }));
  const { box, clone } = fleet;
  const child = spawn(process.execPath, [box.program, 'gate', 'check', 'prod', '--json'], { cwd: clone, env: box.env });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  const ended = new Promise((resolve) => child.on('close', resolve));
  await until(async () => existsSync(box.path('pid')), 'the program of the gate');
  await until(async () => readFileSync(box.path('pid'), 'utf8') !== '', 'its process id');
  child.kill('SIGINT');
  expect(await ended).toBe(6);
  expect(JSON.parse(stdout).error.details.gates).toMatchObject([
    { gate: 'slow', closed: 'stopped' },
    { gate: 'next', closed: 'stopped', outputDigest: null },
  ]);
  const pid = Number(readFileSync(box.path('pid'), 'utf8'));
  const stat = `/proc/${pid}/stat`;
  expect(existsSync(stat) && !readFileSync(stat, 'utf8').includes(') Z ')).toBe(false);
});
