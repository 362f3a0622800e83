import { expect, it } from 'vitest';
import { destinationOf } from '../../../src/git/push-status.js';

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
