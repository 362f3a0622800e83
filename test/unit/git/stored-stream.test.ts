import { inflateSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { storedStream } from '../../../src/git/objects.js';

it('makes streams that zlib reads, of any bytes that fit', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 8_192, size: 'max' }), (bytes) => {
      expect(inflateSync(storedStream(Buffer.from(bytes)))).toEqual(Buffer.from(bytes));
    }),
  );
  for (const bytes of [Buffer.alloc(65_535, 255), Buffer.alloc(0)])
    expect(inflateSync(storedStream(bytes))).toEqual(bytes);
});
