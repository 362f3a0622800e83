/**
 * Where a change that nobody claimed can be stopped, or found:
 * - `claims`: agents that ask are refused
 * - `harness`: the agent's own program asks before an edit
 * - `hooks`: git asks before a commit and a push
 * - `ci`: an audit finds what went round the others
 */
export type LayerId = 'claims' | 'harness' | 'hooks' | 'ci';

export interface Layer {
  readonly layer: LayerId;
  readonly live: boolean;
  readonly why: string;
}

/** What the set-up as a whole can and cannot do to one that does not ask. */
export interface Enforcement {
  /** `guarded`: commits are stopped, and edits too or else an audit finds the rest; `advisory`: anything less. */
  readonly level: 'guarded' | 'advisory';
  readonly why: string;
  readonly layers: readonly Layer[];
  /** The layers that are not live. */
  readonly missing: readonly LayerId[];
}

/** @param surface whether any path needs a claim: without one, the guards have nothing to guard */
export function enforcementOf(layers: readonly Layer[], surface: boolean): Enforcement {
  const live = (id: LayerId) => layers.some(({ layer, live: is }) => layer === id && is);
  const missing = layers.filter((one) => !one.live).map(({ layer }) => layer);
  const second = live('harness') || live('ci');
  const guarded = surface && live('hooks') && second;
  return { level: guarded ? 'guarded' : 'advisory', why: whyOf(live, surface), layers, missing };
}

function whyOf(live: (id: LayerId) => boolean, surface: boolean): string {
  if (!surface) return 'no path needs a claim, so there is nothing to guard';
  if (!live('hooks')) {
    if (live('ci')) return 'an audit in CI finds what nobody claimed, and nothing stops it before';
    return 'agents that ask coord are held to it, and nothing stops one that does not';
  }
  if (live('ci')) return 'git stops what nobody claimed, and an audit in CI finds what went round it';
  if (live('harness')) return 'edits and commits that nobody claimed are stopped; nothing finds what bypasses both';
  return 'git stops commits and pushes that nobody claimed, and nothing finds what bypasses it';
}

/** One way to change ground that another holds, as it was tried. */
export interface Attempt {
  readonly id: 'claim' | 'edit' | 'commit' | 'no-verify' | 'plumbing' | 'push' | 'push-no-verify' | 'audit';
  /** What was run. */
  readonly what: string;
  /** The layer that is there to stop it, or to find it; null: no layer on this machine can. */
  readonly layer: LayerId | null;
  /** `stopped`, `found` (afterwards), `not-stopped`, or `not-tried` because the layer is not there. */
  readonly outcome: 'stopped' | 'found' | 'not-stopped' | 'not-tried';
  /** What stopped or found it, such as `pre-commit`. */
  readonly by: string | null;
  readonly why: string;
}

/** A conflict that was planted, and what became of each attempt. */
export interface Proof {
  readonly path: string;
  readonly holder: string;
  readonly intruder: string;
  readonly attempts: readonly Attempt[];
}

/** The layers that are said to be live and let an attempt pass that is theirs to stop. */
export function brokenLayers({ attempts }: Proof, live: readonly LayerId[]): LayerId[] {
  const passed = attempts.filter(({ outcome }) => outcome === 'not-stopped').flatMap(({ layer }) => layer ?? []);
  return live.filter((layer) => passed.includes(layer));
}
