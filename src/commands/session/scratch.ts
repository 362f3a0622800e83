import { mkdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { CONFIG_FILE } from '../../config/load.js';
import { patternTarget } from '../../domain/ground/patterns.js';
import { directoryPath, directoryTarget } from '../../domain/ground/targets.js';
import { command, shellWord } from '../../domain/suggestion.js';
import { oneLine, plural } from '../../domain/text.js';
import { CoordError, usage } from '../../errors.js';
import { canonicalPath } from '../../git/paths.js';
import { gitText } from '../../git/run.js';
import type { Context } from '../../workspace/context.js';
import { changedRulesWarning } from '../../workspace/rules.js';
import { claimOrWait } from '../claims/claim.js';
import { claimRequest } from '../claims/claim-request.js';
import type { Verb } from '../verb.js';

export const scratch: Verb = {
  options: [['--ttl <duration>', 'time to live, such as 45m; your commands renew it']],
  examples: [['cd "$(coord session scratch)"', 'a directory of your own, claimed for you; the same one each time']],
  notes: [
    'It is the first of roles.worker.scratch in the configuration that is a directory with {agent} in it.',
    'What is in it stays in this worktree: hand results over with coord submit.',
  ],
  answers: { path: 'text', directory: 'text', claims: 'Claim[]' },
  async run(context, input) {
    const { agent } = context.identity();
    const own = await ownScratch(context, agent);
    const store = await context.store();
    const asked = await claimRequest(context, input, store, [directoryTarget(own.path)]);
    // No commit holds what was there before, so none is missed.
    const request = { ...asked, reason: `scratch of ${agent}`, allowBehind: true };
    const claims = await claimOrWait(context, store, request, null);
    if (claims instanceof CoordError) return claims;
    const directory = join(context.repository.root, own.path);
    makeDirectory(directory, own.path);
    const typed = relative(context.host.cwd, directory).split(sep).join('/') || '.';
    return {
      data: { path: `${own.path}/`, directory, claims },
      text: () => oneLine(`${typed}/`),
      warnings: [...(await trackedWarnings(context, own)), ...(await changedRulesWarning(context, request.rules))],
    };
  },
};

/** A directory that one agent alone writes. */
export interface OwnScratch {
  /** Relative to the root of the repository. */
  readonly path: string;
  /** The folder that holds those of all agents; empty: the root. */
  readonly parent: string;
}

/** @throws CoordError `usage` when the configuration has none, or it leads elsewhere. */
async function ownScratch(context: Context, agent: string): Promise<OwnScratch> {
  const pattern = (await context.config()).scratch.find(
    (one) => one.includes('{agent}') && patternTarget(one.replaceAll('{agent}', agent)).kind === 'directory',
  );
  if (pattern === undefined) {
    throw usage(
      `no scratch pattern of ${CONFIG_FILE} gives each agent a directory of its own`,
      `put "scratch/{agent}/**" first in roles.worker.scratch of ${CONFIG_FILE}`,
    );
  }
  const path = directoryPath(patternTarget(pattern.replaceAll('{agent}', agent)));
  const { root } = context.repository;
  const found = canonicalPath(root, root, path);
  if (found.path !== path) {
    throw usage(
      `${oneLine(path)} leads to ${oneLine(found.path)} through a symbolic link`,
      `remove the link, or name another folder in roles.worker.scratch of ${CONFIG_FILE}`,
    );
  }
  return { path, parent: pattern.slice(0, Math.max(pattern.lastIndexOf('/', pattern.indexOf('{agent}')), 0)) };
}

function makeDirectory(directory: string, path: string): void {
  try {
    mkdirSync(directory, { recursive: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST' && code !== 'ENOTDIR') throw error;
    throw usage(`${oneLine(path)} cannot be made: a file is in the way`, `look at it: ls -ld ${shellWord(path)}`);
  }
}

/** Scratch belongs to one worktree: a `git add -A` must not carry it into a commit. */
async function trackedWarnings(context: Context, { path, parent }: OwnScratch): Promise<string[]> {
  const env = { GIT_LITERAL_PATHSPECS: '1' };
  const tracked = (await gitText(context.git, ['ls-files', '-z', '--', path], { env })).split('\0').length - 1;
  if (tracked > 0) {
    return [
      `${plural(tracked, 'file')} of ${oneLine(path)}/ ${tracked === 1 ? 'is' : 'are'} tracked by git, so what you write there ends up in commits: ${command(`git rm -r --cached -- ${shellWord(path)}`)}`,
    ];
  }
  const { code } = await context.git(['check-ignore', '--quiet', '--', `${path}/x`]);
  if (code === 0) return [];
  const ignored = parent === '' ? `/${path}/` : `/${parent}/`;
  return [
    `${oneLine(path)}/ is not ignored by git, so it may end up in a commit: echo ${shellWord(ignored)} >> .gitignore (results travel by coord submit)`,
  ];
}
