import { oneLine } from '../domain/text.js';
import { CoordError } from '../errors.js';
import type { ObjectDatabase } from './objects.js';
import type { Git } from './run.js';
import { signedCommit } from './signature.js';

const TIMEOUT_MS = 20_000;

/** Nobody may be there to type a passphrase: what would ask for one fails at once. */
const NOBODY_ASKS = { SSH_ASKPASS: 'false', SSH_ASKPASS_REQUIRE: 'force', GPG_TTY: '' };

/** The header of a commit as coord writes it, and its message. */
const COMMIT =
  /^tree ([0-9a-f]+)\n((?:parent [0-9a-f]+\n)*)author (.+) <(.+)> (\d+ \+0000)\ncommitter [^\n]*\n\n([\s\S]*)$/;

/**
 * Lets git make a commit of this body that is signed by the user's own settings (`gpg.format`, `user.signingKey` and so on).
 * Author and committer are the same.
 * @returns its id
 * @throws CoordError `unavailable` when it cannot be signed, or git would sign anything else; no ref has moved then.
 */
export async function signCommit(git: Git, objects: ObjectDatabase, body: Buffer): Promise<string> {
  const [, tree = '', parents = '', name = '', email = '', date = '', message = ''] =
    COMMIT.exec(body.toString('utf8')) ?? [];
  const args = [
    ...['-c', 'i18n.commitEncoding=UTF-8', 'commit-tree', '-S', tree],
    ...parents.split('\n').flatMap((line) => (line === '' ? [] : ['-p', line.slice('parent '.length)])),
  ];
  const env = {
    ...{ GIT_AUTHOR_NAME: name, GIT_AUTHOR_EMAIL: email, GIT_AUTHOR_DATE: `@${date}` },
    ...{ GIT_COMMITTER_NAME: name, GIT_COMMITTER_EMAIL: email, GIT_COMMITTER_DATE: `@${date}` },
    ...NOBODY_ASKS,
  };
  const result = await git(args, { input: message, env, timeoutMs: TIMEOUT_MS }).catch((error: unknown) => {
    throw notSigned(error instanceof CoordError ? error.message : String(error));
  });
  if (result.code !== 0) throw notSigned(firstLine(result.stderr));
  // What the signer prints comes first.
  const id = result.stdout.toString('latin1').trim().split('\n').at(-1) ?? '';
  if (!/^[0-9a-f]{40,64}$/.test(id)) throw notSigned('git named no commit');
  const written = signedCommit((await objects.read([id])).get(id)?.body ?? Buffer.alloc(0));
  const form = written.signature?.form ?? 'other';
  if (form === 'other')
    throw notSigned('what the signer made is no signature of SSH or GPG, and no audit could verify it');
  if (!written.signedPart.equals(body)) throw notSigned(`git changes what it signs (is the agent id ${name} odd?)`);
  return id;
}

function firstLine(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.replace(/^(?:error|fatal): /, '').trim());
  return oneLine(lines.find((line) => line !== '') ?? 'git said nothing');
}

function notSigned(why: string): CoordError {
  return new CoordError('unavailable', `the coordination commit cannot be signed: ${why}`, {
    hint: 'nothing was changed; let git sign without asking (git config user.signingKey, gpg.format), and try it: git commit-tree -S',
    details: { reason: 'signing' },
  });
}
