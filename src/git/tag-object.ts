import { armoured, type Signed } from './signature.js';

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
