/**
 * The hooks of git in which a guard runs. `prepare-commit-msg` is not skipped by `--no-verify`, and also runs for merges,
 * picked and rebased commits; `pre-applypatch` is what `git am` runs in its place.
 */
export const GUARDED_HOOKS = ['pre-commit', 'prepare-commit-msg', 'pre-applypatch', 'pre-push'] as const;

export type GuardedHook = (typeof GUARDED_HOOKS)[number];
