import { realpathSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import type { Repository } from '../git/repository.js';
import { SETTINGS_FILES } from './harness/dialects.js';
import { type Payload, recordsIn, textIn } from './harness/payload.js';
import { callsGuard, contentOf, exists, isFolder, managerFiles } from './hook-files.js';
import { GUARDED_HOOKS, isHookScript } from './hook-script.js';
import type { Write } from './shell/findings.js';
import { shellPattern } from './shell/search.js';

/** A file without which a guard is gone. */
interface Guarding {
  /** Absolute. */
  readonly path: string;
  /** Whether a change may leave the guard as it is: the file only calls it, beside whatever else stands in it. */
  readonly isCall: boolean;
  /** What somebody is told who would change it. */
  readonly why: string;
}

/** The files that guard this repository, and that these writes change or delete, each with why it stays. */
export function guardsAmong(repository: Repository, writes: readonly Write[]): string[] {
  const { root, commonDir } = repository;
  const isNear = (path: string) => [commonDir, root].some((own) => path.startsWith(`${own}/`)) || path === commonDir;
  const near = writes.flatMap((write) => {
    const places = placesOf(write).filter(({ path, rest }) => isNear(path) || (rest !== null && path === root));
    return places.map((place) => ({ ...place, keeps: write.keeps }));
  });
  if (near.length === 0) return [];
  return guardingFiles(repository)
    .filter(({ path, isCall }) => near.some((place) => !(isCall && place.keeps) && changes(place, path)))
    .filter(({ path, isCall }) => (isCall ? callsOne(path) : isHook(path) ? isGuard(path, root) : exists(path)))
    .map(({ path, why }) => `${nameOf(path, root, commonDir)} ${why}`);
}

/** Whether a write of this place changes a file, or takes away a folder that it is in. */
function changes({ path, below, rest }: Place, guard: string): boolean {
  if (rest === null) {
    const isOfState = guard.endsWith(STATE_FOLDER) && path.startsWith(`${guard}/`);
    return guard === path || isOfState || (below && guard.startsWith(`${path}/`));
  }
  const names = guard.startsWith(`${path}/`) ? guard.slice(path.length + 1).split('/') : [];
  return names.length >= rest.length && rest.every((pattern, index) => isNamedBy(pattern, names[index] ?? ''));
}

/** Whether a name stands for a part of a pattern of the shell, which finds what begins with a dot only where it says so. */
function isNamedBy(pattern: string, name: string): boolean {
  if (name.startsWith('.') && !pattern.startsWith('.')) return false;
  return shellPattern(pattern.replace(/\{[^}]*\}/g, '*'), false).test(name);
}

const STATE_FOLDER = 'refs/coord';
const PERSON = 'is a guard of this repository; a person may change it';
const CALL = 'calls a guard of this repository; change what else stands in it with your edit tool';
const BY_GIT = 'is git’s own, which guards depend on; git changes it';

function guardingFiles({ root, commonDir }: Repository): Guarding[] {
  const folders = [join(commonDir, 'hooks'), ...configuredFolders(root, commonDir)];
  const hooks = folders.flatMap((folder) => GUARDED_HOOKS.map((hook) => join(folder, hook)));
  const calls = [...Object.values(SETTINGS_FILES), ...GUARDED_HOOKS.flatMap(managerFiles)];
  const own = ['config', 'config.worktree', 'packed-refs', STATE_FOLDER];
  return [
    ...hooks.map((path) => ({ path, isCall: false, why: PERSON })),
    ...[...new Set(calls)].map((file) => ({ path: join(root, file), isCall: true, why: CALL })),
    ...own.map((file) => ({ path: join(commonDir, file), isCall: false, why: BY_GIT })),
  ];
}

function isHook(path: string): boolean {
  return GUARDED_HOOKS.some((hook) => hook === basename(path));
}

const CALLS = /\bguard["',\s]+(?:hook|run)\b|id: coord-/g;

function callsOne(path: string): boolean {
  return countCalls(contentOf(path) ?? '') > 0;
}

function countCalls(text: string): number {
  return text.match(CALLS)?.length ?? 0;
}

/** Whether an edit of a file leaves the calls of guards that stand in it. @param input what the edit tool was given */
export function keepsCalls(path: string, input: Payload): boolean {
  const before = contentOf(path) ?? '';
  const after = afterEdit(before, input);
  return after !== null && countCalls(after) >= countCalls(before);
}

/** The text after an edit; null: it cannot be told. */
function afterEdit(before: string, input: Payload): string | null {
  const whole = textIn(input, 'content', 'contents', 'file_text');
  if (whole !== null) return whole;
  const edits = [input, ...recordsIn(input, 'edits')].flatMap((edit) => {
    const old = textIn(edit, 'old_string', 'oldString', 'old_str');
    return old === null ? [] : [{ old, to: textIn(edit, 'new_string', 'newString', 'new_str') ?? '' }];
  });
  if (edits.length > 0) return edits.reduce((text, { old, to }) => text.split(old).join(to), before);
  const patch = textIn(input, 'command', 'patchText', 'patch', 'input');
  if (patch === null || /^\*\*\* Delete File:/m.test(patch)) return null;
  const removed = [...patch.matchAll(/^-(.*)$/gm)].reduce((text, [, line = '']) => text.replace(line, ''), before);
  return [removed, ...[...patch.matchAll(/^\+(.*)$/gm)].map(([, line = '']) => line)].join('\n');
}

/** Where the configuration of the clone lets git take its hooks from, as far as its text says. */
function configuredFolders(root: string, commonDir: string): string[] {
  const text = contentOf(join(commonDir, 'config')) ?? '';
  const named = [...text.matchAll(/^\s*hookspath\s*=\s*"?([^"#;\r\n]+?)"?\s*$/gim)].map(([, folder = '']) => folder);
  return named.map((folder) => realPlace(resolve(root, folder)));
}

/** Whether the hooks that guard this repository are found by a setting, which is about to be taken away. */
export function guardsBySetting({ root, commonDir }: Repository): boolean {
  const hooks = configuredFolders(root, commonDir).flatMap((folder) => GUARDED_HOOKS.map((hook) => join(folder, hook)));
  return hooks.some((hook) => isGuard(hook, root));
}

function nameOf(guard: string, root: string, commonDir: string): string {
  return guard.startsWith(`${commonDir}/`) ? `.git/${relative(commonDir, guard)}` : relative(root, guard);
}

/** What a write changes: a file, with `below` all in it too; where there is a pattern, what it finds in the folder. */
interface Place {
  /** Absolute. */
  readonly path: string;
  readonly below: boolean;
  /** The parts of the pattern; null: there is none. */
  readonly rest: readonly string[] | null;
}

function placesOf({ path, isPattern, directory, into }: Write): Place[] {
  const segments = path.split('/');
  const wildcard = isPattern ? segments.findIndex((segment) => /[*?[{]/.test(segment)) : segments.length;
  const absolute = realPlace(resolve(directory, segments.slice(0, wildcard).join('/')));
  if (isPattern) return [{ path: absolute, below: true, rest: segments.slice(wildcard).filter((one) => one !== '') }];
  if (into.length > 0 && isFolder(absolute))
    return into.map((name) => ({ path: join(absolute, name), below: false, rest: null }));
  return [{ path: absolute, below: true, rest: null }];
}

/** With the links in its folder followed; a file that is itself a link stays what it is. */
function realPlace(path: string): string {
  try {
    return join(realpathSync(dirname(path)), basename(path));
  } catch {
    return path;
  }
}

function isGuard(path: string, root: string): boolean {
  const content = contentOf(path) ?? '';
  const hook = GUARDED_HOOKS.find((known) => known === basename(path));
  return isHookScript(content) || (hook !== undefined && callsGuard(hook, content, root));
}
