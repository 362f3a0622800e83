import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isRateLimited, secondsAsked, waitFor } from '../../../src/git/rate-limit.js';

const failed = (stderr: string, stdout = '') => ({ code: 128, stdout, stderr });

describe('an answer that asks for fewer requests', () => {
  it.each([
    ["fatal: unable to access 'https://h.example/r.git/': The requested URL returned error: 429"],
    ['error: RPC failed; HTTP 429 curl 22 The requested URL returned error: 429'],
    [
      'remote: You have exceeded a secondary rate limit.\nfatal: unable to access: The requested URL returned error: 403',
    ],
    ['remote: Your account has been rate-limited.\nfatal: Could not read from remote repository.'],
    ['ssh: Too many requests, please wait\nfatal: Could not read from remote repository.'],
    ['remote: You have triggered an abuse detection mechanism.'],
    ['remote: This endpoint has been requested too many times. Try again later.'],
    ['GitLab: Internal API error (429)\nfatal: Could not read from remote repository.'],
  ])('is known by its words, over HTTP and SSH: %s', (stderr) => {
    expect(isRateLimited(failed(stderr))).toBe(true);
  });

  it('may stand in the line of a ref that was refused', () => {
    expect(isRateLimited(failed('', '!\ta:b\t[remote rejected] (push rate limit exceeded)'))).toBe(true);
  });

  it.each([
    ['fatal: unable to access: The requested URL returned error: 403'],
    ['remote: Permission to a/b.git denied to c.'],
    ['remote: Compressing objects: 100% (429/429), done.\nfatal: early EOF'],
    ['fatal: unable to access: The requested URL returned error: 503'],
  ])('is no other failure: %s', (stderr) => {
    expect(isRateLimited(failed(stderr))).toBe(false);
  });

  it('is nothing that went well', () => {
    expect(isRateLimited({ code: 0, stdout: '', stderr: 'remote: rate limit: 4,999 requests left' })).toBe(false);
  });

  it.each([
    ['12:00 http.c <= Recv header: Retry-After: 30', 30],
    ['Too many requests, retry after 12 s', 12],
    ['please try again in 7s', 7],
    ['retry-after: Wed, 21 Oct 2026 07:28:00 GMT', null],
    ['wait a few minutes', null],
  ])('says how long, or does not: %s', (text, seconds) => {
    expect(secondsAsked(text)).toBe(seconds);
  });
});

describe('how long to wait', () => {
  it('is what is asked, or more each time; then no longer', () => {
    expect([0, 1, 2, 3].map((attempt) => waitFor(attempt, null, 0, 0))).toEqual([5, 15, 30, null]);
    expect([waitFor(0, 60, 0, 0), waitFor(0, 61, 0, 0), waitFor(3, 10, 51, 0)]).toEqual([60, null, null]);
  });

  it('is never more than a minute in one run, whatever is asked', () => {
    const run = fc.array(fc.tuple(fc.option(fc.nat({ max: 400 })), fc.double({ min: 0, max: 0.999, noNaN: true })));
    fc.assert(
      fc.property(run, (answers) => {
        let waited = 0;
        for (const [attempt, [asked, chance]] of answers.entries())
          waited += waitFor(attempt, asked, waited, chance) ?? 0;
        expect(waited).toBeLessThanOrEqual(60.0001);
      }),
    );
  });
});
