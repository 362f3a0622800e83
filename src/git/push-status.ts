import { accessSync, constants } from 'node:fs';
import { resolve } from 'node:path';
import { shorten } from '../domain/text.js';
import type { PorcelainResult } from './porcelain.js';
import type { Repository } from './repository.js';
import { type Git, gitText } from './run.js';

/** Why a ref was not pushed. */
export interface PushRejection {
  /** `server`: the server, or a hook of it, refused; `git`: git itself did, by what the remote has. */
  readonly by: 'server' | 'git';
  /** In git's or the server's words. */
  readonly reason: string;
}

/**
 * What `git push --porcelain` says about a ref (full name) that it did not push; null when it says nothing of the kind, or that the
 * server never reported what became of it.
 */
export function rejectionOf({ stdout }: PorcelainResult, ref: string): PushRejection | null {
  const fields = stdout.split('\n').map((line) => line.split('\t'));
  const [, , summary = ''] = fields.find(([flag, names]) => flag === '!' && names?.endsWith(`:${ref}`)) ?? [];
  const [, kind, reason = ''] = /^\[([^\]]+)\](?: \((.*)\))?$/.exec(summary) ?? [];
  if (kind === undefined || kind === 'remote failure') return null;
  return { by: kind === 'remote rejected' ? 'server' : 'git', reason: reason === '' ? kind : reason };
}

/**
 * The address that `git push --porcelain` pushed to: after the rewriting that git is configured to do, without a name or
 * password in it; of several the first. Null when it did not get so far as to push a ref.
 */
export function destinationOf({ stdout }: PorcelainResult): string | null {
  return /^To (.+)$/m.exec(stdout)?.[1] ?? null;
}

/** Whether a hook of the user's stopped the push: then git has nothing to say about any ref. */
export function refusedByHook({ code, stdout, stderr }: PorcelainResult): boolean {
  return code === 1 && !/^!/m.test(stdout) && !/^fatal: /m.test(stderr);
}

/** Whether the server cannot take several refs or none. Told by the message, for it has no other sign; nothing was moved. */
export function lacksAtomic({ stderr }: PorcelainResult): boolean {
  return stderr.includes('does not support --atomic');
}

/** A server may say as much as it likes in one line. */
const MOST_TOLD = 300;

/** Why a push failed, as a line for people. */
export function reasonOf(pushed: PorcelainResult): string {
  const rejected = pushed.stdout
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.split('\t').slice(2).join(' '));
  const fatal = pushed.stderr.split('\n').find((line) => line.startsWith('fatal:'));
  const reason = rejected.find((summary) => !summary.includes('atomic push')) ?? fatal ?? wordsOf(pushed)[0];
  return shorten(reason ?? 'no answer', MOST_TOLD);
}

/** What the server and the hooks wrote, without git's own conclusion. */
export function wordsOf({ stderr }: PorcelainResult): string[] {
  return stderr
    .split('\n')
    .map((line) => line.replace(/^remote: /, '').trim())
    .filter((line) => line !== '' && !line.startsWith('error: failed to push some refs'));
}

/** Whether git would run a pre-push hook of the user's. */
export async function hasPrePushHook(repository: Repository, git: Git): Promise<boolean> {
  const path = await gitText(git, ['rev-parse', '--git-path', 'hooks/pre-push']);
  try {
    accessSync(resolve(repository.root, path), constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
