import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { deployFleet, killedOn } from '../support/deploying.js';
import { type Answering, endpoint } from '../support/endpoints.js';
import { type Fleet, localFleet } from '../support/fleet.js';
import { coordInProcess } from '../support/in-process.js';
import { sandbox } from '../support/sandbox.js';
import { deafPort } from '../support/servers.js';

/** A fleet with a deploy target `prod`, whose endpoint answers so. */
async function deployed(answering: Answering, verify: object = {}): Promise<Fleet & { head: string; url: string }> {
  const fleet = await localFleet();
  const url = `${(await endpoint(answering)).origin}/version`;
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
  const { code, stdout, stderr } = await box.coord(clone, ['deploy', 'verify', 'prod']);
  expect([code, stdout, stderr]).toEqual([0, `verified: ${url} shows ${head}, which is HEAD\n`, '']);
});

it('as data: the look, the target, and where the commit came from', async () => {
  const { box, clone, head, url } = await deployed((response) => response.end(head));
  const { data } = (await box.coord(clone, ['deploy', 'verify', 'prod', '--commit', 'HEAD', '--json'])).json();
  expect(data).toEqual({
    ...{
      target: 'prod',
      commitFrom: 'option',
      deploy: null,
      ok: true,
      url,
      commit: head,
      reason: null,
      expected: head,
    },
    ...{ namesCommit: true, seen: head, status: 200, attempts: 1, cached: null, finding: `${url} shows ${head}` },
    ...{ firstAt: expect.any(String), lastAt: expect.any(String) },
  });
});

it('another version is exit 5, with both versions named, and what to do', async () => {
  const other = 'abcdef0123456789abcdef0123456789abcdef01';
  const { box, clone, head } = await deployed((response) => response.end(other));
  const { code, stderr } = await box.coord(clone, ['deploy', 'verify', 'prod']);
  expect(code).toBe(5);
  expect(stderr).toContain(`shows ${other}, not ${head}`);
  expect(stderr).toContain('coord deploy verify prod');
  const { error } = (await box.coord(clone, ['deploy', 'verify', 'prod', '--json'])).json();
  expect(error).toMatchObject({
    code: 'behind',
    exit: 5,
    details: { reason: 'other-version', seen: other, target: 'prod' },
  });
});

it('what cannot be known is exit 7', async () => {
  const fleet = await localFleet();
  configure(fleet, { prod: { verify: { url: `http://127.0.0.1:${await deafPort()}/`, timeout: '1ms' } } });
  const { error } = (await fleet.box.coord(fleet.clone, ['deploy', 'verify', 'prod', '--json'])).json();
  expect(error).toMatchObject({ code: 'unavailable', exit: 7, details: { reason: 'unreachable', status: null } });
});

it.each([
  [['deploy', 'verify', 'nowhere'], 'no such deploy target: "nowhere"', 'bare, prod'],
  [['deploy', 'verify', 'prdo'], 'no such deploy target', 'coord deploy verify prod'],
  [['deploy', 'verify', 'constructor'], 'no such deploy target', ''],
  [['deploy', 'verify', 'bare'], 'nothing says where to look for bare', '"verify"'],
  [['deploy', 'verify', 'prod', '--commit', 'nothing'], 'no such commit: "nothing"', 'git fetch'],
  [['deploy', 'verify', 'prod', '--commit', '--all'], 'no such commit', ''],
  [['deploy', 'verify', 'prod', '--timeout', 'soon'], 'not a duration: "soon"', '30s'],
])('coord %j is exit 2: %s', async (args, message, more) => {
  const { box, clone } = await deployed((response) => response.end('never asked'));
  const { code, stderr } = await box.coord(clone, args);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
  for (const word of more.split(', ')) expect(stderr).toContain(word);
});

it.each([
  [{ url: 'ftp://app.example/' }, 'must begin with https:// or http://'],
  [{ url: 'https://maya:secret@app.example/' }, 'must not contain a name or password'],
  [{ url: 'https://app.example/', expect: 'x', pattern: 'y' }, 'must have expect or pattern, not both'],
  [{ url: 'https://app.example/', pattern: '(' }, 'must be a regular expression'],
  [{ url: 'https://app.example/', redirects: 'all' }, 'must be "none", "same-origin"'],
  [{ url: 'https://app.example/', redirects: ['https://x.example'] }, 'redirects.0: must be a host such as'],
  [{ url: 'https://app.example/', header: 'x: y' }, 'must be the name of a header'],
  [{ url: 'https://app.example/', status: 99 }, 'must be an HTTP status'],
])('the configuration %j is refused, and no password repeated', async (verify, problem) => {
  const fleet = await localFleet();
  configure(fleet, { prod: { verify } });
  const { code, stdout, stderr } = await fleet.box.coord(fleet.clone, ['deploy', 'verify', 'prod', '--json']);
  expect(code).toBe(2);
  expect(stdout).toContain(JSON.stringify(problem).slice(1, -1));
  expect(stdout + stderr).not.toContain('secret');
});

it('an agent that changes its own copy changes nothing: the address of the main branch is asked', async () => {
  const fleet = await deployed((response) => response.end('old'));
  const liar = await endpoint((response) => response.end(fleet.head));
  fleet.box.write(fleet.clone, 'coord.config.json', configWith(fleet, { prod: { verify: { url: liar.origin } } }));
  const { code } = await fleet.box.coord(fleet.clone, ['deploy', 'verify', 'prod']);
  expect([code, liar.asked]).toEqual([5, []]);
});

it('tells each attempt to a person at the terminal', async () => {
  let head = '';
  const fleet = await deployed((response, count) => response.end(count < 3 ? 'starting' : head), { timeout: '1m' });
  head = fleet.head;
  const { code, stderr } = await coordInProcess(fleet.box, fleet.clone, ['deploy', 'verify', 'prod'], { person: true });
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
  const { code, stderr } = await fleet.box.coord(fleet.clone, ['deploy', 'verify', 'prod']);
  expect(code).toBe(0);
  expect(stderr).toContain('a cache still shows busy to whoever reads through it, 2m old');
  expect(stderr).toContain('names no commit');
});

it('expects what was deployed last, and names what ran before', async () => {
  let running = '';
  const { origin } = await endpoint((response) => response.end(running));
  const fleet = await deployFleet();
  const first = fleet.box.git(fleet.clone, 'rev-parse', 'HEAD');
  await fleet.deploy('maya', [], ['true']);
  fleet.land('src/api/orders.ts');
  const config = configWith(fleet, { prod: { gates: ['tests'], verify: { url: origin, timeout: '1ms' } } });
  const second = fleet.land('coord.config.json', config);
  running = second;
  await fleet.deploy('maya', [], ['true']);
  fleet.land('src/api/later.ts');
  const verified = await fleet.box.coord(fleet.clone, ['deploy', 'verify', 'prod']);
  expect([verified.code, verified.stdout]).toEqual([0, `verified: ${origin}/ shows ${second}, as it was deployed\n`]);
  running = first;
  const { error } = (await fleet.box.coord(fleet.clone, ['deploy', 'verify', 'prod', '--json'])).json();
  expect(error).toMatchObject({
    exit: 5,
    details: { reason: 'old-version', seen: first, commit: second, commitFrom: 'deployments' },
  });
  const { deployments } = (await fleet.as('maya', ['deploy', 'list', '--json'])).json().data;
  expect(error.details.deploy).toBe(deployments.at(-1).id);
  const back = await fleet.box.coord(fleet.clone, ['deploy', 'verify', 'prod', '--commit', first]);
  expect(back.code).toBe(0);
});

it('expects what a deploy put there of which nobody knows how it ended', async () => {
  let running = 'starting';
  const { origin } = await endpoint((response) => response.end(running));
  const fleet = await deployFleet({ target: { verify: { url: origin, timeout: '1ms' } } });
  await killedOn(fleet, 'runs its program', ['deploy', 'prod', '--', 'true']);
  const commit = fleet.box.git(fleet.clone, 'rev-parse', 'HEAD');
  fleet.land('src/api/later.ts');
  running = commit;
  const { data } = (await fleet.box.coord(fleet.clone, ['deploy', 'verify', 'prod', '--json'])).json();
  expect(data).toMatchObject({ ok: true, commit, commitFrom: 'deployments', deploy: expect.any(String) });
});

it('expects what a deploy that failed may have put there, not what ran before', async () => {
  const { origin } = await endpoint((response) => response.end('starting'));
  const fleet = await deployFleet();
  await fleet.deploy('maya', [], ['true']);
  const config = configWith(fleet, { prod: { gates: ['tests'], verify: { url: origin, timeout: '1ms' } } });
  const second = fleet.land('coord.config.json', config);
  await fleet.deploy('maya', [], ['false']);
  fleet.land('src/api/later.ts');
  const { error } = (await fleet.box.coord(fleet.clone, ['deploy', 'verify', 'prod', '--json'])).json();
  expect(error.details).toMatchObject({ commit: second, commitFrom: 'deployments', reason: 'missing' });
});

it('out of reach of the remote, it expects what is known here, and says so', async () => {
  const { origin } = await endpoint((response) => response.end('x'));
  const fleet = await deployFleet({ target: { verify: { url: origin, expect: 'x', timeout: '1ms' } } });
  rmSync(fleet.remote, { recursive: true });
  const { code, stderr } = await fleet.box.coord(fleet.clone, ['deploy', 'verify', 'prod']);
  expect(code).toBe(0);
  expect(stderr).toContain('origin could not be reached');
});

it('where coord was never set up, nothing is on record, and HEAD is expected', async () => {
  const box = sandbox();
  const clone = box.repository();
  const { origin } = await endpoint((response) => response.end(box.git(clone, 'rev-parse', 'HEAD')));
  box.commit(clone, 'coord.config.json', JSON.stringify({ deploy: { prod: { verify: { url: origin } } } }));
  const { json } = await box.coord(clone, ['deploy', 'verify', 'prod', '--json']);
  expect(json().data).toMatchObject({ ok: true, commitFrom: 'HEAD', deploy: null });
});
