import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configure, type SharedFleet, sharedFleet } from '../support/fleet.js';
import { coordInProcess } from '../support/in-process.js';

/** A clone in which this agent has committed work on ground that it holds. */
async function worker(fleet: SharedFleet, agent: string, file = `src/${agent}.ts`): Promise<string> {
  const { box, remote } = fleet;
  const clone = box.clone(remote);
  expect((await fleet.as(agent, ['claim', file], { cwd: clone })).code).toBe(0);
  commit(fleet, clone, agent, file);
  return clone;
}

function commit({ box }: SharedFleet, clone: string, agent: string, file: string): void {
  box.write(clone, file, `by ${agent}\n`);
  box.git(clone, 'add', '--all');
  box.git(clone, '-c', 'core.hooksPath=', 'commit', '--quiet', '--message', `work of ${agent}`);
}

function rebase({ box }: SharedFleet, clone: string): void {
  box.git(clone, '-c', 'core.hooksPath=', 'pull', '--quiet', '--rebase');
}

const landed = ({ box, remote }: SharedFleet) => box.git(remote, 'log', '--format=%s', 'main').split('\n');

async function turns(fleet: SharedFleet): Promise<string[]> {
  const { data } = (await fleet.as('looker', ['status', '--json'])).json();
  return data.claims
    .filter(({ target }: { target: string }) => target.startsWith('@land/'))
    .map(({ agent }: { agent: string }) => agent);
}

describe('coord land --wait', () => {
  it('lands at once where nobody else does and HEAD has all of the main branch', async () => {
    const fleet = await sharedFleet();
    const clone = await worker(fleet, 'maya');
    expect(await fleet.as('maya', ['land', '--wait'], { cwd: clone })).toMatchObject({ code: 0 });
    expect(landed(fleet)[0]).toBe('work of maya');
    expect(await turns(fleet)).toEqual([]);
  });

  it('who is behind gets the turn, keeps it while rebasing, and nobody lands in between', async () => {
    const fleet = await sharedFleet();
    const [maya, noor, ada] = [await worker(fleet, 'maya'), await worker(fleet, 'noor'), await worker(fleet, 'ada')];
    expect((await fleet.as('ada', ['land'], { cwd: ada })).code).toBe(0);

    const told = await fleet.as('maya', ['land', '--wait', '--json'], { cwd: maya });
    expect(told).toMatchObject({ code: 5 });
    expect(told.json().error).toMatchObject({ message: expect.stringContaining('it is your turn to land until') });
    expect(told.json().error.details.turn.until).toEqual(expect.any(String));
    expect(await turns(fleet)).toEqual(['maya']);

    rebase(fleet, noor);
    const refused = await fleet.as('noor', ['land'], { cwd: noor });
    expect(refused).toMatchObject({ code: 3 });
    expect(refused.stderr).toContain('it is the turn of maya to land');
    expect(refused.stderr).toContain('next: coord land --wait');

    rebase(fleet, maya);
    expect((await fleet.as('maya', ['land', '--wait'], { cwd: maya })).code).toBe(0);
    expect(await turns(fleet)).toEqual([]);
    expect(landed(fleet).slice(0, 2)).toEqual(['work of maya', 'work of ada']);
  });

  it('who does not come while it is its turn is passed over, and asks again', async () => {
    const fleet = await sharedFleet();
    const [maya, noor, ada] = [await worker(fleet, 'maya'), await worker(fleet, 'noor'), await worker(fleet, 'ada')];
    const start = Date.now();
    const at = (minutes: number, agent: string, args: readonly string[], cwd: string) =>
      coordInProcess(fleet.box, cwd, args, { now: start + minutes * 60_000, env: { COORD_AGENT: agent } });
    expect((await at(0, 'ada', ['land'], ada)).code).toBe(0);
    expect((await at(0, 'maya', ['land', '--wait'], maya)).code).toBe(5);
    rebase(fleet, noor);
    const early = await at(4, 'noor', ['land'], noor);
    expect(early).toMatchObject({ code: 3 });
    expect(early.stderr).toContain('maya');
    expect((await at(6, 'noor', ['land', '--wait'], noor)).code).toBe(0);
    rebase(fleet, maya);
    expect((await at(6, 'maya', ['land', '--wait'], maya)).code).toBe(0);
    expect(landed(fleet).slice(0, 3)).toEqual(['work of maya', 'work of noor', 'work of ada']);
    expect(await turns(fleet)).toEqual([]);
  });

  it('a place in the queue ends with its process', async () => {
    const fleet = await sharedFleet();
    const [maya, noor, ada] = [await worker(fleet, 'maya'), await worker(fleet, 'noor'), await worker(fleet, 'ada')];
    expect((await fleet.as('ada', ['land'], { cwd: ada })).code).toBe(0);
    expect((await fleet.as('maya', ['land', '--wait'], { cwd: maya })).code).toBe(5);
    const { box } = fleet;
    const waiting = spawn(process.execPath, [box.program, 'land', '--wait'], {
      cwd: noor,
      env: { ...box.env, COORD_AGENT: 'noor' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    await new Promise((resolve) => waiting.stderr.once('data', resolve));
    waiting.kill('SIGTERM');
    await new Promise((resolve) => waiting.once('close', resolve));
    const { data } = (await fleet.as('looker', ['status', '--json'])).json();
    expect(data.waiters).toEqual([]);
  });

  it.each([['land'], ['land --wait']])('%s gives the turn back where the work may not land', async (line) => {
    const fleet = await sharedFleet();
    const [maya, ada] = [await worker(fleet, 'maya'), await worker(fleet, 'ada')];
    expect((await fleet.as('ada', ['land'], { cwd: ada })).code).toBe(0);
    expect((await fleet.as('maya', ['land', '--wait'], { cwd: maya })).code).toBe(5);
    rebase(fleet, maya);
    expect((await fleet.as('maya', ['release', 'src/maya.ts'], { cwd: maya })).code).toBe(0);
    expect(await turns(fleet)).toEqual(['maya']);
    expect((await fleet.as('maya', line.split(' '), { cwd: maya })).code).toBe(4);
    expect(await turns(fleet)).toEqual([]);
  });
});

describe('the program that must pass on what lands', () => {
  const CHECK = [
    'node',
    '-e',
    'process.exit(require("fs").readFileSync("src/maya.ts", "utf8").includes("bad") ? 3 : 0)',
  ];

  it('stops what breaks it, by name, and lets the rest through', async () => {
    const fleet = await sharedFleet();
    const { box, clone } = fleet;
    configure(fleet, { land: { check: CHECK } });
    box.git(clone, '-c', 'core.hooksPath=', 'push', '--quiet', 'origin', 'main');
    const maya = await worker(fleet, 'maya');
    box.write(maya, 'src/maya.ts', 'bad\n');
    box.git(maya, '-c', 'core.hooksPath=', 'commit', '--quiet', '--all', '--message', 'break it');
    const refused = await fleet.as('maya', ['land', '--json'], { cwd: maya });
    expect(refused).toMatchObject({ code: 6 });
    expect(refused.json().error).toMatchObject({
      message: expect.stringContaining('exit 3, twice'),
      details: { reason: 'check', exit: 3 },
    });
    expect(landed(fleet)).not.toContain('break it');
    box.write(maya, 'src/maya.ts', 'good\n');
    const dirty = await fleet.as('maya', ['land'], { cwd: maya });
    expect(dirty).toMatchObject({ code: 5 });
    box.git(maya, '-c', 'core.hooksPath=', 'commit', '--quiet', '--all', '--message', 'fix it');
    expect((await fleet.as('maya', ['land'], { cwd: maya })).code).toBe(0);
    expect(landed(fleet)[0]).toBe('fix it');
  });

  it('tests what lands together with what has landed, and names the one that breaks it', async () => {
    const fleet = await sharedFleet();
    const { box, clone } = fleet;
    // Either alone is well: `src/ada.ts` and `src/maya.ts` may not both be there.
    const both =
      'process.exit(["ada", "maya"].every((name) => require("fs").existsSync("src/" + name + ".ts")) ? 1 : 0)';
    configure(fleet, { land: { check: ['node', '-e', both] } });
    box.git(clone, '-c', 'core.hooksPath=', 'push', '--quiet', 'origin', 'main');
    const [ada, maya, noor] = [await worker(fleet, 'ada'), await worker(fleet, 'maya'), await worker(fleet, 'noor')];
    expect((await fleet.as('ada', ['land', '--wait'], { cwd: ada })).code).toBe(0);
    expect((await fleet.as('maya', ['land', '--wait'], { cwd: maya })).code).toBe(5);
    rebase(fleet, maya);
    const broken = await fleet.as('maya', ['land', '--wait', '--json'], { cwd: maya });
    expect(broken).toMatchObject({ code: 6 });
    const head = box.git(maya, 'rev-parse', 'HEAD');
    expect(broken.json().error.message).toContain(head.slice(0, 7));
    expect(await turns(fleet)).toEqual([]);
    rebase(fleet, noor);
    expect((await fleet.as('noor', ['land', '--wait'], { cwd: noor })).code).toBe(0);
    expect(landed(fleet).slice(0, 2)).toEqual(['work of noor', 'work of ada']);
  });

  it('is that of the main branch, whatever the working copy says', async () => {
    const fleet = await sharedFleet();
    const maya = await worker(fleet, 'maya');
    const config = JSON.parse(fleet.box.git(maya, 'show', 'HEAD:coord.config.json'));
    const marker = join(maya, 'ran');
    fleet.box.write(maya, 'coord.config.json', JSON.stringify({ ...config, land: { check: ['touch', marker] } }));
    expect(await fleet.as('maya', ['land'], { cwd: maya })).toMatchObject({ code: 0 });
    expect(() => fleet.box.git(maya, 'hash-object', marker)).toThrow();
  });
});
