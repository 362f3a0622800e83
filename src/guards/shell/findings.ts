import type { PushCommand } from '../pushed-refs.js';
import type { Word } from './words.js';

/** Something that a command would write, as far as it can be told. */
export interface Write {
  /** As typed, relative to `directory`. */
  readonly path: string;
  /** Whether `path` is a glob. */
  readonly isPattern: boolean;
  /** Absolute. */
  readonly directory: string;
  /** Whether a symbolic link of that name is written through; otherwise the link itself is changed. */
  readonly follows: boolean;
  /** Names that are written below `path`, should that be a directory. */
  readonly into: readonly string[];
}

/** A command of git whose paths only git can tell. */
export type GitAct =
  /**
   * Throws uncommitted changes away: on these paths; null: everywhere. With `ifThere`, a word is a path only if there is a
   * file of that name; otherwise it names a branch.
   */
  | {
      readonly kind: 'discard';
      readonly paths: readonly string[] | null;
      readonly ifThere: boolean;
      readonly directory: string;
    }
  /** Puts changes into the index, for a commit that may follow. */
  | { readonly kind: 'stage'; readonly paths: readonly string[]; readonly directory: string }
  /** Commits what is staged; with `all`, each changed file of which git knows; or these paths. */
  | {
      readonly kind: 'commit';
      readonly all: boolean;
      readonly paths: readonly string[];
      readonly directory: string;
    }
  /** Moves refs of a remote. */
  | { readonly kind: 'push'; readonly push: PushCommand; readonly directory: string };

/** A patch that is applied: its text, or the file that it is in. */
export interface PatchFile {
  readonly directory: string;
  readonly file: string | null;
  readonly text: string | null;
  /** How many leading parts of its paths are taken away. */
  readonly strip: number;
  /** Whether its paths count from the root of the repository, not from `directory`. */
  readonly fromRoot: boolean;
}

/** What a reader has recognised in a script; what it could not see is not in here. */
export interface ShellFindings {
  readonly writes: Write[];
  readonly git: GitAct[];
  readonly patches: PatchFile[];
  /** Ways past a guard, in words. */
  readonly bypasses: string[];
  /** What is exported that switches the hooks of a manager off, for the commands that follow. */
  readonly exported: string[];
  /** Command lines in words, an ellipsis for each that only the shell knows; to be compared with what the configuration names. */
  readonly commands: string[][];
}

export function noFindings(): ShellFindings {
  return { writes: [], git: [], patches: [], bypasses: [], exported: [], commands: [] };
}

/** Where a command runs, and what it finds there. */
export interface Scope {
  /** Absolute; null: a `cd` led to where only the shell knows. */
  readonly directory: string | null;
  readonly home: string | null;
  readonly findings: ShellFindings;
  /** What is set for this command alone that switches the hooks of a manager off. */
  readonly off?: readonly string[];
  /** How deep in scripts within scripts. */
  readonly depth: number;
}

/** Notes a write, unless where it goes is known to the shell alone. */
export function addWrite(
  { directory, findings }: Scope,
  word: Word | undefined,
  options: { readonly follows?: boolean; readonly into?: readonly string[] } = {},
): void {
  if (!word || word.opaque || word.text === '' || (directory === null && !word.text.startsWith('/'))) return;
  findings.writes.push({
    path: word.pattern ?? word.text,
    isPattern: word.pattern !== null,
    directory: directory ?? '/',
    follows: options.follows ?? true,
    into: options.into ?? [],
  });
}

/** What a command reads: the text of a here-document or here-string, or the file that its input comes from. */
export interface CommandInput {
  readonly text: string | null;
  readonly file: Word | null;
}

/** Variables with which hook managers leave out hooks: all of them, or those that the value names. */
const SWITCHES: readonly RegExp[] = [
  /^HUSKY=0$/,
  /^LEFTHOOK=(?:0|false|no|off)$/i,
  /^LEFTHOOK_EXCLUDE=.*coord/,
  /^SKIP=.*coord/,
  /^SKIP_SIMPLE_GIT_HOOKS=(?:1|true)$/i,
  /^OVERCOMMIT_DISABLE=1$/,
];

/**
 * Notes variables that switch the guards of git off.
 * @returns whether it switches off a hook manager, which matters to commands of git alone
 */
export function noteAssignment({ text }: Word, { bypasses }: ShellFindings): boolean {
  if (/^COORD_GUARD=off$/i.test(text)) bypasses.push('COORD_GUARD=off is for a person, who passes a guard by hand');
  if (/^GIT_CONFIG_[A-Z]+(?:_\d+)?=.*core\.hookspath/i.test(text)) bypasses.push(HOOKS_PATH_WORDS);
  return SWITCHES.some((pattern) => pattern.test(text));
}

export const HOOKS_PATH_WORDS =
  'another core.hooksPath leaves out the hooks that are installed, and the guards in them';
