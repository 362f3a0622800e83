import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type Fleet, localFleet } from '../support/fleet.js';
import { coordInProcess } from '../support/in-process.js';
import { deafPort } from '../support/servers.js';
import { type Answering, surface } from '../support/surfaces.js';

/** A fleet with a deploy target `prod`, whose surface answers so. */
async function deployed(answering: Answering, verify: object = {}): Promise<Fleet & { head: string; url: string }> {
  const fleet = await localFleet();
  const url = `${(await surface(answering)).origin}/version`;
  configure(fleet, { prod: { verify: { url, interval: '1ms', timeout: '3ms', ...verify } }, bare: {} });
  return { ...fleet, url, head: fleet.box.git(fleet.clone, 'rev-parse', 'HEAD') };
}

function configWith({ clone }: Fleet, deploy: object): string {
  return JSON.stringify({ ...JSON.parse(readFileSync(join(clone, 'coord.config.json'), 'utf8')), deploy });
}

/** Commits the targets to the main branch. */
function configure(fleet: Fleet, deploy: object): void {
  fleet.box.commit(fleet.clone, 'coord.config.json', configWith(fleet, deploy));
}

it('verifies HEAD, and says so', async () => {
  const { box, clone, head, url } = await deployed((response) => response.end(head));
  const { code, stdout, stderr } = await box.coord(clone, ['verify', 'prod']);
  expect([code, stdout, stderr]).toEqual([0, `verified: ${url} shows ${head} (HEAD)\n`, '']);
});

it('as data: the look, the target, and where the commit came from', async () => {
  const { box, clone, head, url } = await deployed((response) => response.end(head));
  const { data } = (await box.coord(clone, ['verify', 'prod', '--commit', 'HEAD', '--json'])).json();
  expect(data).toEqual({
    ...{ target: 'prod', commitFrom: 'option', ok: true, url, commit: head, reason: null, expected: head },
    ...{ namesCommit: true, seen: head, status: 200, attempts: 1, cached: null, finding: `${url} shows ${head}` },
    ...{ firstAt: expect.any(String), lastAt: expect.any(String) },
  });
});

it('another version is exit 5, with both versions named, and what to do', async () => {
  const other = 'abcdef0123456789abcdef0123456789abcdef01';
  const { box, clone, head } = await deployed((response) => response.end(other));
  const { code, stderr } = await box.coord(clone, ['verify', 'prod']);
  expect(code).toBe(5);
  expect(stderr).toContain(`shows ${other}, not ${head}`);
  expect(stderr).toContain('coord verify prod');
  const { error } = (await box.coord(clone, ['verify', 'prod', '--json'])).json();
  expect(error).toMatchObject({
    code: 'behind',
    exit: 5,
    details: { reason: 'other-version', seen: other, target: 'prod' },
  });
});

it('what cannot be known is exit 7', async () => {
  const fleet = await localFleet();
  configure(fleet, { prod: { verify: { url: `http://127.0.0.1:${await deafPort()}/`, timeout: '1ms' } } });
  const { error } = (await fleet.box.coord(fleet.clone, ['verify', 'prod', '--json'])).json();
  expect(error).toMatchObject({ code: 'unavailable', exit: 7, details: { reason: 'unreachable', status: null } });
});

it.each([
  [['verify', 'nowhere'], 'no such deploy target: "nowhere"', 'bare, prod'],
  [['verify', 'prdo'], 'no such deploy target', 'coord verify prod'],
  [['verify', 'constructor'], 'no such deploy target', ''],
  [['verify', 'bare'], 'nothing says where to look for bare', '"verify"'],
  [['verify', 'prod', '--commit', 'nothing'], 'no such commit here: "nothing"', 'git fetch'],
  [['verify', 'prod', '--commit', '--all'], 'no such commit here', ''],
  [['verify', 'prod', '--timeout', 'soon'], 'not a duration: "soon"', '30s'],
])('coord %j is exit 2: %s', async (args, message, more) => {
  const { box, clone } = await deployed((response) => response.end('never asked'));
  const { code, stderr } = await box.coord(clone, args);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
  for (const word of more.split(', ')) expect(stderr).toContain(word);
});

it.each([
  [{ url: 'ftp://app.example/' }, 'must begin with https:// or http://'],
  [{ url: 'https://maya:secret@app.example/' }, 'must hold no name or password'],
  [{ url: 'https://app.example/', expect: 'x', pattern: 'y' }, 'must have expect or pattern, not both'],
  [{ url: 'https://app.example/', pattern: '(' }, 'must be a regular expression'],
  [{ url: 'https://app.example/', redirects: 'all' }, 'must be "none", "same-origin"'],
  [{ url: 'https://app.example/', redirects: ['https://x.example'] }, 'redirects.0: must be a host such as'],
  [{ url: 'https://app.example/', header: 'x: y' }, 'must be the name of a header'],
  [{ url: 'https://app.example/', status: 99 }, 'must be an HTTP status'],
])('the configuration %j is refused, and no password repeated', async (verify, problem) => {
  const fleet = await localFleet();
  configure(fleet, { prod: { verify } });
  const { code, stdout, stderr } = await fleet.box.coord(fleet.clone, ['verify', 'prod', '--json']);
  expect(code).toBe(2);
  expect(stdout).toContain(JSON.stringify(problem).slice(1, -1));
  expect(stdout + stderr).not.toContain('secret');
});

it('an agent that changes its own copy changes nothing: the address of the main branch is asked', async () => {
  const fleet = await deployed((response) => response.end('old'));
  const liar = await surface((response) => response.end(fleet.head));
  fleet.box.write(fleet.clone, 'coord.config.json', configWith(fleet, { prod: { verify: { url: liar.origin } } }));
  const { code } = await fleet.box.coord(fleet.clone, ['verify', 'prod']);
  expect([code, liar.asked]).toEqual([5, []]);
});

it('tells each attempt to a person at the terminal', async () => {
  let head = '';
  const fleet = await deployed((response, count) => response.end(count < 3 ? 'starting' : head), { timeout: '1m' });
  head = fleet.head;
  const { code, stderr } = await coordInProcess(fleet.box, fleet.clone, ['verify', 'prod'], { person: true });
  expect(code).toBe(0);
  expect(stderr.match(/^attempt \d, \d+s: .*$/gm)).toEqual([
    expect.stringMatching(/^attempt 1, .*: .* shows "starting"/),
    expect.stringMatching(/^attempt 2, /),
    expect.stringMatching(/^attempt 3, .* shows [0-9a-f]{40}$/),
  ]);
});

it('warns of a cache, and of an expectation that names no commit', async () => {
  const fleet = await deployed(
    (response, _, { query }) => response.setHeader('age', '90').end(query.has('coord-verify') ? 'ready' : 'busy'),
    { expect: 'ready' },
  );
  const { code, stderr } = await fleet.box.coord(fleet.clone, ['verify', 'prod']);
  expect(code).toBe(0);
  expect(stderr).toContain('a cache shows busy still to those who do not go round it, 2m old');
  expect(stderr).toContain('names no commit');
});
