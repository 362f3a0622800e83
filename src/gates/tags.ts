import type { GateQuestion } from '../domain/gate.js';
import type { TagFound } from '../domain/gates/judge.js';
import { parsePayload } from '../domain/gates/payload.js';
import { TAGS, tagFolder } from '../domain/gates/tag-name.js';
import { openObjects } from '../git/objects.js';
import { parseTagObject, type TagObject } from '../git/tag-object.js';
import { trueGit } from '../git/true-git.js';
import type { GateSource, Surroundings } from './surroundings.js';

/** A tag, with what a verifier needs of it. */
export interface TagToJudge extends TagFound {
  readonly object: TagObject | null;
}

const LOCAL = `refs/tags/${TAGS}`;
/** What is fetched stands apart from the tags of this clone, which are the user's. */
const FETCHED = 'refs/coord/gates/';
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
export async function tagsIn(around: Surroundings, folder: string, most: number): Promise<TagsFound> {
  const git = trueGit(around);
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
  const objects = await openObjects(around.repository, git).read([...new Set(readable)]);
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
  { git, remoteGit }: Surroundings,
  { config: { remote } }: GateSource,
  questions: readonly GateQuestion[],
): Promise<string | null> {
  if (questions.length === 0 || (await git(['remote', 'get-url', '--', remote])).code !== 0) return null;
  const refspecs = questions.map((question) => {
    const folder = tagFolder(question);
    return `+${LOCAL}${folder}*:${FETCHED}${folder}*`;
  });
  const first = await remoteGit.fetch(remote, refspecs);
  // Two worktrees that fetch the same tag at once: the second finds it there.
  const result = first.code === 0 || first.timedOut ? first : await remoteGit.fetch(remote, refspecs);
  return result.code === 0 ? null : `${remote} could not be asked for more`;
}
