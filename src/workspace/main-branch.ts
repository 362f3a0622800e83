import { posix } from 'node:path';
import type { Config } from '../config/config.js';
import { CONFIG_FILE, parseConfig } from '../config/load.js';
import { judgeSync } from '../domain/sync/sync.js';
import { oneLine } from '../domain/text.js';

import { CoordError, usage } from '../errors.js';
import { isRemoteOf } from '../git/clone-config.js';
import { type CommitFile, filesAt, rootFileText, textsOf } from '../git/files.js';
import { type MainBranch, mainBranchAsFetched } from '../git/main-branch.js';
import { openObjects } from '../git/objects.js';
import { trueGit } from '../git/porcelain.js';
import { type ProtectedConfig, protectedBy } from './authority.js';
import type { Workspace } from './workspace.js';

/** Larger files are named, not read. */
export const MOST_BYTES_READ = 1_000_000;

interface MainFile extends CommitFile {
  /** null: too large to be read. */
  readonly text: string | null;
}

/** Files of the main branch as last fetched. */
export interface MainFiles {
  readonly branch: MainBranch;
  readonly files: readonly MainFile[];
}

/** The main branch as last fetched; null where there is none. */
export async function mainBranch(workspace: Workspace): Promise<MainBranch | null> {
  const branch = (await workspace.authority()).main?.branch ?? null;
  if (branch === null || !branch.fetched) return branch;
  // What decides was read when this command began; the branch may have been fetched since.
  const { mainRemote: remote } = await workspace.config();
  const named = { remote, mainBranch: branch.name.slice(remote.length + 1), fetchedOnly: true };
  return (await mainBranchAsFetched(workspace.repository, workspace.git, named)) ?? branch;
}

/**
 * Fetches the main branch where this clone has a remote and never did: a clone of one branch, a checkout of CI.
 * @returns why it is not known; null: it is, or there is no remote to ask
 */
export async function learnMainBranch(workspace: Workspace): Promise<CoordError | null> {
  const { main, memory, mainRemote: remote } = await workspace.authority();
  if (main?.branch.fetched || memory?.remote === null || !isRemoteOf(workspace.repository, remote)) return null;
  // What is here alone may be all that there is, where nothing is shared.
  const isShared = () =>
    workspace.config().then(
      ({ share }) => share,
      () => false,
    );
  if (main !== null && !(await isShared())) return null;
  const { syncError, syncFacts } = await import('./sync-facts.js');
  const question = { mainRemote: remote, mainBranch: memory?.mainBranch ?? null, surface: [], requireClean: false };
  const facts = await syncFacts(workspace, question);
  workspace.forgetAuthority();
  if ((await workspace.authority()).main !== null) return null;
  const verdict = judgeSync(facts);
  return verdict.ok ? null : syncError(verdict);
}

/** What the main branch as last fetched has at these paths (folders with all below them), in at most two git processes. */
export async function readMainFiles(workspace: Workspace, paths: readonly string[]): Promise<MainFiles | null> {
  const branch = await mainBranch(workspace);
  if (branch === null) return null;
  const listed = await filesAt(workspace.git, branch.commit, paths);
  const texts = await textsOf(
    workspace.objects,
    listed.filter(({ bytes }) => bytes <= MOST_BYTES_READ),
  );
  return { branch, files: listed.map((file) => ({ ...file, text: texts.get(file.path) ?? null })) };
}

/** The folder of the rules, as this worktree's configuration has it. */
export async function rulesFolder(workspace: Workspace): Promise<string> {
  return insidePath('rules', (await workspace.config()).rules);
}

/**
 * A path of the configuration, relative to the root, in plain form.
 * @throws CoordError `usage` when it is not inside the repository.
 */
export function insidePath(key: string, path: string): string {
  const plain = posix.normalize(path).replace(/\/+$/, '').normalize('NFC');
  if (plain !== '.' && plain !== '..' && !plain.startsWith('../') && !plain.startsWith('/')) return plain;
  throw usage(`${key} is not inside the repository: ${JSON.stringify(path)}`, `fix "${key}" in coord.config.json`);
}

/**
 * The configuration of the main branch as last fetched, so that an agent that edits its own copy changes nothing, also
 * when it breaks it, or names another branch as the main one. Where no main branch has the file (a new project, before its
 * first commit of it), what is in force.
 * @throws CoordError `usage` when the main branch's cannot be read: nothing weaker takes its place.
 */
export async function protectedConfig(workspace: Workspace): Promise<ProtectedConfig> {
  if (workspace.protectedKnown) return workspace.protectedKnown;
  const authority = await workspace.authority();
  return { config: await protectedBy(workspace, authority), from: authority.main?.config?.from ?? null };
}

/**
 * The configuration at the tip of a branch; null when it has none.
 * @throws CoordError `usage` that lists every problem, and says which branch has them.
 */
export async function configOf(
  workspace: Workspace,
  { name, commit }: Pick<MainBranch, 'name' | 'commit'>,
): Promise<Config | null> {
  return configAt(workspace, commit).catch((error: unknown) => {
    if (!(error instanceof CoordError) || error.code !== 'usage') throw error;
    throw usage(`on ${oneLine(name)}: ${error.message}`, `fix ${CONFIG_FILE} on ${oneLine(name)}`, error.details);
  });
}

/**
 * The configuration in a commit; null when it has none.
 * @throws CoordError `usage` that lists every problem.
 */
export async function configAt(workspace: Workspace, commit: string): Promise<Config | null> {
  const { repository } = workspace;
  const text = await rootFileText(openObjects(repository, trueGit(workspace)), repository, commit, CONFIG_FILE);
  return text === null ? null : parseConfig(text);
}

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
