/** What a harness asks with a call of its hook. */
export type Ask =
  | { readonly kind: 'session-start' }
  | { readonly kind: 'session-end' }
  /** Before these files are edited. Paths as sent: absolute, or relative to where the harness works. */
  | { readonly kind: 'edit'; readonly paths: readonly string[]; readonly done: boolean }
  /** Before an edit of files that cannot be told from what was sent. */
  | { readonly kind: 'unreadable'; readonly tool: string }
  /** Before a shell command runs; `directory` is where it runs if that is elsewhere. */
  | { readonly kind: 'shell'; readonly command: string; readonly directory: string | null }
  /** Before a task of the harness's own list is called complete. */
  | { readonly kind: 'task-completed'; readonly subject: string; readonly description: string }
  /** Something in which a guard has no part. */
  | { readonly kind: 'nothing' }
  /** An event of which this version of coord does not know. */
  | { readonly kind: 'unknown' };

/** What a harness sent: a JSON object of which nothing else is known. */
export type Payload = Readonly<Record<string, unknown>>;

/** The JSON object in the text; null when it is none. */
export function parsePayload(text: string): Payload | null {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

/** The text in a field of its own; null when there is none. */
export function textIn(payload: Payload, ...names: readonly string[]): string | null {
  for (const name of names) {
    const value = Object.hasOwn(payload, name) ? payload[name] : undefined;
    if (typeof value === 'string' && value !== '') return value;
  }
  return null;
}

/** The record in a field of its own, also one that was sent as JSON in a text; empty when there is none. */
export function recordIn(payload: Payload, name: string): Payload {
  const value = Object.hasOwn(payload, name) ? payload[name] : undefined;
  if (isRecord(value)) return value;
  return typeof value === 'string' ? (parsePayload(value) ?? {}) : {};
}

/** The records in a field that holds a list; none when it holds something else. */
export function recordsIn(payload: Payload, name: string): Payload[] {
  const value = Object.hasOwn(payload, name) ? payload[name] : undefined;
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

/** The texts in a field that holds a list; none when it holds something else. */
export function textsIn(payload: Payload, name: string): string[] {
  const value = Object.hasOwn(payload, name) ? payload[name] : undefined;
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}

function isRecord(value: unknown): value is Payload {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const FILE_LINE = /^\*\*\* (?:(?:Add|Update|Delete) File|Move to): (.+?)[ \t\r]*$/gm;

/**
 * The paths that an `apply_patch` patch changes: what it adds, updates, deletes and moves, with both names of a move, each
 * once. Relative ones count from where the patch is applied.
 */
export function patchPaths(patch: string): string[] {
  return [...new Set([...patch.matchAll(FILE_LINE)].map(([, path = '']) => path))];
}

const DIFF_LINE = /^(?:(?:---|\+\+\+) ([^\t\r\n]+)|(?:rename|copy) (?:from|to) ([^\r\n]+)|diff --git ([^\r\n]+))/gm;

/**
 * The paths that a unified diff changes, each once.
 * @param strip how many leading parts of each path are taken away, as with `patch -p`
 */
export function diffPaths(diff: string, strip: number): string[] {
  const paths = new Set<string>();
  for (const [, side, renamed, header] of diff.matchAll(DIFF_LINE)) {
    if (renamed !== undefined) paths.add(renamed);
    // Modes and empty files have no other line; the two names are the same but for their first part.
    const both = header === undefined ? null : /^"?a\/(.+?)"? "?b\/\1"?$/.exec(header);
    const named = side ?? (both ? `a/${both[1]}` : undefined);
    if (named === undefined || named.trim() === '/dev/null') continue;
    const path = named.trim().replace(/^"|"$/g, '').split('/').slice(strip).join('/');
    if (path !== '') paths.add(path);
  }
  return [...paths];
}
