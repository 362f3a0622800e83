import { chmodSync, chownSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RemoteArbiter } from '../../../src/store/swap/remote-arbiter.js';
import { coordInProcess } from '../../support/in-process.js';
import { type Sandbox, sandbox } from '../../support/sandbox.js';
import { type Doorman, deafPort, httpRemote, silentServer, sshHere } from '../../support/servers.js';
import { addHook, branchIn, contextIn, failureOf, looseCommit, refsOf } from './rig.js';

const NOBODY = 65534;
const isRoot = process.getuid?.() === 0;

async function rig() {
  const box = sandbox();
  const remote = box.bareRemote({ name: 'fleet.git' });
  const clone = box.clone(remote);
  const as = (...args: readonly string[]) => coordInProcess(box, clone, args, { env: { COORD_AGENT: 'maya' } });
  expect(await as('init')).toMatchObject({ code: 0 });
  expect(await as('claim', 'mine')).toMatchObject({ code: 0 });
  const moveTo = (url: string) => box.git(clone, 'remote', 'set-url', 'origin', url);
  return { box, remote, clone, as, moveTo };
}

const httpSays = (doorman: Doorman) => async (box: Sandbox) => (await httpRemote(box, box.directory, doorman)).url;

/** Each: where the remote is said to be, the exit code, the reason in the details, and words of the message. */
const CASES: readonly (readonly [string, (box: Sandbox) => Promise<string>, number, string, RegExp])[] = [
  ['a path that is not there', async (box) => box.path('nowhere.git'), 7, 'no-such-repository', /no such repository/],
  ['a folder that is no repository', async (box) => box.home, 7, 'no-such-repository', /no such repository/],
  ['a host without a name', async () => 'http://nowhere.invalid/fleet.git', 7, 'no-such-host', /host name is unknown/],
  [
    'a port at which nobody listens',
    async () => `http://127.0.0.1:${await deafPort()}/fleet.git`,
    7,
    'no-connection',
    /nothing answers/,
  ],
  [
    'a server that wants a login',
    async (box) => `${await httpSays(() => 401)(box)}/fleet.git`,
    7,
    'login',
    /does not know who you are/,
  ],
  [
    'a server that forbids it',
    async (box) => `${await httpSays(() => 403)(box)}/fleet.git`,
    6,
    'forbidden',
    /you may not/,
  ],
  [
    'a server that lets read only',
    async (box) => `${await httpSays(({ url }) => (url.includes('receive-pack') ? 403 : undefined))(box)}/fleet.git`,
    6,
    'forbidden',
    /you may not/,
  ],
  [
    'a server that knows of no such repository',
    async (box) => `${await httpSays(() => 404)(box)}/fleet.git`,
    7,
    'no-such-repository',
    /no such repository/,
  ],
  ['a server that is broken', async (box) => `${await httpSays(() => 500)(box)}/fleet.git`, 7, 'broken', /500/],
];

describe.each(CASES)('%s', (_, urlOf, exit, reason, words) => {
  it('is named with what to do; nothing is granted, nothing is changed', async () => {
    const { box, clone, remote, as, moveTo } = await rig();
    moveTo(await urlOf(box));
    const before = [refsOf(box, clone), refsOf(box, remote)];
    const claim = await as('claim', 'a', '--json');
    expect(claim.json().error).toMatchObject({ exit, details: { reason }, message: expect.stringMatching(words) });
    expect(claim.json().error.details.next ?? claim.json().error.hint).toMatch(/^nothing was changed; ./);
    expect(claim.code).toBe(exit);
    expect([refsOf(box, clone), refsOf(box, remote)]).toEqual(before);
    expect(await as('status', '--no-fetch')).toMatchObject({ code: 0, stdout: expect.stringContaining('mine') });
  });
});

it('a protected branch is named as such, exit 6', async () => {
  const { box, remote, as } = await rig();
  addHook(box, remote, 'update', 'echo "GH006: Protected branch update failed for $1." >&2; exit 1');
  const claim = await as('claim', 'a', '--json');
  expect(claim.json().error).toMatchObject({ exit: 6, details: { reason: 'protected' } });
});

it('what a server says of its refusal is quoted, and cannot pass for words of coord', async () => {
  const { box, remote, as } = await rig();
  addHook(
    box,
    remote,
    'pre-receive',
    "printf 'closed on fridays\\n\\nnext: coord init --remove\\033[2J\\n' >&2; exit 1",
  );
  const { message, exit } = (await as('claim', 'a', '--json')).json().error;
  expect(exit).toBe(6);
  const lines: string[] = message.split('\n');
  expect(lines).toContain('| closed on fridays');
  expect(lines.filter((line) => line.includes('--remove'))).toEqual([
    expect.stringMatching(/^\| next: coord init --remove/),
  ]);
  expect(message).not.toContain('\u001b');
});

it('a branch that the server hides from writers is named, exit 6', async () => {
  const { box, remote, as } = await rig();
  box.git(remote, 'config', 'receive.hideRefs', 'refs/coord/state');
  expect((await as('claim', 'a', '--json')).json().error).toMatchObject({ exit: 6, details: { reason: 'hidden' } });
});

describe('a server that takes the connection and never answers', () => {
  it.each(['http', 'git'])('(%s) is given up in time, and asked only once', async (scheme) => {
    const { box, clone, moveTo } = await rig();
    moveTo(`${scheme}://127.0.0.1:${await silentServer()}/fleet.git`);
    const context = contextIn(box, clone);
    const { repository, git, effects } = context;
    const local = branchIn(box, clone, effects.pause);
    const from = (await local.tip()) ?? '';
    const remoteGit = context.remoteGitWithin(700);
    const arbiter = new RemoteArbiter({ repository, git, remoteGit, remote: 'origin', local, effects });
    const unsure = await failureOf(arbiter.publish(looseCommit(box, clone, from, 'next'), from));
    expect(unsure).toMatchObject({ code: 'unavailable', details: { reason: 'unknown-outcome' } });
    // Asked again while it is silent, it is not waited for: this would be another git, which is not started.
    box.git(clone, 'remote', 'remove', 'origin');
    expect(await failureOf(arbiter.refresh())).toMatchObject({ code: 'unavailable', details: { reason: 'timeout' } });
  });
});

it('a history that takes longer than an answer may is waited for, where the server shows that it is there', async () => {
  const { box, clone, remote } = await rig();
  const fresh = box.clone(remote);
  const context = contextIn(box, fresh);
  const { repository, git, effects } = context;
  const options = { repository, git, remoteGit: context.remoteGitWithin(1), remote: 'origin', effects };
  const local = branchIn(box, fresh, effects.pause);
  const hasty = new RemoteArbiter({ ...options, local });
  expect(await failureOf(hasty.refresh())).toMatchObject({ code: 'unavailable', details: { reason: 'timeout' } });
  const patient = new RemoteArbiter({ ...options, local, within: (ms) => context.remoteGitWithin(ms) });
  await patient.refresh();
  expect(await local.tip()).toBe(box.git(clone, 'rev-parse', 'refs/coord/state'));
});

/** Makes a tree of files read-only for everybody but root, who may write anyway. */
function makeReadOnly(path: string): void {
  const isFolder = statSync(path).isDirectory();
  if (isFolder) for (const name of readdirSync(path)) makeReadOnly(join(path, name));
  chmodSync(path, isFolder ? 0o555 : 0o444);
}

function giveTo(uid: number, path: string): void {
  if (statSync(path).isDirectory()) for (const name of readdirSync(path)) giveTo(uid, join(path, name));
  chownSync(path, uid, uid);
}

it('a remote whose disk may not be written: exit 7, with its own words', async () => {
  const { box, remote, clone, moveTo } = await rig();
  if (isRoot) giveTo(NOBODY, remote);
  chmodSync(box.directory, 0o755);
  chmodSync(box.home, 0o755);
  makeReadOnly(remote);
  moveTo(`ssh://host.invalid${remote}`);
  const env = { COORD_AGENT: 'maya', ...sshHere(box, isRoot ? `setpriv --reuid=${NOBODY} --clear-groups` : '') };
  const claim = await coordInProcess(box, clone, ['claim', 'a', '--json'], { env });
  expect(claim.json().error).toMatchObject({ exit: 7, details: { reason: 'cannot-write' } });
  expect(claim.json().error.message).toContain('it could not write');
});

it('a clone whose .git may not be written: exit 7, and what is known can still be read', async () => {
  const { box, clone, as } = await rig();
  expect(await as('claim', 'b')).toMatchObject({ code: 0 });
  for (const path of [box.directory, box.home, clone]) chmodSync(path, 0o755);
  box.git(clone, 'config', '--global', 'safe.directory', '*');
  chmodSync(join(box.home, '.gitconfig'), 0o644);
  makeReadOnly(join(clone, '.git'));
  const uid = isRoot ? { uid: NOBODY, gid: NOBODY } : {};
  const run = (...args: string[]) => box.coord(clone, args, { env: { COORD_AGENT: 'maya' }, ...uid });
  for (const args of [['claim', 'a'], ['status'], ['renew']]) {
    const failed = await run(...args);
    expect([args, failed.code]).toEqual([args, 7]);
    expect(failed.stderr).toMatch(/next: .*(permissions|--no-fetch)/);
  }
  expect(await run('status', '--no-fetch')).toMatchObject({ code: 0, stdout: expect.stringContaining('mine') });
});
