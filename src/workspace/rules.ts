import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { findAgent } from '../domain/agents/agents.js';
import { sameSession } from '../domain/agents/ownership.js';
import type { RequiredRules } from '../domain/request.js';
import { digestInput, isRulesFile, parseRules, type Rule, type RulesFile } from '../domain/rules/parse.js';
import { coord } from '../domain/suggestion.js';
import { filesBelow, readWorktreeFile } from '../git/files.js';
import { readCached, writeCached } from '../git/local-cache.js';
import type { GitStore } from '../store/swap/git-store.js';
import {
  insidePath,
  type MainBranchPolicy,
  type MainFiles,
  MOST_BYTES_READ,
  mainBranch,
  readMainFiles,
  rulesFolder,
} from './main-branch.js';
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

/** Digest of the rules that this agent's session has loaded; null when it has loaded none. */
export async function loadedRules(workspace: Workspace, store: GitStore): Promise<string | null> {
  const identity = workspace.identity();
  const agent = findAgent(await store.view(), identity.agent);
  return agent && sameSession(agent, identity) ? agent.rules : null;
}

/**
 * Digest of the rules in force where they are no longer those that the session has loaded; null otherwise. Best effort,
 * and without any git process as long as the main branch stands where it stood when its rules were last read.
 */
export async function newerRules(workspace: Workspace, loaded: string | null): Promise<string | null> {
  if (loaded === null) return null;
  const digest = await digestInForce(workspace).catch(() => null);
  return digest === loaded ? null : digest;
}

/** Said by whatever grants ground, each time: a claim made after the rules changed says so. */
export async function changedRulesWarning(workspace: Workspace, loaded: string | null): Promise<string[]> {
  await workspace.askedMain;
  const digest = await newerRules(workspace, loaded);
  if (digest === null) return [];
  const told = workspace.seenNotices(workspace.identity().agent);
  if (!told.has(rulesMark(digest))) told.add([rulesMark(digest)]);
  return [CHANGED_RULES];
}

/** The mark of having been told of these rules. */
export function rulesMark(digest: string): string {
  return `rules ${digest}`;
}

export const CHANGED_RULES = `the rules have changed since your session loaded them; read them before you go on: ${coord('session start')}`;

/** Digest of the rules in force; null when there are none. */
async function digestInForce(workspace: Workspace, inFolder?: string): Promise<string | null> {
  const main = await mainBranch(workspace);
  const folder = inFolder ?? (await rulesFolder(workspace));
  const known = knownAt(workspace, main?.commit, folder);
  if (known?.digest) return known.digest;
  if (known) return digestOf(workingRules(workspace, folder));
  const inForce = await rulesInForce(workspace, folder);
  rememberRules(workspace, main?.commit ?? null, folder, inForce);
  return inForce.digest;
}

/** Digest of the rules in force where they are those of the main branch, and are known to be; null otherwise. */
export async function knownRules(workspace: Workspace): Promise<string | null> {
  const main = await mainBranch(workspace);
  const folder = await rulesFolder(workspace);
  return knownAt(workspace, main?.commit, folder)?.digest ?? null;
}

function knownAt(workspace: Workspace, commit: string | undefined, folder: string): KnownRules | null {
  const known = readCached(pathOf(workspace), (value) => value as unknown as KnownRules);
  return commit !== undefined && known?.commit === commit && known.folder === folder ? known : null;
}

/** The rules folder at a commit of the main branch; `digest` is null where that commit has none. */
interface KnownRules {
  readonly commit: string;
  readonly folder: string;
  readonly digest: string | null;
}

/** Keeps the digest beside the commit that it belongs to, for commands that have no time to read the rules. */
export function rememberRules(workspace: Workspace, commit: string | null, folder: string, rules: RulesInForce): void {
  if (commit === null) return;
  const known: KnownRules = { commit, folder, digest: rules.commit === null ? null : rules.digest };
  writeCached(pathOf(workspace), known);
}

function pathOf(workspace: Workspace): string {
  return join(workspace.localDirectory, 'rules.json');
}

/**
 * What a session must have loaded before it is granted ground; null where any may claim. It is the main branch as last
 * fetched that says so, wherever it has a configuration, so that an agent which edits its own copy lifts nothing.
 */
export async function requiredRules(
  workspace: Workspace,
  demand: MainBranchPolicy | null,
): Promise<RequiredRules | null> {
  if (demand === null || demand.requireSession === null) {
    return (await workspace.config()).requireSession ? { digest: await digestInForce(workspace) } : null;
  }
  if (!demand.requireSession) return null;
  return { digest: await digestInForce(workspace, insidePath('rules', demand.rules ?? 'rules')) };
}
