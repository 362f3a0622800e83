import { isGlob } from './index.js';
import { directoryTarget, type Target } from './targets.js';

/**
 * The target of a pattern written in the configuration, where no file system decides what exists. `src/**` and the same
 * text typed for the directory `src` are one target.
 */
export function patternTarget(text: string): Target {
  if (text.startsWith('@')) return { kind: 'resource', text };
  if (text === '**') return directoryTarget('');
  const folder = text.endsWith('/**') ? text.slice(0, -'/**'.length) : null;
  if (folder !== null && !isGlob(folder) && !folder.includes('\\')) return directoryTarget(folder);
  return { kind: isGlob(text) ? 'glob' : 'path', text };
}
