import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Verification } from '../domain/gates/judge.js';
import { oneLine } from '../domain/text.js';
import type { Signed } from '../git/signature.js';
import type { SignersOnDisk } from './signers-on-disk.js';
import { runVerifier, type Verified } from './verifier.js';

/**
 * Verifies a GPG signature in a keyring that holds the public keys of the main branch and no others. gpg exits with 0 for
 * keys that were revoked or have expired, too, so beside its exit code its status lines must say one thing alone: one
 * good signature, by a key whose primary fingerprint is allowed.
 */
export async function verifyGpg(disk: SignersOnDisk, signed: Signed): Promise<Verification> {
  const { program } = disk.gpg;
  if (program === null) return { good: false, closed: 'not-runnable', why: 'needs gpg, which is not there' };
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

/** Reads no settings and starts no helper: all is in the folder that was made for this check. */
export function gpgArguments({ folder }: Pick<SignersOnDisk, 'folder'>): string[] {
  return [
    ...['--homedir', folder, '--no-options', '--batch', '--no-tty', '--no-autostart'],
    ...['--no-default-keyring', '--keyring', join(folder, 'keys.kbx')],
  ];
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
  if (has('BADSIG')) return bad('bad-signature', 'has a signature that is not of this text');
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
  if (!isGood || primary === '' || has(...NOT_GOOD))
    return bad('bad-signature', 'has a signature that gpg does not take');
  if (signer === undefined) return bad('unknown-signer', `is signed with a GPG key that is not allowed (${primary})`);
  return { good: true, person: signer.person };
}
