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

/** What the main branch as last fetched demands; null: there is none. */
export async function readMainBranchPolicy(workspace: Workspace): Promise<MainBranchPolicy | null> {
  const { main } = await workspace.authority();
  if (main === null) return null;
  return { commit: (main.config?.from ?? main.branch).commit, ...demandsIn(main.config?.text ?? '') };
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
