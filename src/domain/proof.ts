import type { LayerId } from './enforcement.js';

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
