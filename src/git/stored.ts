/**
 * The zlib format (RFC 1950) without compression: blocks of plain bytes (RFC 1951, section 3.2.4), as git itself writes them
 * with `core.looseCompression=0`. Loading Node's zlib costs more than it saves on a small object.
 */

/** Window of 32 KB, fastest level, and the check bits of both. */
const HEADER = Buffer.from([0x78, 0x01]);
const LONGEST_BLOCK = 0xffff;
const BLOCK_HEADER_BYTES = 5;
const CHECKSUM_BYTES = 4;

/** These bytes as a zlib stream. */
export function stored(content: Buffer): Buffer {
  const parts: Buffer[] = [HEADER];
  let at = 0;
  do {
    const block = content.subarray(at, at + LONGEST_BLOCK);
    at += block.length;
    const header = Buffer.alloc(BLOCK_HEADER_BYTES);
    header.writeUInt8(at < content.length ? 0 : 1, 0);
    header.writeUInt16LE(block.length, 1);
    header.writeUInt16LE(block.length ^ LONGEST_BLOCK, 3);
    parts.push(header, block);
  } while (at < content.length);
  const checksum = Buffer.alloc(CHECKSUM_BYTES);
  checksum.writeUInt32BE(adler32(content));
  return Buffer.concat([...parts, checksum]);
}

/** What a zlib stream of plain blocks holds; null for any other stream, a damaged one among them. */
export function unstored(stream: Buffer): Buffer | null {
  if (!stream.subarray(0, HEADER.length).equals(HEADER)) return null;
  const blocks: Buffer[] = [];
  let at = HEADER.length;
  for (let isLast = false; !isLast; ) {
    if (at + BLOCK_HEADER_BYTES > stream.length) return null;
    const kind = stream.readUInt8(at);
    const length = stream.readUInt16LE(at + 1);
    if (kind > 1 || (length ^ LONGEST_BLOCK) !== stream.readUInt16LE(at + 3)) return null;
    isLast = kind === 1;
    at += BLOCK_HEADER_BYTES;
    blocks.push(stream.subarray(at, at + length));
    at += length;
  }
  if (at + CHECKSUM_BYTES !== stream.length) return null;
  const content = Buffer.concat(blocks);
  return adler32(content) === stream.readUInt32BE(at) ? content : null;
}

/** As many bytes can be summed up before a sum leaves the 32 bits that are fast (zlib's NMAX). */
const BYTES_BETWEEN_REMAINDERS = 5552;
const LARGEST_PRIME_BELOW_65536 = 65521;

/** RFC 1950, section 8.2. */
function adler32(bytes: Buffer): number {
  let low = 1;
  let high = 0;
  for (let start = 0; start < bytes.length; start += BYTES_BETWEEN_REMAINDERS) {
    const end = Math.min(start + BYTES_BETWEEN_REMAINDERS, bytes.length);
    for (let index = start; index < end; index += 1) {
      low += bytes[index] as number;
      high += low;
    }
    low %= LARGEST_PRIME_BELOW_65536;
    high %= LARGEST_PRIME_BELOW_65536;
  }
  return high * 0x10000 + low;
}
