import { chmodSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { formatPayload, type GatePayload, tagName } from '../../../src/domain/gates/payload.js';
import { type GatedRepository, gatedRepository } from '../../support/gates.js';
import { HAS_SSH_KEYGEN, type Person, payloadFor, signGate, sshPerson } from '../../support/signing.js';

const SIGNERS = '.coord/allowed_signers';

function configOf(more: object = {}, target: object = { gates: ['owner'] }) {
  return JSON.stringify({
    gates: { owner: { type: 'signed-tag', allowedSigners: SIGNERS, ...more } },
    deploy: { prod: target, stage: target },
  });
}

let gated: GatedRepository;
let maya: Person;
let noor: Person;

/** Puts people and settings on the main branch. */
function publish(people: readonly Person[], more: object = {}, files: Record<string, string> = {}): void {
  const lines = people.map(({ line }) => line).join('\n');
  gated.publish({ [SIGNERS]: `# who may\n\n${lines}\n`, 'coord.config.json': configOf(more), ...files });
}

function question(changes: Partial<GatePayload> = {}) {
  return { gate: 'owner', target: 'prod', commit: gated.head(), action: 'deploy', ...changes } as const;
}

/** A tag in the right place with this message, signed by maya. */
function tagWith(message: string): void {
  maya.tag(gated.clone, tagName(question(), payloadFor(question()).nonce), gated.head(), message);
}

describe.skipIf(!HAS_SSH_KEYGEN)('a signed-tag gate, with SSH keys', () => {
  beforeEach(() => {
    gated = gatedRepository({});
    maya = sshPerson(gated.box, 'maya@coord.example');
    noor = sshPerson(gated.box, 'noor@coord.example');
    publish([maya, noor]);
  });

  it('is closed while nobody has signed', async () => {
    expect(await gated.check()).toMatchObject([
      { closed: 'unsigned', finding: expect.stringContaining('nobody has signed'), signers: [], nonces: [] },
    ]);
  });

  it('is opened by a signature of an allowed person, which is cited', async () => {
    const { nonce } = signGate(maya, gated.clone, question());
    expect(await gated.check()).toMatchObject([
      {
        ...{ open: true, closed: null, type: 'signed-tag', signers: ['maya@coord.example'], nonces: [nonce] },
        ...{ checked: [tagName(question(), nonce)], outputDigest: expect.stringMatching(/^[0-9a-f]{64}$/) },
        configCommit: gated.head(),
      },
    ]);
  });

  it('opens one deploy: what has opened one is a replay', async () => {
    const { nonce } = signGate(maya, gated.clone, question());
    expect(await gated.check({ usedNonces: [nonce] })).toMatchObject([
      { closed: 'replayed', finding: expect.stringContaining('has opened a deploy before'), nonces: [] },
    ]);
  });

  it('takes no copy of a tag under another name', async () => {
    const { nonce } = signGate(maya, gated.clone, question());
    const ref = `refs/tags/${tagName(question(), nonce)}`;
    const copy = `refs/tags/${tagName(question(), 'f'.repeat(32))}`;
    gated.box.git(gated.clone, 'update-ref', copy, ref);
    expect(await gated.check({ usedNonces: [nonce] })).toMatchObject([{ closed: 'replayed' }]);
    gated.box.git(gated.clone, 'update-ref', '-d', ref);
    expect(await gated.check()).toMatchObject([
      { closed: 'replayed', finding: expect.stringContaining('is a copy of the tag') },
    ]);
  });

  it('counts a nonce once, though two people signed it', async () => {
    publish([maya, noor], { signers: 2 });
    const nonce = 'a'.repeat(32);
    const name = tagName(question(), nonce);
    signGate(maya, gated.clone, question(), { nonce });
    gated.box.git(gated.clone, 'push', '--quiet', 'origin', `refs/tags/${name}`);
    gated.box.git(gated.clone, 'tag', '-d', name);
    signGate(noor, gated.clone, question(), { nonce });
    const [record] = await gated.check();
    expect(record).toMatchObject({ closed: 'too-few-signers', finding: expect.stringContaining('1 of 2') });
    signGate(maya, gated.clone, question());
    signGate(noor, gated.clone, question());
    expect(await gated.check()).toMatchObject([{ open: true }]);
  });

  it('lets no signature open two gates of one deploy', async () => {
    const both = { type: 'signed-tag', allowedSigners: SIGNERS };
    gated.publish({
      'coord.config.json': JSON.stringify({
        gates: { owner: both, legal: both },
        deploy: { prod: { gates: ['owner', 'legal'] } },
      }),
    });
    const { nonce } = signGate(maya, gated.clone, question());
    signGate(maya, gated.clone, question({ gate: 'legal' }), { nonce });
    expect(await gated.check()).toMatchObject([{ open: true }, { closed: 'replayed' }]);
  });

  it.each<[string, Partial<GatePayload>, object]>([
    ['gate', { gate: 'legal' }, { closed: 'wrong-gate', finding: expect.stringContaining('legal') }],
    ['target', { target: 'stage' }, { closed: 'wrong-target', finding: expect.stringContaining('stage') }],
    [
      'commit',
      { commit: '1'.repeat(40) },
      { closed: 'wrong-commit', finding: expect.stringContaining('111111111111') },
    ],
    ['action', { action: 'rollback' }, { closed: 'wrong-action', finding: expect.stringContaining('rollback') }],
    [
      'time',
      { expires: '2026-11-21T12:00:00.000Z' },
      { closed: 'expired', finding: expect.stringContaining('expired') },
    ],
  ])('takes no signature that names another %s', async (_what, changes, expected) => {
    signGate(maya, gated.clone, question(), changes);
    expect(await gated.check()).toMatchObject([expected]);
  });

  it('takes no signature on another commit that names this one', async () => {
    const payload = payloadFor(question());
    maya.tag(gated.clone, tagName(question(), payload.nonce), 'HEAD~1', formatPayload(payload));
    expect(await gated.check()).toMatchObject([{ closed: 'wrong-commit', finding: expect.stringContaining('is on') }]);
    maya.tag(
      gated.clone,
      tagName(question(), 'b'.repeat(32)),
      'HEAD^{tree}',
      formatPayload({ ...payload, nonce: 'b'.repeat(32) }),
    );
    const [record] = await gated.check();
    expect(record).toMatchObject({ closed: 'wrong-commit' });
  });

  it('does not open for a target because it opens for another', async () => {
    signGate(maya, gated.clone, question());
    expect(await gated.check({ target: 'stage' })).toMatchObject([{ closed: 'unsigned' }]);
    expect(await gated.check({ action: 'rollback' })).toMatchObject([{ closed: 'wrong-action' }]);
  });

  it('is closed from the moment of expiry on, and open just before', async () => {
    signGate(maya, gated.clone, question(), { expires: '2026-11-21T12:30:00.000Z' });
    gated.clock.pass(30 * 60 - 1);
    expect(await gated.check()).toMatchObject([{ open: true }]);
    gated.clock.pass(1);
    expect(await gated.check()).toMatchObject([{ closed: 'expired' }]);
  });

  it('takes no tag without a signature, annotated or not', async () => {
    const payload = payloadFor(question());
    gated.box.git(gated.clone, 'tag', '-a', '-m', formatPayload(payload), tagName(question(), payload.nonce));
    expect(await gated.check()).toMatchObject([
      { closed: 'unsigned', finding: expect.stringContaining('is not signed') },
    ]);
    gated.box.git(gated.clone, 'tag', tagName(question(), 'c'.repeat(32)));
    expect(await gated.check()).toMatchObject([{ closed: 'unsigned' }]);
  });

  it('takes no text that was changed under the signature', async () => {
    const { nonce } = signGate(maya, gated.clone, question());
    const ref = `refs/tags/${tagName(question(), nonce)}`;
    const body = gated.box.git(gated.clone, 'cat-file', 'tag', ref).replace('12:', '13:').replace('T13:00', 'T14:00');
    const changed = gated.box.write(gated.clone, '.git/changed', `${body}\n`);
    const id = gated.box.git(gated.clone, 'hash-object', '-t', 'tag', '-w', changed);
    gated.box.git(gated.clone, 'update-ref', ref, id);
    expect(await gated.check()).toMatchObject([{ closed: 'bad-signature' }]);
  });

  it('takes no signature of a stranger, of a key that was revoked, or that does not hold now', async () => {
    signGate(sshPerson(gated.box, 'eve'), gated.clone, question());
    expect(await gated.check()).toMatchObject([
      { closed: 'unknown-signer', finding: expect.stringContaining('SHA256:') },
    ]);
    const revoked = { '.coord/revoked': `# gone\n${maya.revokedLine}\n` };
    publish([maya, noor], { revokedSigners: '.coord/revoked' }, revoked);
    signGate(maya, gated.clone, question());
    expect(await gated.check()).toMatchObject([
      { closed: 'revoked', finding: expect.stringContaining('maya@coord.example') },
    ]);
    for (const option of ['valid-before="20261121"', 'valid-after="20261122"', 'namespaces="file"']) {
      publish([{ ...maya, line: maya.line.replace(' ', ` ${option} `) }]);
      signGate(maya, gated.clone, question());
      expect(await gated.check()).toMatchObject([{ closed: 'invalid-key' }]);
    }
    publish([{ ...maya, line: maya.line.replace(' ', ' valid-after="20261121",namespaces="git,file" ') }]);
    signGate(maya, gated.clone, question());
    expect(await gated.check()).toMatchObject([{ open: true }]);
  });

  it('takes a key revocation list of ssh-keygen', async () => {
    const pub = gated.box.write(gated.box.home, 'gone.pub', `${maya.revokedLine}\n`);
    const { spawnSync } = await import('node:child_process');
    expect(spawnSync('ssh-keygen', ['-k', '-q', '-f', `${gated.clone}/krl`, pub]).status).toBe(0);
    gated.box.git(gated.clone, 'add', 'krl');
    publish([maya, noor], { revokedSigners: 'krl' });
    signGate(maya, gated.clone, question());
    expect(await gated.check()).toMatchObject([{ closed: 'revoked' }]);
    signGate(noor, gated.clone, question());
    expect(await gated.check()).toMatchObject([{ open: true, signers: ['noor@coord.example'] }]);
  });

  it('counts people, not keys and not tags', async () => {
    const other = sshPerson(gated.box, 'MAYA@coord.example', 'other');
    publish([maya, other, noor], { signers: 2 });
    signGate(maya, gated.clone, question());
    signGate(maya, gated.clone, question());
    signGate(other, gated.clone, question());
    expect(await gated.check()).toMatchObject([
      { closed: 'too-few-signers', signers: [expect.stringMatching(/^maya@coord\.example$/i)], nonces: [] },
    ]);
    signGate(noor, gated.clone, question());
    const [record] = await gated.check();
    expect(record?.open).toBe(true);
    expect(record?.signers).toHaveLength(2);
    expect(record?.nonces).toHaveLength(2);
  });

  it.each([
    ['one key for two people', (line: string) => `${line}\n${line.replace('maya', 'noor')}`],
    ['a pattern in place of a name', (line: string) => line.replace('maya', '*')],
    ['two names for one key', (line: string) => line.replace(' ', ',noor@coord.example ')],
    ['a certificate authority', (line: string) => line.replace(' ', ' cert-authority ')],
    ['a GPG key without the keys of GPG', (line: string) => `${line}\nx gpg:${'A'.repeat(40)}`],
    ['nobody', () => '# nobody'],
  ])('opens for nothing while its file has %s', async (_what, change) => {
    publish([{ ...maya, line: change(maya.line) }]);
    signGate(maya, gated.clone, question());
    expect(await gated.check()).toMatchObject([{ closed: 'unreadable', finding: expect.stringContaining(SIGNERS) }]);
  });

  it.each([
    ['list of signers', { allowedSigners: 'gone' }],
    ['list of revoked keys', { revokedSigners: 'gone' }],
    ['keyring', { gpgKeys: 'gone' }],
  ])('opens for nothing while its %s is missing', async (_what, more) => {
    publish([maya], more);
    signGate(maya, gated.clone, question());
    expect(await gated.check()).toMatchObject([
      { closed: 'unreadable', finding: expect.stringContaining('gone is not a file on the main branch') },
    ]);
  });

  it('opens for nothing while its list of revoked keys cannot be read', async () => {
    publish([maya], { revokedSigners: 'revoked' }, { revoked: 'maya\n' });
    signGate(maya, gated.clone, question());
    expect(await gated.check()).toMatchObject([{ closed: 'unreadable' }]);
  });

  it('reads its people from the main branch, whatever the agent has in its copy', async () => {
    const eve = sshPerson(gated.box, 'eve');
    gated.box.commit(gated.clone, SIGNERS, `${eve.line}\n`);
    signGate(eve, gated.clone, question());
    expect(await gated.check()).toMatchObject([{ closed: 'unknown-signer' }]);
    signGate(maya, gated.clone, question());
    expect(await gated.check()).toMatchObject([{ open: true }]);
  });

  it('asks neither the verifier that the agent has configured nor the one on its PATH', async () => {
    const yes = gated.box.write(gated.box.directory, 'bin/ssh-keygen', '#!/bin/sh\necho Good\nexit 0\n');
    chmodSync(yes, 0o755);
    for (const key of ['gpg.program', 'gpg.ssh.program', 'gpg.x509.program']) {
      gated.box.git(gated.clone, 'config', key, yes);
    }
    publish([maya], { revokedSigners: 'revoked' }, { revoked: `${maya.revokedLine}\n` });
    signGate(
      {
        ...maya,
        tag: (...args) => {
          gated.box.git(gated.clone, 'config', '--unset', 'gpg.ssh.program');
          maya.tag(...args);
        },
      },
      gated.clone,
      question(),
    );
    const context = gated.context(gated.clone);
    const env = { ...context.host.env, PATH: `${gated.box.path('bin')}:${context.host.env.PATH}` };
    expect(await gated.check({}, { host: { ...context.host, env } })).toMatchObject([{ closed: 'revoked' }]);
  });

  it('takes what was pushed, keeps it for when the remote is out of reach, and touches no tag of the user', async () => {
    const { nonce } = signGate(maya, gated.clone, question());
    const name = tagName(question(), nonce);
    gated.box.git(gated.clone, 'push', '--quiet', 'origin', `refs/tags/${name}`);
    gated.box.git(gated.clone, 'tag', '-d', name);
    expect(await gated.check({ fetch: false })).toMatchObject([
      { closed: 'unsigned', finding: expect.stringContaining('the remote was not asked') },
    ]);
    expect(await gated.check()).toMatchObject([{ open: true }]);
    expect(gated.box.git(gated.clone, 'tag', '--list')).toBe('');
    gated.box.git(gated.clone, 'remote', 'set-url', 'origin', gated.box.path('nowhere'));
    expect(await gated.check()).toMatchObject([{ open: true }]);
    gated.box.commit(gated.clone, 'later', 'later');
    expect(await gated.check()).toMatchObject([
      { closed: 'unsigned', finding: expect.stringContaining('origin could not be asked') },
    ]);
  });

  it.each([
    ['is no payload', 'go ahead, approved'],
    ['has a line too many', 'note: please'],
    ['says something twice', 'gate: owner'],
    ['has control characters', '\u001b[2J'],
    ['is huge', 'x'.repeat(100_000)],
  ])('takes no message that %s', async (_what, line) => {
    tagWith(formatPayload(payloadFor(question())) + line);
    const [record] = await gated.check();
    expect(record?.open).toBe(false);
    expect(['malformed', 'unsigned']).toContain(record?.closed);
    expect(record?.finding).not.toContain('\u001b');
    tagWith(line);
    expect((await gated.check())[0]?.open).toBe(false);
    signGate(maya, gated.clone, question());
    expect(await gated.check()).toMatchObject([{ open: true }]);
  });

  it('reads no tag that is far too large for one', async () => {
    tagWith(`${formatPayload(payloadFor(question()))}${'x'.repeat(100_000)}\n`);
    expect(await gated.check()).toMatchObject([
      { closed: 'unsigned', finding: expect.stringContaining('can be read') },
    ]);
  });

  it('reads its people as they are, though this clone replaces the objects of the main branch', async () => {
    const eve = sshPerson(gated.box, 'eve');
    const main = gated.head();
    const open = { gates: { owner: { type: 'command', command: ['true'] } }, deploy: { prod: { gates: ['owner'] } } };
    gated.box.commit(gated.clone, SIGNERS, `${eve.line}\n`);
    const planted = gated.box.commit(gated.clone, 'coord.config.json', JSON.stringify(open));
    gated.box.git(gated.clone, 'replace', main, planted);
    gated.box.git(gated.clone, 'repack', '--quiet', '-a', '-d');
    const asked = { ...question(), commit: main };
    signGate(eve, gated.clone, asked);
    expect(await gated.check({ commit: main })).toMatchObject([{ type: 'signed-tag', closed: 'unknown-signer' }]);
  });

  it('finds gates and targets whatever they are called', async () => {
    const names = ['..', 'a b', 'x.lock', '-f', 'a/b', 'ü*?[', '"quoted"', 'new\nline\u001b[0m', 'n'.repeat(300)];
    const owner = { type: 'signed-tag', allowedSigners: SIGNERS };
    const gates = Object.fromEntries(names.map((name) => [name, owner]));
    const deploy = Object.fromEntries(names.map((name) => [name, { gates: [name] }]));
    gated.publish({ 'coord.config.json': JSON.stringify({ gates, deploy }) });
    for (const name of names) {
      expect(await gated.check({ target: name })).toMatchObject([{ closed: 'unsigned' }]);
      signGate(maya, gated.clone, question({ gate: name, target: name }));
      expect(await gated.check({ target: name })).toMatchObject([{ gate: name, open: true }]);
    }
  });

  it('looks at so many tags, newest first, and says when there are more', async () => {
    const head = gated.head();
    const folder = tagName(question(), '');
    const creates = Array.from(
      { length: 200 },
      (_, at) => `create refs/tags/${folder}${String(at).padStart(32, '0')} ${head}`,
    );
    const { spawnSync } = await import('node:child_process');
    const made = spawnSync('git', ['update-ref', '--stdin'], { cwd: gated.clone, input: `${creates.join('\n')}\n` });
    expect(made.status).toBe(0);
    expect(await gated.check()).toMatchObject([
      { closed: 'unsigned', finding: expect.stringContaining('136 more tags') },
    ]);
  });
});
