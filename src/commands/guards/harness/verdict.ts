import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Config, policyFor } from '../../../config/config.js';
import { CONFIG_FILE } from '../../../config/load.js';
import type { Context } from '../../../context.js';
import { claimsToKeepAlive } from '../../../domain/claims/release.js';
import { patternTarget } from '../../../domain/ground/patterns.js';
import type { Target } from '../../../domain/ground/targets.js';
import { guardGround, touchesSurface } from '../../../domain/guard-ground.js';
import type { State } from '../../../domain/model.js';
import { CoordError } from '../../../errors.js';
import { actRefused, actUndecided, type HarnessAct } from '../../../render/harness.js';
import { type ProtectedConfig, protectedConfig } from '../../main-branch/protected-config.js';
import { asError } from '../judge.js';

/** What the hook makes of an edit or a command. */
export type Verdict =
  | { readonly kind: 'pass'; readonly warning?: string }
  | { readonly kind: 'deny'; readonly error: CoordError };

export const PASS: Verdict = { kind: 'pass' };

/** Ground of one worktree that is about to be changed. */
export interface Change {
  readonly ground: readonly Target[];
  readonly act: HarnessAct;
  /** The reason of claims that are made for it. */
  readonly reason: string;
  /** Paths that need no claim after all, asked for only where the change would be stopped. */
  readonly excused?: (config: ProtectedConfig) => Promise<ReadonlySet<string>>;
}

/** What is known of a repository whose changes are coordinated. */
export interface Coordinated {
  readonly read: ProtectedConfig;
  /** Or why it is not known. */
  readonly state: State | CoordError;
}

/**
 * The configuration and the claims of the context's repository; null where nobody coordinates: no configuration and no
 * coordination branch. Claims are those that this clone knows.
 * @throws CoordError when there is a configuration and it cannot be read.
 */
export async function coordinationOf(context: Context): Promise<Coordinated | null> {
  const read = await protectedConfig(context);
  const state = await stateFor(context, read.config).catch(asError);
  const isConfigured = read.from !== null || existsSync(join(context.repository.root, CONFIG_FILE));
  if (state === null || (state instanceof CoordError && !isConfigured)) return null;
  return { read, state };
}

/** null: there is no coordination branch. */
async function stateFor(context: Context, config: Config): Promise<State | null> {
  const store = await context.stores.open(config);
  try {
    const { state } = await store.read();
    return await context.stores.withOffline(state, config.branch);
  } catch (error) {
    if (error instanceof CoordError && error.code === 'usage' && (await store.tip()) === null) return null;
    throw error;
  }
}

/** Judges a change before it happens; claims free ground for the agent where the configuration says so. */
export async function judge(context: Context, change: Change): Promise<Verdict> {
  const names = change.ground.map(({ text }) => text);
  const known = await coordinationOf(context).catch(asError);
  if (known instanceof CoordError) return { kind: 'deny', error: actUndecided(known, names, change.act) };
  if (known === null) return PASS;
  const { read } = known;
  try {
    if (known.state instanceof CoordError) throw known.state;
    return await decide(context, change, read, known.state);
  } catch (thrown) {
    const error = asError(thrown);
    const surface = { surface: read.config.surface.map(patternTarget), foldCase: context.repository.foldsCase };
    const closed = change.ground.filter((target) => touchesSurface({ ...surface, scratch: [] }, target));
    if (closed.length > 0) {
      return {
        kind: 'deny',
        error: actUndecided(
          error,
          closed.map(({ text }) => text),
          change.act,
        ),
      };
    }
    return { kind: 'pass', warning: `the guard could not look at this ${change.act}: ${error.message}` };
  }
}

async function decide(context: Context, change: Change, read: ProtectedConfig, state: State): Promise<Verdict> {
  const { config } = read;
  const who = context.identity();
  const changer = { ...who, policy: policyFor(config, who.agent, context.repository.foldsCase) };
  const now = context.now();
  let { ground } = change;
  let verdict = guardGround(state, changer, ground, now);
  if (!verdict.ok && verdict.refusal.reason === 'unclaimed' && change.excused) {
    const excused = await change.excused(read);
    ground = ground.filter(({ kind, text }) => kind !== 'path' || !excused.has(text));
    verdict = guardGround(state, changer, ground, now);
  }
  if (verdict.ok) {
    const isDue = verdict.claims.length > 0 && claimsToKeepAlive(state, who, now).length > 0;
    if (isDue) await (await import('./on-behalf.js')).renewFor(context);
    return PASS;
  }
  const { refusal } = verdict;
  const facts = { agent: who.agent, act: change.act, ground, now };
  if (refusal.reason !== 'unclaimed' || !config.autoClaim) return { kind: 'deny', error: actRefused(refusal, facts) };
  const wanted = ground.filter(({ text }) => refusal.paths.some(({ path }) => path === text));
  const { claimFor } = await import('./on-behalf.js');
  const error = await claimFor(context, wanted, change.reason).catch(asError);
  return error === null ? PASS : { kind: 'deny', error };
}
