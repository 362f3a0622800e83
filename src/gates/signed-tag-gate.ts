import { createHash } from 'node:crypto';
import type { SignedTagGate } from '../config/deploys.js';
import type { GateQuestion } from '../domain/gates/gate.js';
import { judgeTag, judgeTags, type TagFound, type TagVerdict } from '../domain/gates/judge.js';
import { parsePayload, TAGS, tagFolder } from '../domain/gates/payload.js';
import { PRIVATE_REFS } from '../domain/state-ref.js';
import { oneLine } from '../domain/text.js';
import { openObjects } from '../git/objects.js';
import { trueGit } from '../git/porcelain.js';
import { hasRemote } from '../git/remotes.js';
import { parseTagObject, type TagObject } from '../git/signing.js';
import type { Effects, Finding, GateSource } from './effects.js';
import { verifySignature } from './signatures.js';
import { type SignersOnDisk, withSigners } from './signers-on-disk.js';

/** Whoever may push can make tags, and each that looks right costs a process. */
const MOST_TAGS = 64;

export interface SignatureCheck {
  readonly gate: SignedTagGate;
  readonly question: GateQuestion;
  /** Of the main branch. */
  readonly configCommit: string;
  readonly usedNonces: ReadonlySet<string>;
}

/** Looks for people's signatures on the commit; only the exit code of a verifier makes one count. */
export async function checkSignatures(effects: Effects, check: SignatureCheck): Promise<Finding> {
  const { gate, question } = check;
  const found = await standings(effects, { ...check, folder: tagFolder(question), questionOf: () => question });
  if (typeof found === 'string') return { closed: 'unreadable', finding: oneLine(found), checked: [] };
  const judged = judgeTags(question, gate.signers, found.verdicts);
  const unseen =
    found.more === 0 ? '' : `; ${found.more} more tags were not looked at: delete those that are not wanted`;
  return {
    closed: judged.closed,
    finding: judged.closed === null ? judged.finding : judged.finding + unseen,
    checked: found.verdicts.map(({ name }) => name),
    signers: judged.people,
    nonces: judged.closed === null ? judged.nonces : [],
    outputDigest: found.digest,
  };
}

export interface Standings {
  readonly verdicts: readonly TagVerdict[];
  /** How many more tags are there than were looked at. */
  readonly more: number;
  /** SHA-256 of what the verifiers wrote; null: none was run. */
  readonly digest: string | null;
}

/**
 * How the tags in a folder of tags stand, each for a question; a text says why nobody can tell.
 * @param folder as `tagFolder` and `gateFolder` make it
 */
export async function standings(
  effects: Effects,
  asked: Omit<SignatureCheck, 'question'> & {
    readonly folder: string;
    questionOf(tag: TagToJudge): GateQuestion;
  },
): Promise<Standings | string> {
  const { gate, folder, configCommit, questionOf, usedNonces } = asked;
  const { tags, more } = await tagsIn(effects, folder, MOST_TAGS);
  return withSigners(effects, gate, configCommit, async (disk) => {
    const verdicts = await verdictsOn(effects, disk, tags, questionOf, usedNonces);
    return { verdicts, more, digest: disk.outputs.length === 0 ? null : sha256(disk.outputs.join('')) };
  });
}

/** How each tag stands; a nonce counts once, in the first tag that has it. */
async function verdictsOn(
  effects: Pick<Effects, 'now'>,
  disk: SignersOnDisk,
  tags: readonly TagToJudge[],
  questionOf: (tag: TagToJudge) => GateQuestion,
  usedNonces: ReadonlySet<string>,
): Promise<TagVerdict[]> {
  const used = new Set(usedNonces);
  const verdicts: TagVerdict[] = [];
  for (const tag of tags) {
    const { name, object } = tag;
    const payload = tag.tag === null || 'problem' in tag.tag.payload ? null : tag.tag.payload;
    const unfit = judgeTag(questionOf(tag), tag, effects.now(), used);
    if (unfit !== null || object === null) {
      verdicts.push({ name, person: null, payload, closed: unfit?.closed ?? 'malformed', why: unfit?.why ?? '' });
      continue;
    }
    const verified = await verifySignature(disk, object, effects.now());
    if (verified.good) {
      used.add(payload?.nonce ?? '');
      verdicts.push({ name, person: verified.person, payload, closed: null, why: `signed by ${verified.person}` });
    } else verdicts.push({ name, person: null, payload, closed: verified.closed, why: verified.why });
  }
  return verdicts;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** A tag, with what a verifier needs of it. */
export interface TagToJudge extends TagFound {
  readonly object: TagObject | null;
}

const LOCAL = `refs/tags/${TAGS}`;
/** What is fetched stands apart from the tags of this clone, which are the user's. */
const FETCHED = `${PRIVATE_REFS}gates/`;
/** A tag for a gate has less than 2 kB. */
const MOST_BYTES = 64 * 1024;

export interface TagsFound {
  readonly tags: readonly TagToJudge[];
  /** How many more are there than were looked at. */
  readonly more: number;
}

/**
 * The tags in a folder of tags, of this clone and as fetched, newest first, each once.
 * @param most how many are looked at, since anybody who may push can make many
 */
async function tagsIn(effects: Effects, folder: string, most: number): Promise<TagsFound> {
  const git = trueGit(effects);
  const format = '--format=%(objectname) %(objecttype) %(objectsize) %(refname)';
  const args = ['for-each-ref', '--sort=-creatordate', format, LOCAL + folder, FETCHED + folder];
  const lines = (await git(args)).stdout
    .toString('latin1')
    .split('\n')
    .filter((line) => line !== '');
  const refs = new Map<string, { id: string; type: string; bytes: number; name: string }>();
  for (const line of lines) {
    const [id = '', type = '', bytes = '', ref = ''] = line.split(' ');
    const name = TAGS + ref.slice((ref.startsWith(LOCAL) ? LOCAL : FETCHED).length);
    refs.set(`${id} ${name}`, { id, type, bytes: Number(bytes), name });
  }
  const looked = [...refs.values()].slice(0, most);
  const readable = looked.filter(({ type, bytes }) => type === 'tag' && bytes <= MOST_BYTES).map(({ id }) => id);
  const objects = await openObjects(effects.repository, git).read([...new Set(readable)]);
  const tags = looked.map(({ id, name }) => {
    const body = objects.get(id)?.body;
    return { name, ...(body === undefined ? { object: null, tag: null } : readTag(body)) };
  });
  return { tags, more: refs.size - looked.length };
}

function readTag(body: Buffer): Pick<TagToJudge, 'object' | 'tag'> {
  const object = parseTagObject(body);
  if (object === null) return { object, tag: null };
  const { name, type, signature, message } = object;
  return {
    object,
    tag: { name, object: object.object, type, payload: parsePayload(message), signed: signature !== null },
  };
}

/**
 * Fetches the signatures for these questions from the remote, into refs of coord's own: no tag of the user is touched.
 * @returns in words why the remote could not be asked; null when it was, or there is none
 */
export async function fetchTags(
  { repository, git, remoteGit }: Effects,
  { config: { mainRemote: remote } }: GateSource,
  questions: readonly GateQuestion[],
): Promise<string | null> {
  if (questions.length === 0 || !(await hasRemote(repository, git, remote))) return null;
  const refspecs = questions.map((question) => {
    const folder = tagFolder(question);
    return `+${LOCAL}${folder}*:${FETCHED}${folder}*`;
  });
  const first = await remoteGit.fetch(remote, refspecs);
  // Two worktrees that fetch the same tag at once: the second finds it there.
  const result = first.code === 0 || first.timedOut ? first : await remoteGit.fetch(remote, refspecs);
  return result.code === 0 ? null : `${remote} could not be asked for more`;
}
