import { createHash } from 'node:crypto';
import type { SignedTagGate } from '../config/deploys.js';
import type { GateQuestion } from '../domain/gate.js';
import { judgeTag, judgeTags, type TagVerdict } from '../domain/gates/judge.js';
import { tagFolder } from '../domain/gates/tag-name.js';
import { oneLine } from '../domain/text.js';
import { type SignersOnDisk, withSigners } from './signers-on-disk.js';
import type { Finding, Surroundings } from './surroundings.js';
import { type TagToJudge, tagsIn } from './tags.js';
import { verifySignature } from './verify-signature.js';

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
export async function checkSignatures(around: Surroundings, check: SignatureCheck): Promise<Finding> {
  const { gate, question } = check;
  const found = await standings(around, { ...check, folder: tagFolder(question), questionOf: () => question });
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
  around: Surroundings,
  asked: Omit<SignatureCheck, 'question'> & {
    readonly folder: string;
    questionOf(tag: TagToJudge): GateQuestion;
  },
): Promise<Standings | string> {
  const { gate, folder, configCommit, questionOf, usedNonces } = asked;
  const { tags, more } = await tagsIn(around, folder, MOST_TAGS);
  return withSigners(around, gate, configCommit, async (disk) => {
    const verdicts = await verdictsOn(around, disk, tags, questionOf, usedNonces);
    return { verdicts, more, digest: disk.outputs.length === 0 ? null : sha256(disk.outputs.join('')) };
  });
}

/** How each tag stands; a nonce counts once, in the first tag that has it. */
async function verdictsOn(
  around: Pick<Surroundings, 'now'>,
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
    const unfit = judgeTag(questionOf(tag), tag, around.now(), used);
    if (unfit !== null || object === null) {
      verdicts.push({ name, person: null, payload, closed: unfit?.closed ?? 'malformed', why: unfit?.why ?? '' });
      continue;
    }
    const verified = await verifySignature(disk, object, around.now());
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
