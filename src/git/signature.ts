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

export function armoured(text: string): Signature {
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
