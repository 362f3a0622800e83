import type { Verification } from '../gates/judge.js';
import type { Instant } from '../time.js';

/** A commit of the coordination branch, as far as its signature goes. */
export interface CoordinationCommit {
  readonly commit: string;
  /** By the clock of its writer. */
  readonly at: Instant;
  /** null: it has no signature. */
  readonly verification: Verification | null;
  /** `kept` in a compaction, or the `compaction` itself, which answers for what it kept. */
  readonly part: 'kept' | 'compaction' | null;
}

/** A coordination commit that lacks a signature that counts. */
export interface SignatureFinding {
  readonly commit: string;
  readonly at: Instant;
  /** One word, for scripts; `not-runnable`: it could not be looked at. */
  readonly reason: 'unsigned' | Extract<Verification, { good: false }>['closed'];
  readonly why: string;
}

/**
 * The commits that should have a signature and have none that counts. From when signatures are asked for each commit needs
 * one; so does each that follows a good one, whatever its date says, since whoever makes a commit writes its date.
 * @param line oldest first
 */
export function judgeSignatures(line: readonly CoordinationCommit[], since: Instant): SignatureFinding[] {
  const answeredFor = line.findLastIndex((one) => one.part === 'compaction' && isGood(one));
  const from = line.findIndex((one) => one.at >= since || isGood(one));
  return line.flatMap((one, index) => {
    const isAsked = from >= 0 && index >= from && !(one.part === 'kept' && index < answeredFor);
    return isAsked && !isGood(one) ? findingOf(one) : [];
  });
}

/** What stands in the way of knowing is no proof of a breach. */
export function isUnknown({ reason }: SignatureFinding): boolean {
  return reason === 'not-runnable';
}

function isGood({ verification }: CoordinationCommit): boolean {
  return verification?.good === true;
}

function findingOf({ commit, at, verification }: CoordinationCommit): SignatureFinding {
  if (verification === null || verification.good) return { commit, at, reason: 'unsigned', why: 'has no signature' };
  return { commit, at, reason: verification.closed, why: verification.why };
}
