import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { deflateSync, inflateSync } from 'node:zlib';
import { command } from '../domain/suggestion.js';
import { CoordError } from '../errors.js';
import type { Repository } from './repository.js';
import { type Git, tooLarge } from './run.js';

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
/** No loose object that is read here is larger, and nothing of the state. */
const MOST_STATE_BYTES = 128 * 1024 * 1024;

export function openObjects(repository: Repository, git: Git): ObjectDatabase {
  const directory = join(repository.commonDir, 'objects');
  const pathOf = (id: string) => join(directory, id.slice(0, 2), id.slice(2));
  const staged = new Map<string, GitObject & StagedFile>();
  const write = (type: ObjectType, body: Buffer): string => {
    const id = objectId(repository, type, body);
    const path = pathOf(id);
    if (staged.has(id) || existsSync(path)) return id;
    staged.set(id, { type, body, ...stageFile(path, deflated(type, body)) });
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
      if (inPacks.length > 0) await readBatch(git, inPacks, found, unpack ? MOST_STATE_BYTES : undefined);
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

function deflated(type: ObjectType, body: Buffer): Buffer {
  const bytes = Buffer.concat([headerOf(type, body), body]);
  if (bytes.length <= MOST_STORED) return storedStream(bytes);
  return deflateSync(bytes, { level: FASTEST_COMPRESSION, chunkSize: chunkFor(bytes.length) });
}

/** Zlib gives its output in pieces of this many bytes, and each costs. @param bytes of the input */
function chunkFor(bytes: number): number {
  return Math.min(Math.max(bytes, LEAST_CHUNK), MOST_CHUNK);
}

const LEAST_CHUNK = 16 * 1024;
const MOST_CHUNK = 1024 * 1024;

/** A smaller object fills a block of the disk or a few, compressed or not, and git compresses it when it packs. */
const MOST_STORED = 8 * 1024;

/** A zlib stream (RFC 1950) of one block that is stored as it is (RFC 1951, 3.2.4): for it, Node's zlib need not be loaded. @param bytes at most 65,535 */
export function storedStream(bytes: Buffer): Buffer {
  // Of so few bytes, the sums stay exact without the modulus.
  let [low, high] = [1, 0];
  for (const byte of bytes) {
    low += byte;
    high += low;
  }
  const stream = Buffer.allocUnsafe(bytes.length + 11);
  stream.writeUInt16BE(0x7801, 0);
  stream.writeUInt8(1, 2);
  stream.writeUInt16LE(bytes.length, 3);
  stream.writeUInt16LE(bytes.length ^ 0xffff, 5);
  bytes.copy(stream, 7);
  stream.writeUInt16BE(high % ADLER, bytes.length + 7);
  stream.writeUInt16BE(low % ADLER, bytes.length + 9);
  return stream;
}

/** The modulus of Adler-32. */
const ADLER = 65_521;

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
    return parseObject(
      inflateSync(compressed, { maxOutputLength: MOST_STATE_BYTES, chunkSize: chunkFor(4 * compressed.length) }),
    );
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(`git object ${id}`);
    throw new CoordError('corrupt', `git object ${id} is damaged`, {
      hint: `${command('git fsck')} shows what else is damaged; then copy the object from another clone`,
      details: { reason: 'object', object: id },
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

async function readBatch(
  git: Git,
  ids: readonly string[],
  into: Map<string, GitObject>,
  mostBytes = Number.POSITIVE_INFINITY,
): Promise<void> {
  const { stdout } = await git(['cat-file', '--batch'], { input: `${ids.join('\n')}\n`, mostBytes });
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
    hint: `${command('git fsck')} shows what else is missing; if "git gc --prune=now" ran during a write, fetch the state ref again`,
    details: { reason: 'object', object: id },
  });
}

/** A file that is written, but neither on disk for certain nor in its place. */
interface StagedFile {
  readonly path: string;
  readonly temporary: string;
  /** Open, for the flush. */
  readonly descriptor: number;
}

const ATTEMPTS = 5;

/** Writes a file beside its place, under a name that git clears away when it finds it left over. */
export function stageFile(path: string, content: Buffer): StagedFile {
  const temporary = join(dirname(path), `tmp_obj_${randomBytes(6).toString('hex')}`);
  const descriptor = create(temporary);
  try {
    writeFileSync(descriptor, content);
  } catch (error) {
    closeSync(descriptor);
    rmSync(temporary, { force: true });
    throw error;
  }
  return { path, temporary, descriptor };
}

/** Git takes folders of objects away when it has packed all that was in them: also the one that was made just now. */
function create(path: string): number {
  for (let attempt = 1; ; attempt += 1) {
    try {
      mkdirSync(dirname(path), { recursive: true });
      return openSync(path, 'wx', 0o444);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempt === ATTEMPTS) throw error;
    }
  }
}

/**
 * Flushes all of them, then moves each into its place: a reader sees all of a file or nothing. They are flushed at once,
 * since a journaling file system then waits for the disk one time for all.
 */
export async function placeFiles(files: readonly StagedFile[]): Promise<void> {
  let placed = 0;
  try {
    await Promise.all(files.map(({ descriptor }) => flushed(descriptor)));
    for (const { temporary, path } of files) {
      renameSync(temporary, path);
      placed += 1;
    }
  } finally {
    for (const { descriptor } of files) closeSync(descriptor);
    for (const { temporary } of files.slice(placed)) rmSync(temporary, { force: true });
  }
}

function flushed(descriptor: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fsync(descriptor, (error) => (error ? reject(error) : resolve()));
  });
}
