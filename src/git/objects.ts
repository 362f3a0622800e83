import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync, inflateSync } from 'node:zlib';
import { CoordError } from '../errors.js';
import type { Repository } from './repository.js';
import type { Git } from './run.js';
import { placeFiles, type StagedFile, stageFile } from './staged-files.js';

export type ObjectType = 'blob' | 'tree' | 'commit' | 'tag';

export interface GitObject {
  readonly type: ObjectType;
  readonly body: Buffer;
}

/** Reads and writes git objects: loose ones directly, all others through one `git cat-file --batch`. */
export interface ObjectDatabase {
  /**
   * @param unpack puts what a pack holds beside it as loose objects, so that the next to read it needs no git process
   * @throws CoordError `corrupt` when one is missing or damaged.
   */
  read(ids: readonly string[], unpack?: 'unpack'): Promise<Map<string, GitObject>>;
  /** An object that can be read without a git process; undefined for any other. @throws CoordError `corrupt` */
  readLoose(id: string): GitObject | undefined;
  /**
   * Makes a loose object and returns its id; {@link read} finds it at once, git after {@link flush}. Writing what is there
   * already is harmless.
   */
  write(type: ObjectType, body: Buffer): string;
  /** Puts what was written into its place, durably: to be awaited before a ref or a push names it. */
  flush(): Promise<void>;
}

const FASTEST_COMPRESSION = 1;
/** Up to here an object takes few blocks of the disk, and git packs it in the background. */
const MOST_UNCOMPRESSED_BYTES = 16 * 1024;

export function openObjects(repository: Repository, git: Git): ObjectDatabase {
  const directory = join(repository.commonDir, 'objects');
  const pathOf = (id: string) => join(directory, id.slice(0, 2), id.slice(2));
  const staged = new Map<string, GitObject & StagedFile>();
  const write = (type: ObjectType, body: Buffer): string => {
    const id = objectId(repository, type, body);
    const path = pathOf(id);
    if (staged.has(id) || existsSync(path)) return id;
    staged.set(id, { type, body, ...stageFile(path, looseForm(Buffer.concat([headerOf(type, body), body]))) });
    return id;
  };
  const flush = async (): Promise<void> => {
    const files = [...staged.values()];
    staged.clear();
    await placeFiles(files);
  };
  const readAtOnce = (id: string) => staged.get(id) ?? readLoose(pathOf(id), id);
  return {
    write,
    flush,
    readLoose: readAtOnce,
    async read(ids, unpack) {
      const found = new Map<string, GitObject>();
      for (const id of ids) {
        const object = readAtOnce(id);
        if (object) found.set(id, object);
      }
      const inPacks = ids.filter((id) => !found.has(id));
      if (inPacks.length > 0) await readBatch(git, inPacks, found);
      if (unpack && inPacks.length > 0) await tryUnpack(inPacks.flatMap((id) => found.get(id) ?? []));
      return found;
    },
  };

  async function tryUnpack(objects: readonly GitObject[]): Promise<void> {
    try {
      for (const { type, body } of objects) write(type, body);
      await flush();
    } catch {
      // Nothing is lost in a read-only repository but time.
    }
  }
}

function looseForm(raw: Buffer): Buffer {
  return raw.length <= MOST_UNCOMPRESSED_BYTES ? stored(raw) : deflateSync(raw, { level: FASTEST_COMPRESSION });
}

/** The id that an object has, whether or not it is there. */
export function objectId({ objectFormat }: Repository, type: ObjectType, body: Buffer): string {
  return createHash(objectFormat).update(headerOf(type, body)).update(body).digest('hex');
}

function headerOf(type: ObjectType, body: Buffer): Buffer {
  return Buffer.from(`${type} ${body.length}\0`);
}

function readLoose(path: string, id: string): GitObject | undefined {
  let compressed: Buffer;
  try {
    compressed = readFileSync(path);
  } catch {
    return undefined;
  }
  try {
    return parseObject(unstored(compressed) ?? inflateSync(compressed));
  } catch (cause) {
    throw new CoordError('corrupt', `git object ${id} is damaged`, {
      hint: 'git fsck; then restore the object from another clone',
      cause,
    });
  }
}

function parseObject(raw: Buffer): GitObject {
  const end = raw.indexOf(0);
  const [type, size] = raw.toString('latin1', 0, end).split(' ');
  const body = raw.subarray(end + 1);
  if (end < 0 || Number(size) !== body.length) throw new Error('object header does not match its body');
  return { type: type as ObjectType, body };
}

async function readBatch(git: Git, ids: readonly string[], into: Map<string, GitObject>): Promise<void> {
  const { stdout } = await git(['cat-file', '--batch'], { input: `${ids.join('\n')}\n` });
  let at = 0;
  for (const id of ids) {
    const end = stdout.indexOf(0x0a, at);
    const [, type, size] = stdout.toString('latin1', at, end < 0 ? at : end).split(' ');
    if (size === undefined) throw missingObject(id);
    const length = Number(size);
    into.set(id, { type: type as ObjectType, body: stdout.subarray(end + 1, end + 1 + length) });
    at = end + 1 + length + 1;
  }
}

function missingObject(id: string): CoordError {
  return new CoordError('corrupt', `git object ${id} is missing from this repository`, {
    hint: 'git fsck; if "git gc --prune=now" ran beside a write, fetch the state ref again',
  });
}

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
