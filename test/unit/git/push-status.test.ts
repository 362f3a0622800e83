import { expect, it } from 'vitest';
import { destinationOf } from '../../../src/git/push-status.js';
import { surelyNotPushed } from '../../../src/store/swap/remote-messages.js';

const said = (stdout: string) => ({ code: 1, stdout, stderr: 'To /elsewhere\n', timedOut: false });
const LOST = '!\tabc:refs/coord/state\t[rejected] (stale info)\nDone\n';

it.each([
  ['a rejected push', `To /srv/hub.git\n${LOST}`, '/srv/hub.git'],
  ['an address with blanks', `To https://hub.example/a b.git\n${LOST}`, 'https://hub.example/a b.git'],
  ['several addresses', `To /srv/one.git\n${LOST}To /srv/two.git\n${LOST}`, '/srv/one.git'],
  ['a remote that was not reached', '', null],
])('where git says that it pushed to: %s', (_, stdout, address) => {
  expect(destinationOf(said(stdout))).toBe(address);
});

const REF = 'refs/coord/state';
const line = (summary: string) => `To /srv/hub.git\n!\tabc:${REF}\t${summary}\nDone\n`;

it.each([
  ['a hook that declined', line('[remote rejected] (pre-receive hook declined)'), '', true],
  ['a lease that does not hold', line('[rejected] (stale info)'), '', true],
  [
    'the ref that moves with it',
    `!\tabc:refs/heads/main\t[remote rejected] (protected branch hook declined)\n`,
    '',
    true,
  ],
  ['a server without --atomic', '', 'fatal: the receiving end does not support --atomic push', true],
  [
    'nobody at the port',
    '',
    'ssh: connect to host x port 22: Connection refused\nfatal: Could not read from remote',
    true,
  ],
  ['an end before anything was said', '', 'fatal: Could not read from remote repository.\n', true],
  ['a server that never reported', line('[remote failure] (remote failed to report status)'), '', false],
  ['a line that went dead', '', 'fatal: the remote end hung up unexpectedly', false],
  ['a gateway in between', '', 'error: RPC failed; HTTP 504 curl 22 The requested URL returned error: 504', false],
  [
    'one that forbids it after it was sent',
    '',
    'error: RPC failed; HTTP 403 curl 22 The requested URL returned error: 403',
    false,
  ],
  ['a hook that tells of a refusal, and no more', '', 'remote: Connection refused by the data base\n', false],
  ['not a word', '', '', false],
])('whether a push is known to have moved nothing: %s', (_, stdout, stderr, isKnown) => {
  const pushed = { code: 1, stdout, stderr, timedOut: false };
  expect(surelyNotPushed(pushed, [REF, 'refs/heads/main'])).toBe(isKnown);
  expect(surelyNotPushed({ ...pushed, timedOut: true }, [REF])).toBe(false);
});
