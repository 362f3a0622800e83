import type { GateQuestion } from '../gate.js';

/** Where signatures are found: under `refs/tags/`, and as fetched, under `refs/coord/gates/`. */
export const TAGS = 'coord/gate/';

/** Long enough to tell commits apart in a list of tags; the payload has all of it. */
const COMMIT_DIGITS = 12;
/** A part of a path is at most 255 bytes on most file systems. */
const MOST_CHARACTERS = 120;

/** The part of a tag's name that says for what it is, between {@link TAGS} and the nonce; it ends in a slash. */
export function tagFolder({ gate, target, commit }: Pick<GateQuestion, 'gate' | 'target' | 'commit'>): string {
  return `${gateFolder(gate)}${encode(target)}/${commit.slice(0, COMMIT_DIGITS)}/`;
}

/** The folder of all tags of a gate. */
export function gateFolder(gate: string): string {
  return `${encode(gate)}/`;
}

/** The name of the tag that a person signs, without `refs/tags/`. */
export function tagName(question: GateQuestion, nonce: string): string {
  return `${TAGS}${tagFolder(question)}${nonce}`;
}

/**
 * A name as one part of a ref's name, whatever it has: all but letters, digits, `_` and `-` stand as `%` and their bytes
 * in UTF-8, so that nothing that `git check-ref-format` refuses is left (`..`, `.lock`, a leading dot, `~^:?*[\`).
 */
function encode(name: string): string {
  const bytes = [...new TextEncoder().encode(name)];
  const text = bytes.map((byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9_-]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  });
  return text.join('').slice(0, MOST_CHARACTERS);
}
