import { spawnSync } from 'node:child_process';
import type { CoordEvent } from '../../../src/domain/events.js';
import type { Claim, Waiter } from '../../../src/domain/model.js';
import { eventsIn } from '../../../src/store/commits.js';
import type { Sandbox } from '../sandbox.js';

/** One commit of the coordination branch, with the state that it holds. */
export interface BranchCommit {
  readonly id: string;
  readonly parents: readonly string[];
  readonly subject: string;
  readonly events: readonly CoordEvent[];
  readonly claims: readonly Claim[];
  readonly waiters: readonly Waiter[];
}

const MOST_BYTES = 2 ** 30;

/** The branch's first-parent history, oldest first: the total order of all operations. */
export function readBranch(box: Sandbox, clone: string, branch = 'coord'): BranchCommit[] {
  const log = box.git(clone, 'log', '--first-parent', '--reverse', '--format=%H%n%P%n%B%x00', branch, '--');
  const commits = log.split('\0').flatMap((entry) => {
    const [id, parents, ...message] = entry.replace(/^\n/, '').split('\n');
    return id ? [{ id, parents: (parents ?? '').split(' ').filter(Boolean), message }] : [];
  });
  const states = claimsFiles(
    box,
    clone,
    commits.map(({ id }) => id),
  );
  return commits.map(({ id, parents, message }, index) => ({
    id,
    parents,
    subject: message[0] ?? '',
    events: eventsIn(message.join('\n')),
    ...(states[index] ?? { claims: [], waiters: [] }),
  }));
}

type ClaimsFile = Pick<BranchCommit, 'claims' | 'waiters'>;

/** `claims.json` of each commit, by one git process. */
function claimsFiles(box: Sandbox, clone: string, commits: readonly string[]): ClaimsFile[] {
  const { stdout } = spawnSync('git', ['cat-file', '--batch'], {
    cwd: clone,
    env: box.env,
    input: commits.map((id) => `${id}:claims.json\n`).join(''),
    maxBuffer: MOST_BYTES,
  });
  const files: ClaimsFile[] = [];
  let at = 0;
  for (const commit of commits) {
    const end = stdout.indexOf('\n', at);
    const [, kind, size] = stdout.toString('utf8', at, end).split(' ');
    if (kind !== 'blob') throw new Error(`${commit} has no claims.json`);
    const text = stdout.toString('utf8', end + 1, end + 1 + Number(size));
    const { claims, waiters } = JSON.parse(text) as ClaimsFile;
    files.push({ claims, waiters });
    at = end + 1 + Number(size) + 1;
  }
  return files;
}
