import { CoordError } from '../../errors.js';
import { parseTree } from '../../git/files.js';
import { type GitObject, type ObjectDatabase, type ObjectType, objectId } from '../../git/objects.js';
import type { Repository } from '../../git/repository.js';
import { parseCommit } from '../format/commits.js';

/** A part of an object: so many lines of its base, from a line on, or so many of the records that come next. */
type Piece = readonly [start: number, count: number] | number;

/** An object of git, told by what it has beyond another one that the reader has. */
interface Delta {
  readonly id: string;
  readonly type: ObjectType;
  readonly base: string | null;
  readonly pieces: readonly Piece[];
}

/** What one commit of the state adds to the one before. */
export interface Change {
  readonly parent: string | null;
  /** In the order in which they can be made; the last one is the commit. */
  readonly deltas: readonly Delta[];
  /** The lines that are new: one record of the state each, the commit with its events, and trees. */
  readonly records: readonly Buffer[];
}

/** A value of etcd stays far below what a request may have (1.5 MiB). */
const MOST_RECORD_BYTES = 256 * 1024;

/**
 * What a commit adds to its parent. Documents of the state have one record a line, sorted, so that a change is as large as the
 * records that it touches, whatever the documents' size.
 */
export async function changeOf(
  repository: Repository,
  objects: ObjectDatabase,
  commit: string,
  parent: string | null,
): Promise<Change> {
  const deltas: Delta[] = [];
  const records: Buffer[] = [];
  const read = async (id: string): Promise<GitObject> => {
    const object = (await objects.read([id])).get(id);
    if (object === undefined) throw new Error(`${id} was not read`);
    return object;
  };
  const add = (
    id: string,
    type: ObjectType,
    lines: readonly Buffer[],
    base: string | null,
    before: readonly Buffer[],
  ) => {
    deltas.push({ id, type, base, pieces: piecesOf(lines, before, records) });
  };
  const idBytes = repository.objectFormat === 'sha256' ? 32 : 20;
  const entriesOf = async (id: string | null) => (id === null ? new Map() : parseTree((await read(id)).body, idBytes));
  const addTree = async (id: string, base: string | null): Promise<void> => {
    if (id === base) return;
    const before = await entriesOf(base);
    for (const [name, entry] of await entriesOf(id)) {
      const old = before.get(name);
      if (old?.id === entry.id) continue;
      const same = old?.mode === entry.mode ? (old.id as string) : null;
      if (entry.mode === '40000') await addTree(entry.id, same);
      else
        add(
          entry.id,
          'blob',
          linesOf((await read(entry.id)).body),
          same,
          same === null ? [] : linesOf((await read(same)).body),
        );
    }
    add(id, 'tree', [(await read(id)).body], null, []);
  };
  const { body } = await read(commit);
  await addTree(parseCommit(body).tree, parent === null ? null : parseCommit((await read(parent)).body).tree);
  add(commit, 'commit', [body], null, []);
  return { parent, deltas, records };
}

/**
 * Makes the objects of a change, which the next flush puts into their place.
 * @throws CoordError `corrupt` where one does not come out as the writer had it
 */
export async function applyChange(
  repository: Repository,
  objects: ObjectDatabase,
  { deltas, records }: Change,
): Promise<void> {
  let next = 0;
  for (const { id, type, base, pieces } of deltas) {
    const before = base === null ? [] : linesOf((await objects.read([base])).get(base)?.body ?? Buffer.alloc(0));
    const parts: Buffer[] = [];
    for (const piece of pieces) {
      if (typeof piece === 'number') {
        parts.push(...records.slice(next, next + piece));
        next += piece;
      } else parts.push(...before.slice(piece[0], piece[0] + piece[1]));
    }
    const body = Buffer.concat(parts);
    if (objectId(repository, type, body) !== id) throw damagedChange(id);
    objects.write(type, body);
  }
}

/** @throws CoordError `corrupt` */
export function parseChange(text: string, records: readonly Buffer[]): Change {
  try {
    const { parent, deltas } = JSON.parse(text) as Change;
    if ((parent === null || typeof parent === 'string') && Array.isArray(deltas)) return { parent, deltas, records };
  } catch {
    // Said below.
  }
  throw damagedChange('of etcd');
}

function damagedChange(what: string): CoordError {
  return new CoordError(
    'corrupt',
    `a change of the state in etcd is damaged, or was written by another coord: ${what}`,
    {
      hint: 'write nothing; upgrade coord in all clones to one version, or have a person look at the keys in etcd',
      details: { reason: 'etcd-damaged', problems: [`etcd: ${what}`] },
    },
  );
}

/** Each with its end of line. */
function linesOf(body: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const end = body.indexOf(0x0a, at);
    const next = end < 0 ? body.length : end + 1;
    lines.push(body.subarray(at, next));
    at = next;
  }
  return lines;
}

/** Unchanged lines keep their order in a document, so one pass finds nearly all; a line that it misses is sent again. */
function piecesOf(lines: readonly Buffer[], before: readonly Buffer[], records: Buffer[]): Piece[] {
  const places = new Map(before.map((line, index) => [line.toString('latin1'), index]));
  const pieces: Piece[] = [];
  let cursor = 0;
  let copied: [number, number] | null = null;
  let fresh = 0;
  const close = () => {
    if (copied) pieces.push(copied);
    if (fresh > 0) pieces.push(fresh);
    [copied, fresh] = [null, 0];
  };
  for (const line of lines) {
    const place = before[cursor]?.equals(line) ? cursor : (places.get(line.toString('latin1')) ?? -1);
    if (place >= cursor) {
      if (copied === null || fresh > 0 || place !== cursor) {
        close();
        copied = [place, 0];
      }
      copied[1] += 1;
      cursor = place + 1;
    } else {
      if (copied) close();
      for (let at = 0; at < line.length; at += MOST_RECORD_BYTES) {
        records.push(line.subarray(at, at + MOST_RECORD_BYTES));
        fresh += 1;
      }
    }
  }
  close();
  return pieces;
}
