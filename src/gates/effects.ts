import type { Deploys } from '../config/deploys.js';
import type { GateQuestion, GateRecord } from '../domain/gates/gate.js';
import type { Instant } from '../domain/time.js';
import type { MainBranch } from '../git/main-branch.js';
import type { ObjectDatabase } from '../git/objects.js';
import type { RemoteGit } from '../git/porcelain.js';
import type { Repository } from '../git/repository.js';
import type { Environment, Git } from '../git/run.js';

/** What a check of gates needs of the run: its context has it. */
export interface Effects {
  readonly repository: Repository;
  readonly git: Git;
  readonly objects: ObjectDatabase;
  readonly remoteGit: RemoteGit;
  readonly host: {
    readonly env: Environment;
    onStop(listener: (signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP') => void): () => void;
  };
  now(): Instant;
  newId(): string;
}

/** The configuration that gates are read from: that of the main branch. */
export interface GateSource {
  readonly config: Deploys & { readonly mainRemote: string; readonly scratch: readonly string[] };
  /** null: it is the working copy's, which the agent itself can edit, so that it opens nothing. */
  readonly from: MainBranch | null;
}

/** What came of one gate, before it is put on record. */
export interface Finding {
  readonly closed: GateRecord['closed'];
  /** One sentence. */
  readonly finding: string;
  readonly checked: readonly string[];
  readonly signers?: readonly string[];
  readonly nonces?: readonly string[];
  readonly outputDigest?: string | null;
  /** The end of what a program wrote: shown, and never recorded, since it may hold secrets. */
  readonly lastLines?: readonly string[];
}

/** Where a check is, for those who show it. */
export type GateStep =
  | { readonly step: 'checking'; readonly question: GateQuestion; readonly what: string }
  | { readonly step: 'checked'; readonly record: GateRecord; readonly lastLines: readonly string[] };
