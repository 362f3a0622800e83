import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Config, policyFor } from '../../config/config.js';
import { CONFIG_FILE } from '../../config/load.js';
import { patternTarget } from '../../domain/ground/patterns.js';
import type { Target } from '../../domain/ground/targets.js';
import { type Ban, type GuardedChanger, type GuardFacts, judgeChange, type Verdict } from '../../domain/guard/judge.js';
import type { State } from '../../domain/model.js';
import { CoordError } from '../../errors.js';
import type { ProtectedConfig } from '../../workspace/authority.js';
import type { Context } from '../../workspace/context.js';
import type { Identity } from '../../workspace/identity.js';
import { protectedConfig } from '../../workspace/main-branch.js';
import { asCoordError } from '../perform.js';

export const ALLOWED: Verdict = { kind: 'allowed', due: [] };

/** What is to be judged, and by what. */
export interface Question {
  /** It may still be on its way: what it is judged by is read meanwhile. */
  readonly ground: readonly Target[] | Promise<readonly Target[]>;
  /**
   * `change`: judged by the claims as this clone knows them. `landing`: by those that the remote has now, and no worker
   * may do it.
   */
  readonly kind: 'change' | 'landing';
  /** Paths that need no claim after all, looked up only where the change would be stopped. */
  readonly excused?: (read: ProtectedConfig) => Promise<ReadonlySet<string>>;
  /** Whether free ground may be claimed before the change, where the configuration says so. */
  readonly mayClaim?: boolean;
}

/** What is known of a repository whose changes are coordinated. */
export interface Coordinated {
  readonly read: ProtectedConfig;
  /** Or why it is not known. */
  readonly state: State | CoordError;
}

/**
 * Judges a change of the agent that runs this. The surface is that of the main branch as last fetched. Everything that
 * the decision needs is gathered here; the decision itself is `judgeChange`.
 */
export async function judge(context: Context, question: Question): Promise<Verdict> {
  const asked = Promise.resolve(question.ground).catch(asCoordError);
  const known = await coordinationOf(context, question.kind).catch(asCoordError);
  const ground = await asked;
  const facts = factsFor(context, question, known, ground);
  const now = context.now();
  const verdict = judgeChange(facts, now);
  if (!('excusable' in verdict) || !verdict.excusable || known === null || known instanceof CoordError) return verdict;
  const excused = await (question.excused?.(known.read) ?? Promise.resolve(new Set<string>())).catch(asCoordError);
  return judgeChange({ ...facts, excused }, now);
}

function factsFor(
  context: Context,
  { kind, mayClaim = false }: Question,
  known: Coordinated | CoordError | null,
  ground: readonly Target[] | CoordError,
): GuardFacts {
  if (known === null || known instanceof CoordError) {
    const unknown = known ?? new CoordError('unavailable', 'coord is not set up here');
    return { ground, surface: known, changer: unknown, state: unknown, excused: null, mayClaim: false };
  }
  const { foldsCase } = context.repository;
  return factsOf(known.read.config, known.state, {
    ground,
    kind,
    mayClaim,
    foldsCase,
    identity: () => context.identity(),
  });
}

/** The facts of a change where the configuration and the claims are known. */
export function factsOf(
  config: Config,
  state: GuardFacts['state'],
  asked: Pick<GuardFacts, 'ground' | 'mayClaim'> & {
    readonly kind: Question['kind'];
    readonly foldsCase: boolean;
    identity(): Identity;
  },
): GuardFacts {
  const { ground, kind, mayClaim, foldsCase } = asked;
  return {
    ground,
    surface: { surface: config.surface.map(patternTarget), foldCase: foldsCase },
    changer: changerOf(asked.identity, config, kind, foldsCase),
    state,
    excused: null,
    mayClaim: mayClaim && config.autoClaim,
  };
}

function changerOf(
  identity: () => Identity,
  config: Config,
  kind: Question['kind'],
  foldsCase: boolean,
): GuardedChanger | CoordError {
  try {
    const { agent, session } = identity();
    const policy = policyFor(config, agent, foldsCase);
    return { agent, session, policy: kind === 'landing' ? { ...policy, scratch: [] } : policy };
  } catch (thrown) {
    return asCoordError(thrown);
  }
}

/** The verdict on what nobody may do. */
export function banned(ban: Ban): Verdict {
  return { kind: 'banned', ban };
}

/** The verdict on what cannot be looked at. */
export function unreadable(error: CoordError): Verdict {
  return { kind: 'undecided', error, ground: [], excusable: false };
}

/**
 * The configuration and the claims of the context's repository; null where nobody coordinates: no configuration and no
 * state ref.
 * @throws CoordError when there is a configuration and it cannot be read.
 */
export async function coordinationOf(context: Context, kind: Question['kind'] = 'change'): Promise<Coordinated | null> {
  const read = await protectedConfig(context);
  const state = await stateFor(context, read.config, kind).catch(asCoordError);
  const isConfigured = read.from !== null || existsSync(join(context.repository.root, CONFIG_FILE));
  return state instanceof CoordError && !isConfigured ? null : { read, state };
}

async function stateFor(context: Context, config: Config, kind: Question['kind']): Promise<State> {
  const store = await context.stores.open(config);
  if (kind === 'landing' && config.share) await store.latestTip();
  const { state } = await store.read();
  // What lands is under claims that the remote has confirmed.
  return kind === 'landing' ? state : context.stores.withRiders(state, config.ref);
}

/** Paths as ground. */
export function groundOfPaths(paths: readonly string[]): Target[] {
  return paths.map((text) => ({ kind: 'path', text }));
}
