import type { Context } from '../context.js';
import type { Claim } from '../domain/model.js';
import { oneLine } from '../domain/text.js';
import { isWide, narrowerGround } from '../domain/wide.js';
import { changedPaths, onGround } from '../git/changes.js';
import { targetWord, targetWords } from '../render/command-words.js';

/** Says of each new claim that stops many others how it could be narrower, from what the agent has changed. */
export async function wideWarnings(context: Context, claims: readonly Claim[]): Promise<string[]> {
  const { surface } = await context.policy(claims[0]?.agent ?? '');
  const wide = claims.filter(
    (claim) => claim.mode === 'exclusive' && claim.acquiredAt === claim.renewedAt && isWide(claim, surface),
  );
  if (wide.length === 0) return [];
  const changed = await changedPaths(context.git);
  return wide.map((claim) => {
    const narrower = narrowerGround(onGround(changed, [claim], context.repository.foldsCase));
    const suggestion =
      narrower.length === 0
        ? 'claim only the files that you will change'
        : `you have changed ${narrower.map(oneLine).join(' ')}: coord claim ${targetWords(narrower)} && coord release ${targetWord(claim.target)}`;
    return `${oneLine(claim.target)} is wide ground and stops others; ${suggestion}`;
  });
}
