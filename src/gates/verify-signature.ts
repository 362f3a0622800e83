import type { Verification } from '../domain/gates/judge.js';
import type { Instant } from '../domain/time.js';
import type { Signed } from '../git/signature.js';
import { verifyGpg } from './gpg.js';
import type { SignersOnDisk } from './signers-on-disk.js';
import { verifySsh } from './ssh.js';

/**
 * Whose good signature this is, among the keys that count.
 * @param at when a key of SSH must have been good; gpg knows only whether one is good now
 */
export async function verifySignature(disk: SignersOnDisk, signed: Signed, at: Instant): Promise<Verification> {
  if (signed.signature?.form === 'ssh') return verifySsh(disk, signed, at);
  if (signed.signature?.form === 'gpg') return verifyGpg(disk, signed);
  return { good: false, closed: 'bad-signature', why: 'has a signature that is neither of SSH nor of GPG' };
}
