import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, isAbsolute, join, posix } from 'node:path';
import type { SignerFiles } from '../config/deploys.js';
import { allowedSignersFile, parseRevoked, parseSigners, type SignerKey } from '../domain/gates/signers.js';
import { filesAt } from '../git/files.js';
import { isProgram } from '../git/if-there.js';
import { openObjects } from '../git/objects.js';
import { trueGit } from '../git/porcelain.js';
import type { Environment } from '../git/run.js';
import { captureProgram } from '../programs/run.js';
import type { Effects } from './effects.js';

/** Where systems keep their programs. They come first: what an agent puts on its PATH is not asked. */
const SYSTEM_FOLDERS = [
  ...['/usr/bin', '/bin', '/usr/local/bin', '/opt/homebrew/bin', '/run/current-system/sw/bin'],
  ...['C:\\Windows\\System32\\OpenSSH', 'C:\\Program Files\\Git\\usr\\bin'],
];

/** Path of a program that verifies signatures; null when there is none. */
function findVerifier(name: 'ssh-keygen' | 'gpg', env: Environment): string | null {
  const folders = [...SYSTEM_FOLDERS, ...(env.PATH ?? '').split(delimiter).filter((folder) => isAbsolute(folder))];
  const paths = folders.flatMap((folder) => [join(folder, name), join(folder, `${name}.exe`)]);
  return paths.find(isProgram) ?? null;
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

/** The keys that count, laid out for the verifiers in a folder that only this user can read. */
export interface SignersOnDisk {
  readonly folder: string;
  readonly keys: readonly SignerKey[];
  readonly ssh: {
    /** null: there is no ssh-keygen. */
    readonly program: string | null;
    /** Paths of files that ssh-keygen reads. */
    readonly allowed: string;
    readonly revoked: string;
  };
  readonly gpg: {
    /** null: there is no gpg. */
    readonly program: string | null;
    /** Fingerprints of primary keys. */
    readonly revoked: readonly string[];
  };
  /** What the verifiers wrote, for the record. */
  readonly outputs: string[];
}

/** How the file of a key revocation list begins (see PROTOCOL.krl of OpenSSH). */
const KRL_MAGIC = 'SSHKRL\n\0';

/** Reads who may sign from the main branch; a text says why nobody can be told. */
export async function readSigners(
  effects: Effects,
  files: SignerFiles,
  commit: string,
): Promise<readonly SignerKey[] | string> {
  const file = await fileAt(effects, commit, files.allowedSigners);
  if (typeof file === 'string') return file;
  const { keys, problems } = parseSigners(file.toString('utf8'));
  if (problems.length > 0) return `${files.allowedSigners}: ${problems.join('; ')}`;
  if (keys.length === 0) return `${files.allowedSigners} lists nobody`;
  if (files.gpgKeys === null && keys.some(({ kind }) => kind === 'gpg')) {
    return `${files.allowedSigners} names GPG keys, and gpgKeys is not set`;
  }
  return keys;
}

/** Calls `work` with the keys that count laid out, and clears them away; a text says why they could not be. */
export async function withSigners<T>(
  effects: Effects,
  files: SignerFiles,
  commit: string,
  work: (disk: SignersOnDisk) => Promise<T>,
): Promise<T | string> {
  const keys = await readSigners(effects, files, commit);
  if (typeof keys === 'string') return keys;
  const revoked = await readRevoked(effects, files, commit);
  if (typeof revoked === 'string') return revoked;
  const folder = mkdtempSync(join(tmpdir(), 'coord-gate-'));
  try {
    const allowedPath = join(folder, 'allowed_signers');
    const revokedPath = join(folder, 'revoked_signers');
    writeFileSync(allowedPath, allowedSignersFile(keys));
    writeFileSync(revokedPath, revoked.ssh);
    const disk: SignersOnDisk = {
      ...{ folder, keys, outputs: [] },
      ssh: { program: findVerifier('ssh-keygen', effects.host.env), allowed: allowedPath, revoked: revokedPath },
      gpg: { program: findVerifier('gpg', effects.host.env), revoked: revoked.fingerprints },
    };
    const problem = await importGpgKeys(effects, files, commit, disk);
    return problem ?? (await work(disk));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function readRevoked(
  effects: Effects,
  { revokedSigners }: SignerFiles,
  commit: string,
): Promise<{ readonly ssh: Buffer; readonly fingerprints: readonly string[] } | string> {
  if (revokedSigners === null) return { ssh: Buffer.alloc(0), fingerprints: [] };
  const file = await fileAt(effects, commit, revokedSigners);
  if (typeof file === 'string') return file;
  if (file.toString('latin1', 0, KRL_MAGIC.length) === KRL_MAGIC) return { ssh: file, fingerprints: [] };
  const { ssh, fingerprints, problems } = parseRevoked(file.toString('utf8'));
  return problems.length > 0 ? `${revokedSigners}: ${problems.join('; ')}` : { ssh: Buffer.from(ssh), fingerprints };
}

/** Why the keys could not be imported; null when they were, or none is needed. */
async function importGpgKeys(
  effects: Effects,
  { gpgKeys }: SignerFiles,
  commit: string,
  disk: SignersOnDisk,
): Promise<string | null> {
  if (gpgKeys === null || disk.gpg.program === null) return null;
  const file = await fileAt(effects, commit, gpgKeys);
  if (typeof file === 'string') return file;
  const path = join(disk.folder, 'keys.asc');
  writeFileSync(path, file);
  const { exit } = await runVerifier(disk.gpg.program, [...gpgArguments(disk), '--import', path], {
    home: disk.folder,
  });
  return exit === 0 ? null : `${gpgKeys} cannot be imported by gpg`;
}

/** No list of people is longer. */
const MOST_BYTES = 1_000_000;

/** A file of a commit, or in words why there is none. */
async function fileAt(effects: Effects, commit: string, path: string): Promise<Buffer | string> {
  const plain = posix.normalize(path).normalize('NFC');
  const git = trueGit(effects);
  const file = (await filesAt(git, commit, [plain])).find((found) => found.path === plain);
  if (file === undefined) return `${path} is not a file on the main branch`;
  if (file.bytes > MOST_BYTES) return `${path} is too large`;
  const body = (await openObjects(effects.repository, git).read([file.id])).get(file.id)?.body;
  return body ?? `${path} cannot be read`;
}
