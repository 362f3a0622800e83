import { STATE_REF } from '../domain/state-ref.js';
import { cloneSettings, settingOf } from '../git/clone-config.js';
import type { Repository } from '../git/repository.js';
import type { Git } from '../git/run.js';

/** What a clone remembers of the state that it has known, in its own git configuration: no checkout changes it. */
export interface Memory {
  /** Full name of the state ref. */
  readonly ref: string;
  /** Name of the remote that arbitrates, in this clone; null: the clone itself does. */
  readonly remote: string | null;
  /** Short name of the main branch, where it was told at the beginning; null: the remote's default branch. */
  readonly mainBranch: string | null;
}

const KEY = 'coord.state';
/** As git writes it for a branch that follows one of its own clone. */
const THIS_CLONE = '.';
const NOT_TOLD = '-';

/** null: this clone has known none yet. */
export function readMemory(repository: Repository): Memory | null {
  const [remote = '', ref = STATE_REF, mainBranch = NOT_TOLD] = (settingOf(cloneSettings(repository), KEY) ?? '').split(
    ' ',
  );
  if (remote === '') return null;
  return {
    ref,
    remote: remote === THIS_CLONE ? null : remote,
    mainBranch: mainBranch === NOT_TOLD ? null : mainBranch,
  };
}

/** Best effort: where the configuration of the clone cannot be written, the next command tries again. */
export async function rememberState(
  { repository, git }: { repository: Repository; git: Git },
  known: Memory,
): Promise<void> {
  const before = readMemory(repository);
  const value = textOf({ ...known, mainBranch: known.mainBranch ?? before?.mainBranch ?? null });
  if (before === null || textOf(before) !== value) await git(['config', '--local', KEY, value]);
}

/** Forgets it: the clone then goes by what the main branch says. */
export async function forgetState({ git }: { git: Git }): Promise<void> {
  await git(['config', '--local', '--unset-all', KEY]);
}

function textOf({ remote, ref, mainBranch }: Memory): string {
  return `${remote ?? THIS_CLONE} ${ref} ${mainBranch ?? NOT_TOLD}`;
}

/** What this clone calls the remote that the configuration names (`git config coord.remote`); null: the same. */
export function ownNameOfRemote(repository: Repository): string | null {
  return settingOf(cloneSettings(repository), 'coord.remote');
}
