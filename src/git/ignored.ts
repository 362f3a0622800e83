import type { Git } from './run.js';

/** A file that git ignores, and where it is told to: `.gitignore:3`. */
export interface IgnoredFile {
  readonly path: string;
  readonly by: string;
}

/** Those of the files that git ignores, so that a plain `git add` passes them over or fails. */
export async function ignoredFiles(git: Git, paths: readonly string[]): Promise<IgnoredFile[]> {
  const input = paths.map((path) => `${path}\0`).join('');
  const { stdout } = await git(['check-ignore', '-z', '-v', '--stdin'], { input });
  const fields = stdout.toString('utf8').split('\0');
  const ignored: IgnoredFile[] = [];
  for (let at = 0; at + 3 < fields.length; at += 4) {
    const [source = '', line = '', pattern = '', path = ''] = fields.slice(at, at + 4);
    if (!pattern.startsWith('!')) ignored.push({ path, by: `${source}:${line}` });
  }
  return ignored;
}
