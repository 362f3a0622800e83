import { resolve } from 'node:path';
import { escapeGlob } from '../../domain/ground/patterns.js';
import type { PushCommand } from '../pushed-refs.js';
import { isMarked, mark, markedPlace, plainWord, type Word } from './words.js';

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
  /** Whether what stands in the file stays, as where something is appended. */
  readonly keeps: boolean;
  /** Absolute paths that the same command line claims first, and without which this is not written. */
  readonly claimed: readonly Word[];
}

/** A plain write of a file. @param directory absolute; what `path` is relative to */
export function writeOf(path: string, directory: string): Write {
  return { path, directory, isPattern: false, follows: true, into: [], keeps: false, claimed: [] };
}

/** Words that name paths to git, as they were typed: pathspecs, and what the shell expands before git sees it. */
export interface PathWords {
  readonly words: readonly Word[];
  /** The file that lists further ones, a line each (`--pathspec-from-file`). */
  readonly listedIn: Word | null;
}

/** A command whose paths only git, or the files that are there, can tell. */
export type GitAct = (
  | Discard
  | Found
  /** Makes in the worktree what these commits have changed, or undoes it; of a stash, its untracked files too. */
  | { readonly kind: 'again'; readonly commits: readonly string[]; readonly undoes: boolean }
  /** Puts changes into the index, for a commit that may follow. */
  | { readonly kind: 'stage'; readonly paths: readonly string[] }
  /** Commits what is staged; with `all`, each changed file of which git knows; or these paths. */
  | { readonly kind: 'commit'; readonly all: boolean; readonly paths: readonly string[] }
  /** Moves refs of a remote. */
  | { readonly kind: 'push'; readonly push: PushCommand }
) & {
  /** Absolute. */
  readonly directory: string;
  /** Absolute paths that the same command line claims first, and without which this does not run. */
  readonly claimed: readonly Word[];
};

/** Files of the worktree are put back, and their uncommitted changes are gone. */
export interface Discard {
  readonly kind: 'discard';
  /**
   * What tracked files become: `index`; a commit, named as git is told; `staged`: only those with staged changes are put back,
   * to HEAD; null: tracked files stay.
   */
  readonly to: 'index' | 'staged' | { readonly commit: string } | null;
  /** Whether `to` may turn out to be a path, as with `git checkout WORD` without a `--`. */
  readonly mayBePath: boolean;
  /** The untracked files that go as well; null: none. */
  readonly untracked: { readonly folders: boolean; readonly ignored: 'kept' | 'too' | 'only' } | null;
  /** null: everywhere. */
  readonly paths: PathWords | null;
}

/** Files that are looked for, each of which is then changed, as by `find … -delete` or `find … | xargs rm`. */
export interface Search {
  readonly kind: 'search';
  readonly starts: readonly Word[];
  /**
   * Patterns of the shell: of each group, one that a file's name matches, or that of a folder above it, unless `filesOnly`.
   */
  readonly names: readonly (readonly {
    readonly pattern: string;
    readonly ignoresCase: boolean;
    readonly wholePath: boolean;
  }[])[];
  readonly filesOnly: boolean;
}

/** Files whose names are looked up later, each of which is then changed. */
export type Found =
  | Search
  /** Those that a file lists, a name each. */
  | { readonly kind: 'listed'; readonly file: Word };

/** A patch that is applied: its text, or the file that it is in. */
export interface PatchFile {
  readonly directory: string;
  readonly file: string | null;
  readonly text: string | null;
  /** How many leading parts of its paths are taken away. */
  readonly strip: number;
  /** Whether its paths count from the root of the repository, not from `directory`. */
  readonly fromRoot: boolean;
  /** Stands before each of its paths. */
  readonly below: string;
  /** Patterns: only paths that one of `include` matches, where there are any, and none of `exclude`. */
  readonly include: readonly string[];
  readonly exclude: readonly string[];
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
  /** Whether the setting is taken away by which git finds its hooks. */
  unhooks: boolean;
  /** Whether a command of the script claims something itself. */
  claims: boolean;
  /** Commands that git does not know by itself: aliases, unless it has a program of that name. */
  readonly asksAliases: string[];
  /** Command lines in words, an ellipsis for each that only the shell knows; to be compared with what the configuration names. */
  readonly commands: string[][];
}

export function noFindings(): ShellFindings {
  return {
    writes: [],
    git: [],
    patches: [],
    bypasses: [],
    exported: [],
    unhooks: false,
    claims: false,
    asksAliases: [],
    commands: [],
  };
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
  /** What is known of the shell's variables. */
  readonly variables: ReadonlyMap<string, Word>;
  /** How many more words and operators of loops, and of scripts whose output is a word, are read again. */
  readonly budget: { repeated: number };
  /** What each mark in a word stands for, in the script and in those within it. */
  readonly found: Found[];
  /** What git is told to take a word for. */
  readonly aliases: Map<string, string>;
  /** The root of the worktree that a directory is in; null: of none. */
  readonly rootOf: (directory: string) => string | null;
  /** Absolute paths that were claimed before in a chain of `&&`. */
  readonly claimed: readonly Word[];
  /** The names that come through the pipe; null: others, or none. */
  readonly piped: readonly Word[] | null;
}

/** Reads a script within a script. */
export type ReadScript = (script: string, scope: Scope) => void;

/** A word that stands for each of the files that are found. */
export function foundWord({ found }: Pick<Scope, 'found'>, one: Found): Word {
  found.push(one);
  return plainWord(mark(found.length - 1));
}

/** What a word stands for; null: for itself. */
export function foundBy({ found }: Pick<Scope, 'found'>, { text }: Word): Found | null {
  const place = markedPlace(text);
  return place === null ? null : (found[place] ?? null);
}

/** Notes a write, unless where it goes is known to the shell alone. */
export function addWrite(
  scope: Scope,
  typed: Word | undefined,
  options: Partial<Pick<Write, 'follows' | 'into' | 'keeps'>> = {},
): void {
  const found = typed ? foundBy(scope, typed) : null;
  if (found !== null) {
    addAct(scope, found);
    return;
  }
  const { directory, findings, claimed } = scope;
  const word = typed && isMarked(typed.text) ? belowFolder(typed) : typed;
  if (!word || word.opaque || word.text === '' || (directory === null && !word.text.startsWith('/'))) return;
  findings.writes.push({
    path: word.pattern ?? word.text,
    isPattern: word.pattern !== null,
    directory: directory ?? '/',
    follows: options.follows ?? true,
    into: options.into ?? [],
    keeps: options.keeps ?? false,
    claimed,
  });
}

/** `folder/NAME`, whatever the name that was found is; undefined: in a folder that is not known. */
function belowFolder({ text, ...word }: Word): Word | undefined {
  const folder = text.slice(0, text.indexOf('\0'));
  if (!/[^./][^/]*\/$/.test(folder)) return undefined;
  return { ...word, text: folder, pattern: `${escapeGlob(folder)}**` };
}

/** Notes a command whose paths are looked up later, unless where it runs is known to the shell alone. */
export function addAct({ directory, findings, claimed }: Scope, act: Bare<GitAct>): void {
  if (directory !== null) findings.git.push({ ...act, directory, claimed });
}

/** Each member of a union without where it runs. */
type Bare<Act> = Act extends unknown ? Omit<Act, 'directory' | 'claimed'> : never;

/** Where a command runs that is sent to another directory; null: only the shell knows. */
export function enter(directory: string | null, to: Word | undefined): string | null {
  if (!to || to.opaque || to.pattern !== null || isMarked(to.text)) return null;
  if (directory !== null) return resolve(directory, to.text);
  return to.text.startsWith('/') ? to.text : null;
}

/** What a command reads: the text of a here-document or here-string, or the file that its input comes from. */
export interface CommandInput {
  readonly text: string | null;
  readonly file: Word | null;
}

export const NO_INPUT: CommandInput = { text: null, file: null };

/** Variables with which hook managers leave out hooks: all of them, or those that the value names. */
const SWITCHES: readonly RegExp[] = [
  /^HUSKY=0$/,
  /^HUSKY_SKIP_HOOKS=(?:1|true)$/,
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

export const HOOKS_PATH_WORDS = 'another core.hooksPath skips the installed hooks, and the guards in them';
