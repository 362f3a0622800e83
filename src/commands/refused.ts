import type { Context } from '../context.js';
import type { Refusal } from '../domain/refusal.js';
import type { CoordError } from '../errors.js';
import { absentCommits } from '../git/refs.js';
import { refusalError } from '../render/refusals.js';

/** The refusal of a claim in words; for work that HEAD lacks, it says whether this clone could bring it in. */
export async function refusedClaim(context: Context, refusal: Refusal): Promise<CoordError> {
  const commits = refusal.reason === 'behind' ? refusal.missing.map(({ commit }) => commit) : [];
  return refusalError(refusal, context.now(), await absentCommits(context.git, commits));
}
