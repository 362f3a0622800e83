import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import type { Environment } from '../git/run.js';
import { captureProgram } from '../programs/run.js';

/** Where systems keep their programs. They come first: what an agent puts on its PATH is not asked. */
const SYSTEM_FOLDERS = [
  ...['/usr/bin', '/bin', '/usr/local/bin', '/opt/homebrew/bin', '/run/current-system/sw/bin'],
  ...['C:\\Windows\\System32\\OpenSSH', 'C:\\Program Files\\Git\\usr\\bin'],
];

/** Path of a program that verifies signatures; null when there is none. */
export function findVerifier(name: 'ssh-keygen' | 'gpg', env: Environment): string | null {
  const folders = [...SYSTEM_FOLDERS, ...(env.PATH ?? '').split(delimiter).filter((folder) => isAbsolute(folder))];
  const paths = folders.flatMap((folder) => [join(folder, name), join(folder, `${name}.exe`)]);
  return paths.find(isProgram) ?? null;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** What a verifier said. */
export interface Verified {
  /** Its exit code; 255 when it could not be run, did not end in time or was killed. */
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

const TIMEOUT_MS = 30_000;
const FAILED = 255;

/**
 * Runs a verifier with an environment of its own, so that no setting of the one who asks reaches it; times without a
 * zone are UTC on every machine.
 * @param home a folder that nobody else writes
 */
export async function runVerifier(
  path: string,
  args: readonly string[],
  { home, input }: { readonly home: string; readonly input?: Buffer },
): Promise<Verified> {
  const env = { PATH: SYSTEM_FOLDERS.join(delimiter), HOME: home, LC_ALL: 'C', TZ: 'UTC' };
  const command = [path, ...args];
  const { end, ...written } = await captureProgram({
    command,
    cwd: home,
    env,
    stdin: input ?? '',
    timeoutMs: TIMEOUT_MS,
  });
  return { exit: end.kind === 'ended' ? end.exit : FAILED, ...written };
}

/** Reads no settings and starts no helper: all is in the folder that was made for this check. */
export function gpgArguments({ folder }: { readonly folder: string }): string[] {
  return [
    ...['--homedir', folder, '--no-options', '--batch', '--no-tty', '--no-autostart'],
    ...['--no-default-keyring', '--keyring', join(folder, 'keys.kbx')],
  ];
}
