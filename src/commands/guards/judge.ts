import { type Config, policyFor } from '../../config/config.js';
import type { Context } from '../../context.js';
import { patternTarget } from '../../domain/ground/patterns.js';
import { type GuardedChanger, type GuardRefusal, guardChanges, surfacePaths } from '../../domain/guard.js';
import type { State } from '../../domain/model.js';
import { coord } from '../../domain/suggestion.js';
import { CoordError } from '../../errors.js';
import type { GitStore } from '../../store/swap/git-store.js';
import { type ProtectedConfig, protectedConfig } from '../main-branch/protected-config.js';

/** What a guard makes of a change. */
export type Judgement =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'refused'; readonly refusal: GuardRefusal }
  /** It cannot be decided, and the surface is touched, or what the surface is cannot be known. */
  | { readonly kind: 'undecided'; readonly error: CoordError; readonly paths: readonly string[] }
  /** It cannot be decided, and the surface is not touched. */
  | { readonly kind: 'let-through'; readonly error: CoordError };

/** What is to be judged, and by what. */
export interface Question {
  /** They may still be on their way: what they are judged by is read meanwhile. */
  readonly paths: readonly string[] | Promise<readonly string[]>;
  /**
   * `change`: judged by the claims as this clone knows them, without the network. `landing`: by those that the remote has
   * now, and no worker may do it.
   */
  readonly kind: 'change' | 'landing';
  /** Paths that need no claim after all, asked for only where the change would be stopped. */
  readonly excused?: (config: ProtectedConfig) => Promise<ReadonlySet<string>>;
}

/**
 * Judges a change of the agent that runs this: the surface is that of the main branch as last fetched. Where it is not
 * known who acts, or what is claimed, the surface is closed and the rest is open.
 */
export async function judgeChange(context: Context, question: Question): Promise<Judgement> {
  const asked = Promise.resolve(question.paths).catch(asError);
  const read = await protectedConfig(context).catch(asError);
  const known = read instanceof CoordError ? read : await readKnown(context, read.config, question.kind).catch(asError);
  const paths = await asked;
  if (paths instanceof CoordError) return { kind: 'undecided', error: paths, paths: [] };
  if (read instanceof CoordError) return { kind: 'undecided', error: read, paths };
  const excused = async () => (await question.excused?.(read)) ?? new Set<string>();
  if (known instanceof CoordError) return closeSurface(context, read, paths, known, excused);
  const { state, changer } = known;
  const now = context.now();
  const verdict = guardChanges(state, changer, paths, now);
  if (verdict.ok) return { kind: 'allowed' };
  if (verdict.refusal.reason === 'killed') return { kind: 'refused', refusal: verdict.refusal };
  const without = await excused().catch(asError);
  if (without instanceof CoordError) return closeSurface(context, read, paths, without);
  const again = guardChanges(state, changer, minus(paths, without), now);
  return again.ok ? { kind: 'allowed' } : { kind: 'refused', refusal: again.refusal };
}

/** Nothing can be decided for want of something: the surface is closed, the rest is open. */
async function closeSurface(
  { repository }: Context,
  { config }: ProtectedConfig,
  paths: readonly string[],
  error: CoordError,
  excused = async (): Promise<ReadonlySet<string>> => new Set(),
): Promise<Judgement> {
  const surface = config.surface.map(patternTarget);
  const closed = surfacePaths({ surface, foldCase: repository.foldsCase }, paths);
  const left = closed.length === 0 ? [] : minus(closed, await excused().catch(() => new Set<string>()));
  return left.length === 0 ? { kind: 'let-through', error } : { kind: 'undecided', error, paths: left };
}

interface Known {
  readonly state: State;
  readonly changer: GuardedChanger;
}

/** Who acts, and what is claimed. */
async function readKnown(context: Context, config: Config, kind: Question['kind']): Promise<Known> {
  const { agent, session } = context.identity();
  const policy = policyFor(config, agent, context.repository.foldsCase);
  const state = await claimsOf(context, config, kind);
  return { state, changer: { agent, session, policy: kind === 'landing' ? { ...policy, scratch: [] } : policy } };
}

async function claimsOf(context: Context, config: Config, kind: Question['kind']): Promise<State> {
  const store = await context.stores.open(config);
  if (kind === 'landing' && config.share) await store.latestTip();
  await mustBeKnown(store, config);
  const { state } = await store.read();
  return kind === 'landing' ? state : context.stores.withOffline(state, config.branch);
}

/** A store without a branch would ask the remote for it. */
async function mustBeKnown(store: GitStore, { branch, share }: Config): Promise<void> {
  if ((await store.tip()) !== null) return;
  throw new CoordError(
    'unavailable',
    `this clone has no coordination branch (${branch})${share ? ` yet: ${coord('status')} fetches it` : ''}`,
    {
      hint: share ? coord('status') : coord('init'),
    },
  );
}

function minus(paths: readonly string[], without: ReadonlySet<string>): string[] {
  return paths.filter((path) => !without.has(path));
}

/** A fault is as good a reason as any to be unable to decide. */
export function asError(thrown: unknown): CoordError {
  if (thrown instanceof CoordError) return thrown;
  return new CoordError('fault', `unforeseen failure: ${(thrown as Error).message}`, {
    hint: 'please report this with the stack in details (--json)',
    details: { stack: (thrown as Error).stack },
    cause: thrown,
  });
}
