import { oneLine, shorten } from '../text.js';

/** A key that may sign, and the person whose it is. */
export type SignerKey =
  | {
      readonly person: string;
      readonly kind: 'ssh';
      readonly options: string;
      readonly type: string;
      readonly key: string;
    }
  /** The fingerprint of the primary key, in upper-case hex. */
  | { readonly person: string; readonly kind: 'gpg'; readonly fingerprint: string };

export interface Signers {
  readonly keys: readonly SignerKey[];
  /** What is wrong; a file with problems opens nothing. */
  readonly problems: readonly string[];
}

/** One plain name: a pattern or a list would let one key stand for several people. */
const PERSON = /^[A-Za-z0-9][^\s"',*?!#]*$/;
/** Keys themselves: a certificate would let whoever signs it name people. */
const KEY_TYPE = /^(?!.*-cert-)(?:sk-)?(?:ssh|ecdsa)-[\w@.-]+$/;
const BASE64 = /^[A-Za-z0-9+/]{40,}={0,2}$/;
const GPG_KEY = /^gpg:([0-9A-Fa-f]{40}|[0-9A-Fa-f]{64})$/;
const OPTIONS = /^(?:(?:valid-after|valid-before|namespaces)="[^"]*"(?:,|$))+$/;
/** A field of the file: blanks inside quotes belong to it. */
const FIELD = /(?:"[^"]*"|[^\s"])+/g;

/**
 * Reads a file of allowed signers: lines of ssh-keygen's ALLOWED SIGNERS format (see ssh-keygen(1)) with one plain name
 * each, and lines of `NAME gpg:FINGERPRINT`. A person may have several keys; a key may have one person, since a gate
 * counts people.
 */
export function parseSigners(text: string): Signers {
  const keys: SignerKey[] = [];
  const problems: string[] = [];
  text.split(/\r?\n/).forEach((line, index) => {
    if (line.trim() === '' || line.trimStart().startsWith('#')) return;
    const key = parseLine(line);
    if (typeof key === 'string') problems.push(`line ${index + 1}: ${key}`);
    else keys.push(key);
  });
  return { keys, problems: [...problems, ...sharedKeys(keys)] };
}

function parseLine(line: string): SignerKey | string {
  const [person = '', ...rest] = line.match(FIELD) ?? [];
  if (!PERSON.test(person)) return `not one plain name: ${shown(person)}`;
  const fingerprint = GPG_KEY.exec(rest[0] ?? '')?.[1]?.toUpperCase();
  if (fingerprint !== undefined) return rest.length === 1 ? { person, kind: 'gpg', fingerprint } : 'too long a line';
  const hasOptions = !KEY_TYPE.test(rest[0] ?? '');
  const options = hasOptions ? (rest[0] ?? '') : '';
  const [type = '', key = ''] = hasOptions ? rest.slice(1) : rest;
  if (hasOptions && !OPTIONS.test(options)) return `options that a gate does not take: ${shown(options)}`;
  if (!KEY_TYPE.test(type) || !BASE64.test(key)) return `no key that can be read: ${shown(type)}`;
  return { person, kind: 'ssh', options, type, key };
}

function sharedKeys(keys: readonly SignerKey[]): string[] {
  const owner = new Map<string, string>();
  const problems: string[] = [];
  for (const key of keys) {
    const earlier = owner.get(keyText(key));
    owner.set(keyText(key), key.person);
    if (earlier === undefined || samePerson(earlier, key.person)) continue;
    problems.push(`one key stands for two people: ${shown(earlier)} and ${shown(key.person)}`);
  }
  return problems;
}

/** What identifies a key, whoever's it is. */
function keyText(key: SignerKey): string {
  return key.kind === 'gpg' ? `gpg:${key.fingerprint}` : key.key;
}

/** Names that differ in case alone are taken for one person, so that nobody counts twice. */
function samePerson(a: string, b: string): boolean {
  return personKey(a) === personKey(b);
}

export function personKey(person: string): string {
  return person.normalize('NFKC').toLowerCase();
}

/** The people that a list of keys names, each once. */
export function peopleOf(keys: readonly SignerKey[]): string[] {
  return [...new Map(keys.map(({ person }) => [personKey(person), person] as const).reverse()).values()].reverse();
}

/** The SSH keys in the form that ssh-keygen reads. */
export function allowedSignersFile(keys: readonly SignerKey[]): string {
  return keys
    .flatMap((key) => (key.kind === 'ssh' ? [[key.person, key.options, key.type, key.key]] : []))
    .map((fields) => `${fields.filter((field) => field !== '').join(' ')}\n`)
    .join('');
}

/** Keys that count no more. */
export interface Revoked {
  /** Of GPG, in upper-case hex. */
  readonly fingerprints: readonly string[];
  /** The lines of public SSH keys, as ssh-keygen reads them. */
  readonly ssh: string;
  readonly problems: readonly string[];
}

/** Reads a list of revoked keys: public SSH keys as in an `.pub` file, and `gpg:FINGERPRINT`, one a line. */
export function parseRevoked(text: string): Revoked {
  const fingerprints: string[] = [];
  const ssh: string[] = [];
  const problems: string[] = [];
  text.split(/\r?\n/).forEach((line, index) => {
    const [first = '', second = ''] = line.trim().split(/\s+/);
    const fingerprint = GPG_KEY.exec(first)?.[1]?.toUpperCase();
    if (first === '' || first.startsWith('#')) return;
    if (fingerprint !== undefined) fingerprints.push(fingerprint);
    else if (KEY_TYPE.test(first) && BASE64.test(second)) ssh.push(`${first} ${second}\n`);
    else problems.push(`line ${index + 1}: neither a public key nor gpg:FINGERPRINT: ${shown(first)}`);
  });
  return { fingerprints, ssh: ssh.join(''), problems };
}

function shown(text: string): string {
  return JSON.stringify(shorten(oneLine(text), 60));
}
