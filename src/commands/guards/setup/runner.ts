import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, sep } from 'node:path';
import type { Context } from '../../../context.js';
import { shellWord } from '../../../domain/suggestion.js';
import type { Runner } from './plan.js';

/** How the hook is run, and whether only on this machine. */
export interface FoundRunner extends Runner {
  readonly isLocal: boolean;
}

/** `coord`, where that will be on PATH later too; else this very program by its path. */
export function findRunner({ host }: Context): FoundRunner {
  if (isOnPath(host.env.PATH ?? '')) return { line: 'coord', words: ['coord'], isLocal: false };
  const words = [host.node, join(host.packageRoot, 'bin', 'coord.js')];
  return { line: words.map(shellWord).join(' '), words, isLocal: true };
}

/** What npm adds for the time of one command does not count. */
function isOnPath(path: string): boolean {
  return path
    .split(delimiter)
    .filter(
      (folder) => isAbsolute(folder) && !folder.split(sep).some((part) => part === 'node_modules' || part === '_npx'),
    )
    .some((folder) => isProgram(join(folder, 'coord')));
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
