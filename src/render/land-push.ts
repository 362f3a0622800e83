import { oneLine } from '../domain/text.js';
import { CoordError } from '../errors.js';

interface Goal {
  readonly remote: string;
  /** Short name of the branch that was to be moved. */
  readonly branch: string;
}

/** The user's own hook refused. */
export function hookRefused(said: readonly string[]): CoordError {
  return new CoordError('closed', ['your pre-push hook refused; nothing was moved', ...indented(said)].join('\n'), {
    hint: 'mend what the hook names, then repeat',
    details: { reason: 'pre-push', said },
  });
}

/** The server lets nobody, or not this agent, push to the branch. */
export function protectedBranch(reason: string, said: readonly string[], { remote, branch }: Goal): CoordError {
  const what = `closed: ${oneLine(remote)} does not take a push to ${oneLine(branch)}: ${oneLine(reason)}`;
  return new CoordError('closed', [what, ...indented(said), STILL_HELD].join('\n'), {
    hint: 'go by pull request: coord land --to BRANCH, open one from that branch, and after its merge: coord released-by COMMIT',
    details: { reason: 'protected', branch, said },
  });
}

const STILL_HELD = 'nothing was moved; your claims are still held';

/** The server cannot move the two branches together. */
export function notAtomic({ remote, branch }: Goal): CoordError {
  const what = `${oneLine(remote)} cannot move ${oneLine(branch)} and the claims together: it lacks git push --atomic`;
  return new CoordError('unavailable', `${what}\n${STILL_HELD}`, {
    hint: 'go by pull request: coord land --to BRANCH, and after its merge: coord released-by COMMIT',
    details: { reason: 'no-atomic' },
  });
}

/** Why a remote takes no push, and what to do about it. */
interface Trouble {
  readonly kind: string;
  readonly todo: string;
  readonly code: 'unavailable' | 'closed';
}

/** The push did not get as far as a refusal of the branch. */
export function notPushed(trouble: Trouble, reason: string, said: readonly string[], { remote }: Goal): CoordError {
  const what = `${oneLine(remote)} did not accept the push: ${oneLine(reason)}`;
  return new CoordError(trouble.code, `${what}\n${STILL_HELD}`, {
    hint: `${trouble.todo}; the same command then finds out what came of this one`,
    details: { reason: 'not-pushed', trouble: trouble.kind, said },
  });
}

/** The remote has taken the release, and does not say whether it has taken the work. */
export function unclear({ remote, branch }: Goal): CoordError {
  return new CoordError('unavailable', `your claims were released, but ${remote} does not say where ${branch} stands`, {
    hint: 'repeat the command: it finds out whether your work has landed',
    details: { reason: 'unclear' },
  });
}

/** The remote has taken the release without the work, although it said that it would not. */
export function notTogether({ remote, branch }: Goal): CoordError {
  const what = `${oneLine(remote)} released your claims without moving ${oneLine(branch)}: it does not keep git push --atomic`;
  return new CoordError('fault', what, {
    hint: 'your work has not landed: claim again, go by pull request (coord land --to BRANCH), and report this to who runs the server',
    details: { reason: 'not-together' },
  });
}

function indented(lines: readonly string[]): string[] {
  return lines.slice(-10).map((line) => `  ${oneLine(line)}`);
}
