/** The harnesses whose hooks coord answers. */
export const HARNESSES = ['claude-code', 'codex', 'gemini', 'cursor', 'opencode'] as const;

export type Harness = (typeof HARNESSES)[number];

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
  /** Something in which a guard has no part. */
  | { readonly kind: 'nothing' }
  /** An event of which this version of coord does not know. */
  | { readonly kind: 'unknown' };

/** One call of a hook. */
export interface HarnessCall {
  /** The event in the harness's own words; null when it was not named. */
  readonly event: string | null;
  /** The id of the session, as sent; null when none was. */
  readonly session: string | null;
  /** Where the harness works; null when it was not sent. */
  readonly directory: string | null;
  readonly ask: Ask;
}

/** What the hook says to the harness. */
export interface Answer {
  readonly stdout: string;
  readonly stderr: string;
  /** 2 blocks what was asked about, in every harness; 0 leaves it to the harness. */
  readonly exit: 0 | 2;
}

/** Not a permission: what the harness asks its user, it still asks. */
export const SILENCE: Answer = { stdout: '', stderr: '', exit: 0 };
