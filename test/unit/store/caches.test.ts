import { readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { ClaimPlaces, Observations, SeenNotices } from '../../../src/store/cache/observations.js';
import { TokenMark } from '../../../src/store/cache/token-mark.js';
import { VerifiedBlobs } from '../../../src/store/cache/verified-blobs.js';
import { claimRecord } from '../../support/records.js';
import { at } from '../../support/requests.js';
import { type Sandbox, sandbox } from '../../support/sandbox.js';

let box: Sandbox;
beforeEach(() => {
  box = sandbox();
});
/** Whatever else may stand in a file that can be torn. */
const DAMAGE = ['', '{', 'null', '[]', '7', '{"ids":7,"roots":{},"blobs":null,"boot":7,"seen":7}'];

describe('the largest token that was seen', () => {
  const mark = () => new TokenMark(box.path('coord'));

  it('only grows, across commands', () => {
    expect(mark().read()).toBe(0);
    mark().raise(5);
    expect(mark().read()).toBe(5);
    mark().raise(3);
    mark().raise(5);
    expect(mark().read()).toBe(5);
    mark().raise(1234);
    expect(box.read('coord/last-token')).toBe('1234\n');
  });

  it('is not lowered by a command that read it earlier', () => {
    const early = mark();
    expect(early.read()).toBe(0);
    mark().raise(9);
    early.raise(4);
    expect([mark().read(), early.read()]).toEqual([9, 9]);
    early.raise(10);
    expect(mark().read()).toBe(10);
  });

  it('is none where what stands there cannot be one', () => {
    mark().raise(1);
    for (const text of ['', 'x', '-3', '1.5', '0', String(2 ** 52 + 1), '1e400', 'NaN']) {
      writeFileSync(box.path('coord/last-token'), text);
      expect(mark().read(), text).toBe(0);
    }
    writeFileSync(box.path('coord/last-token'), String(2 ** 52));
    expect(mark().read()).toBe(2 ** 52);
  });

  it('costs no grant where it cannot be kept', () => {
    writeFileSync(box.path('file'), '');
    const nowhere = new TokenMark(box.path('file'));
    nowhere.raise(3);
    expect(nowhere.read()).toBe(3);
  });
});

describe('blobs that need no second check', () => {
  const ids = Array.from({ length: 12 }, (_, index) => index.toString(16).repeat(40));
  const blobs = () => new VerifiedBlobs(box.path('coord'));

  it('are the newest few, each as it was verified last', () => {
    const one = blobs();
    expect(one.get(ids[0] ?? '')).toBeNull();
    for (const id of ids) one.add(id, 'written');
    one.add(ids[11] ?? '', 'checked');
    expect(ids.map((id) => blobs().get(id))).toEqual([...Array(4).fill(null), ...Array(7).fill('written'), 'checked']);
  });

  it('of another command are kept as well', () => {
    const [one, other] = [blobs(), blobs()];
    one.add(ids[1] ?? '', 'written');
    other.add(ids[2] ?? '', 'checked');
    expect([blobs().get(ids[1] ?? ''), blobs().get(ids[2] ?? '')]).toEqual(['written', 'checked']);
  });

  it('are none of another version, and none that cannot be', () => {
    blobs().add(ids[1] ?? '', 'written');
    const file = box.path('coord/verified-blobs.json');
    const value = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
    const put = (entries: unknown, version = value.version) =>
      writeFileSync(file, JSON.stringify({ version, blobs: entries }));
    put([[ids[1], 'written']], 'other');
    expect(blobs().get(ids[1] ?? '')).toBeNull();
    put([[ids[1], 'odd'], ['short', 'written'], 7, [ids[2], 'checked'], ['f'.repeat(64), 'written']]);
    expect([ids[1] ?? '', 'short', ids[2] ?? '', 'f'.repeat(64)].map((id) => blobs().get(id))).toEqual([
      ...[null, null, 'checked', 'written'],
    ]);
    for (const text of DAMAGE) {
      writeFileSync(file, text);
      expect(blobs().get(ids[2] ?? '')).toBeNull();
    }
  });
});

describe('in which worktrees a claim was made', () => {
  const places = () => new ClaimPlaces(box.path('places'));

  it('is known of each claim, once each', () => {
    expect(places().of('c1')).toEqual([]);
    for (const root of ['/a', '/b', '/a']) places().add('c1', root);
    places().add('c2', '/c');
    expect([places().of('c1'), places().of('c2'), places().of('c3')]).toEqual([['/a', '/b'], ['/c'], []]);
  });

  it('is none where the file is damaged', () => {
    places().add('c1', '/a');
    for (const text of DAMAGE) {
      writeFileSync(box.path('places/c1.json'), text);
      expect(places().of('c1')).toEqual([]);
    }
    writeFileSync(box.path('places/c1.json'), '{"roots":["/a",7,"/b"]}');
    expect(places().of('c1')).toEqual(['/a', '/b']);
  });

  it('is forgotten of the oldest half, when there are very many', () => {
    places().add('c0', '/a');
    for (let number = 1; number < 1000; number += 1) {
      const path = box.path(`places/c${number}.json`);
      writeFileSync(path, '{"roots":["/a"]}');
      utimesSync(path, number, number);
    }
    utimesSync(box.path('places/c0.json'), 5000, 5000);
    places().add('c0', '/b');
    expect(readdirSync(box.path('places'))).toHaveLength(1000);
    places().add('c1000', '/a');
    expect(readdirSync(box.path('places'))).toHaveLength(501);
    expect(['c1', 'c500', 'c501', 'c999', 'c0', 'c1000'].map((id) => places().of(id).length)).toEqual([
      0, 0, 1, 1, 2, 1,
    ]);
  });
});

describe('for how long a claim has been watched unrenewed', () => {
  const watch = (boot: string | null, seconds: number, ...claims: ReturnType<typeof claimRecord>[]) =>
    Object.values(new Observations(box.path('coord/seen.json'), { boot, seconds: () => seconds }).watch(claims));
  const [one, two] = [claimRecord(1), claimRecord(2)];

  it('counts from the command that saw it first, in the same boot', () => {
    expect(watch('b1', 100, one)).toEqual([0]);
    expect(watch('b1', 130, one, two)).toEqual([30, 0]);
    expect(watch('b1', 150, two, one)).toEqual([20, 50]);
    expect(watch('b2', 10, one)).toEqual([0]);
    expect(watch('b2', 12, one)).toEqual([2]);
  });

  it('begins again with each renewal, and when it was gone in between', () => {
    watch('b1', 100, one);
    expect(watch('b1', 130, { ...one, renewedAt: at(1) })).toEqual([0]);
    expect(watch('b1', 140, one)).toEqual([0]);
    watch('b1', 150);
    expect(watch('b1', 160, one)).toEqual([0]);
  });

  it('is not told where boots have no names, or the file is damaged', () => {
    watch('b1', 100, one);
    expect(watch(null, 200, one)).toEqual([]);
    for (const text of DAMAGE) {
      writeFileSync(box.path('coord/seen.json'), text);
      expect(watch('b1', 300, one)).toEqual([0]);
    }
  });

  it('is written only where something is new', () => {
    watch('b1', 100, one);
    const path = box.path('coord/seen.json');
    writeFileSync(path, `${readFileSync(path, 'utf8')} `);
    watch('b1', 130, one);
    expect(readFileSync(path, 'utf8')).toMatch(/ $/);
    watch('b1', 140, one, two);
    expect(readFileSync(path, 'utf8')).not.toMatch(/ $/);
  });
});

describe('notices that an agent has seen', () => {
  const seen = () => new SeenNotices(join(box.path('coord'), 'maya.json'));

  it('are remembered across commands, the newest thousand', () => {
    expect(seen().has('l1')).toBe(false);
    seen().add(['l1', 'l2']);
    seen().add([]);
    seen().add(['l3']);
    expect(['l1', 'l2', 'l3', 'l4'].map((id) => seen().has(id))).toEqual([true, true, true, false]);
    seen().add(Array.from({ length: 998 }, (_, index) => `m${index}`));
    expect(['l1', 'l2', 'l3'].map((id) => seen().has(id))).toEqual([false, true, true]);
  });

  it('are none where the file is damaged', () => {
    seen().add(['l1']);
    for (const text of DAMAGE) {
      writeFileSync(box.path('coord/maya.json'), text);
      expect(seen().has('l1')).toBe(false);
    }
  });
});
