import { setTimeout as delay } from 'node:timers/promises';
import { blockedEvent, type DeployBlockRequest, type DeployFinishRequest } from '../../domain/deploy/decision.js';
import { type Deployment, type DeployStep, mayHaveRun, type NewDeployment } from '../../domain/deploy/records.js';
import type { Verification } from '../../domain/deploy/verification.js';
import type { GateRecord } from '../../domain/gates/gate.js';
import type { Claim, State } from '../../domain/model.js';
import { coord, shellWord } from '../../domain/suggestion.js';
import { oneLine } from '../../domain/text.js';
import { CoordError } from '../../errors.js';
import { interrupted } from '../../render/deploy/refusals.js';
import { refusalError } from '../../render/refusals.js';
import type { GitStore } from '../../store/swap/git-store.js';
import { transact } from '../../store/swap/transact.js';
import type { Context } from '../../workspace/context.js';
import type { StopSignal } from '../../workspace/host.js';
import { loadedRules } from '../../workspace/rules.js';
import { runChild } from '../child.js';
import { Keeper } from '../claims/keeper.js';
import type { DeployContext, Progress } from './context.js';
import type { InSync } from './in-sync.js';
import type { HeldTarget, TakeOptions } from './target.js';

const MOST_WORDS = 100;
const LONGEST_WORD = 500;
/** Between two tries to record the end. */
const RETRY_MS = 2_000;

/** One attempt in earnest: what its steps have found, each for those that come after it. */
export class Attempt {
  /** What counts, as last read from the remote. */
  deploy: DeployContext;
  gates: readonly GateRecord[] = [];
  /** What gates said that were asked once more just before the program. */
  rechecked: readonly GateRecord[] = [];
  /** null: the target is not held yet. */
  begun: HeldTarget | null = null;
  inSync: InSync | null = null;
  /** Of the program; null: it has not run. */
  exit: number | null = null;
  /** Whether the program may have changed what runs. */
  ran = false;
  verification: Verification | null = null;
  readonly warnings: string[] = [];
  readonly stopping: Stopping;
  private lease: LeaseKeeper | null = null;
  private readonly startedAt: string;

  constructor(
    deploy: DeployContext,
    /** As its arbiter had it when the attempt began. */
    readonly state: State,
    readonly progress: Progress,
    readonly taking: TakeOptions,
  ) {
    this.deploy = deploy;
    this.stopping = new Stopping(deploy.context);
    this.startedAt = deploy.context.now();
  }

  /** Keeps the claim alive from here on. */
  hold(begun: HeldTarget): void {
    this.begun = begun;
    this.lease = new LeaseKeeper(this.deploy.context, this.deploy.store, begun.claim, this.stopping);
  }

  /** The target, and the claim on it that is kept alive. @throws CoordError `fault` before it is held. */
  held(): HeldTarget & { readonly lease: LeaseKeeper } {
    if (this.begun === null || this.lease === null) throw new CoordError('fault', 'the target is not held');
    return { ...this.begun, lease: this.lease };
  }

  /** Why it may not go on: its claim is lost, or it was asked to stop; null: it may. */
  whyNotOn(): CoordError | null {
    return this.lease?.whyNotOn() ?? this.stopping.why();
  }

  /** Waits so many milliseconds, or until it may not go on. */
  async pause(ms: number): Promise<void> {
    const signal = this.lease?.over ?? this.stopping.asked;
    await delay(ms, undefined, { signal }).catch(() => undefined);
  }

  async record(): Promise<NewDeployment> {
    const { context, store } = this.deploy;
    return newDeployment(this.deploy, this.startedAt, await loadedRules(context, store), this.gates);
  }

  async end(): Promise<void> {
    await this.lease?.end();
    this.stopping.end();
  }
}

/** What is put on the record of an attempt. */
export function newDeployment(
  { options, commit }: Pick<DeployContext, 'options' | 'commit'>,
  startedAt: string,
  rules: string | null,
  gates: readonly GateRecord[],
): NewDeployment {
  const { target, action, reason, command } = options;
  const words = command.slice(0, MOST_WORDS).map((word) => word.slice(0, LONGEST_WORD));
  const rollback = action === 'rollback' ? { reason: reason ?? '' } : null;
  return { target, action, commit, rules, command: words, rollback, gates, startedAt };
}

/** Puts an attempt on the record that did not get the target, as far as it may be written, and answers with what blocked it. */
export async function recordBlocked(
  { context, store }: Pick<DeployContext, 'context' | 'store'>,
  attempt: NewDeployment,
  step: DeployStep,
  error: CoordError,
): Promise<CoordError> {
  const facts = { attempt, step, why: error.message };
  const request: DeployBlockRequest = { kind: 'deploy-block', ...(await context.requestBase()), ...facts };
  const writes = step !== 'claim' && error.details.reason !== 'killed';
  try {
    const recorded = writes ? await transact(store, request, context.effects) : null;
    if (recorded?.ok) return withDeploy(error, recorded.result.deployment.id);
    const { state } = await store.read(['deployments']);
    store.defer(blockedEvent(state, request, context.now()));
  } catch (unrecorded) {
    // What blocked it counts; a record that cannot be written now does not hide it.
    if (!(unrecorded instanceof CoordError)) throw unrecorded;
  }
  return error;
}

/** Writes that the program is about to run, before the last look: who is killed from here on leaves that word. */
export async function recordStart({ deploy, progress, inSync, begun }: Attempt): Promise<CoordError | null> {
  const { context, store, options } = deploy;
  const facts = { target: options.target, sync: inSync?.evidence ?? null, checks: progress.unrecorded() };
  const request = { kind: 'deploy-start' as const, ...(await context.requestBase()), ...facts };
  const decision = await transact(store, { ...request, deploy: begun?.deployment.id ?? '' }, context.effects);
  return decision.ok ? null : refusalError(decision.refusal, context.now());
}

/**
 * Records how an attempt ended that held its target, and gives the claim back.
 * @param why what ended it at the step, in a sentence; null: it is done
 * @returns its record, or why there is none.
 */
export async function recordEnd(
  attempt: Attempt,
  step: DeployStep,
  why: string | null,
): Promise<Deployment | CoordError> {
  const { deploy, progress, exit, ran, verification, rechecked: gates } = attempt;
  const { context, store } = deploy;
  const { deployment } = attempt.held();
  const status = why === null ? ('done' as const) : mayHaveRun({ step }) ? ('failed' as const) : ('blocked' as const);
  const facts = { deploy: deployment.id, status, step, why, exit, ran, verification, gates };
  const base = { ...(await context.requestBase()), checks: progress.unrecorded() };
  const request: DeployFinishRequest = { kind: 'deploy-finish', ...base, ...facts };
  for (;;) {
    const decision = await transact(store, request, context.effects).catch((error: unknown) => {
      if (error instanceof CoordError) return error;
      throw error;
    });
    if (!(decision instanceof CoordError)) {
      return decision.ok ? decision.result.deployment : refusalError(decision.refusal, context.now());
    }
    // The remote may be back before the claim is over: until then nobody else can take the target.
    if (decision.code !== 'unavailable' || attempt.whyNotOn() !== null) return decision;
    progress.warn(`the end could not be recorded yet, and is tried again while the claim holds: ${decision.message}`);
    await attempt.pause(RETRY_MS);
  }
}

/** The error with the deploy that it belongs to. */
export function withDeploy(error: CoordError, deploy: string): CoordError {
  const { code, exit, message, hint, alternative, details } = error;
  return new CoordError(code, message, {
    exit,
    ...(hint === undefined ? {} : { hint }),
    ...(alternative ? { alternative } : {}),
    details: { ...details, deploy, evidence: coord(`deploy show ${shellWord(deploy)}`) },
  });
}

/** Whether the process was asked to stop: it does so between two steps, so that the record says it and the claim is free. */
class Stopping {
  private signal: StopSignal | null = null;
  private readonly controller = new AbortController();
  private readonly unlisten: () => void;

  constructor(context: Context) {
    this.unlisten = context.host.onStop((signal) => {
      this.signal ??= signal;
      this.controller.abort();
    });
  }

  /** Comes when the process is asked to stop. */
  get asked(): AbortSignal {
    return this.controller.signal;
  }

  why(): CoordError | null {
    return this.signal === null ? null : interrupted(this.signal);
  }

  end(): void {
    this.unlisten();
  }
}

/** The claim of a deploy, kept alive for as long as it goes on; and whether it may go on. */
class LeaseKeeper {
  private lost: CoordError | null = null;
  private readonly keeper: Keeper;
  private readonly watching: Promise<void>;
  private readonly losing = new AbortController();
  private readonly controller = new AbortController();

  constructor(
    context: Context,
    store: GitStore,
    claim: Claim,
    private readonly stopping: Stopping,
  ) {
    stopping.asked.addEventListener('abort', () => this.controller.abort(), { once: true });
    this.keeper = new Keeper(context, store, [claim]);
    this.watching = this.keeper.watch().then(
      (why) => this.lose(why),
      (error: unknown) => this.lose(error instanceof Error ? error.message : String(error)),
    );
  }

  /** Comes when the deploy may not go on. */
  get over(): AbortSignal {
    return this.controller.signal;
  }

  /** Why the deploy may not go on: its claim is lost, or it was asked to stop; null: it may. */
  whyNotOn(): CoordError | null {
    return this.lost ?? this.stopping.why();
  }

  /**
   * Runs the program, and stops it as soon as the claim is lost.
   * @returns its exit code, and why the claim was lost, if it was.
   * @throws CoordError `usage` when there is no such program.
   */
  async runProgram(
    context: Context,
    command: readonly string[],
    env: Readonly<Record<string, string>>,
  ): Promise<{ readonly exit: number; readonly lost: CoordError | null }> {
    const exit = await runChild(context, { command, env, stop: this.losing.signal });
    return { exit, lost: this.lost };
  }

  async end(): Promise<void> {
    this.keeper.end();
    await this.watching;
  }

  private lose(why: string | null): void {
    if (why === null) return;
    this.lost = new CoordError('lost', oneLine(why), {
      hint: `see who holds it: ${coord('status')}; then look at what was done`,
      details: { reason: 'lost' },
    });
    this.losing.abort();
    this.controller.abort();
  }
}
