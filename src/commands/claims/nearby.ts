import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ClaimRequest } from '../../domain/claims/claim.js';
import { conflictsOf } from '../../domain/claims/conflicts.js';
import { overlaps } from '../../domain/ground/index.js';
import { directoryPath, directoryTarget, type Target } from '../../domain/ground/targets.js';
import { targetWords } from '../../domain/suggestion.js';
import { CoordError } from '../../errors.js';
import type { GitStore } from '../../store/swap/git-store.js';
import type { Context } from '../../workspace/context.js';

const MOST_NAMED = 3;

/** The refusal with the free paths nearby by name, where nothing of what was asked is free. */
export async function withPathsNearby(
  context: Context,
  store: GitStore,
  request: ClaimRequest,
  refused: CoordError,
): Promise<CoordError> {
  const [asked] = request.targets;
  const { code, message, hint, alternative, details } = refused;
  const free = Array.isArray(details.free) ? details.free : [];
  if (asked === undefined || free.length > 0 || asked.target.kind === 'resource') return refused;
  const { state } = await store.read();
  const { agent, mode, policy } = request;
  const options = { foldCase: policy.foldCase };
  const onSurface = (target: Target) => policy.surface.some((part) => overlaps(part, target, options));
  const mattersHere = onSurface(asked.target);
  const isFree = (target: Target) =>
    (!mattersHere || onSurface(target)) &&
    request.targets.every((one) => !overlaps(one.target, target, options)) &&
    conflictsOf(state, { agent, target, mode, ahead: state.waiters }, policy, context.now()).length === 0;
  const nearby = pathsAround(context.repository.root, asked.target, isFree);
  if (nearby.length === 0) return refused;
  return new CoordError(code, `${message}\nfree nearby: ${targetWords(nearby)}`, {
    ...(hint === undefined ? {} : { hint }),
    ...(alternative === undefined ? {} : { alternative }),
    details: { ...details, nearby: nearby.map(({ text }) => text) },
  });
}

/** The paths beside this one that are free; where there are none, those beside the folder that it is in, and so on. */
function pathsAround(root: string, target: Target, isFree: (target: Target) => boolean): Target[] {
  const path = target.kind === 'directory' ? directoryPath(target) : target.text;
  const fixed = path.split('/').findIndex((segment) => target.kind === 'glob' && /[*?[{\\]/.test(segment));
  const folders = path.split('/').slice(0, fixed < 0 ? -1 : fixed);
  for (let depth = folders.length; depth >= 0; depth -= 1) {
    const free = entriesOf(root, folders.slice(0, depth)).filter(isFree);
    if (free.length > 0) return free.slice(0, MOST_NAMED);
  }
  return [];
}

/** What is in a folder, but for what begins with a dot. */
function entriesOf(root: string, folder: readonly string[]): Target[] {
  try {
    return readdirSync(join(root, ...folder), { withFileTypes: true })
      .filter(({ name }) => !name.startsWith('.') && name !== 'node_modules')
      .map((entry): Target => {
        const text = [...folder, entry.name].join('/').normalize('NFC');
        return entry.isDirectory() ? directoryTarget(text) : { kind: 'path', text };
      })
      .sort((a, b) => (a.text < b.text ? -1 : 1));
  } catch {
    return [];
  }
}
