import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from '../context.js';
import { findAgent } from '../domain/agents.js';
import { sameSession } from '../domain/ownership.js';
import type { Store } from '../store/store.js';
import { mainBranch } from './main-files.js';
import { digestOf, type RulesInForce, rulesFolder, rulesInForce, workingRules } from './rules-source.js';

/** Digest of the rules that this agent's session has loaded; null when it has loaded none. */
export async function loadedRules(context: Context, store: Store): Promise<string | null> {
  const identity = context.identity();
  const agent = findAgent((await store.read()).state, identity.agent);
  return agent && sameSession(agent, identity) ? agent.rules : null;
}

/**
 * Says when the rules in force are no longer those that the session has loaded. Best effort, and without any git
 * process as long as the main branch stands where it stood when its rules were last read.
 */
export async function changedRulesWarning(context: Context, loaded: string | null): Promise<string[]> {
  if (loaded === null) return [];
  try {
    const digest = await digestInForce(context);
    if (digest === null || digest === loaded) return [];
    return ['the rules have changed since your session loaded them; read them before you go on: coord session start'];
  } catch {
    return [];
  }
}

async function digestInForce(context: Context): Promise<string | null> {
  const main = await mainBranch(context);
  const folder = await rulesFolder(context);
  const known = readKnown(context);
  if (main === null || known?.commit !== main.commit || known.folder !== folder) {
    const inForce = await rulesInForce(context);
    rememberRules(context, main?.commit ?? null, folder, inForce);
    return inForce.digest;
  }
  return known.digest ?? digestOf(workingRules(context, folder));
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
  const temporary = `${pathOf(context)}.${context.newId()}.tmp`;
  try {
    mkdirSync(context.localDirectory, { recursive: true });
    writeFileSync(temporary, `${JSON.stringify(known)}\n`);
    renameSync(temporary, pathOf(context));
  } catch {
    // A read-only or full disk only makes the next command read the rules again.
  }
}

function readKnown(context: Context): KnownRules | null {
  try {
    return JSON.parse(readFileSync(pathOf(context), 'utf8')) as KnownRules;
  } catch {
    return null;
  }
}

function pathOf(context: Context): string {
  return join(context.localDirectory, 'rules.json');
}
