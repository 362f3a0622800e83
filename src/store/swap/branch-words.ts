import { coord } from '../../domain/suggestion.js';
import { CoordError } from '../../errors.js';

/**
 * The branch is not where this clone saw it last, and did not go on from there. Nothing is reset: which history counts is
 * for people to say.
 */

const short = (commit: string) => commit.slice(0, 7);

/** The local branch, which decides by itself, was deleted. */
export function deletedHere(branch: string, known: string): CoordError {
  return new CoordError('corrupt', `the branch ${branch} is gone; it was last seen at ${short(known)}`, {
    hint: `put it back: git branch ${branch} ${short(known)}; or, if its claims shall be forgotten, begin anew: ${coord('init')}`,
    details: { reason: 'deleted', known, problems: [`refs/heads/${branch}: gone`] },
  });
}

/** The local branch, which decides by itself, was moved back or elsewhere. */
export function rewrittenHere(branch: string, known: string, tip: string): CoordError {
  const message = `the branch ${branch} was rewound or rewritten: it is at ${short(tip)}, which does not contain ${short(known)}`;
  return new CoordError('corrupt', message, {
    hint: `put it back: git update-ref refs/heads/${branch} ${known}; or, if what it lacks shall be forgotten: git update-ref refs/coord/known/${branch} ${tip}`,
    details: { reason: 'rewritten', known, tip, problems: [`refs/heads/${branch}: does not contain ${known}`] },
  });
}

/** Somebody merged into the branch, whose commits have one order, each decided on the one before. */
export function mergedBranch(branch: string, tip: string, parents: readonly string[]): CoordError {
  const sides = parents.map((parent) => `git update-ref refs/heads/${branch} ${parent}`).join(', or ');
  return new CoordError('corrupt', `the tip of the branch ${branch} is a merge commit (${short(tip)})`, {
    hint: `it is never merged; look which side has the claims that count, and put the branch back to it: ${sides}`,
    details: { reason: 'merged', tip, parents, problems: [`${tip}: a merge commit`] },
  });
}

/**
 * The file of the ref holds no commit id.
 * @param known where it stood last; `remote`: the remote has it
 */
export function damagedRef(ref: string, known: string | 'remote' | null): CoordError {
  const remove = `put it back: ${removal(ref)}`;
  const rest = known === 'remote' ? '; it then comes back from the remote' : ` && git update-ref ${ref} ${known}`;
  return new CoordError('corrupt', `${ref} is damaged: it names no commit`, {
    hint: known === null ? 'find its last commit: git fsck --no-reflogs' : `${remove}${rest}`,
    details: { reason: 'damaged', known, problems: [`${ref}: names no commit`] },
  });
}

/** What a ref names that should name a commit; `type` is null: nothing that can be read here. */
export interface Named {
  readonly id: string;
  readonly type: string | null;
}

/** @param known where the branch stood last; null where that is not known */
export function notACommit(ref: string, { id, type }: Named, known: string | null): CoordError {
  const what = type === null ? `${short(id)}, which cannot be read` : `a ${type}, not a commit (${short(id)})`;
  return new CoordError('corrupt', `${ref} names ${what}`, {
    hint:
      known === null || known === id
        ? 'find its last commit (git fsck --no-reflogs), or get the object from another clone'
        : `put it back: git update-ref ${ref} ${known}`,
    details: { reason: 'damaged', known, tip: id, problems: [`${ref}: names ${what}`] },
  });
}

/** Somebody put the branch of this clone where its state cannot be read. */
export function movedByHand(branch: string, known: string, error: CoordError): CoordError {
  const { message, details } = error;
  return new CoordError('corrupt', `the branch ${branch} of this clone was moved by hand: ${message}`, {
    hint: `put it back: git update-ref refs/heads/${branch} ${known}`,
    details: { ...details, known },
    cause: error,
  });
}

/** The ref that remembers where the branch stood names no commit; `torn`: its file holds no id at all. */
export function damagedMemory(branch: string, ref: string, type: string | 'torn' | null): CoordError {
  const what = type === null || type === 'torn' ? 'what cannot be read' : `a ${type}, not a commit`;
  const forget = type === 'torn' ? removal(ref) : `git update-ref -d ${ref}`;
  return new CoordError('corrupt', `${ref}, which remembers where the branch ${branch} stood, names ${what}`, {
    hint: `look whether the branch is as it should be (git log ${branch}); then forget what stood there: ${forget}`,
    details: { reason: 'damaged', problems: [`${ref}: names ${what}`] },
  });
}

/** Does away with a file that git does not take for a ref, from any worktree and folder. */
function removal(ref: string): string {
  return `rm "$(git rev-parse --git-path ${ref})"`;
}

/** Where the histories of this clone and of the remote part. */
export interface Parted {
  readonly remote: string;
  readonly branch: string;
  /** The commit that this clone knows, and the one that the remote has. */
  readonly known: string;
  readonly tip: string;
}

/** The remote has no such branch any more. */
export function goneThere(remote: string, branch: string, known: string): CoordError {
  return new CoordError('corrupt', `the branch ${branch} is gone from ${remote}; it was last seen at ${short(known)}`, {
    hint: `find out who deleted it; to put it back: git push ${remote} ${known}:refs/heads/${branch}`,
    details: { reason: 'deleted', known, problems: [`${remote} ${branch}: gone`] },
  });
}

/** The remote's branch names something that is no commit. @param known what it was when it was last seen */
export function noCommitThere(
  { remote, branch, tip, known }: Omit<Parted, 'known'> & { readonly known: string | null },
  type: string | null,
): CoordError {
  const what = type === null ? 'no commit' : `a ${type}, not a commit (${short(tip)})`;
  const lease = `--force-with-lease=${branch}:${tip}`;
  return new CoordError('corrupt', `the branch ${branch} of ${remote} names ${what}`, {
    hint:
      known === null
        ? `nothing was changed; find its last commit where ${remote} is: git fsck --no-reflogs`
        : type === null
          ? `nothing was changed; it must be mended where ${remote} is: it was last seen at ${known}`
          : `nothing was changed; to put the old one back: git push ${lease} ${remote} ${known}:refs/heads/${branch}`,
    details: { reason: 'damaged', known, tip, problems: [`${remote} ${branch}: names ${what}`] },
  });
}

/** The remote's branch lost commits that it had; `anew`: it shares no commit at all with what it was. */
export function rewrittenThere(
  { remote, branch, known, tip }: Parted,
  how: 'rewound' | 'rewritten' | 'anew',
): CoordError {
  const happened = { rewound: 'was rewound', rewritten: 'was rewritten', anew: 'was begun anew' }[how];
  const message = `the branch ${branch} of ${remote} ${happened}: it is at ${short(tip)}, which does not contain ${short(known)}`;
  const take = `git update-ref refs/heads/${branch} ${tip} && git update-ref ${knownThere(remote, branch)} ${tip}`;
  const putBack = `git push --force-with-lease=${branch}:${tip} ${remote} ${known}:refs/heads/${branch}`;
  return new CoordError('corrupt', message, {
    hint: `nothing was changed; agree with the others: to put the old one back: ${putBack}; to take the new one here: ${take}`,
    details: {
      reason: how === 'anew' ? 'recreated' : 'rewritten',
      how,
      known,
      tip,
      problems: [`${remote} ${branch}: ${happened}`],
    },
  });
}

/** This clone's copy of the branch has commits that the remote never had. */
export function aheadHere({ remote, branch, known, tip }: Parted): CoordError {
  const message = `the branch ${branch} of this clone is at ${short(known)}, which ${remote} never had (it is at ${short(tip)}): somebody moved it here by hand`;
  return new CoordError('corrupt', message, {
    hint: `nothing was changed; to follow ${remote} again: git update-ref refs/heads/${branch} ${tip}; or, if it is meant: git push ${remote} ${branch}`,
    details: { reason: 'ahead', known, tip, problems: [`refs/heads/${branch}: not on ${remote}`] },
  });
}

/** This clone's branch and the remote's were begun apart, and have never been one. */
export function neverShared({ remote, branch, known, tip }: Parted): CoordError {
  const message = `this clone and ${remote} each have a branch ${branch} of their own (${short(known)} and ${short(tip)})`;
  return new CoordError('corrupt', message, {
    hint: `nothing was changed; to follow ${remote}, and keep what was here: git branch -m ${branch} ${branch}-before-${remote}`,
    details: { reason: 'apart', known, tip, problems: [`refs/heads/${branch}: not on ${remote}`] },
  });
}

/** The ref that remembers which commit a remote had last. */
export function knownThere(remote: string, branch: string): string {
  return `refs/coord/remote/${remote}/${branch}`;
}
