import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Request } from '../../../src/domain/request-table.js';
import { ALL_PARTS, readTip } from '../../../src/store/cache/known-tip.js';
import { encodeClaims } from '../../../src/store/format/documents.js';
import { transact } from '../../../src/store/swap/transact.js';
import { type InProcess, inProcess, NOON } from '../../support/in-process.js';
import { commitFiles, fileOn, hashed } from '../../support/plumbing.js';
import { claimRecord, stateOf } from '../../support/records.js';
import { claimOf, POLICY, waitOf } from '../../support/requests.js';
import { type Sandbox, sandbox } from '../../support/sandbox.js';

const MANY = 400;

let box: Sandbox;
let host: InProcess;
let clone: string;

beforeEach(async () => {
  box = sandbox();
  host = inProcess(box);
  clone = box.repository();
  expect(await host.run('maya', clone, ['init', '--local'])).toMatchObject({ code: 0 });
  const paths = Array.from({ length: MANY }, (_, number) => `src/a-path-of-some-length/${number}.ts`);
  expect(await host.run('maya', clone, ['claim', ...paths, '--reason', 'why'])).toMatchObject({ code: 0 });
  expect(fileOn(box, clone, 'claims.json').length).toBeGreaterThan(64 * 1024);
});

const memory = () => join(clone, '.git', 'coord', 'verified-blobs.json');
const blob = () => box.git(clone, 'rev-parse', 'coord/state:claims.json');
const status = () => host.run('noor', clone, ['status', '--json']);

/** Puts another text of claims.json on the branch, past coord. */
function put(change: (source: string) => string): void {
  commitFiles(box, clone, { 'claims.json': Buffer.from(change(fileOn(box, clone, 'claims.json').toString())) });
}

describe('a large claims.json', () => {
  it('that this clone wrote is known to be sound', async () => {
    expect(JSON.parse(readFileSync(memory(), 'utf8')).blobs[0]).toEqual([blob(), 'written']);
    expect((await status()).json().data.claims).toHaveLength(MANY);
  });

  it('is written byte for byte as one that was checked in full', async () => {
    await host.run('noor', clone, ['claim', 'docs']);
    const source = fileOn(box, clone, 'claims.json').toString();
    rmSync(memory());
    await host.run('noor', clone, ['renew']);
    const checked = fileOn(box, clone, 'claims.json').toString();
    expect(checked.split('\n').slice(0, MANY)).toEqual(source.split('\n').slice(0, MANY));
    await host.run('noor', clone, ['release', '--all']);
    expect(JSON.parse(fileOn(box, clone, 'claims.json').toString()).claims).toHaveLength(MANY);
  });

  it('is written byte for byte the same by whom the claims were kept for', async () => {
    const opened = host.context(clone);
    const store = await opened.store();
    await store.keep();
    const tip = readTip(opened.repository, store.ref, (await store.tip()) ?? '');
    if (tip === null) throw new Error('nothing was kept');
    const context = host.context(clone);
    const own = await context.store();
    own.take(tip);
    await transact(own, claimOf('noor', ['docs', 'lib']), context.effects);
    const source = fileOn(box, clone, 'claims.json').toString();
    expect(source).toBe(encodeClaims(structuredClone((await own.read()).state)));
    expect(JSON.parse(source).claims).toHaveLength(MANY + 2);
    // And is kept again as it is read.
    await own.keep();
    const again = readTip(context.repository, own.ref, (await own.tip()) ?? '');
    expect(again?.state).toEqual((await (await host.context(clone).store()).read(ALL_PARTS)).state);
  });

  it.each([
    ['a key twice', (source: string) => source.replace('"waiters": []', '"waiters": [],\n"claims": []')],
    ['a wrong value', (source: string) => source.replace('"mode":"exclusive"', '"mode":"mine"')],
    ['a key that nobody knows', (source: string) => source.replace('"mode"', '"more":1,"mode"')],
  ])('with %s is refused each time, and never known to be sound', async (_, change) => {
    put(change);
    for (const attempt of [1, 2]) expect([attempt, (await status()).code]).toEqual([attempt, 8]);
    expect(readFileSync(memory(), 'utf8')).not.toContain(blob());
  });

  it('of somebody else is checked, and then known', async () => {
    put((source) => source.replace('"reason":"why"', '"reason":"wherefore"'));
    expect((await status()).code).toBe(0);
    expect(readFileSync(memory(), 'utf8')).toContain(JSON.stringify([blob(), 'checked']));
    put((source) => source.replaceAll('\n', '\n '));
    expect((await status()).json().data.claims).toHaveLength(MANY);
    expect(await host.run('noor', clone, ['claim', 'docs'])).toMatchObject({ code: 0 });
    expect(fileOn(box, clone, 'claims.json').toString()).not.toContain('\n ');
  });

  it.each([
    [
      'another version of coord wrote',
      () => writeFileSync(memory(), JSON.stringify({ version: '0.0.0-other', blobs: [[blob(), 'written']] })),
    ],
    ['is torn', () => writeFileSync(memory(), readFileSync(memory(), 'utf8').slice(0, 25))],
    ['holds rubbish', () => writeFileSync(memory(), Buffer.from([0xff, 0, 0x0a, 0x80]))],
    [
      'is a folder',
      () => {
        rmSync(memory());
        mkdirSync(memory());
      },
    ],
  ])('is checked where what is known of it %s', async (_, spoil) => {
    put((source) => source.replace('"mode":"exclusive"', '"mode":"mine"'));
    spoil();
    expect((await status()).code).toBe(8);
  });

  it('is not known by an id that is not its own', async () => {
    const other = hashed(box, clone, Buffer.from(encodeClaims(stateOf({ lastToken: 1, claims: [claimRecord(1)] }))));
    put((source) => source.replace('"mode":"exclusive"', '"mode":"mine"'));
    writeFileSync(memory(), `test\n${other} written\n`);
    expect((await status()).code).toBe(8);
  });
});

describe('a store knows what it has just written as one that reads it again', () => {
  it.each([[[]], [['log' as const]]])('reading the parts %j', async (parts) => {
    host.clock.ms = NOON + 60_000;
    const context = host.context(clone);
    const store = await context.store();
    for (const request of [
      claimOf('noor', ['docs', 'lib']),
      claimOf('omar', 'docs'),
      waitOf('omar', 'docs'),
      claimOf('pia', '@db/main', { mode: 'shared' }),
      claimOf('abe', '@db/main', { mode: 'shared' }),
      claimOf('noor', ['docs', 'lib', 'etc']),
      // Enough for the log to begin a new segment.
      ...Array.from({ length: 10 }, (_, number) => noteOf(number)),
    ]) {
      await transact(store, request, context.effects);
      const fresh = await (await host.context(clone).store()).read(parts);
      const { files, ...known } = await store.read(parts);
      expect([...files]).toEqual([...fresh.files]);
      expect(known).toMatchObject({ state: fresh.state, revision: fresh.revision, message: fresh.message });
      expect(known.segment).toBe(fresh.segment);
    }
  });
});

function noteOf(number: number): Request {
  const base = { operation: `n${number}`, agent: 'maya', session: null, policy: POLICY };
  const text = 'x'.repeat(9_000);
  return {
    ...base,
    kind: 'note',
    noteKind: 'note',
    text,
    to: [],
    target: null,
    needsAck: [],
    answerSeconds: null,
    ref: null,
    refused: false,
  };
}
