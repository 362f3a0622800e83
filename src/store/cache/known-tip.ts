import { join } from 'node:path';
import type { Part } from '../../domain/model.js';
import type { Rider } from '../../domain/riders.js';
import { signatureOf, textOf } from '../../git/if-there.js';
import { headOf, readTwice, writeTwice } from '../../git/local-cache.js';
import type { Repository } from '../../git/repository.js';
import { type Columns, claimsOf, columnsOf } from '../format/columns.js';
import type { GitSnapshot } from '../format/state-tree.js';
import { pendingHere } from '../swap/state-messages.js';

declare const __COORD_VERSION__: string;

/** All that a state can be read with beside claims and agents. */
export const ALL_PARTS: readonly Part[] = ['log', 'onces', 'deployments', 'requests', 'submissions', 'tasks'];

/** Which state is kept, and what it was read from: the first line. */
interface Head {
  readonly version: string;
  readonly ref: string;
  readonly revision: string;
  /** The objects that it was read from, by path, as they were then. */
  readonly objects: Readonly<Record<string, string>>;
  /** What the ref names that holds what this clone has granted by itself; empty: there is none. */
  readonly riding: string;
}

/** A state as this clone sees it: with what it has granted by itself. */
export interface SeenTip extends GitSnapshot {
  readonly riders: readonly Rider[];
}

type Body = Omit<SeenTip, 'files' | 'parts' | 'revision' | 'copied'> & {
  readonly columns: Columns;
  readonly files: readonly (readonly [string, { readonly mode: string; readonly id: string }])[];
};

/**
 * The whole state at a tip as it was read and checked, as plain text: the next command needs no object for it, no zlib
 * and no second check, as long as the ref names that commit and its objects are what they were. Deleting it, or tearing
 * it, costs time alone.
 */
export function readTip({ commonDir }: Pick<Repository, 'commonDir'>, ref: string, tip: string): SeenTip | null {
  const body = readTwice<Head, Body>(pathIn(commonDir), (head) => isOf(commonDir, head, ref, tip));
  if (body === null) return null;
  const { columns, files, state, ...kept } = body;
  const seen = { ...kept, revision: tip, parts: ALL_PARTS, files: new Map(files) };
  const claims = claimsOf(columns);
  return { ...seen, state: { ...state, claims }, copied: { claims, columns } };
}

function isOf(commonDir: string, head: Head, ref: string, tip: string): boolean {
  const { version, objects } = head;
  if (version !== __COORD_VERSION__ || head.ref !== ref || head.revision !== tip) return false;
  if (head.riding !== ridingIn(commonDir, ref)) return false;
  for (const path in objects) if (signatureOf(path) !== objects[path]) return false;
  return true;
}

/**
 * Keeps a state that was read with {@link ALL_PARTS}, unless that is done, or git has packed what it was read from.
 * @param read names of the files that it was read from
 * @param riding see {@link ridingIn}; read before the riders were
 */
export function keepTip(
  { commonDir }: Pick<Repository, 'commonDir'>,
  ref: string,
  { parts: _, files, revision, copied, ...kept }: SeenTip,
  read: readonly string[],
  riding: string,
): void {
  const ids = [revision, kept.tree, ...read.flatMap((name) => files.get(name)?.id ?? [])];
  const paths = ids.map((id) => join(commonDir, 'objects', id.slice(0, 2), id.slice(2)));
  const objects = Object.fromEntries(paths.map((path) => [path, signatureOf(path)]));
  if (Object.values(objects).includes('-')) return;
  const head: Head = { version: __COORD_VERSION__, ref, revision, objects, riding };
  const { state } = kept;
  const body: Body = {
    ...kept,
    state: { ...state, claims: [] },
    columns: columnsOf(state.claims, copied),
    files: [...files],
  };
  writeTwice(pathIn(commonDir), head, body);
}

/** Whether the state at a tip is kept; whether it can be used, {@link readTip} tells. */
export function hasTip({ commonDir }: Pick<Repository, 'commonDir'>, ref: string, tip: string): boolean {
  const head = headOf<Head>(pathIn(commonDir));
  return head !== null && isOf(commonDir, head, ref, tip);
}

/** What the ref names that holds what this clone has granted by itself. */
export function ridingIn(commonDir: string, ref: string): string {
  return textOf(join(commonDir, pendingHere(ref)));
}

function pathIn(commonDir: string): string {
  return join(commonDir, 'coord', 'tip.json');
}
