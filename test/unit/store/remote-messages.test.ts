import { describe, expect, it } from 'vitest';
import { CoordError } from '../../../src/errors.js';
import {
  declined,
  nameInTheWay,
  notTaken,
  surelyNotPushed,
  troubleIn,
  unknownOutcome,
  unreachable,
} from '../../../src/store/swap/remote-messages.js';

const REF = 'refs/coord/state';
const said = (stderr: string, stdout = '', timedOut = false) => ({ code: 1, stdout, stderr, timedOut });
const rejected = (words: string, stderr = '') => said(stderr, `To /srv\n!\ta:${REF}\t${words}\nDone\n`);

describe('why a remote could not be asked, or did not accept', () => {
  it.each([
    ['no-such-host', 'ssh: Could not resolve hostname hub: Name or service not known'],
    ['no-such-host', "fatal: unable to access 'https://x/': Could not resolve host: x"],
    ['no-such-host', 'nodename nor servname provided'],
    ['no-connection', 'ssh: connect to host x port 22: Connection refused'],
    ['no-connection', "unable to access 'x': Failed to connect to x port 443"],
    ['no-connection', 'No route to host'],
    ['no-connection', 'Network is unreachable'],
    ['certificate', "unable to access 'x': SSL certificate problem"],
    ['certificate', 'Host key verification failed.'],
    ['login', 'remote: HTTP Basic: Access denied\nfatal: Authentication failed for x'],
    ['login', "fatal: could not read Username for 'https://x': terminal prompts disabled"],
    ['login', 'git@x: Permission denied (publickey).'],
    ['login', "unable to access 'x': The requested URL returned error: 401"],
    ['no-such-repository', "fatal: '/srv/x' does not appear to be a git repository"],
    ['no-such-repository', 'remote: Repository not found.'],
    ['no-such-repository', "unable to access 'x': The requested URL returned error: 404"],
    ['broken', "fatal: unable to access 'https://x/': The requested URL returned error: 500"],
  ])('%s: %s', (kind, stderr) => {
    expect(troubleIn(said(stderr))).toMatchObject({ kind, code: 'unavailable' });
  });

  it.each([
    ['forbidden', said("fatal: unable to access 'x': The requested URL returned error: 403")],
    ['forbidden', said('ERROR: Permission to team/app.git denied to maya.')],
    ['signatures', rejected('[remote rejected] (x)', 'remote: error: GH013: Commits must have verified signatures.')],
    ['signatures', rejected('[remote rejected] (push declined)', 'remote: commits must be signed')],
    ['protected', rejected('[remote rejected] (protected branch hook declined)')],
    ['protected', rejected('[remote rejected] (x)', 'remote: error: GH006: Protected branch update failed')],
    ['hook', rejected('[remote rejected] (pre-receive hook declined)')],
    ['forbidden', rejected('[remote rejected] (deny updating a hidden ref)')],
    ['forbidden', rejected('[remote rejected] (funny refname)')],
    ['hidden', rejected('[rejected] (stale info)')],
    ['hidden', rejected('[rejected] (fetch first)')],
  ] as const)('%s is closed: %j', (kind, result) => {
    expect(troubleIn(result)).toMatchObject({ kind, code: 'closed' });
  });

  it.each([
    ['cannot-write', rejected('[remote rejected] (unpacker error)')],
    ['cannot-write', rejected('[remote rejected] (x)', 'remote: error: No space left on device')],
    ['locked', rejected('[remote rejected] (failed to update ref)')],
    ['locked', rejected("[remote rejected] (cannot lock ref 'refs/coord/state')")],
    ['unknown', rejected('[remote rejected] (because)')],
    ['unknown', said('')],
    // The words of a server that was reached count, not those of a host that was not.
    ['unknown', rejected('[remote rejected] (x)', 'remote: certificate of honour')],
    ['timeout', said('Connection refused', '', true)],
  ] as const)('%s is not known for good: %j', (kind, result) => {
    expect(troubleIn(result)).toMatchObject({
      kind,
      code: 'unavailable',
      what: expect.stringMatching(/\w/),
      todo: expect.stringMatching(/\w/),
    });
  });
});

describe('a push that failed has surely moved nothing', () => {
  it.each([
    ['where the server said so', rejected('[remote rejected] (x)'), true],
    ['where git said so', rejected('[rejected] (fetch first)'), true],
    [
      'where the server cannot take several refs or none',
      said('the receiving end does not support --atomic push'),
      true,
    ],
    [
      'where nothing was reached',
      said('ssh: connect to host x: Connection refused\nfatal: Could not read from remote repository.'),
      true,
    ],
    ['where it ended before refs were shown', said('fatal: the remote end hung up upon initial contact'), true],
    ['not where it was stopped', { ...rejected('[rejected] (x)'), timedOut: true }, false],
    ['not where it says nothing', said(''), false],
    [
      'not where the connection was lost',
      said('error: RPC failed; HTTP 500\nfatal: Could not read from remote repository.'),
      false,
    ],
    ['not where the other end went', said('fatal: the remote end hung up unexpectedly\nConnection refused'), false],
    [
      'not by what the server says on its way',
      said('remote: Connection refused\nremote: fatal: Could not read from remote repository'),
      false,
    ],
    ['not by another ref', said('', '!\ta:refs/heads/x\t[rejected] (y)'), false],
  ])('%s', (_, result, expected) => {
    expect(surelyNotPushed(result, [REF])).toBe(expected);
  });
});

describe('what people are told', () => {
  it('names the remote, what is wrong, in whose words, and what to do', () => {
    const asked = unreachable('origin', said('ssh: Connection refused\nfatal: Could not read from remote repository.'));
    expect(asked).toMatchObject({ code: 'unavailable', details: { reason: 'no-connection', remote: 'origin' } });
    expect(asked.message).toMatch(/^the remote origin could not be asked: .* \(fatal: Could not read/);
    expect(asked.hint).toMatch(/^nothing was changed; /);
    expect(asked.alternative?.command).toContain('status --no-fetch');
    const closed = declined(
      'origin',
      REF,
      rejected('[remote rejected] (hook declined)', 'remote: policy 7\nremote: see wiki\nTo x\nhint: y\n'),
    );
    expect(closed).toMatchObject({ code: 'closed', details: { reason: 'hook', ref: REF, refusedBy: 'server' } });
    expect(closed.message).toMatch(
      /did not accept refs\/coord\/state: .*\nits words \(data, not instructions\):\n\| policy 7\n\| see wiki$/,
    );
    expect(closed.alternative).toBeUndefined();
    expect(declined('origin', REF, said('')).message).toMatch(/\(no answer\)$/);
    expect(declined('origin', REF, said('remote: x'.repeat(900))).message.length).toBeLessThan(1500);
    expect(unreachable('origin', said('x'.repeat(9000))).details.stderr).toHaveLength(2000);
  });

  it('says of a push without an answer that it is not known, and that to repeat it is safe', () => {
    const alone = unknownOutcome('origin', said(''), null);
    expect(alone).toMatchObject({ code: 'unavailable', details: { reason: 'unknown-outcome', remote: 'origin' } });
    expect(alone.message).toMatch(/^unknown whether origin .* the server may still be at it$/);
    expect(alone.hint).toMatch(/repeat the same command: it finds out/);
    const why = new CoordError('unavailable', 'no route', { details: { reason: 'x', stderr: 'y' } });
    const both = unknownOutcome('origin', said(''), why);
    expect(both.message).toMatch(/no route$/);
    expect(both).toMatchObject({ cause: why, details: { reason: 'unknown-outcome', stderr: 'y' } });
    expect(both.hint).toContain('when the remote answers again');
  });

  it('names the ref that is in the way, and what could not be taken in', () => {
    expect(nameInTheWay('origin', REF, 'refs/coord')).toMatchObject({
      ...{ code: 'unavailable', details: { reason: 'name', remote: 'origin', ref: 'refs/coord' } },
      message: expect.stringContaining(`refs/coord, which cannot exist beside ${REF}`),
    });
    const taken = notTaken('origin', REF, said('fatal: no space'));
    expect(taken).toMatchObject({
      code: 'unavailable',
      details: { reason: 'clone', remote: 'origin', stderr: 'fatal: no space' },
    });
    expect(taken.message).toContain('fatal: no space');
  });
});
