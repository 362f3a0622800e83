import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { remoteGit } from '../../../src/git/porcelain.js';
import { Paced, withTrace } from '../../../src/git/rate-limit.js';
import { discoverRepository } from '../../../src/git/repository.js';
import { sandbox } from '../../support/sandbox.js';
import { type HttpRemote, httpRemote, type Said } from '../../support/servers.js';

/** How hosts say it. */
const ANSWERS: readonly (readonly [string, Said])[] = [
  ['429', { status: 429, headers: { 'Retry-After': '7' } }],
  ['429 without a word of how long', { status: 429 }],
  ['403 and a secondary rate limit', { status: 403, body: 'You have exceeded a secondary rate limit. Please wait.\n' }],
  ['503 and too many requests', { status: 503, body: 'Too many requests, retry after 7 s\n' }],
];

const isPush = (url: string) => url.includes('git-receive-pack');

/** A clone whose remote is served over HTTP; what coord waits is only taken down. */
async function rig() {
  const box = sandbox();
  const bare = box.bareRemote();
  const clone = box.clone(bare);
  box.commit(clone, 'a', 'a');
  const http = await httpRemote(box, box.directory);
  box.git(clone, 'remote', 'set-url', 'origin', `${http.url}/${bare.slice(box.directory.length + 1)}`);
  const repository = discoverRepository(clone);
  const waits: number[] = [];
  let until: number | null = null;
  let now = Date.UTC(2026, 10, 21);
  const memory = {
    read: () => until,
    write: (ms: number) => {
      until = ms;
    },
  };
  const paced = (hurried = false) =>
    new Paced({
      now: () => now,
      random: () => 0,
      pause: async (ms) => {
        now += ms;
      },
      tell: (seconds) => void waits.push(seconds),
      memory,
      hurried,
    });
  const door = (env = {}) => remoteGit(repository, { ...box.env, ...env }, { timeoutMs: 30_000 });
  const push = (through: Paced) =>
    through.run((traced) =>
      traced
        ? withTrace(box.directory, (env) => door(env).push('origin', ['HEAD:refs/heads/x']))
        : door().push('origin', ['HEAD:refs/heads/x']),
    );
  const later = (ms: number) => {
    now += ms;
  };
  const asked = () => http.requests.filter(isPush).length;
  return { box, bare, clone, http, waits, paced, push, later, asked, until: () => until };
}

/** Answers so the first times that something is pushed. */
function limit(http: HttpRemote, said: Said, times: number): void {
  let left = times;
  http.setDoorman(({ url }) => (isPush(url) && left-- > 0 ? said : undefined));
}

describe.each(ANSWERS)('a host that answers %s', (_, said) => {
  it('is left alone for a while, and asked again', async () => {
    const { box, bare, http, waits, paced, push } = await rig();
    limit(http, said, 2);
    expect(await push(paced())).toMatchObject({ code: 0 });
    expect(waits).toHaveLength(2);
    expect(waits[1]).toBe(said.status === 429 && !said.headers ? 15 : said.status === 403 ? 15 : 7);
    expect(box.git(bare, 'rev-parse', 'x')).not.toBe('');
    expect(readdirSync(box.directory).filter((name) => name.startsWith('answers-'))).toEqual([]);
  });

  it('is given up in the end, in less than a minute, after few requests', async () => {
    const { http, waits, paced, push, asked } = await rig();
    limit(http, said, Number.POSITIVE_INFINITY);
    const result = await push(paced());
    expect(result.code).not.toBe(0);
    expect(waits.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(60);
    expect(asked()).toBeLessThanOrEqual(9);
  });
});

it('the next commands of the clone ask nothing before its time, and then again', async () => {
  const { http, paced, push, later, asked } = await rig();
  limit(http, { status: 429, headers: { 'Retry-After': '300' } }, 2);
  const first = paced();
  expect((await push(first)).code).not.toBe(0);
  const before = asked();
  expect(await push(paced())).toMatchObject({ code: 128, stderr: expect.stringContaining('nothing was sent') });
  expect(asked()).toBe(before);
  later(301_000);
  expect(await push(paced())).toMatchObject({ code: 0 });
});

it('an edit waits for nothing', async () => {
  const { http, waits, paced, push, asked } = await rig();
  limit(http, { status: 429 }, 1);
  expect((await push(paced(true))).code).not.toBe(0);
  expect([waits, asked()]).toEqual([[], 1]);
});

it('coord says that it waits, and goes on; or exit 7 with what to do, and grants nothing', async () => {
  const { box, bare, clone, http } = await rig();
  const as = (...args: readonly string[]) => box.coord(clone, args, { env: { COORD_AGENT: 'maya' } });
  expect(await as('init')).toMatchObject({ code: 0 });
  const said = { status: 429, body: 'Too many requests, retry after 1 s\n' };
  limit(http, said, 1);
  const claim = await as('claim', 'a');
  expect(claim).toMatchObject({ code: 0, stderr: expect.stringContaining('origin asks for fewer requests: waiting') });
  limit(http, { status: 403, body: 'secondary rate limit: retry after 600 s\n' }, Number.POSITIVE_INFINITY);
  const refs = box.git(bare, 'for-each-ref');
  const asked = http.requests.length;
  const refused = await as('claim', 'b', '--json');
  expect(refused.code).toBe(7);
  expect(refused.json().error).toMatchObject({
    message: expect.stringContaining('it asks for fewer requests'),
    hint: expect.stringContaining('nothing was changed; wait some minutes, then repeat'),
    details: { reason: 'rate-limited' },
  });
  expect(http.requests.slice(asked).filter(isPush)).toHaveLength(1);
  // Reading, and what another holds, is not asked for while it wants to be left alone.
  const before = http.requests.length;
  expect(await as('claim', 'c')).toMatchObject({ code: 7 });
  expect(http.requests.length).toBe(before);
  expect(box.git(bare, 'for-each-ref')).toBe(refs);
  expect(existsSync(join(clone, '.git', 'coord', 'left-alone'))).toBe(true);
});
