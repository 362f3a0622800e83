import { deflateSync, inflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stored, unstored } from '../../../src/git/objects.js';

const LENGTHS = [0, 1, 5551, 5552, 5553, 65_534, 65_535, 65_536, 131_070, 200_000];

describe('a zlib stream without compression', () => {
  it.each(LENGTHS)('of %i bytes is what zlib itself reads and writes', (length) => {
    const content = Buffer.alloc(length, '\xff\x00coord', 'latin1');
    expect(inflateSync(stored(content)).equals(content)).toBe(true);
    expect(unstored(stored(content))?.equals(content)).toBe(true);
    expect(unstored(deflateSync(content, { level: 0 }))?.equals(content)).toBe(true);
  });

  it('holds any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(unstored(stored(Buffer.from(bytes)))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it('is told from one with compression', () => {
    for (const level of [1, 6, 9]) expect(unstored(deflateSync(Buffer.alloc(100), { level }))).toBeNull();
  });

  it('is left to zlib when any bit of it is another', () => {
    const stream = stored(Buffer.from('a claim'));
    for (let bit = 0; bit < stream.length * 8; bit += 1) {
      const damaged = Buffer.from(stream);
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(unstored(damaged)).toBeNull();
    }
  });

  it('is left to zlib when it is cut, or goes on', () => {
    const stream = stored(Buffer.from('a claim'));
    for (let length = 0; length < stream.length; length += 1) expect(unstored(stream.subarray(0, length))).toBeNull();
    expect(unstored(Buffer.concat([stream, Buffer.from([0])]))).toBeNull();
  });
});
