import { createHash } from 'node:crypto';
import { digestInput, isRulesFile, parseRules, type Rule, type RulesFile } from '../domain/rules/parse.js';
import { filesBelow, readWorktreeFile } from '../git/files.js';
import { type MainFiles, MOST_BYTES_READ, readMainFiles, rulesFolder } from './main-branch.js';
import type { Workspace } from './workspace.js';

/** The rules in force. */
export interface RulesInForce {
  /** SHA-256 of the rules files, in hex; null when there are none. */
  readonly digest: string | null;
  /** `origin/main`, or `working copy` where the main branch has no rules folder yet. */
  readonly source: string;
  /** The commit that they were read from; null for the working copy. */
  readonly commit: string | null;
  readonly rules: readonly Rule[];
  /** Rules files that differ here from those in force; a copy that is not committed, or behind, has such. */
  readonly differing: readonly string[];
}

const WORKING_COPY = 'working copy';

/** The rules of the main branch as last fetched; those of the working copy where it has none yet. */
export async function rulesInForce(workspace: Workspace, inFolder?: string): Promise<RulesInForce> {
  const folder = inFolder ?? (await rulesFolder(workspace));
  return rulesIn(workspace, folder, await readMainFiles(workspace, [folder]));
}

/** @param main must hold the rules folder, where the main branch has it */
export function rulesIn(workspace: Workspace, folder: string, main: MainFiles | null): RulesInForce {
  const here = workingRules(workspace, folder);
  const inFolder = main?.files.filter(({ path }) => path.startsWith(`${folder}/`)) ?? [];
  if (main === null || inFolder.length === 0) {
    return { digest: digestOf(here), source: WORKING_COPY, commit: null, rules: parseRules(here), differing: [] };
  }
  const files = inFolder
    .filter(({ path }) => isRulesFile(path))
    .map(({ path, text }) => ({ file: path, text: text ?? '' }));
  const { name, commit } = main.branch;
  return { digest: digestOf(files), source: name, commit, rules: parseRules(files), differing: differing(files, here) };
}

/** The rules files of the working copy, committed or not. */
export function workingRules(workspace: Workspace, folder: string): RulesFile[] {
  const { root } = workspace.repository;
  return filesBelow(root, folder)
    .filter(isRulesFile)
    .map((file) => ({ file, text: readWorktreeFile(root, file, MOST_BYTES_READ)?.text ?? '' }));
}

export function digestOf(files: readonly RulesFile[]): string | null {
  return files.length === 0 ? null : createHash('sha256').update(digestInput(files)).digest('hex');
}

/** Names of the files that are not the same on both sides; line ends and blanks at the ends of lines do not count. */
function differing(a: readonly RulesFile[], b: readonly RulesFile[]): string[] {
  const names = [...new Set([...a, ...b].map(({ file }) => file))].sort();
  const content = (files: readonly RulesFile[], name: string) => digestInput(files.filter(({ file }) => file === name));
  return names.filter((name) => content(a, name) !== content(b, name));
}
