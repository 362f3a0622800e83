import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { type InProcess, inProcess } from '../support/in-process.js';
import { type Sandbox, sandbox } from '../support/sandbox.js';

const TTL = 30 * 60;
const TOLERANCE = 30;

let box: Sandbox;
let clone: string;
let fleet: InProcess;

beforeEach(async () => {
  box = sandbox();
  clone = box.repository();
  box.commit(clone, 'src/a.ts', 'a');
  fleet = inProcess(box);
  expect((await run('maya', 'init')).code).toBe(0);
  box.git(clone, 'add', '.');
  box.git(clone, 'commit', '--quiet', '--message', 'set coord up');
});

function run(agent: string | null, ...args: string[]) {
  return fleet.run(agent, clone, args);
}

async function claimsNow(): Promise<{ agent: string; target: string; expiresAt: string; expired: boolean }[]> {
  const status = await run(null, 'status', '--json');
  return status.json().data.claims;
}

describe('a claim whose time is over', () => {
  it('is still refused to others for the tolerance, then granted with a larger token', async () => {
    const first = (await run('maya', 'claim', 'src/a.ts', '--json')).json().data.claims[0];
    fleet.clock.pass(TTL + TOLERANCE - 0.001);
    expect((await run('noor', 'claim', 'src/a.ts')).code).toBe(3);
    fleet.clock.pass(0.001);
    const granted = await run('noor', 'claim', 'src/a.ts', '--json');
    expect(granted.code).toBe(0);
    expect(granted.json().data.claims[0].token).toBeGreaterThan(first.token);
    expect(box.git(clone, 'log', '-1', '--format=%b', 'coord/state')).toContain('"type":"claim.expired"');
  });

  it('is shown as expired by status, which removes nothing', async () => {
    await run('maya', 'claim', 'src/a.ts');
    fleet.clock.pass(TTL + 3600);
    const before = box.git(clone, 'rev-parse', 'coord/state');
    expect(await claimsNow()).toMatchObject([{ agent: 'maya', expired: true }]);
    expect((await run(null, 'status')).stdout).toContain('expired 1h ago');
    expect(box.git(clone, 'rev-parse', 'coord/state')).toBe(before);
  });

  it('is told to its holder by its next command, whatever it is; once it was swept, once', async () => {
    await run('maya', 'claim', 'src/a.ts');
    fleet.clock.pass(TTL);
    for (const round of [1, 2]) {
      expect([round, (await run('maya', 'status')).stderr]).toEqual([
        round,
        expect.stringContaining('src/a.ts expired'),
      ]);
    }
    fleet.clock.pass(TOLERANCE);
    await run('noor', 'claim', 'src/a.ts');
    const told = await run('maya', 'status', '--json');
    expect(told.stderr).toContain('you lost src/a.ts');
    expect(told.json<{ notices: string[] }>().notices).toEqual([expect.stringContaining('you lost src/a.ts')]);
    expect((await run('maya', 'status')).stderr).toBe('');
    expect((await run('noor', 'status')).stderr).toBe('');
  });

  it('is told again and again where it cannot be noted that it was told', async () => {
    await run('maya', 'claim', 'src/a.ts');
    fleet.clock.pass(TTL + TOLERANCE);
    await run('noor', 'claim', 'src/a.ts');
    writeFileSync(join(clone, '.git', 'coord', 'seen-notices'), 'in the way');
    for (const round of [1, 2]) {
      expect([round, (await run('maya', 'status')).stderr]).toEqual([
        round,
        expect.stringContaining('you lost src/a.ts'),
      ]);
    }
  });

  it.each(['release', 'renew'])('is refused to %s with exit 4, before and after it was taken', async (verb) => {
    await run('maya', 'claim', 'src/a.ts');
    fleet.clock.pass(TTL);
    const expired = await run('maya', verb, 'src/a.ts', '--json');
    expect(expired.code).toBe(4);
    expect(expired.json().error).toMatchObject({
      code: 'lost',
      exit: 4,
      hint: expect.stringContaining('coord claim src/a.ts'),
      details: { targets: [{ target: 'src/a.ts', why: 'expired' }] },
    });
    fleet.clock.pass(TOLERANCE);
    await run('noor', 'claim', 'src/a.ts');
    const taken = await run('maya', verb, 'src/a.ts');
    expect(taken.code).toBe(4);
    expect(taken.stderr).toContain('noor holds src/a.ts now');
    expect(await claimsNow()).toMatchObject([{ agent: 'noor' }]);
  });
});

describe('renewal', () => {
  it('happens by any command of the holder past half of the life, and by nobody else', async () => {
    await run('maya', 'claim', 'src/a.ts');
    const [granted] = await claimsNow();
    fleet.clock.pass(TTL / 2);
    await run('maya', 'status');
    await run('noor', 'status');
    expect(await claimsNow()).toMatchObject([{ expiresAt: granted?.expiresAt }]);
    fleet.clock.pass(1);
    await run('noor', 'status');
    expect(await claimsNow()).toMatchObject([{ expiresAt: granted?.expiresAt }]);
    await run('maya', 'status');
    const expected = new Date(fleet.clock.ms + TTL * 1000).toISOString();
    expect(await claimsNow()).toMatchObject([{ expiresAt: expected }]);
    expect(box.git(clone, 'log', '-1', '--format=%b', 'coord/state')).toContain('"type":"claim.renewed"');
  });

  it('keeps a claim alive for as long as its holder works', async () => {
    await run('maya', 'claim', 'src/a.ts');
    for (let hour = 0; hour < 10; hour += 1) {
      fleet.clock.pass(TTL * 0.9);
      expect((await run('maya', 'status')).stderr).toBe('');
      expect((await run('noor', 'claim', 'src/a.ts')).code).toBe(3);
    }
    expect((await run('maya', 'release', 'src/a.ts')).code).toBe(0);
  });

  it('never shortens', async () => {
    await run('maya', 'claim', 'src/a.ts', '--ttl', '2h');
    const [granted] = await claimsNow();
    for (const args of [
      ['renew'],
      ['renew', '--ttl', '1m'],
      ['claim', 'src/a.ts'],
      ['claim', 'src/a.ts', '--ttl', '1m'],
    ]) {
      expect((await run('maya', ...args)).code).toBe(0);
      expect(await claimsNow()).toMatchObject([{ expiresAt: granted?.expiresAt, ttlSeconds: 7200 }]);
    }
  });
});

describe('clocks', () => {
  it('that run behind are told so, and take nothing over', async () => {
    await run('omar', 'claim', 'src/b.ts', '--ttl', '1m');
    fleet.clock.pass(3600);
    await run('maya', 'claim', 'docs');
    fleet.clock.pass(-1800);
    const status = await run('noor', 'status');
    expect(status.stderr).toContain('this clock is behind');
    expect((await run('noor', 'claim', 'docs')).code).toBe(3);
    expect((await run('maya', 'renew', 'docs')).code).toBe(0);
    expect((await claimsNow()).map(({ target }) => target)).toEqual(['docs']);
  });
});
