import { quotedForScript } from '../domain/suggestion.js';

/**
 * The hooks of git in which a guard runs. `prepare-commit-msg` is not skipped by `--no-verify`, and also runs for merges,
 * picked and rebased commits; `pre-applypatch` is what `git am` runs in its place.
 */
export const GUARDED_HOOKS = ['pre-commit', 'prepare-commit-msg', 'pre-applypatch', 'pre-push'] as const;

export type GuardedHook = (typeof GUARDED_HOOKS)[number];

/** How the hook starts coord: absolute paths, as they were when it was installed. */
export interface Program {
  /** The Node that ran the install. */
  readonly node: string;
  /** `bin/coord.js` of the package that ran the install. */
  readonly coord: string;
}

/** What every version of the script says in its second line, and nothing else does. */
const MARK = '# coord guard: written by "coord guard install", removed by "coord guard uninstall".';

/** Whether a file in the place of a hook is one that coord wrote, of whatever version, also with other line ends. */
export function isHookScript(content: string): boolean {
  return content.split('\n', 3)[1]?.trimEnd() === MARK;
}

/** What is added to the name of the folder of hooks, for the folder with those that were here before. */
export const KEPT_SUFFIX = '.before-coord';

/**
 * The hook: a small script of POSIX sh that runs the guard, and after it the hook that was here before, with the same
 * arguments and standard input. The guard comes first, so that a change that is refused waits for nothing; what an earlier
 * hook then adds to a commit is judged by `prepare-commit-msg`, which git runs after it.
 */
export function hookScript(hook: GuardedHook, { node, coord }: Program): string {
  const act = hook === 'pre-push' ? 'push' : hook === 'pre-applypatch' ? 'am' : 'commit';
  return `#!/bin/sh
${MARK}
# The hook that was here before it is kept in the folder beside, and runs after the guard.
node=${quotedForScript(node)}
coord=${quotedForScript(coord)}
kept="\${0%/*}${KEPT_SUFFIX}/${hook}"

guard() {
  if [ -f "$coord" ] && [ -x "$node" ]; then
    "$node" "$coord" guard run ${hook} -- "$@"
  elif [ -f "$coord" ] && command -v node >/dev/null 2>&1; then
    node "$coord" guard run ${hook} -- "$@"
  elif command -v coord >/dev/null 2>&1; then
    coord guard run ${hook} -- "$@"
  elif [ -x node_modules/.bin/coord ]; then
    node_modules/.bin/coord guard run ${hook} -- "$@"
  else
    missing
  fi
}

# The pre-commit framework runs a guard that it replaced, and would be run by it in a circle.
keeps() {
  [ -z "$PRE_COMMIT_RUNNING_LEGACY" ] && [ -f "$kept" ] && [ -x "$kept" ]
}

missing() {
  if [ "$COORD_GUARD" = off ]; then return 0; fi
  cat >&2 <<END
refused: the guard of this repository (${hook}) cannot run, for coord is not here:
  not at $coord
  not on PATH, nor in node_modules/.bin
next: install coord, and run: coord guard install
END
  if [ -t 2 ]; then cat >&2 <<END
or bypass it, once: COORD_GUARD=off git ${act} …
or remove the guard: rm "$0"; what was here before it, if anything, is $kept
END
  fi
  return 7
}

${TAILS[hook] ?? WITHOUT_INPUT}`;
}

const WITHOUT_INPUT = `guard "$@" || exit $?
if keeps; then exec "$kept" "$@"; fi
`;

/**
 * `git commit` runs both hooks one right after the other: what the first has let through, the second need not judge again
 * if it is the same git process and the same index. Where an earlier hook takes its time in between, it is judged twice.
 */
const PASSED = `mark="\${GIT_DIR:-.git}/coord-guard-passed"
passed() {
  echo "$PPID"
  cksum <"\${GIT_INDEX_FILE:-\${GIT_DIR:-.git}/index}"
}
`;

const BEFORE_MESSAGE = `${PASSED}${WITHOUT_INPUT}if [ "$COORD_GUARD" != off ]; then passed >"$mark" 2>/dev/null || rm -f "$mark"; fi
exit 0
`;

const WITH_MESSAGE = `${PASSED}before=$(cat "$mark" 2>/dev/null) && rm -f "$mark"
if [ -z "$before" ] || [ "$before" != "$(passed)" ]; then guard "$@" || exit $?; fi
if keeps; then exec "$kept" "$@"; fi
`;

/** Both are given what git writes; the dot keeps the line ends that the shell would take away. */
const WITH_INPUT = `input=$(cat && echo .)
input=\${input%.}
printf %s "$input" | guard "$@" || exit $?
if keeps; then printf %s "$input" | "$kept" "$@"; fi
`;

const TAILS: { readonly [hook in GuardedHook]?: string } = {
  'pre-commit': BEFORE_MESSAGE,
  'prepare-commit-msg': WITH_MESSAGE,
  'pre-push': WITH_INPUT,
};

/** What a script of coord was told to run; null where that cannot be read. */
export function programIn(script: string): Program | null {
  const node = valueIn(script, 'node');
  const coord = valueIn(script, 'coord');
  return node === null || coord === null ? null : { node, coord };
}

function valueIn(script: string, name: string): string | null {
  const found = new RegExp(String.raw`^${name}='((?:[^']|'\\'')*)'\r?$`, 'm').exec(script)?.[1];
  return found === undefined ? null : found.replaceAll(String.raw`'\''`, "'");
}
