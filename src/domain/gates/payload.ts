import { epochMs, type Instant, instantOf, isInstant } from '../time.js';
import type { GateQuestion } from './gate.js';

/** What a person signs to open a gate, once. */
export interface GatePayload extends GateQuestion {
  /** The signature counts until then. */
  readonly expires: Instant;
  /** Unlike that of every other signature: each opens one deploy. */
  readonly nonce: string;
}

const VERSION = '1';
const KEYS = ['coord-gate', 'gate', 'target', 'commit', 'action', 'expires', 'nonce'] as const;
type Key = (typeof KEYS)[number];

const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
const NONCE = /^[0-9a-f]{16,64}$/;
/** Names that need no quotes. Spaces at the end would be lost in a message of git. */
const PLAIN = /^[\w.@/+-]+$/;

/** The text that is signed: the same payload is always the same text, in printable ASCII alone. */
export function formatPayload(payload: GatePayload): string {
  const values: Readonly<Record<Key, string>> = {
    'coord-gate': VERSION,
    gate: word(payload.gate),
    target: word(payload.target),
    commit: payload.commit,
    action: payload.action,
    expires: payload.expires,
    nonce: payload.nonce,
  };
  return KEYS.map((key) => `${key}: ${values[key]}\n`).join('');
}

/**
 * Reads a payload. Strict, since a text that could be read in two ways would be signed by one reader and checked by the
 * other: whatever is not exactly what {@link formatPayload} writes is refused, and the answer says why.
 */
export function parsePayload(text: string): GatePayload | { readonly problem: string } {
  const lines = text.split('\n');
  if (lines.pop() !== '') return { problem: 'its last line has no end of line' };
  const values = new Map<string, string>();
  for (const line of lines) {
    const end = line.indexOf(': ');
    const key = end < 0 ? '' : line.slice(0, end);
    if (!KEYS.includes(key as Key)) return { problem: 'it has an unknown line' };
    if (values.has(key)) return { problem: `it says ${key} twice` };
    values.set(key, line.slice(end + 2));
  }
  const missing = KEYS.find((key) => !values.has(key));
  if (missing !== undefined) return { problem: `it does not say ${missing}` };
  const payload = payloadOf((key) => values.get(key) ?? '');
  if ('problem' in payload) return payload;
  return formatPayload(payload) === text ? payload : { problem: 'it is not written as coord writes it' };
}

function payloadOf(value: (key: Key) => string): GatePayload | { readonly problem: string } {
  if (value('coord-gate') !== VERSION) return { problem: 'it has another version' };
  const gate = unword(value('gate'));
  const target = unword(value('target'));
  if (gate === null || target === null) return { problem: 'a name in it cannot be read' };
  const [commit, action, expires, nonce] = [value('commit'), value('action'), value('expires'), value('nonce')];
  if (!COMMIT.test(commit)) return { problem: 'its commit is not a full object id' };
  if (action !== 'deploy' && action !== 'rollback') return { problem: 'its action is neither deploy nor rollback' };
  if (!isInstant(expires) || instantOf(epochMs(expires)) !== expires)
    return { problem: 'its expiry is not an instant' };
  if (!NONCE.test(nonce)) return { problem: 'its nonce is not 16 to 64 hexadecimal digits' };
  return { gate, target, commit, action, expires, nonce };
}

function word(name: string): string {
  if (PLAIN.test(name)) return name;
  const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(name).replace(/[^ -~]/g, escaped);
}

function unword(text: string): string | null {
  if (!text.startsWith('"')) return PLAIN.test(text) ? text : null;
  try {
    const name: unknown = JSON.parse(text);
    return typeof name === 'string' ? name : null;
  } catch {
    return null;
  }
}

/** Where signatures are found: under `refs/tags/`, and as fetched, under `refs/coord-local/gates/`. */
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
