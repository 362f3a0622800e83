/**
 * What targets cover, exactly: whether two of them overlap, whether one is inside another, whether a path is in one.
 *
 * - A path and a directory cover themselves and all below; a glob covers just the paths it matches, nothing below them.
 * - A resource covers its name and the names below it, and has nothing in common with any path.
 * - A path here is relative, with `/` between segments that are not empty, `.` or `..`. Patterns are compared on such
 *   paths only, so `[.]` covers nothing.
 * - With `foldCase`, two paths are one if they fold to the same text; see `charset.ts`.
 * - A glob that cannot be read (`problemOf` says why) is taken to cover everything, paths and resources.
 *
 * `parse.ts` describes the language of globs. They are compared as automata (`glob.ts`, `nfa.ts`), whose size is bounded by `MAX_STATES`.
 */
export { contains, isEmpty, matches } from './contains.js';
export type { OverlapOptions } from './glob.js';
export { isGlob, problemOf } from './glob.js';
export { commonGround, overlaps } from './overlap.js';
