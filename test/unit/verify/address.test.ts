import { expect, test } from 'vitest';
import { nextAddress } from '../../../src/verify/address.js';

const ORIGIN = new URL('https://app.example/version');

test.each([
  ['https://app.example/other', 'same-origin', true],
  ['/other?x=1', 'same-origin', true],
  ['//app.example/other', 'same-origin', true],
  ['http://app.example/version', 'same-origin', false],
  ['https://app.example:8443/version', 'same-origin', false],
  ['https://app.example.evil.example/', 'same-origin', false],
  ['https://www.app.example/', 'same-origin', false],
  ['https://www.app.example/', ['www.app.example'], true],
  ['https://app.example/other', ['www.app.example'], true],
  ['https://WWW.app.example:443/', ['www.app.example'], true],
  ['https://www.app.example:8443/', ['www.app.example'], false],
  ['https://www.app.example:8443/', ['www.app.example:8443'], true],
  ['http://www.app.example/', ['www.app.example'], false],
  ['https://maya:secret@app.example/', 'same-origin', false],
  ['https://maya@app.example/', 'same-origin', false],
  ['/other', 'none', false],
] as const)('%s with redirects %j: %s', (location, redirects, allowed) => {
  const next = nextAddress(ORIGIN, location, { origin: ORIGIN, redirects });
  expect('refused' in next).toBe(!allowed);
});

test('a place is named without its query and its password', () => {
  const to = 'https://maya:secret@elsewhere.example/sign-in?token=secret#secret';
  expect(nextAddress(ORIGIN, to, { origin: ORIGIN, redirects: 'same-origin' })).toEqual({
    refused: 'redirects to https://elsewhere.example/sign-in',
  });
});
