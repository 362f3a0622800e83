import { lstatSync, mkdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { geteuid } from 'node:process';
import { fingerprint } from '../../domain/text.js';
import { realPathIfThere } from '../../git/if-there.js';
import { ownMark } from '../../git/process-mark.js';
import { addressesPushedTo, pathIn, transportSettings } from '../../git/remotes.js';
import type { Repository } from '../../git/repository.js';
import type { Environment } from '../../git/run.js';

declare const __COORD_VERSION__: string;

/** The variables that decide how git reaches a remote, and as whom. */
const TRANSPORT = [
  ...['HOME', 'XDG_CONFIG_HOME', 'GIT_CONFIG_GLOBAL', 'GIT_CONFIG_SYSTEM', 'GIT_CONFIG_NOSYSTEM'],
  ...['GIT_SSH', 'GIT_SSH_COMMAND', 'GIT_SSH_VARIANT', 'SSH_AUTH_SOCK', 'GIT_ASKPASS', 'SSH_ASKPASS'],
  ...[
    'GIT_PROXY_COMMAND',
    'GIT_SSL_NO_VERIFY',
    'GIT_PROTOCOL',
    'http_proxy',
    'https_proxy',
    'HTTPS_PROXY',
    'all_proxy',
  ],
];

interface Meeting {
  readonly repository: Repository;
  readonly env: Environment;
  /** Name of the remote. */
  readonly remote: string;
  /** Full name of the state ref. */
  readonly ref: string;
  /** Whether commits of the state are signed. */
  readonly signs: boolean;
}

/**
 * The folder of the queue that clones of this host share, where one pushes for all: those of the same user, of the same coord,
 * whose git reaches the same remote in the same way, and signs in the same way. What tells them apart stands in the folder
 * as a whole, since its name is a short digest of it.
 * @returns null where there is none: git alone can tell where this clone pushes to, or no folder is this user's alone
 */
export function hostQueue({ repository, env, remote, ref, signs }: Meeting): string | null {
  const addresses = addressesPushedTo(repository, env, remote) ?? [];
  const settings = transportSettings(repository, env, remote, signs);
  const place = ownFolder(env);
  if (addresses.length !== 1 || settings === null || place === null) return null;
  const path = pathIn(addresses[0] ?? '', repository.root);
  const key = JSON.stringify([
    __COORD_VERSION__,
    // One host, since its boot, seen with the same eyes.
    [...ownMark().split('.').slice(2), nameSpace('mnt'), nameSpace('net')],
    path === '' ? addresses[0] : realPathIfThere(path),
    ...[remote, ref, repository.objectFormat, repository.sharedBits ?? null, signs, settings],
    TRANSPORT.map((name) => env[name] ?? null),
  ]);
  const folder = join(place, `${fingerprint(key)}${fingerprint(`${key} `)}`);
  const about = join(folder, 'about');
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(about, key, { flag: 'wx' });
    return folder;
  } catch {
    return textThere(about) === key ? folder : null;
  }
}

/** A folder for coord that is this user's alone, as far as that can be told; links are not followed. */
function ownFolder({ XDG_RUNTIME_DIR = '', TMPDIR = '' }: Environment): string | null {
  const user = geteuid?.();
  if (user === undefined) return null;
  const places = [join(TMPDIR === '' ? '/tmp' : TMPDIR, `coord-${user}`)];
  if (XDG_RUNTIME_DIR.startsWith('/')) places.unshift(join(XDG_RUNTIME_DIR, 'coord'));
  return places.find((place) => isOwn(place, user)) ?? null;
}

function isOwn(place: string, user: number): boolean {
  try {
    mkdirSync(place, { mode: 0o700 });
  } catch {
    // It is there, or cannot be made.
  }
  const stats = lstatSync(place, { throwIfNoEntry: false });
  return stats?.isDirectory() === true && stats.uid === user && (stats.mode & 0o077) === 0;
}

function nameSpace(kind: string): string {
  try {
    return readlinkSync(`/proc/self/ns/${kind}`);
  } catch {
    return '';
  }
}

function textThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
