import { join } from 'node:path';
import type { Context } from '../../context.js';
import { findAgent } from '../../domain/agents/agents.js';
import { sameSession } from '../../domain/agents/ownership.js';
import { coord } from '../../domain/suggestion.js';
import type { Store } from '../../store/swap/store.js';
import { mainBranch, rulesFolder } from '../main-branch/files.js';
import { readRemembered, remember } from '../main-branch/remembered.js';
import type { RulesInForce } from './source.js';

/** Digest of the rules that this agent's session has loaded; null when it has loaded none. */
export async function loadedRules(context: Context, store: Store): Promise<string | null> {
  const identity = context.identity();
  const agent = findAgent((await store.read()).state, identity.agent);
  return agent && sameSession(agent, identity) ? agent.rules : null;
}

/**
 * Digest of the rules in force where they are no longer those that the session has loaded; null otherwise. Best effort,
 * and without any git process as long as the main branch stands where it stood when its rules were last read.
 */
export async function newerRules(context: Context, loaded: string | null): Promise<string | null> {
  if (loaded === null) return null;
  const digest = await digestInForce(context).catch(() => null);
  return digest === loaded ? null : digest;
}

/** Said by whatever grants ground, each time: a claim made after the rules changed says so. */
export async function changedRulesWarning(context: Context, loaded: string | null): Promise<string[]> {
  const digest = await newerRules(context, loaded);
  if (digest === null) return [];
  const told = context.told(context.identity().agent);
  if (!told.has(rulesMark(digest))) told.add([rulesMark(digest)]);
  return [CHANGED_RULES];
}

/** The mark of having been told of these rules. */
export function rulesMark(digest: string): string {
  return `rules ${digest}`;
}

export const CHANGED_RULES = `the rules have changed since your session loaded them; read them before you go on: ${coord('session start')}`;

/** Digest of the rules in force; null when there are none. */
export async function digestInForce(context: Context, inFolder?: string): Promise<string | null> {
  const main = await mainBranch(context);
  const folder = inFolder ?? (await rulesFolder(context));
  const known = readRemembered<KnownRules>(pathOf(context));
  if (main === null || known?.commit !== main.commit || known.folder !== folder) {
    const { rulesInForce } = await import('./source.js');
    const inForce = await rulesInForce(context, folder);
    rememberRules(context, main?.commit ?? null, folder, inForce);
    return inForce.digest;
  }
  if (known.digest !== null) return known.digest;
  const { digestOf, workingRules } = await import('./source.js');
  return digestOf(workingRules(context, folder));
}

/** The rules folder at a commit of the main branch; `digest` is null where that commit has none. */
interface KnownRules {
  readonly commit: string;
  readonly folder: string;
  readonly digest: string | null;
}

/** Keeps the digest beside the commit that it belongs to, for commands that have no time to read the rules. */
export function rememberRules(context: Context, commit: string | null, folder: string, rules: RulesInForce): void {
  if (commit === null) return;
  const known: KnownRules = { commit, folder, digest: rules.commit === null ? null : rules.digest };
  remember(context, pathOf(context), known);
}

function pathOf(context: Context): string {
  return join(context.localDirectory, 'rules.json');
}
