import { join } from 'node:path';
import { CONFIG_FILE } from '../config/load.js';
import type { Context } from '../context.js';
import type { RequiredRules } from '../domain/session-required.js';
import { rootFileText } from '../git/commit-files.js';
import { insidePath, mainBranch } from './main-files.js';
import { readRemembered, remember } from './remembered.js';
import { digestInForce } from './rules-loaded.js';

/** What the configuration at a commit of the main branch demands of sessions. */
interface Demand {
  readonly commit: string;
  /** null: that commit has no configuration that can be read. */
  readonly requireSession: boolean | null;
  /** The folder of the rules that count. */
  readonly rules: string | null;
}

/**
 * What a session must have loaded before it is granted ground; null where any may claim. It is the main branch as last
 * fetched that says so, wherever it has a configuration, so that an agent which edits its own copy lifts nothing. It is
 * kept beside the commit that it belongs to: no git process is started until the main branch moves.
 */
export async function requiredRules(context: Context): Promise<RequiredRules | null> {
  const main = await mainBranch(context);
  const demand = main === null ? null : await demandOf(context, main.commit);
  if (demand === null || demand.requireSession === null) {
    return (await context.config()).requireSession ? { digest: await digestInForce(context) } : null;
  }
  if (!demand.requireSession) return null;
  return { digest: await digestInForce(context, insidePath('rules', demand.rules ?? 'rules')) };
}

async function demandOf(context: Context, commit: string): Promise<Demand> {
  const path = join(context.localDirectory, 'main-config.json');
  const known = readRemembered<Demand>(path);
  if (known?.commit === commit) return known;
  const text = await rootFileText(context.objects, context.repository, commit, CONFIG_FILE);
  const demand = { commit, ...demandIn(text ?? '') };
  remember(context, path, demand);
  return demand;
}

/** Only two keys are wanted: a configuration with faults elsewhere, or of a newer coord, must not lift the demand. */
function demandIn(text: string): Omit<Demand, 'commit'> {
  try {
    const { requireSession, rules } = JSON.parse(text.replace(/^\uFEFF/, '')) as Record<string, unknown>;
    return { requireSession: requireSession === true, rules: typeof rules === 'string' ? rules : null };
  } catch {
    return { requireSession: null, rules: null };
  }
}
