import type { ClaimRequest } from './claim-requests.js';
import type { RequestBase } from './policy.js';

/** Starts the program of a key, unless it has succeeded or may have. */
export interface OnceBeginRequest extends RequestBase {
  readonly kind: 'once-begin';
  readonly key: string;
  readonly claim: ClaimRequest;
  /** The command line, for people. */
  readonly command: string;
  /** Run it although an earlier run ended without a word. */
  readonly retry: boolean;
}

export interface OnceFinishRequest extends RequestBase {
  readonly kind: 'once-finish';
  readonly key: string;
  /** Id of the claim that the run holds. */
  readonly claim: string;
  readonly exit: number;
  readonly output: string;
  readonly truncated: boolean;
}

export interface OnceForgetRequest extends RequestBase {
  readonly kind: 'once-forget';
  readonly key: string;
}
