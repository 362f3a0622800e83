import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { sameSession } from '../../domain/agents/ownership.js';
import type { ClaimRequest } from '../../domain/claims/claim.js';
import { groundOf } from '../../domain/claims/conflicts.js';
import { claimsBy, isLive } from '../../domain/claims/leases.js';
import { contains, overlaps } from '../../domain/ground/index.js';
import { coord, shellWord, targetWord } from '../../domain/suggestion.js';
import { oneLine } from '../../domain/text.js';
import { CoordError } from '../../errors.js';
import type { Store } from '../../store/swap/store.js';
import { uncommittedOn, workElsewhere } from '../../workspace/clean.js';
import type { Context } from '../../workspace/context.js';

/**
 * Why ground that this agent holds already may not be worked on in this worktree too: its work in another one is in no
 * commit, or in one that HEAD here lacks. null: nothing of that is known.
 */
export async function heldInOtherWorktree(
  context: Context,
  store: Store,
  request: ClaimRequest,
): Promise<CoordError | null> {
  if (!existsSync(join(context.repository.commonDir, 'worktrees'))) return null;
  const options = { foldCase: context.repository.foldsCase };
  const { state } = await store.read();
  const asked = request.targets.map(({ target }) => target);
  const mine = claimsBy(state, request.agent).filter(
    (claim) => sameSession(claim, request) && isLive(claim, context.now()),
  );
  const held = mine.flatMap((claim) =>
    asked
      .filter((target) => overlaps(target, groundOf(claim), options))
      .map((target) => {
        const { kind, text } = contains(groundOf(claim), target, options) ? target : groundOf(claim);
        return { claim, asked: target.text, kind, target: text, id: claim.id, acquiredAt: claim.acquiredAt };
      }),
  );
  if (held.length === 0) return null;
  const dirty = (await uncommittedOn(context, held)).find(({ where }) => where !== null);
  const apart = dirty ? undefined : (await workElsewhere(context, held, request.head))[0];
  const root = dirty?.where ?? apart?.root;
  if (root === undefined || root === null) return null;
  const why = dirty
    ? `with changes that no commit holds: ${oneLine(dirty.path)}`
    : `at ${apart?.commit.slice(0, 7)}, which HEAD here lacks`;
  const stopped = new Set(held.map((one) => one.asked));
  return new CoordError(
    'held',
    `refused: you hold ${[...stopped].map(oneLine).join(' ')} in another worktree, ${oneLine(root)}, ${why}`,
    {
      hint: `commit it there and bring it here (git merge), or give it back there: cd ${shellWord(root)} && ${coord(`release ${targetWord(held[0]?.claim.target ?? '')}`)}`,
      details: {
        reason: 'worktree',
        worktree: root,
        conflicts: held.map(({ claim, asked: target, target: overlap }) => {
          const { agent, session, mode, reason, expiresAt, id: claimId, acquiredAt: since, target: heldTarget } = claim;
          return { target, heldTarget, overlap, agent, session, claimId, since, expiresAt, reason, mode };
        }),
        free: asked.map(({ text }) => text).filter((text) => !stopped.has(text)),
        queue: [],
      },
    },
  );
}
