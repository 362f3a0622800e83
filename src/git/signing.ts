import { command } from '../domain/suggestion.js';
import { oneLine } from '../domain/text.js';
import { CoordError } from '../errors.js';
import type { ObjectDatabase } from './objects.js';
import type { Git } from './run.js';

const TIMEOUT_MS = 20_000;

/** Nobody may be there to type a passphrase: what would ask for one fails at once. */
const NOBODY_ASKS = { SSH_ASKPASS: 'false', SSH_ASKPASS_REQUIRE: 'force', GPG_TTY: '' };

/** The header of a commit as coord writes it, and its message. */
const COMMIT =
  /^tree ([0-9a-f]+)\n((?:parent [0-9a-f]+\n)*)author (.+) <(.+)> (\d+ \+0000)\ncommitter (.+) <(.+)> \d+ \+0000\n\n([\s\S]*)$/;

/**
 * Lets git make a commit of this body that is signed by the user's own settings (`gpg.format`, `user.signingKey` and so on).
 * @returns its id
 * @throws CoordError `unavailable` when it cannot be signed, or git would sign anything else; no ref has moved then.
 */
export async function signCommit(git: Git, objects: ObjectDatabase, body: Buffer): Promise<string> {
  const [, tree = '', parents = '', name = '', email = '', date = '', committer = '', address = '', message = ''] =
    COMMIT.exec(body.toString('utf8')) ?? [];
  const args = [
    ...['-c', 'i18n.commitEncoding=UTF-8', 'commit-tree', '-S', tree],
    ...parents.split('\n').flatMap((line) => (line === '' ? [] : ['-p', line.slice('parent '.length)])),
  ];
  const env = {
    ...{ GIT_AUTHOR_NAME: name, GIT_AUTHOR_EMAIL: email, GIT_AUTHOR_DATE: `@${date}` },
    ...{ GIT_COMMITTER_NAME: committer, GIT_COMMITTER_EMAIL: address, GIT_COMMITTER_DATE: `@${date}` },
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
    throw notSigned('what the signer made is not an SSH or GPG signature, and no audit could verify it');
  if (!written.signedPart.equals(body)) throw notSigned(`git changes what it signs (is the agent id ${name} odd?)`);
  return id;
}

function firstLine(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.replace(/^(?:error|fatal): /, '').trim());
  return oneLine(lines.find((line) => line !== '') ?? 'git said nothing');
}

function notSigned(why: string): CoordError {
  return new CoordError('unavailable', `the coordination commit cannot be signed: ${why}`, {
    hint: `nothing was changed; git must be able to sign without asking: look at ${command("git config --get-regexp '^(user.signingkey|gpg)'")}`,
    details: { reason: 'signing' },
  });
}

/** A signature in its armour; texts are Latin-1, so that each byte is one character. */
export interface Signature {
  readonly form: 'ssh' | 'gpg' | 'other';
  readonly text: string;
}

/** What somebody may have signed. */
export interface Signed {
  /** null: it has none. */
  readonly signature: Signature | null;
  /** The bytes that a signature is of. */
  readonly signedPart: Buffer;
}

const ARMOUR = /^-----BEGIN (SSH|PGP) SIGNATURE-----\n(?:(?!-----)[^\n]*\n)+-----END \1 SIGNATURE-----\n?$/;

function armoured(text: string): Signature {
  const kind = ARMOUR.exec(text)?.[1];
  return { form: kind === 'SSH' ? 'ssh' : kind === 'PGP' ? 'gpg' : 'other', text };
}

/** The header line of a commit that holds its signature, and the lines that continue it. */
const SIGNATURE_HEADER = /^gpgsig(?:-sha256)? ([^\n]*\n(?: [^\n]*\n)*)/m;

/** Takes the body of a commit object apart, as git does to verify it: what was signed is all but the signature. */
export function signedCommit(body: Buffer): Signed {
  const text = body.toString('latin1');
  const header = text.slice(0, text.indexOf('\n\n') + 1);
  const found = SIGNATURE_HEADER.exec(header);
  if (found === null) return { signature: null, signedPart: body };
  const [line, value = ''] = found;
  const signedPart = Buffer.from(text.slice(0, found.index) + text.slice(found.index + line.length), 'latin1');
  return { signature: armoured(value.replace(/^ /gm, '')), signedPart };
}

/** An annotated tag as it was made. Texts are Latin-1, so that each byte is one character. */
export interface TagObject extends Signed {
  /** Object id of what it is on. */
  readonly object: string;
  readonly type: string;
  readonly name: string;
  /** Up to the signature. */
  readonly message: string;
}

const HEADER = /^object ([0-9a-f]{40}|[0-9a-f]{64})\ntype ([a-z]+)\ntag ([^\n]*)\ntagger [^\n]*\n\n/;
const BEGIN = '-----BEGIN ';

/**
 * Reads the body of a tag object; null when it is not just the header that git writes, a message, and at most one
 * signature. (Git itself takes the last signature that it finds, and more header lines.)
 */
export function parseTagObject(body: Buffer): TagObject | null {
  const text = body.toString('latin1');
  const header = HEADER.exec(text);
  if (!header) return null;
  const [whole, object = '', type = '', name = ''] = header;
  const rest = text.slice(whole.length);
  const at = rest.startsWith(BEGIN) ? 0 : rest.indexOf(`\n${BEGIN}`) + 1;
  const isSigned = at > 0 || rest.startsWith(BEGIN);
  const message = isSigned ? rest.slice(0, at) : rest;
  const signature = isSigned ? armoured(rest.slice(at)) : null;
  return { object, type, name, message, signature, signedPart: body.subarray(0, whole.length + message.length) };
}
