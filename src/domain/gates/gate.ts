import type { EventDraft } from '../events.js';
import { isTaskQuestion } from '../tasks/task.js';
import type { Instant } from '../time.js';

/** What a gate is asked: may this commit go to this deploy target, in this way? */
export interface GateQuestion {
  /** Name of the gate in the configuration; {@link NO_GATE} where a target names none. */
  readonly gate: string;
  /** Name of the deploy target, such as `prod`. */
  readonly target: string;
  readonly commit: string;
  /** A signature for a deploy does not open the way back to an older commit. */
  readonly action: 'deploy' | 'rollback';
}

/** Stands for the gate that is missing where a target names none: nothing opens it. */
export const NO_GATE = '(none)';

/** Why a gate is closed. */
export type GateClosed =
  | 'unconfigured'
  | 'unreadable'
  | 'failed'
  | 'timeout'
  | 'stopped'
  | 'not-runnable'
  | 'not-at-commit'
  | 'unsigned'
  | 'malformed'
  | 'bad-signature'
  | 'unknown-signer'
  | 'invalid-key'
  | 'revoked'
  | 'expired'
  | 'replayed'
  | 'wrong-gate'
  | 'wrong-target'
  | 'wrong-commit'
  | 'wrong-action'
  | 'too-few-signers';

/**
 * What came of checking a gate: the second of the two kinds of evidence. It cites what was checked, never a note: only
 * the exit code of the program, or of the verifier of signatures, opens a gate.
 */
export interface GateRecord extends GateQuestion {
  readonly id: string;
  /** null: no such gate is configured. */
  readonly type: 'command' | 'signed-tag' | null;
  readonly open: boolean;
  /** null when it is open. */
  readonly closed: GateClosed | null;
  /** One sentence: what was found. */
  readonly finding: string;
  /** The command line, or the names of the tags. */
  readonly checked: readonly string[];
  /** The people whose signatures count, as the file of allowed signers names them. */
  readonly signers: readonly string[];
  /** Of the signatures that count: each opens one deploy that succeeds. */
  readonly nonces: readonly string[];
  /** SHA-256 of what the program or the verifier wrote, in hex; null when nothing was run. */
  readonly outputDigest: string | null;
  /** The commit of the main branch that the gate was read from; null: the working copy. */
  readonly configCommit: string | null;
  readonly at: Instant;
}

/** What goes on the record when a gate was checked; never what the program wrote, which may hold secrets. */
export function gateEvent(record: GateRecord, agent: string, session: string | null): EventDraft {
  const { id, gate, target, commit, action, open, closed, finding, signers, outputDigest, configCommit } = record;
  return {
    ...{ type: 'gate.checked', at: record.at, agent, session },
    ...{
      record: id,
      gate,
      targets: [isTaskQuestion(target) ? `@${target}` : `@deploy/${target}`],
      commit,
      action,
      open,
    },
    ...{ code: open ? 'ok' : 'closed', reason: closed ?? 'open', finding, signers, outputDigest, configCommit },
  };
}
