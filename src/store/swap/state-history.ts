import type { CoordEvent } from '../../domain/events.js';
import { eventsIn } from '../format/commits.js';
import { compactedIn, replaces } from '../upkeep/compact.js';
import type { StateRef } from './state-ref.js';
import type { Written } from './store.js';

/**
 * What the history has of a revision, and after it.
 * @param tip where to begin; null: there is no state
 * @param base what the revision follows, so that nothing before it is read
 * @returns null: it is not in the history; `compacted`: that cannot be told any more
 */
export async function writtenSince(
  ref: StateRef,
  tip: string | null,
  revision: string,
  base: string,
): Promise<Written | 'compacted' | null> {
  const later: CoordEvent[] = [];
  let own: CoordEvent[] | null = null;
  for (let line = tip; line !== null; ) {
    let root: { readonly commit: string } | null = null;
    let isAtBase = false;
    await ref.some(line, base, ({ message, parents }, id) => {
      const events = eventsIn(message);
      if (id === revision || replaces(message, revision)) own = events;
      else later.push(...events);
      isAtBase = replaces(message, base);
      root = parents.length === 0 ? compactedIn(message) : null;
      return own !== null || isAtBase;
    });
    if (own !== null) return { own, later };
    line = isAtBase ? null : await beforeRoot(ref, root, base);
    if (line === 'compacted') return line;
  }
  return null;
}

/**
 * Where the history goes on before the root of a compacted one: at the commit that the root stands for; `compacted` when that
 * is not here any more. null: what is asked for came after `base`, and all of that has been seen.
 */
async function beforeRoot(
  ref: StateRef,
  root: { readonly commit: string } | null,
  base: string,
): Promise<string | null> {
  if (root === null || root.commit === base) return null;
  return (await ref.typeOf(root.commit)) === 'commit' ? root.commit : 'compacted';
}
