import { accessSync, constants } from 'node:fs';
import { resolve } from 'node:path';
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

/** What `git push --porcelain` says about a ref (full name) that it did not push; null when it says nothing of the kind. */
export function rejectionOf({ stdout }: PorcelainResult, ref: string): PushRejection | null {
  const fields = stdout.split('\n').map((line) => line.split('\t'));
  const [, , summary = ''] = fields.find(([flag, names]) => flag === '!' && names?.endsWith(`:${ref}`)) ?? [];
  const [, kind, reason = ''] = /^\[([^\]]+)\](?: \((.*)\))?$/.exec(summary) ?? [];
  if (kind === undefined) return null;
  return { by: kind === 'remote rejected' ? 'server' : 'git', reason: reason === '' ? kind : reason };
}

/** The lines that the server or a hook wrote, without git's own. */
export function wordsOfServer({ stderr }: PorcelainResult): string[] {
  return stderr
    .split('\n')
    .flatMap((line) => /^remote: (?!error: )(.*\S)\s*$/.exec(line)?.[1] ?? [])
    .slice(0, 10);
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
