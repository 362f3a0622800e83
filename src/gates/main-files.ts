import { posix } from 'node:path';
import { filesAt } from '../git/commit-files.js';
import { openObjects } from '../git/objects.js';
import { trueGit } from '../git/true-git.js';
import type { Surroundings } from './surroundings.js';

/** No list of people is longer. */
const MOST_BYTES = 1_000_000;

/** A file of a commit, or in words why there is none. */
export async function fileAt(around: Surroundings, commit: string, path: string): Promise<Buffer | string> {
  const plain = posix.normalize(path).normalize('NFC');
  const git = trueGit(around);
  const file = (await filesAt(git, commit, [plain])).find((found) => found.path === plain);
  if (file === undefined) return `${path} is not a file on the main branch`;
  if (file.bytes > MOST_BYTES) return `${path} is too large`;
  const body = (await openObjects(around.repository, git).read([file.id])).get(file.id)?.body;
  return body ?? `${path} cannot be read`;
}
