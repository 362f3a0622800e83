import { isGlob } from '../../../src/domain/ground/index.js';
import { directoryTarget, type Target } from '../../../src/domain/ground/targets.js';

export const path = (text: string): Target => ({ kind: 'path', text });
export const glob = (text: string): Target => ({ kind: 'glob', text });
export const directory = directoryTarget;
export const resource = (text: string): Target => ({ kind: 'resource', text });

/** A target as a person would mean it: `src/` a directory, `@name` a resource, glob syntax a glob, else a path. */
export function target(text: string): Target {
  if (text.startsWith('@')) return resource(text);
  if (text.endsWith('/')) return directory(text.slice(0, -1));
  return isGlob(text) ? glob(text) : path(text);
}
