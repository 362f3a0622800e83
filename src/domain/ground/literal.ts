import { directoryPath, type Target } from '../targets.js';

/** The literal path of a `path` or `directory` target; both cover it and all below it. `''` is everything. */
export function literalOf(target: Target): string {
  return target.kind === 'directory' ? directoryPath(target) : target.text;
}

/** Whether `path` is `outer` or below it, by whole segments; everything is below `''`. */
export function isAtOrBelow(path: string, outer: string): boolean {
  if (outer === '' || path === outer) return true;
  return path.length > outer.length && path.charCodeAt(outer.length) === 0x2f && path.startsWith(outer);
}
