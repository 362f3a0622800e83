import { describe, expect, it } from 'vitest';
import { type CoordinationCommit, isUnknown, judgeSignatures } from '../../../../src/domain/audit/judge.js';
import type { Verification } from '../../../../src/domain/gates/judge.js';
import { instantOf } from '../../../../src/domain/time.js';

const GOOD: Verification = { good: true, person: 'ada' };
const REVOKED: Verification = { good: false, closed: 'revoked', why: 'is signed with a revoked key' };
const minute = (count: number) => instantOf(Date.UTC(2026, 0, 1, 12, count));
const SINCE = minute(30);

/** Made at this minute; by default it is an ordinary commit. */
function made(at: number, verification: Verification | null, part: CoordinationCommit['part'] = null) {
  return { commit: `c${at}`, at: minute(at), verification, part };
}

function found(...line: CoordinationCommit[]): string[] {
  return judgeSignatures(line, SINCE).map(({ commit, reason }) => `${commit} ${reason}`);
}

describe('the signatures of coordination commits', () => {
  it('are asked for from the instant on at which the main branch asks for them', () => {
    expect(found(made(10, null), made(29, null))).toEqual([]);
    expect(found(made(10, null), made(30, null), made(31, GOOD))).toEqual(['c30 unsigned']);
  });

  it('are asked for after a good one, whatever a date says', () => {
    expect(found(made(10, null), made(11, GOOD), made(5, null))).toEqual(['c5 unsigned']);
    expect(found(made(31, null), made(5, null))).toEqual(['c31 unsigned', 'c5 unsigned']);
  });

  it('do not count when they are not good', () => {
    expect(judgeSignatures([made(31, REVOKED)], SINCE)).toEqual([
      { commit: 'c31', at: minute(31), reason: 'revoked', why: 'is signed with a revoked key' },
    ]);
    expect(found(made(10, REVOKED), made(11, null))).toEqual([]);
  });

  it('of what a compaction kept are that of the compaction', () => {
    const kept = [made(31, null, 'kept'), made(32, null, 'kept')];
    expect(found(...kept, made(33, GOOD, 'compaction'), made(34, GOOD))).toEqual([]);
    expect(found(...kept, made(33, REVOKED, 'compaction'))).toEqual(['c31 unsigned', 'c32 unsigned', 'c33 revoked']);
    expect(found(...kept, made(33, GOOD))).toEqual(['c31 unsigned', 'c32 unsigned']);
    expect(found(made(33, GOOD, 'compaction'), ...kept)).toEqual(['c31 unsigned', 'c32 unsigned']);
  });

  it('leave something unknown only where no verifier could be run', () => {
    const closed = ['bad-signature', 'unknown-signer', 'invalid-key', 'revoked', 'not-runnable'] as const;
    const line = closed.map((reason, index) => made(31 + index, { good: false, closed: reason, why: '' }));
    expect(judgeSignatures(line, SINCE).map(isUnknown)).toEqual([false, false, false, false, true]);
  });
});
