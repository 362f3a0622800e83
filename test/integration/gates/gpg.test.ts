import { beforeEach, describe, expect, it } from 'vitest';
import { type GatedRepository, gatedRepository } from '../../support/gates.js';
import { gpgPerson, HAS_GPG, HAS_SSH_KEYGEN, type Person, signGate, sshPerson } from '../../support/signing.js';

let gated: GatedRepository;
let maya: ReturnType<typeof gpgPerson>;

/** Puts people on the main branch: their lines, and their public keys. */
function publish(people: readonly Person[], keys = people.map(({ publicKey }) => publicKey), more: object = {}): void {
  const owner = { type: 'signed-tag', allowedSigners: 'allowed', gpgKeys: 'keys.asc', ...more };
  gated.publish({
    allowed: people.map(({ line }) => `${line}\n`).join(''),
    'keys.asc': keys.join(''),
    'coord.config.json': JSON.stringify({ gates: { owner }, deploy: { prod: { gates: ['owner'] } } }),
  });
}

const question = () => ({ gate: 'owner', target: 'prod', commit: gated.head(), action: 'deploy' }) as const;

describe.skipIf(!HAS_GPG)('a signed-tag gate, with GPG keys', () => {
  beforeEach(() => {
    gated = gatedRepository({});
    maya = gpgPerson(gated.box, 'maya@coord.example');
    publish([maya]);
  });

  it('is opened by a signature of an allowed person', async () => {
    const { nonce } = signGate(maya, gated.clone, question());
    expect(await gated.check()).toMatchObject([
      { open: true, signers: ['maya@coord.example'], nonces: [nonce], outputDigest: expect.any(String) },
    ]);
  });

  it.skipIf(!HAS_SSH_KEYGEN)('counts people with keys of either kind together', async () => {
    const noor = sshPerson(gated.box, 'noor@coord.example');
    const ownSsh = sshPerson(gated.box, 'maya@coord.example');
    publish([maya, noor, ownSsh], undefined, { signers: 2 });
    signGate(maya, gated.clone, question());
    signGate(ownSsh, gated.clone, question());
    expect(await gated.check()).toMatchObject([{ closed: 'too-few-signers' }]);
    signGate(noor, gated.clone, question());
    expect(await gated.check()).toMatchObject([{ open: true }]);
  });

  it('takes no text that was changed under the signature', async () => {
    const { nonce } = signGate(maya, gated.clone, question());
    const ref = gated.box.git(gated.clone, 'for-each-ref', '--format=%(refname)', 'refs/tags');
    expect(ref).toContain(nonce);
    const body = gated.box.git(gated.clone, 'cat-file', 'tag', ref).replace('T13:00', 'T14:00');
    const changed = gated.box.write(gated.clone, '.git/changed', `${body}\n`);
    gated.box.git(
      gated.clone,
      'update-ref',
      ref,
      gated.box.git(gated.clone, 'hash-object', '-t', 'tag', '-w', changed),
    );
    expect(await gated.check()).toMatchObject([{ closed: 'bad-signature' }]);
  });

  it('takes no signature of a stranger, though the keyring holds the key', async () => {
    const eve = gpgPerson(gated.box, 'eve@coord.example');
    signGate(eve, gated.clone, question());
    expect(await gated.check()).toMatchObject([{ closed: 'unknown-signer' }]);
    publish([maya], [maya.publicKey, eve.publicKey]);
    signGate(eve, gated.clone, question());
    expect(await gated.check()).toMatchObject([{ closed: 'unknown-signer' }]);
  });

  it('takes no key that was revoked, in the list of the project or by its owner', async () => {
    gated.publish({ revoked: `${maya.revokedLine.toLowerCase().replace('GPG', 'gpg')}\n` });
    publish([maya], undefined, { revokedSigners: 'revoked' });
    signGate(maya, gated.clone, question());
    expect(await gated.check()).toMatchObject([{ closed: 'revoked' }]);
    publish([maya]);
    signGate(maya, gated.clone, question());
    expect(await gated.check()).toMatchObject([{ open: true }]);
    // gpg calls the signature good, and exits with 0.
    gated.publish({ 'keys.asc': maya.revoke() });
    gated.box.git(gated.clone, 'reset', '--quiet', '--hard', 'HEAD~1');
    expect(await gated.check()).toMatchObject([{ closed: 'revoked' }]);
  });

  it('takes no key that has expired', async () => {
    const brief = gpgPerson(gated.box, 'brief@coord.example', 'seconds=1');
    publish([brief]);
    signGate(brief, gated.clone, question());
    await expect.poll(async () => (await gated.check())[0]?.closed, { timeout: 10_000 }).toBe('invalid-key');
  });

  it('opens for nothing while the keys cannot be imported', async () => {
    publish([maya], ['no keys']);
    signGate(maya, gated.clone, question());
    expect(await gated.check()).toMatchObject([{ closed: 'unreadable', finding: expect.stringContaining('keys.asc') }]);
  });

  it('takes no two signatures in one', async () => {
    const { nonce } = signGate(maya, gated.clone, question());
    const ref = gated.box.git(gated.clone, 'for-each-ref', '--format=%(refname)', 'refs/tags');
    const body = gated.box.git(gated.clone, 'cat-file', 'tag', ref);
    const signature = body.slice(body.indexOf('-----BEGIN'));
    const changed = gated.box.write(gated.clone, '.git/changed', `${body}\n${signature}\n`);
    gated.box.git(
      gated.clone,
      'update-ref',
      ref,
      gated.box.git(gated.clone, 'hash-object', '-t', 'tag', '-w', changed),
    );
    expect(nonce).toBeDefined();
    expect(await gated.check()).toMatchObject([{ closed: 'bad-signature' }]);
  });
});
