import { PRIVATE_REFS, shortRef } from '../../domain/state-ref.js';
import { command, coord } from '../../domain/suggestion.js';
import { oneLine } from '../../domain/text.js';
import { CoordError } from '../../errors.js';

/**
 * The state ref is not where this clone saw it last, and did not go on from there. Nothing is reset: which history counts
 * is for people to say. Refs are told by their full names.
 */

const short = (commit: string) => commit.slice(0, 7);

/** The state ref of this clone, which decides by itself, was deleted. */
export function deletedHere(ref: string, known: string): CoordError {
  return new CoordError('corrupt', `the state ref ${ref} is gone; it was last seen at ${short(known)}`, {
    hint: `put it back: ${command(`git update-ref ${ref} ${known}`)}; or, to give up its claims, start again: ${coord('init')}`,
    details: { reason: 'deleted', known, problems: [`${ref}: gone`] },
  });
}

/** The state ref of this clone, which decides by itself, was moved back or elsewhere. */
export function rewrittenHere(ref: string, known: string, tip: string): CoordError {
  const message = `the state ref ${ref} was rewound or rewritten: it is at ${short(tip)}, which does not contain ${short(known)}`;
  return new CoordError('corrupt', message, {
    hint: `put it back: ${command(`git update-ref ${ref} ${known}`)}; or, to give up what it lacks: ${command(`git update-ref ${knownHere(ref)} ${tip}`)}`,
    details: { reason: 'rewritten', known, tip, problems: [`${ref}: does not contain ${known}`] },
  });
}

/** Somebody merged into the state ref, whose commits have one order, each decided on the one before. */
export function mergedState(ref: string, tip: string, parents: readonly string[]): CoordError {
  const sides = parents.map((parent) => command(`git update-ref ${ref} ${parent}`)).join(', or ');
  return new CoordError('corrupt', `the tip of the state ref ${ref} is a merge commit (${short(tip)})`, {
    hint: `it is never merged; find out which side has the claims that count, and put the ref back to it: ${sides}`,
    details: { reason: 'merged', tip, parents, problems: [`${tip}: a merge commit`] },
  });
}

/**
 * The file of the ref holds no commit id.
 * @param known where it stood last; `remote`: the remote has it
 */
export function damagedRef(ref: string, known: string | 'remote' | null): CoordError {
  const remove = removal(ref);
  const putBack =
    known === 'remote'
      ? `${command(remove)}; it then comes back from the remote`
      : command(`${remove} && git update-ref ${ref} ${known}`);
  return new CoordError('corrupt', `${ref} is damaged: it names no commit`, {
    hint: known === null ? `find its last commit: ${command('git fsck --no-reflogs')}` : `put it back: ${putBack}`,
    details: { reason: 'damaged', known, problems: [`${ref}: names no commit`] },
  });
}

/** What a ref names that should name a commit; `type` is null: nothing that can be read here. */
export interface Named {
  readonly id: string;
  readonly type: string | null;
}

/** @param known where the ref stood last; null where that is not known */
export function notACommit(ref: string, { id, type }: Named, known: string | null): CoordError {
  const what = type === null ? `${short(id)}, which cannot be read` : `a ${type}, not a commit (${short(id)})`;
  return new CoordError('corrupt', `${ref} names ${what}`, {
    hint:
      known === null || known === id
        ? `find its last commit (${command('git fsck --no-reflogs')}), or get the object from another clone`
        : `put it back: ${command(`git update-ref ${ref} ${known}`)}`,
    details: { reason: 'damaged', known, tip: id, problems: [`${ref}: names ${what}`] },
  });
}

/** Somebody put the state ref of this clone where its state cannot be read. */
export function movedByHand(
  ref: string,
  { known, tip }: { readonly known: string; readonly tip: string },
  error: CoordError,
): CoordError {
  const { message, details } = error;
  return new CoordError('corrupt', `the state ref ${ref} of this clone was moved by hand: ${message}`, {
    hint: `put it back: ${command(`git update-ref ${ref} ${known}`)}`,
    details: { ...details, known, tip },
    cause: error,
  });
}

/** The ref that remembers where the state ref stood names no commit; `torn`: its file holds no id at all. */
export function damagedMemory(ref: string, memory: string, type: string | 'torn' | null): CoordError {
  const what = type === null || type === 'torn' ? 'what cannot be read' : `a ${type}, not a commit`;
  const forget = command(type === 'torn' ? removal(memory) : `git update-ref -d ${memory}`);
  return new CoordError('corrupt', `${memory}, which remembers where ${ref} stood, names ${what}`, {
    hint: `check that ${shortRef(ref)} is as it should be (git log ${shortRef(ref)}), then forget the old place: ${forget}`,
    details: { reason: 'damaged', problems: [`${memory}: names ${what}`] },
  });
}

/** Does away with a file that git does not take for a ref, from any worktree and folder. */
function removal(ref: string): string {
  return `rm "$(git rev-parse --git-path ${ref})"`;
}

/** Where the histories of this clone and of the remote part. */
export interface Parted {
  readonly remote: string;
  /** Full name. */
  readonly ref: string;
  /** The commit that this clone knows, and the one that the remote has. */
  readonly known: string;
  readonly tip: string;
}

/** The remote has no such ref any more. */
export function goneThere(remote: string, ref: string, known: string): CoordError {
  return new CoordError('corrupt', `the state ref ${ref} is gone from ${remote}; it was last seen at ${short(known)}`, {
    hint: `find out who deleted it; to put it back: ${command(`git push ${remote} ${known}:${ref}`)}`,
    details: { reason: 'deleted', known, problems: [`${remote} ${ref}: gone`] },
  });
}

/** The remote's ref names something that is no commit. @param known what it was when it was last seen */
export function noCommitThere(
  { remote, ref, tip, known }: Omit<Parted, 'known'> & { readonly known: string | null },
  type: string | null,
): CoordError {
  const what = type === null ? 'no commit' : `a ${type}, not a commit (${short(tip)})`;
  const lease = `--force-with-lease=${ref}:${tip}`;
  return new CoordError('corrupt', `the state ref ${ref} of ${remote} names ${what}`, {
    hint:
      known === null
        ? `nothing was changed; find its last commit where ${remote} is: git fsck --no-reflogs`
        : type === null
          ? `nothing was changed; it must be fixed where ${remote} is: it was last seen at ${known}`
          : `nothing was changed; to put the old one back: ${command(`git push ${lease} ${remote} ${known}:${ref}`)}`,
    details: { reason: 'damaged', known, tip, problems: [`${remote} ${ref}: names ${what}`] },
  });
}

/** The remote's ref lost commits that it had; `recreated`: it shares no commit at all with what it was. */
export function rewrittenThere(
  { remote, ref, known, tip }: Parted,
  how: 'rewound' | 'rewritten' | 'recreated',
): CoordError {
  const happened = { rewound: 'was rewound', rewritten: 'was rewritten', recreated: 'was started over' }[how];
  const message = `the state ref ${ref} of ${remote} ${happened}: it is at ${short(tip)}, which does not contain ${short(known)}`;
  const take = command(`git update-ref ${ref} ${tip} && git update-ref ${knownThere(remote, ref)} ${tip}`);
  const putBack = command(`git push --force-with-lease=${ref}:${tip} ${remote} ${known}:${ref}`);
  return new CoordError('corrupt', message, {
    hint: `nothing was changed; agree with the others: to put the old one back: ${putBack}; to take the new one here: ${take}`,
    details: {
      reason: how === 'recreated' ? 'recreated' : 'rewritten',
      how,
      known,
      tip,
      problems: [`${remote} ${ref}: ${happened}`],
    },
  });
}

/** This clone's copy of the state ref has commits that the remote never had. */
export function aheadHere({ remote, ref, known, tip }: Parted): CoordError {
  const message = `the state ref ${ref} of this clone is at ${short(known)}, which ${remote} never had (it is at ${short(tip)}): somebody moved it here by hand`;
  return new CoordError('corrupt', message, {
    hint: `nothing was changed; to follow ${remote} again: ${command(`git update-ref ${ref} ${tip}`)}; or, if this clone is right: ${command(`git push ${remote} ${ref}`)}`,
    details: { reason: 'ahead', known, tip, problems: [`${ref}: not on ${remote}`] },
  });
}

/** This clone's state ref and the remote's were begun apart, and have never been one. */
export function neverShared({ remote, ref, known, tip }: Parted): CoordError {
  const message = `this clone and ${remote} each have a state ref ${ref} of their own (${short(known)} and ${short(tip)})`;
  return new CoordError('corrupt', message, {
    hint: `nothing was changed; to follow ${remote}, and keep what was here: ${command(`git update-ref refs/coord/archive/before-${remote} ${known} && git update-ref -d ${ref} ${known}`)}`,
    details: { reason: 'apart', known, tip, problems: [`${ref}: not on ${remote}`] },
  });
}

/** The history was compacted since, and no longer has the ids of its operations. */
export function compactedAway(): CoordError {
  return new CoordError('unavailable', 'it is not known whether this was recorded: the history was compacted since', {
    hint: `check whether it is there: ${coord('status')}, ${coord('log')}; to do it again, give it an id of its own: --request-id ID`,
    details: { reason: 'compacted' },
  });
}

/** The state cannot move to a ref: it holds something else, or another one (`by`) cannot stand beside it. */
export function nameTaken(ref: string, by: string): CoordError {
  const message =
    ref === by ? `${ref} is there already, and holds something else` : `git cannot have ${ref} beside ${by}`;
  return new CoordError('usage', message, {
    hint: `nothing was moved; choose another name: ${coord('init --ref refs/coord/claims')}`,
  });
}

/** The ref that remembers which commit a remote had last. */
export function knownThere(remote: string, ref: string): string {
  return `${PRIVATE_REFS}remote/${remote}/${privateName(ref)}`;
}

/** The ref that remembers where a state ref which decides by itself stood last. */
export function knownHere(ref: string): string {
  return `${PRIVATE_REFS}known/${privateName(ref)}`;
}

/** The ref under which stands what was granted without the remote, and not put to it yet. */
export function pendingHere(ref: string): string {
  return `${PRIVATE_REFS}offline/${privateName(ref)}`;
}

/** A ref by its name below {@link PRIVATE_REFS}. */
export function privateName(ref: string): string {
  return ref.slice('refs/'.length);
}

/** coord was removed from this repository; the state ends with a commit of this message. */
export function removedState(message: string): CoordError {
  const [subject = ''] = message.split('\n');
  return new CoordError('usage', `coord was removed from this repository (${oneLine(subject)})`, {
    hint: `remove it from this clone too: ${coord('init --remove')}; or, to use it again: ${coord('init')}`,
    details: { reason: 'removed' },
  });
}

/** The state ref names another as the one where it goes on, and that one is not there. */
export function lostTrack(ref: string, to: string): CoordError {
  return new CoordError('corrupt', `the state ref ${ref} says that it went on at ${oneLine(to)}, which leads nowhere`, {
    hint: `look at its history, and who moved it: ${command(`git log ${shortRef(ref)}`)}`,
    details: { reason: 'moved', problems: [`${ref}: moved to ${oneLine(to)}`] },
  });
}

/** There is no state ref, neither here nor at the remote. */
export function noState(ref: string): CoordError {
  return new CoordError('usage', `this repository has no coordination state (${ref})`, {
    hint: coord('init'),
    details: { reason: 'not-set-up' },
  });
}
