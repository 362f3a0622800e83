import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Verification } from '../domain/gates/judge.js';
import type { SignerKey } from '../domain/gates/signers.js';
import { oneLine } from '../domain/text.js';
import { epochMs, type Instant, instantOf } from '../domain/time.js';
import type { Signed } from '../git/signing.js';
import type { SignersOnDisk } from './signers-on-disk.js';
import { gpgArguments, runVerifier, type Verified } from './signers-on-disk.js';

/**
 * Whose good signature this is, among the keys that count.
 * @param at when a key of SSH must have been good; gpg knows only whether one is good now
 */
export async function verifySignature(disk: SignersOnDisk, signed: Signed, at: Instant): Promise<Verification> {
  if (signed.signature?.form === 'ssh') return verifySsh(disk, signed, at);
  if (signed.signature?.form === 'gpg') return verifyGpg(disk, signed);
  return { good: false, closed: 'bad-signature', why: 'has a signature that is neither SSH nor GPG' };
}

/**
 * Verifies a GPG signature in a keyring that holds the public keys of the main branch and no others. gpg exits with 0 for
 * keys that were revoked or have expired, too, so beside its exit code its status lines must say one thing alone: one
 * good signature, by a key whose primary fingerprint is allowed.
 */
async function verifyGpg(disk: SignersOnDisk, signed: Signed): Promise<Verification> {
  const { program } = disk.gpg;
  if (program === null) return { good: false, closed: 'not-runnable', why: 'needs gpg, which is not installed' };
  const signature = join(disk.folder, 'signature.asc');
  writeFileSync(signature, signed.signature?.text ?? '', 'latin1');
  const args = [...gpgArguments(disk), '--trust-model', 'always', '--no-auto-key-retrieve', '--status-fd', '1'];
  const result = await runVerifier(program, [...args, '--verify', signature, '-'], {
    home: disk.folder,
    input: signed.signedPart,
  });
  disk.outputs.push(result.stdout, result.stderr);
  return judgeGpg(disk, result);
}

/** What a signature's status line is called when it is anything but good. */
const NOT_GOOD = ['BADSIG', 'ERRSIG', 'EXPSIG', 'EXPKEYSIG', 'REVKEYSIG', 'NO_PUBKEY', 'KEYREVOKED', 'KEYEXPIRED'];

function judgeGpg({ keys, gpg }: SignersOnDisk, { exit, stdout }: Verified): Verification {
  const lines = stdout.split('\n').flatMap((line) => /^\[GNUPG:\] (\w+) ?(.*)$/.exec(line)?.slice(1, 3) ?? []);
  const statuses = Array.from({ length: lines.length / 2 }, (_, at) => [lines[2 * at] ?? '', lines[2 * at + 1] ?? '']);
  const of = (word: string) => statuses.filter(([name]) => name === word).map(([, rest = '']) => rest.split(' '));
  const has = (...words: string[]) => words.some((word) => of(word).length > 0);
  const bad = (closed: Extract<Verification, { good: false }>['closed'], why: string) =>
    ({ good: false, closed, why }) as const;
  if (has('BADSIG')) return bad('bad-signature', 'has a signature of another text');
  if (has('NO_PUBKEY'))
    return bad('unknown-signer', `is signed with a GPG key that is not allowed (${of('NO_PUBKEY')[0]?.[0] ?? ''})`);
  const [valid = [], ...more] = of('VALIDSIG');
  const primary = (valid.at(-1) ?? '').toUpperCase();
  const signer = keys.find((key) => key.kind === 'gpg' && key.fingerprint === primary);
  if (has('REVKEYSIG', 'KEYREVOKED') || gpg.revoked.includes(primary)) {
    return bad('revoked', `is signed with a revoked key${signer ? ` of ${oneLine(signer.person)}` : ''}`);
  }
  if (has('EXPKEYSIG', 'EXPSIG', 'KEYEXPIRED')) return bad('invalid-key', 'is signed with a key that has expired');
  const isGood = exit === 0 && more.length === 0 && of('GOODSIG').length === 1 && of('NEWSIG').length <= 1;
  if (!isGood || primary === '' || has(...NOT_GOOD)) return bad('bad-signature', 'has a signature that gpg rejects');
  if (signer === undefined) return bad('unknown-signer', `is signed with a GPG key that is not allowed (${primary})`);
  return { good: true, person: signer.person };
}

/** Git signs tags and commits in it. */
const NAMESPACE = 'git';

/**
 * Verifies an SSH signature with `ssh-keygen -Y verify`, whose exit code alone decides. Which key it claims to be of is
 * read from the signature only to know whose name to ask for, and to say why it does not count.
 * @param at when the key must have been good
 */
async function verifySsh(disk: SignersOnDisk, signed: Signed, at: Instant): Promise<Verification> {
  const key = publicKeyIn(signed.signature?.text ?? '');
  if (key === null) return { good: false, closed: 'bad-signature', why: 'has a signature that cannot be read' };
  const signer = disk.keys.find((listed) => listed.kind === 'ssh' && listed.key === key);
  if (signer === undefined) {
    const print = `SHA256:${createHash('sha256').update(key, 'base64').digest('base64').replace(/=+$/, '')}`;
    return { good: false, closed: 'unknown-signer', why: `is signed with a key that is not allowed (${print})` };
  }
  const { program } = disk.ssh;
  if (program === null) return { good: false, closed: 'not-runnable', why: 'needs ssh-keygen, which is not installed' };
  const signature = join(disk.folder, 'signature');
  writeFileSync(signature, signed.signature?.text ?? '', 'latin1');
  const run = async (args: readonly string[]): Promise<Verified> => {
    const fixed = ['-n', NAMESPACE, '-s', signature, `-Overify-time=${verifyTime(at)}`];
    const result = await runVerifier(program, ['-Y', ...args, ...fixed], {
      home: disk.folder,
      input: signed.signedPart,
    });
    disk.outputs.push(result.stdout, result.stderr);
    return result;
  };
  const allowed = ['verify', '-f', disk.ssh.allowed, '-I', signer.person];
  if ((await run([...allowed, '-r', disk.ssh.revoked])).exit === 0) return { good: true, person: signer.person };
  return whyNot(signer, await run(['check-novalidate']), await run(allowed));
}

function whyNot({ person }: SignerKey, sound: Verified, unrevoked: Verified): Verification {
  const name = oneLine(person);
  if (sound.exit !== 0) return { good: false, closed: 'bad-signature', why: 'has a signature of another text' };
  if (unrevoked.exit === 0) return { good: false, closed: 'revoked', why: `is signed with a revoked key of ${name}` };
  const why = `is signed with a key of ${name} that is not valid now: see its dates and namespaces`;
  return { good: false, closed: 'invalid-key', why };
}

/** As ssh-keygen reads it, in the zone that the verifier is given: `YYYYMMDDHHMMSS`. */
function verifyTime(at: Instant): string {
  return instantOf(epochMs(at))
    .replace(/\.\d+Z$/, '')
    .replace(/\D/g, '');
}

const MAGIC = 'SSHSIG';

/** The public key in a signature (see PROTOCOL.sshsig of OpenSSH), as base64; null when it cannot be read. */
function publicKeyIn(armoured: string): string | null {
  const body = Buffer.from(armoured.replace(/^-----.*$/gm, ''), 'base64');
  const start = MAGIC.length + 4;
  if (body.length < start + 4 || body.toString('latin1', 0, MAGIC.length) !== MAGIC) return null;
  const length = body.readUInt32BE(start);
  const key = body.subarray(start + 4, start + 4 + length);
  return key.length === length && length > 0 ? key.toString('base64') : null;
}
