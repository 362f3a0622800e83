import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Verification } from '../domain/gates/judge.js';
import type { SignerKey } from '../domain/gates/signers.js';
import { oneLine } from '../domain/text.js';
import { epochMs, type Instant, instantOf } from '../domain/time.js';
import type { Signed } from '../git/signature.js';
import type { SignersOnDisk } from './signers-on-disk.js';
import { runVerifier, type Verified } from './verifier.js';

/** Git signs tags and commits in it. */
const NAMESPACE = 'git';

/**
 * Verifies an SSH signature with `ssh-keygen -Y verify`, whose exit code alone decides. Which key it claims to be of is
 * read from the signature only to know whose name to ask for, and to say why it does not count.
 * @param at when the key must have been good
 */
export async function verifySsh(disk: SignersOnDisk, signed: Signed, at: Instant): Promise<Verification> {
  const key = publicKeyIn(signed.signature?.text ?? '');
  if (key === null) return { good: false, closed: 'bad-signature', why: 'has a signature that cannot be read' };
  const signer = disk.keys.find((listed) => listed.kind === 'ssh' && listed.key === key);
  if (signer === undefined) {
    const print = `SHA256:${createHash('sha256').update(key, 'base64').digest('base64').replace(/=+$/, '')}`;
    return { good: false, closed: 'unknown-signer', why: `is signed with a key that is not allowed (${print})` };
  }
  const { program } = disk.ssh;
  if (program === null) return { good: false, closed: 'not-runnable', why: 'needs ssh-keygen, which is not there' };
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
  if (sound.exit !== 0)
    return { good: false, closed: 'bad-signature', why: 'has a signature that is not of this text' };
  if (unrevoked.exit === 0) return { good: false, closed: 'revoked', why: `is signed with a revoked key of ${name}` };
  const why = `is signed with a key of ${name} that does not hold now: see its dates and namespaces`;
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
