import { join } from 'node:path';
import { CONFIG_FILE } from '../config/load.js';
import { rootFileText } from '../git/files.js';
import { readCached, writeCached } from '../git/local-cache.js';
import { mainBranch } from './main-branch.js';
import type { Workspace } from './workspace.js';

/** What the configuration at a commit of the main branch demands of everybody. */
export interface MainBranchPolicy {
  readonly commit: string;
  /** null: that commit has no configuration that can be read. */
  readonly requireSession: boolean | null;
  /** The folder of the rules that count. */
  readonly rules: string | null;
  readonly signCommits: boolean;
}

/**
 * What the main branch as last fetched demands; null: there is none. It is kept beside the commit that it belongs to: no git
 * process is started until the main branch moves.
 */
export async function readMainBranchPolicy(workspace: Workspace): Promise<MainBranchPolicy | null> {
  const main = await mainBranch(workspace);
  if (main === null) return null;
  const { commit } = main;
  const path = join(workspace.localDirectory, 'main-config.json');
  const known = readCached(path, (value) => value as unknown as MainBranchPolicy);
  if (known?.commit === commit && known.signCommits !== undefined) return known;
  const text = await rootFileText(workspace.objects, workspace.repository, commit, CONFIG_FILE);
  const demands = { commit, ...demandsIn(text ?? '') };
  writeCached(path, demands);
  return demands;
}

/** Only these keys are wanted: a configuration with faults elsewhere, or of a newer coord, must not lift a demand. */
function demandsIn(text: string): Omit<MainBranchPolicy, 'commit'> {
  try {
    const { requireSession, rules, signCommits } = JSON.parse(text.replace(/^\uFEFF/, '')) as Record<string, unknown>;
    return {
      requireSession: requireSession === true,
      rules: typeof rules === 'string' ? rules : null,
      signCommits: signCommits === true,
    };
  } catch {
    return { requireSession: null, rules: null, signCommits: false };
  }
}
