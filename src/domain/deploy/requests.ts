import type { ClaimRequest } from '../claim-requests.js';
import type { Verification } from '../deploy/verification.js';
import type { GateRecord } from '../gates/gate.js';
import type { RequestBase } from '../policy.js';
import type { Instant } from '../time.js';
import type { Deployment, DeployStep, SyncEvidence } from './records.js';

/** What is to be deployed where, as it is put on the record. */
export type NewDeployment = Pick<
  Deployment,
  'target' | 'action' | 'commit' | 'rules' | 'command' | 'rollback' | 'gates' | 'startedAt'
>;

/** A step that was found in order. */
export interface DeployCheck {
  readonly step: DeployStep;
  readonly finding: string;
  readonly at: Instant;
}

/** Takes a deploy target for one attempt. */
export interface DeployBeginRequest extends RequestBase {
  readonly kind: 'deploy-begin';
  readonly attempt: NewDeployment;
  readonly claim: ClaimRequest;
  /** Go on although the attempt before ended without a word. */
  readonly retry: boolean;
}

/** Records an attempt that was stopped before it held its target. */
export interface DeployBlockRequest extends RequestBase {
  readonly kind: 'deploy-block';
  readonly attempt: NewDeployment;
  readonly step: DeployStep;
  readonly why: string;
}

/** The program is about to run. */
export interface DeployStartRequest extends RequestBase {
  readonly kind: 'deploy-start';
  readonly deploy: string;
  readonly target: string;
  readonly sync: SyncEvidence | null;
  /** What was looked at on the way, and found in order. */
  readonly checks: readonly DeployCheck[];
}

/** How an attempt ended. */
export interface DeployFinishRequest extends RequestBase {
  readonly kind: 'deploy-finish';
  readonly deploy: string;
  readonly status: 'done' | 'failed' | 'blocked';
  readonly step: DeployStep;
  readonly why: string | null;
  /** Of the program; null: it did not run. */
  readonly exit: number | null;
  /** Whether the program may have changed what runs. */
  readonly ran: boolean;
  readonly verification: Verification | null;
  /** What was looked at since the last write, and found in order. */
  readonly checks: readonly DeployCheck[];
  /** Of the second check, where they differ from the first. */
  readonly gates: readonly GateRecord[];
  /** Whether the claim is given back: not one that the agent had held before. */
  readonly release: boolean;
}
