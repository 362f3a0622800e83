import { oneLine } from '../domain/text.js';
import { CoordError } from '../errors.js';
import type { PorcelainResult } from '../git/porcelain.js';

interface Goal {
  readonly remote: string;
  /** Short name of the main branch. */
  readonly branch: string;
}

/** The user's own hook refused. */
export function landHookRefused(pushed: PorcelainResult): CoordError {
  const said = linesOf(pushed.stderr).filter((line) => !line.startsWith('error: failed to push some refs'));
  return new CoordError('closed', ['your pre-push hook refused; nothing was moved', ...indented(said)].join('\n'), {
    hint: 'mend what the hook names, then repeat',
    details: { reason: 'pre-push' },
  });
}

/** The server lets nobody, or not this agent, push to the branch. */
export function protectedBranch(reason: string, said: readonly string[], { remote, branch }: Goal): CoordError {
  const what = `closed: ${oneLine(remote)} does not take a push to ${oneLine(branch)}: ${oneLine(reason)}`;
  return new CoordError(
    'closed',
    [what, ...indented(said), 'nothing was moved; your claims are still held'].join('\n'),
    {
      hint: 'go by pull request: coord land --to BRANCH, open one from that branch, and after its merge: coord released-by COMMIT',
      details: { reason: 'protected', branch, said },
    },
  );
}

/** The push did not get that far. */
export function notPushed(pushed: PorcelainResult, { remote }: Goal): CoordError {
  const noAtomic = /does not support --atomic/.test(pushed.stderr);
  const reason = noAtomic ? 'it cannot move two branches together (git push --atomic)' : reasonIn(pushed);
  return new CoordError('unavailable', `${oneLine(remote)} did not accept the push: ${reason}; nothing was moved`, {
    hint: noAtomic
      ? 'go by pull request: coord land --to BRANCH, and after its merge: coord released-by COMMIT'
      : `your claims are still held; check with git ls-remote ${oneLine(remote)}, then repeat: the same command finds out what came of it`,
    details: { reason: noAtomic ? 'no-atomic' : 'not-pushed', stderr: pushed.stderr.slice(0, 2000) },
  });
}

function reasonIn({ stdout, stderr }: PorcelainResult): string {
  const rejected = stdout
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.split('\t').slice(2).join(' '))
    .find((summary) => !summary.includes('atomic push failure'));
  if (rejected !== undefined) return oneLine(rejected);
  const lines = linesOf(stderr);
  return oneLine(lines.find((line) => line.startsWith('fatal:')) ?? lines[0] ?? 'no answer');
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function indented(lines: readonly string[]): string[] {
  return lines.slice(-10).map((line) => `  ${oneLine(line)}`);
}
