import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { shellWord } from '../domain/suggestion.js';
import { oneLine } from '../domain/text.js';
import { type CoordError, usage } from '../errors.js';
import { sameRepository } from './addresses.js';
import { cloneSettings, isRemoteOf } from './clone-config.js';
import type { Repository } from './repository.js';
import type { Environment, Git } from './run.js';

/*
 * A remote is a name that git's own configuration defines in this clone. Nothing that stands in a file of the repository
 * becomes an address: git would take a path or a URL in a name's place, and run what it finds there.
 */

/** @throws CoordError `usage` for what is no such name, with those that there are. */
export async function mustBeRemote(repository: Repository, git: Git, remote: string): Promise<void> {
  if (isRemoteOf(repository, remote)) return;
  const { code, stdout } = await git(['remote']);
  const names =
    code === 0
      ? stdout
          .toString('utf8')
          .split('\n')
          .filter((name) => name !== '')
      : [];
  if (!names.includes(remote)) throw noSuchRemote(remote, names);
}

/** The same words for all commands. @param names those that this clone has */
export function noSuchRemote(remote: string, names: readonly string[]): CoordError {
  const [other] = names;
  const has = other === undefined ? 'none at all' : names.map(oneLine).join(', ');
  return usage(
    `this clone has no remote ${oneLine(remote)} (it has ${has})`,
    other === undefined
      ? `git remote add ${shellWord(remote)} URL`
      : `if that is another name for it: git config coord.remote ${shellWord(other)}; else: git remote add ${shellWord(remote)} URL`,
    { reason: 'no-remote', remote, remotes: names },
  );
}

/**
 * Refuses a remote that is fetched from one repository and pushed to another: what is granted there, nobody else would see.
 * Git is asked only where something says that the two could differ.
 * @throws CoordError `usage` with both addresses
 */
export async function mustBeOneRepository(
  repository: Repository,
  git: Git,
  env: Environment,
  remote: string,
): Promise<void> {
  if (!maybeTwo(repository, env, remote)) return;
  const fetched = await addresses(git, remote, []);
  const pushed = await addresses(git, remote, ['--push']);
  const [from] = fetched;
  const elsewhere = pushed.find(
    (to) => from !== undefined && to !== from && !sameRepository(to, from, repository.root),
  );
  if (from === undefined || elsewhere === undefined) return;
  throw usage(
    `the remote ${oneLine(remote)} is fetched from ${withoutSecret(from)} and pushed to ${withoutSecret(elsewhere)}: claims would hold in neither`,
    `let the two be one (git remote -v; pushurl, pushInsteadOf), or name another remote for coord: git config coord.remote NAME`,
    { reason: 'two-addresses', remote, fetched: withoutSecret(from), pushed: withoutSecret(elsewhere) },
  );
}

async function addresses(git: Git, remote: string, kind: readonly string[]): Promise<string[]> {
  const { code, stdout } = await git(['remote', 'get-url', ...kind, '--all', '--', remote]);
  return code === 0
    ? stdout
        .toString('utf8')
        .split('\n')
        .filter((address) => address !== '')
    : [];
}

function maybeTwo(repository: Repository, env: Environment, remote: string): boolean {
  const own = cloneSettings(repository);
  if (own.some(({ section, subsection, key }) => section === 'remote' && subsection === remote && key === 'pushurl')) {
    return true;
  }
  if (own.some(({ section, key }) => key === 'pushinsteadof' || section === 'include' || section === 'includeif'))
    return true;
  if (env.GIT_CONFIG_COUNT !== undefined || env.GIT_CONFIG_PARAMETERS !== undefined) return true;
  return (
    !isRemoteOf(repository, remote) ||
    elsewhere(repository, env).some((text) => /pushurl|pushinsteadof|\[include/i.test(text))
  );
}

/** The texts of the configuration files of the user and of the machine. */
function elsewhere({ commonDir }: Repository, env: Environment): string[] {
  const home = env.HOME ?? '';
  const global = env.GIT_CONFIG_GLOBAL ?? join(home, '.gitconfig');
  const more =
    env.GIT_CONFIG_GLOBAL === undefined ? [join(env.XDG_CONFIG_HOME || join(home, '.config'), 'git', 'config')] : [];
  const system = env.GIT_CONFIG_NOSYSTEM === undefined ? [env.GIT_CONFIG_SYSTEM ?? '/etc/gitconfig'] : [];
  return [global, ...more, ...system, join(commonDir, 'config.worktree')].map(textOf);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** An address without the name and password that may stand in it. */
function withoutSecret(address: string): string {
  return oneLine(address.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^@/]*@/i, '$1'));
}
