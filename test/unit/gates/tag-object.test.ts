import { describe, expect, it } from 'vitest';
import { parseTagObject } from '../../../src/git/signing.js';

const HEADER = `object ${'a'.repeat(40)}\ntype commit\ntag v1\ntagger M <m@x.example> 1 +0000\n\n`;
const SSH = '-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n';
const PGP = SSH.replaceAll('SSH', 'PGP');
const parse = (text: string) => parseTagObject(Buffer.from(text, 'latin1'));

describe('the body of a tag object', () => {
  it('is a header, a message and a signature of the bytes before it', () => {
    const found = parse(`${HEADER}one\ntwo\n${SSH}`);
    expect(found).toMatchObject({ object: 'a'.repeat(40), type: 'commit', name: 'v1', message: 'one\ntwo\n' });
    expect(found?.signature).toEqual({ form: 'ssh', text: SSH });
    expect(found?.signedPart.toString('latin1')).toBe(`${HEADER}one\ntwo\n`);
  });

  it('may have no message, no signature, or one of GPG', () => {
    expect(parse(`${HEADER}${PGP}`)).toMatchObject({ message: '', signature: { form: 'gpg' } });
    expect(parse(`${HEADER}m\n`)).toMatchObject({ message: 'm\n', signature: null });
  });

  it.each([
    ['two signatures', `m\n${SSH}${SSH}`],
    ['one of each kind', `m\n${PGP}${SSH}`],
    ['text after the signature', `m\n${SSH}more\n`],
    ['a signature that does not end', 'm\n-----BEGIN SSH SIGNATURE-----\nAAAA\n'],
    ['an end of another kind', `m\n${SSH.replace('END SSH', 'END PGP')}`],
    ['X.509', 'm\n-----BEGIN SIGNED MESSAGE-----\nAAAA\n-----END SIGNED MESSAGE-----\n'],
  ])('has no signature that counts with %s', (_what, rest) => {
    expect(parse(HEADER + rest)?.signature?.form).toBe('other');
  });

  it.each([
    ['one more header', HEADER.replace('\n\n', '\ngpgsig x\n\n')],
    ['a header twice', HEADER.replace('tag v1\n', 'tag v1\ntag v2\n')],
    ['no tagger', HEADER.replace(/tagger.*\n/, '')],
    ['a short object id', HEADER.replace('a'.repeat(40), 'aaaa')],
    ['nothing', ''],
  ])('cannot be read with %s', (_what, header) => {
    expect(parse(`${header}m\n${SSH}`)).toBeNull();
  });
});
