import { spawnSync } from 'node:child_process';
import type { CoordEvent } from '../../../../src/domain/events.js';
import type { Claim, Note, Release, Waiter } from '../../../../src/domain/model.js';
import { eventsIn } from '../../../../src/store/format/commits.js';
import type { Sandbox } from '../../../support/sandbox.js';

/** One commit of the state ref, with the state that it holds. */
export interface BranchCommit extends ClaimsFile {
  readonly id: string;
  readonly parents: readonly string[];
  /** Whose operation comes first in it. */
  readonly author: string;
  readonly subject: string;
  /** Ids of its operations, in their order. */
  readonly operations: readonly string[];
  readonly events: readonly CoordEvent[];
}

interface ClaimsFile {
  readonly lastToken: number;
  readonly claims: readonly Claim[];
  readonly waiters: readonly Waiter[];
  readonly releases: readonly Release[];
}

const MOST_BYTES = 2 ** 30;

/** The branch's first-parent history, oldest first: the total order of all operations. */
export function readBranch(box: Sandbox, clone: string, branch = 'coord/state'): BranchCommit[] {
  const log = box.git(clone, 'log', '--first-parent', '--reverse', '--format=%H%n%P%n%an%n%B%x00', branch, '--');
  const commits = log.split('\0').flatMap((entry) => {
    const [id, parents = '', author = '', ...message] = entry.replace(/^\n/, '').split('\n');
    return id ? [{ id, parents: parents.split(' ').filter(Boolean), author, message }] : [];
  });
  const states = filesIn(
    box,
    clone,
    commits.map(({ id }) => `${id}:claims.json`),
  ).map((text) => JSON.parse(text) as ClaimsFile);
  return commits.map(({ message, ...commit }, index) => ({
    ...commit,
    subject: message[0] ?? '',
    operations: message.flatMap((line) => /^Coord-Operation: (.+)$/.exec(line)?.[1] ?? []),
    events: eventsIn(message.join('\n')),
    ...(states[index] as ClaimsFile),
  }));
}

/** The whole log as it stands at the tip of the branch, in no order. */
export function readNotes(box: Sandbox, clone: string, branch = 'coord/state'): Note[] {
  const names = box.git(clone, 'ls-tree', '-r', '--name-only', branch).split('\n');
  const segments = names.filter((name) => name === 'log.jsonl' || name.startsWith('log/'));
  const texts = filesIn(
    box,
    clone,
    segments.map((name) => `${branch}:${name}`),
  );
  const lines = texts.flatMap((text) => text.split('\n')).filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Note).filter(({ id }) => id !== undefined);
}

/** The texts of files of the history, by one git process. */
function filesIn(box: Sandbox, clone: string, names: readonly string[]): string[] {
  const { stdout } = spawnSync('git', ['cat-file', '--batch'], {
    cwd: clone,
    env: box.env,
    input: names.map((name) => `${name}\n`).join(''),
    maxBuffer: MOST_BYTES,
  });
  const texts: string[] = [];
  let at = 0;
  for (const name of names) {
    const end = stdout.indexOf('\n', at);
    const [, kind, size] = stdout.toString('utf8', at, end).split(' ');
    if (kind !== 'blob') throw new Error(`there is no ${name}`);
    texts.push(stdout.toString('utf8', end + 1, end + 1 + Number(size)));
    at = end + 1 + Number(size) + 1;
  }
  return texts;
}
