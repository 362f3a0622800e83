import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXIT_TABLE } from '../../src/errors.js';
import { commitByHand } from '../support/by-hand.js';
import { type Fleet, localFleet } from '../support/fleet.js';
import { type CoordResult, sandbox } from '../support/sandbox.js';

// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape sequences of colour are what is looked for
const COLOUR = /\u001b\[\d+m/;

/** Held by maya: src/api and @db. Free: all else. */
async function fleetWithClaims(): Promise<Fleet> {
  const fleet = await localFleet();
  await fleet.as('maya', ['claim', 'src/api', '@db', '--reason', 'pagination', '--ttl', '1h']);
  return fleet;
}

/** The error of a refused command, once its envelope is as promised. */
function errorOf(result: CoordResult, command: string, code: string) {
  const envelope = result.json();
  const exit = EXIT_TABLE.findIndex((row) => row.code === code);
  expect(Object.keys(envelope)).toEqual(['schema', 'command', 'ok', 'error']);
  expect(envelope).toMatchObject({ schema: 'coord/1', command, ok: false });
  expect(Object.keys(envelope.error)).toEqual(['code', 'exit', 'message', 'hint', 'details']);
  expect(envelope.error).toMatchObject({ code, exit, message: expect.any(String), hint: expect.any(String) });
  expect(result.code).toBe(exit);
  expect(result.stdout.trimEnd().split('\n')).toHaveLength(1);
  return envelope.error;
}

function dataOf(result: CoordResult, command: string) {
  expect([result.code, result.stderr]).toEqual([0, '']);
  const envelope = result.json();
  expect(Object.keys(envelope)).toEqual(['schema', 'command', 'ok', 'data']);
  expect(envelope).toMatchObject({ schema: 'coord/1', command, ok: true });
  expect(result.stdout.trimEnd().split('\n')).toHaveLength(1);
  return envelope.data;
}

const CLAIM_FIELDS = [
  'id',
  'target',
  'mode',
  'agent',
  'session',
  'token',
  'ttlSeconds',
  'acquiredAt',
  'expiresAt',
  'reason',
  'reach',
  'base',
];
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

describe('the fields that scripts rely on', () => {
  it('of claim', async () => {
    const { box, clone, as } = await localFleet();
    const data = dataOf(await as('maya', ['claim', 'src/api', '@db', '--json', '--reason', 'why']), 'claim');
    expect(Object.keys(data)).toEqual(['claims']);
    expect(data.claims).toHaveLength(2);
    for (const claim of data.claims) expect(Object.keys(claim)).toEqual(expect.arrayContaining(CLAIM_FIELDS));
    expect(data.claims[0]).toMatchObject({
      target: 'src/api/**',
      mode: 'exclusive',
      agent: 'maya',
      session: null,
      token: expect.any(Number),
      ttlSeconds: 1800,
      acquiredAt: expect.stringMatching(INSTANT),
      expiresAt: expect.stringMatching(INSTANT),
      reason: 'why',
      reach: 'host',
      base: box.git(clone, 'rev-parse', 'HEAD'),
    });
  });

  it('of a claim that is refused', async () => {
    const { as } = await fleetWithClaims();
    const error = errorOf(await as('noor', ['claim', 'src/api/users.ts', 'README.md', '--json']), 'claim', 'held');
    expect(Object.keys(error.details)).toEqual(expect.arrayContaining(['conflicts', 'free', 'queue', 'reason']));
    expect(error.details).toMatchObject({ reason: 'held', free: ['README.md'], queue: [] });
    expect(error.details.conflicts).toMatchObject([
      {
        target: 'src/api/users.ts',
        heldTarget: 'src/api/**',
        overlap: 'src/api/users.ts',
        agent: 'maya',
        session: null,
        claimId: expect.any(String),
        since: expect.stringMatching(INSTANT),
        expiresAt: expect.stringMatching(INSTANT),
        reason: 'pagination',
        mode: 'exclusive',
      },
    ]);
    expect(error.hint).toContain('coord claim README.md');
  });

  it('of release', async () => {
    const { box, clone, as } = await fleetWithClaims();
    const data = dataOf(await as('maya', ['release', 'src/api', '--json']), 'release');
    expect(Object.keys(data)).toEqual(['released', 'commit']);
    expect(data).toMatchObject({ released: [{ target: 'src/api/**' }], commit: box.git(clone, 'rev-parse', 'HEAD') });
  });

  it('of renew', async () => {
    const { as } = await fleetWithClaims();
    const data = dataOf(await as('maya', ['renew', '--json']), 'renew');
    expect(Object.keys(data)).toEqual(['claims']);
    expect(data.claims).toMatchObject([{ target: 'src/api/**', ttlSeconds: 3600 }, { target: '@db' }]);
  });

  it('of status', async () => {
    const { as } = await fleetWithClaims();
    const data = dataOf(await as('noor', ['status', '--json']), 'status');
    expect(Object.keys(data)).toEqual(expect.arrayContaining(['claims', 'waiters', 'agents', 'now', 'reach']));
    expect(data).toMatchObject({ waiters: [], now: expect.stringMatching(INSTANT), reach: 'host' });
    expect(data.claims).toMatchObject([{ target: 'src/api/**', agent: 'maya', expired: false }, { target: '@db' }]);
    expect(data.agents).toMatchObject([{ id: 'maya', role: 'peer' }]);
    const mine = dataOf(await as('noor', ['status', '--mine', '--json']), 'status');
    expect(mine.claims).toEqual([]);
    const some = dataOf(await as('noor', ['status', 'src', '--json']), 'status');
    expect(some.claims).toMatchObject([{ target: 'src/api/**' }]);
  });
});

describe('exit codes', () => {
  it('2: no identity, and how to set one; nothing is guessed', async () => {
    const { clone, box } = await localFleet();
    for (const args of [['claim', 'a'], ['renew'], ['release', '--all'], ['status', '--mine']]) {
      const error = errorOf(await box.coord(clone, [...args, '--json']), args[0] ?? '', 'usage');
      expect(error.hint).toMatch(/--agent ID.*COORD_AGENT=ID.*coord session start/);
      expect(error.details).toEqual({ candidates: [] });
    }
    expect((await box.coord(clone, ['status'])).code).toBe(0);
  });

  it.each([
    [['claim']],
    [['claim', '']],
    [['claim', 'a', '--ttl', '0s']],
    [['claim', 'a', '--ttl', '-5m']],
    [['claim', 'a', '--ttl=-5m']],
    [['claim', 'a', '--ttl', '5h']],
    [['claim', 'a', '--ttl', 'soon']],
    [['claim', 'a', '--ttl']],
    [['claim', 'a', '--expect', '0m']],
    [['claim', 'a', '--literal', '--glob']],
    [['claim', 'a', '--reason', 'x'.repeat(1_001)]],
    [['claim', 'a', '--agent', 'not an id']],
    [['claim', 'a', '--nonsense']],
    [['release']],
    [['release', 'a', '--all']],
    [['release', '--all', '--commit', 'no-such-commit']],
    [['release', '--all', '--commit', '--upload-pack=x']],
    [['renew', '--ttl', '0s']],
    [['renew', '--ttl', '5h']],
    [['status', '/outside']],
    [['init', '--branch', 'a..b']],
  ])('2: %j', async (args) => {
    const fleet = await fleetWithClaims();
    const before = fleet.box.git(fleet.clone, 'rev-parse', 'coord');
    errorOf(await fleet.as('maya', [...args, '--json']), args[0] ?? '', 'usage');
    const words = await fleet.as('maya', args);
    expect([words.code, words.stdout, words.stderr]).toEqual([2, '', expect.stringMatching(/\nnext: ./)]);
    expect(fleet.box.git(fleet.clone, 'rev-parse', 'coord')).toBe(before);
  });

  it('4: what is not held', async () => {
    const { as } = await fleetWithClaims();
    for (const verb of ['release', 'renew']) {
      const theirs = errorOf(await as('noor', [verb, 'src/api', '--json']), verb, 'lost');
      expect(theirs.details.targets).toMatchObject([{ target: 'src/api/**', why: 'held-by-other' }]);
      const nobodys = errorOf(await as('noor', [verb, 'README.md', '--json']), verb, 'lost');
      expect(nobodys.details.targets).toMatchObject([{ target: 'README.md', why: 'not-held' }]);
    }
    expect((await as('noor', ['release', '--all'])).stdout).toBe('you hold no claims\n');
  });

  it('5: a release of ground with uncommitted changes, unless it says so on the record', async () => {
    const { box, clone, as } = await fleetWithClaims();
    box.write(clone, 'src/api/users.ts', 'changed\n');
    box.write(clone, 'src/api/new.ts', 'new\n');
    box.write(clone, 'README.md', 'not on this ground\n');
    const error = errorOf(await as('maya', ['release', 'src/api', '--json']), 'release', 'behind');
    expect(error.details).toEqual({ reason: 'uncommitted', paths: ['src/api/users.ts', 'src/api/new.ts'] });
    expect((await as('maya', ['release', '--all'])).code).toBe(5);
    expect((await as('maya', ['release', '@db'])).code).toBe(0);
    expect((await as('maya', ['release', 'src/api', '--uncommitted'])).code).toBe(0);
    expect(box.git(clone, 'log', '-1', '--format=%b', 'coord')).toContain('"uncommitted":true');
  });

  it('8: damaged or newer state, with every problem; nothing is overwritten', async () => {
    const { box, clone, as } = await fleetWithClaims();
    const source = box.git(clone, 'show', 'coord:claims.json');
    const twice = source.replace('"exclusive"', '"both"').replace('"kind":"resource"', '"kind":"thing"');
    for (const [text, problems] of [
      [twice, ['claims[0].mode', 'claims[1].kind']],
      ['{"format":2}', ['format: 2 is newer than 1']],
      ['not json', ['claims.json: not JSON']],
    ] as const) {
      const damaged = commitByHand(box, clone, { 'claims.json': text });
      for (const args of [['status'], ['claim', 'b'], ['release', 'src/api'], ['renew'], ['init']]) {
        const error = errorOf(await as('maya', [...args, '--json']), args[0] ?? '', 'corrupt');
        for (const problem of problems) {
          expect(error.details.problems).toEqual(expect.arrayContaining([expect.stringContaining(problem)]));
          if (!text.startsWith('{"format":2')) expect(error.message).toContain(problem);
        }
      }
      expect(box.git(clone, 'rev-parse', 'coord')).toBe(damaged);
      expect(box.git(clone, 'show', 'coord:claims.json')).toBe(text);
    }
  });

  it('2: a damaged configuration, with every problem; nothing is overwritten', async () => {
    const { box, clone, as } = await fleetWithClaims();
    const text = '{"brunch":"x","ttl":{"default":"soon","max":5},"surface":"src"}';
    box.write(clone, 'coord.config.json', text);
    const before = box.git(clone, 'rev-parse', 'coord');
    for (const args of [['status'], ['claim', 'b'], ['release', '--all'], ['renew'], ['init']]) {
      const error = errorOf(await as('maya', [...args, '--json']), args[0] ?? '', 'usage');
      expect(error.details).toMatchObject({ file: 'coord.config.json' });
      expect(error.details.problems).toHaveLength(4);
      for (const name of ['brunch', 'ttl.default', 'ttl.max', 'surface']) expect(error.message).toContain(`${name}:`);
    }
    expect(box.git(clone, 'rev-parse', 'coord')).toBe(before);
    box.write(clone, 'coord.config.json', '{');
    expect((await as('maya', ['status'])).code).toBe(2);
    expect((await as('maya', ['help'])).code).toBe(0);
  });
});

describe('words', () => {
  it('of a claim, a refusal, the status and a release say what to do', async () => {
    const { box, clone, as } = await localFleet();
    const claimed = await as('maya', ['claim', 'src/api', '--reason', 'pagination']);
    expect(claimed.stdout).toMatch(/^claimed src\/api\/\*\* until \d\d:\d\d \(30m\) · token \d+ · reach host\n$/);
    const refused = await as('noor', ['claim', 'src/api/users.ts', 'README.md']);
    expect(refused.stderr).toMatch(
      /^refused: src\/api\/users.ts is inside src\/api\/\*\*, held by maya for 30m more \(since \d\d:\d\d, "pagination"\)\nfree of what you asked: README.md\nnext: coord claim README.md /,
    );
    expect(refused.stdout).toBe('');
    const status = await as('noor', ['status']);
    expect(status.stdout).toMatch(
      /^TARGET +HOLDER +MODE +LEFT +SINCE +WHY\nsrc\/api\/\*\* +maya +exclusive +30m +\d\d:\d\d +pagination\n$/,
    );
    const work = box.commit(clone, 'src/api/users.ts', 'more users\n');
    const released = await as('maya', ['release', 'src/api']);
    expect(released.stdout).toBe(`released src/api/** at ${work.slice(0, 7)} · the next holder must have it\n`);
    expect((await as('noor', ['status'])).stdout).toBe('no claims\n');
  });

  it.each(['two\nlines', 'a\rreturn', '\u001b[2J\u001b[31mred\u0007', 'tab\there', '\u2028', '\u202etxt.exe'])(
    'keep a reason with control characters (%j) on its line',
    async (reason) => {
      const { as, box, clone } = await localFleet();
      await as('maya', ['claim', 'src/api', `--reason=why: ${reason}`]);
      const outputs = [
        (await as('noor', ['status'])).stdout,
        (await as('noor', ['claim', 'src/api'])).stderr,
        box.git(clone, 'log', '-1', '--format=%s', 'coord'),
      ];
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none is what is checked
      for (const output of outputs) expect(output).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u2028\u2029\u202a-\u202e]/);
      expect(outputs[0]?.trimEnd().split('\n')).toHaveLength(2);
      expect(outputs[1]?.trimEnd().split('\n')).toHaveLength(2);
      const status = await as('noor', ['status', '--json']);
      expect(status.json().data.claims[0].reason).toBe(`why: ${reason}`);
    },
  );

  it('are coloured only where it is asked for, or a terminal, and JSON never', async () => {
    const { as } = await fleetWithClaims();
    const coloured = async (env: Record<string, string>, ...args: string[]) => {
      const { stdout, stderr } = await as('maya', args, { env });
      return COLOUR.test(stdout + stderr);
    };
    expect(await coloured({}, 'renew')).toBe(false);
    expect(await coloured({ FORCE_COLOR: '1' }, 'renew')).toBe(true);
    expect(await coloured({ FORCE_COLOR: '1', NO_COLOR: '1' }, 'renew')).toBe(true);
    expect(await coloured({ FORCE_COLOR: '0' }, 'renew')).toBe(false);
    expect(await coloured({ NO_COLOR: '1' }, 'renew')).toBe(false);
    expect(await coloured({ FORCE_COLOR: '1' }, 'renew', '--json')).toBe(false);
    expect(await coloured({ FORCE_COLOR: '1' }, 'release', 'nothing')).toBe(true);
  });
});

describe('a reader that goes away', () => {
  it.each([['status'], ['status', '--json'], ['--help']])(
    'before coord %s has written all is no fault',
    async (...args) => {
      const { box, clone, as } = await localFleet();
      await as('maya', ['claim', ...Array.from({ length: 400 }, (_, index) => `${'long/'.repeat(40)}${index}.ts`)]);
      const result = await new Promise<{ code: number | null; stderr: string }>((resolve) => {
        const child = spawn(process.execPath, [box.program, ...args], { cwd: clone, env: box.env });
        let stderr = '';
        child.stderr.on('data', (chunk: Buffer) => {
          stderr += chunk.toString();
        });
        child.stdout.destroy();
        child.on('close', (code) => resolve({ code, stderr }));
      });
      expect(result).toEqual({ code: 0, stderr: '' });
    },
  );
});

describe('a directory that is gone', () => {
  it('is exit 2, in words', async () => {
    const box = sandbox();
    const clone = box.repository();
    box.write(clone, 'gone/x', '');
    const script = `cd '${join(clone, 'gone')}' && rm -r '${join(clone, 'gone')}' && exec '${process.execPath}' '${box.program}' status`;
    const result = await new Promise<{ code: number | null; stderr: string }>((resolve) => {
      const child = spawn('/bin/sh', ['-c', script], { env: box.env });
      let stderr = '';
      child.stderr.on('data', (chunk: Buffer) => {
        stderr += chunk.toString();
      });
      child.on('close', (code) => resolve({ code, stderr }));
    });
    expect(result.stderr).not.toMatch(/\n +at /);
    expect([result.code, result.stderr]).toEqual([2, expect.stringContaining('next: ')]);
    rmSync(clone, { recursive: true });
  });
});
