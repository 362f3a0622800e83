import type { Deployment, LiveTarget } from './deploy/records.js';
import type { Target } from './ground/targets.js';
import type { Claim, Kill, Loss, Mode, Once, Role, Submission, Waiter } from './model.js';
import type { TakenTask, Task } from './tasks/task.js';
import type { Instant } from './time.js';

/** One piece of ground that is in the way, with all that an agent needs to decide what to do instead. */
export interface Conflict {
  /** What was asked. */
  readonly target: string;
  readonly heldTarget: string;
  /** The intersecting ground, as a pattern. */
  readonly overlap: string;
  readonly agent: string;
  readonly session: string | null;
  readonly claimId: string;
  readonly since: Instant;
  readonly expiresAt: Instant;
  readonly reason: string | null;
  readonly mode: Mode;
  /** True when it is not held yet, but asked for by an agent that was in the queue before. */
  readonly waiting: boolean;
}

/** One step of a wait cycle. */
export interface WaitEdge {
  readonly agent: string;
  readonly waitsFor: string;
  readonly heldBy: string;
}

/** Work of a former holder that HEAD lacks. */
export interface MissingWork {
  /** What was asked. */
  readonly target: string;
  /** The ground that was released with the commit. */
  readonly released: string;
  readonly commit: string;
  readonly agent: string;
  readonly at: Instant;
  /** Added once it is refused. */
  readonly where?: Whereabouts;
  /** Whether it is the work of the very agent that is refused; added with it. */
  readonly isOwn?: boolean;
}

/** Where a commit is that HEAD lacks. */
export type Whereabouts =
  /** On a branch of this clone, or in one of its worktrees. */
  | { readonly kind: 'here'; readonly name: string }
  | { readonly kind: 'remote'; readonly remote: string; readonly branch: string }
  /** It was on the main branch, whose history was rewritten since. */
  | { readonly kind: 'rewritten'; readonly upstream: string }
  /** On no branch: rewritten, or never pushed. */
  | { readonly kind: 'nowhere'; readonly remote: string | null }
  | { readonly kind: 'unknown'; readonly why: 'shallow' | 'not-asked' };

/** Why one target could not be renewed or released. */
export interface LostTarget {
  readonly target: string;
  readonly why:
    | 'expired'
    | 'taken-over'
    | 'revoked'
    | 'unconfirmed'
    | 'handed-over'
    | 'not-held'
    | 'held-by-other'
    | 'other-session';
  readonly holder: Claim | null;
  readonly loss: Loss | null;
}

/** A changed path that may not land. */
export interface UnclaimedPath {
  readonly path: string;
  /** `shared`: this agent holds it only to read. */
  readonly why: LostTarget['why'] | 'shared';
  readonly holder: Claim | null;
  readonly loss: Loss | null;
}

/** What every refusal for ground that others stand on says. */
export interface HeldGround {
  readonly code: 'held';
  readonly conflicts: readonly Conflict[];
  /** Targets of the same request that nobody holds. */
  readonly free: readonly string[];
  /** Who waits for this ground already, first come first. */
  readonly queue: readonly Waiter[];
  readonly asked: readonly Target[];
  readonly mode: Mode;
}

/** `other-session`: the agent has one, but this command does not run in it. */
export type SessionLack = 'no-session' | 'other-session' | 'older-rules';

/** No task can be taken. */
interface NoTask {
  readonly code: 'held';
  /** Those that others have. */
  readonly taken: readonly TakenTask[];
  /** Ids of those that were tried too often without success. */
  readonly stuck: readonly string[];
  /** Ids of open ones that are for other roles. */
  readonly forOthers: readonly string[];
}

/** A request that was not granted: a value with a reason, not an exception. */
export type Refusal =
  | (HeldGround & { readonly reason: 'held' | 'session' })
  | (HeldGround & {
      readonly reason: 'deadlock';
      /** Who waits for whom, back to the asking agent. */
      readonly cycle: readonly WaitEdge[];
    })
  | (HeldGround & {
      readonly reason: 'order';
      /** The held target that sorts after what was asked. */
      readonly held: string;
      readonly early: string;
    })
  | (HeldGround & {
      readonly reason: 'not-offered';
      /** The claims that were to be accepted or declined, and are not offered to this agent. */
      readonly claims: readonly Claim[];
    })
  | {
      readonly code: 'lost';
      readonly reason: 'lost';
      readonly targets: readonly LostTarget[];
      /** What the agent does hold. */
      readonly held: readonly string[];
    }
  | { readonly code: 'lost'; readonly reason: 'unclaimed'; readonly paths: readonly UnclaimedPath[] }
  | { readonly code: 'unavailable'; readonly reason: 'unknown-outcome'; readonly once: Once }
  | {
      readonly code: 'unavailable';
      readonly reason: 'unknown-deploy';
      /** The attempt that ended without a word. */
      readonly deployment: Deployment;
      readonly live: LiveTarget;
    }
  | {
      readonly code: 'closed';
      readonly reason: 'used-signature';
      readonly gate: string;
      readonly target: string;
    }
  | { readonly code: 'usage'; readonly reason: 'no-deploy'; readonly deploy: string }
  /** Deploys of the agent run under claims that were not named one by one. */
  | { readonly code: 'held'; readonly reason: 'deploying'; readonly deploys: readonly Deployment[] }
  | {
      readonly code: 'behind';
      readonly reason: 'behind';
      readonly missing: readonly MissingWork[];
      /** Targets of the same request whose last work HEAD has. */
      readonly free: readonly string[];
      readonly asked: readonly Target[];
      readonly mode: Mode;
    }
  | { readonly code: 'closed'; readonly reason: 'killed'; readonly kill: Kill }
  | {
      readonly code: 'closed';
      readonly reason: 'role';
      readonly targets: readonly string[];
      readonly orchestrators: readonly string[];
    }
  | {
      readonly code: 'closed';
      readonly reason: 'session-required';
      readonly why: SessionLack;
      /** Digest of the rules that the agent's session has loaded. */
      readonly loaded: string | null;
      readonly inForce: string | null;
    }
  | {
      readonly code: 'usage';
      readonly reason: 'no-integrator';
      readonly to: string | null;
      readonly candidates: readonly string[];
    }
  | { readonly code: 'usage'; readonly reason: 'many-submissions'; readonly open: readonly string[] }
  | {
      readonly code: 'usage';
      readonly reason: 'unknown-submission';
      readonly submission: string;
      readonly open: readonly string[];
    }
  | { readonly code: 'lost'; readonly reason: 'submission-closed'; readonly submission: Submission }
  | {
      readonly code: 'closed';
      readonly reason: 'not-integrator';
      readonly role: Role;
      readonly submission: Submission;
      readonly orchestrators: readonly string[];
    }
  | { readonly code: 'lost'; readonly reason: 'no-offer'; readonly targets: readonly string[] }
  | { readonly code: 'closed'; readonly reason: 'authority'; readonly orchestrators: readonly string[] }
  | {
      readonly code: 'usage';
      readonly reason: 'unknown-agent' | 'killed-agent' | 'oneself';
      readonly agent: string;
      /** Ids of the agents that could be meant. */
      readonly known: readonly string[];
    }
  | { readonly code: 'usage'; readonly reason: 'unknown-note'; readonly note: string }
  | (NoTask & { readonly reason: 'none' })
  | (NoTask & {
      readonly reason: 'blocked';
      readonly blocked: readonly {
        readonly task: string;
        readonly title: string;
        readonly blockedBy: readonly string[];
      }[];
    })
  | { readonly code: 'usage'; readonly reason: 'bad-tasks'; readonly problems: readonly string[] }
  | {
      readonly code: 'usage';
      readonly reason: 'unknown-task';
      readonly task: string;
      readonly open: readonly string[];
    }
  /** It is submitted, done or dropped. */
  | { readonly code: 'usage'; readonly reason: 'task-over'; readonly task: Task }
  | { readonly code: 'usage'; readonly reason: 'has-task'; readonly task: Task; readonly wanted: string }
  /** It is not clear which of its tasks an agent means. */
  | { readonly code: 'usage'; readonly reason: 'which-task'; readonly tasks: readonly Task[] }
  /** Ground of tasks is given back with them. */
  | {
      readonly code: 'usage';
      readonly reason: 'task-ground';
      readonly targets: readonly string[];
      readonly tasks: readonly string[];
    }
  /** Claimed by its own verb alone. */
  | { readonly code: 'usage'; readonly reason: 'reserved'; readonly target: string }
  | { readonly code: 'held'; readonly reason: 'task-taken'; readonly task: Task }
  | { readonly code: 'lost'; readonly reason: 'not-your-task'; readonly task: Task }
  | { readonly code: 'closed'; readonly reason: 'task-role'; readonly task: Task; readonly role: Role }
  | { readonly code: 'closed'; readonly reason: 'accept'; readonly task: Task; readonly gates: readonly string[] }
  /** Who holds `@orchestrator` gives out the tasks. */
  | { readonly code: 'closed'; readonly reason: 'not-in-charge'; readonly holder: string | null }
  | {
      readonly code: 'usage';
      readonly reason: 'request-id';
      readonly id: string;
      /** Whose request it was given to before, of which kind, and when. */
      readonly agent: string;
      readonly kind: string;
      readonly at: Instant;
    };
