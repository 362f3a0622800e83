import fc from 'fast-check';
import { expect } from 'vitest';
import type { CoordResult } from '../../../support/sandbox.js';
import { AGENTS, type Model, type ModelAgent, type ModelClaim, type ModelTarget, TARGETS } from './model.js';

/** The program, in the worktrees of one clone, at a clock that the model moves. */
export interface Real {
  /** @param worktree which of the two */
  run(agent: string, worktree: number, args: readonly string[]): Promise<CoordResult>;
  pass(seconds: number): void;
}

type Command = fc.AsyncCommand<Model, Real>;

/** What every act of an agent has in common: an exit code that the model predicts, and afterwards the same claims. */
abstract class Act implements Command {
  constructor(
    readonly agent: ModelAgent,
    readonly worktree: number,
  ) {}

  abstract words(): string[];

  /** Whether the model has an opinion on it. */
  check(_model: Readonly<Model>): boolean {
    return true;
  }

  /** Changes the model; returns the exit code that must be seen. */
  protected abstract predict(model: Model): number;

  /** Takes over what only the program can know, such as the token that it gave. */
  protected learn(_model: Model, _result: CoordResult): void {}

  async run(model: Model, real: Real): Promise<void> {
    const exit = model.killed.has(this.agent) ? 6 : this.predict(model);
    const result = await real.run(this.agent, this.worktree, [...this.words(), '--json']);
    sameExit(this, result, exit);
    if (exit === 0) this.learn(model, result);
    if (!model.killed.has(this.agent)) model.keepAlive(this.agent);
    await sameClaims(model, real, this.toString());
  }

  toString(): string {
    return `${this.agent}@${this.worktree}: ${this.words().join(' ')}`;
  }
}

function sameExit(command: Command, result: CoordResult, exit: number): void {
  const told = result.code === exit ? '' : result.stdout;
  expect([command.toString(), result.code, told]).toEqual([command.toString(), exit, '']);
}

async function sameClaims(model: Model, real: Real, after: string): Promise<void> {
  const status = await real.run('looker', 0, ['status', '--json']);
  const claims: (ModelClaim & { expired: boolean })[] = status.json().data.claims;
  const seen = claims.filter(({ expired }) => !expired).map(facts);
  expect([after, seen.sort()]).toEqual([after, model.live().map(facts).sort()]);
}

function facts({ target, agent, mode, token }: Pick<ModelClaim, 'target' | 'agent' | 'mode' | 'token'>): string {
  return `${target} ${agent} ${mode} ${token}`;
}

function give(model: Model, result: CoordResult, mode: ModelClaim['mode'], ttl: number): void {
  for (const { target, token, agent } of result.json().data.claims as ModelClaim[]) {
    const own = model.ownLive(agent, target);
    if (own) {
      expect(token).toBe(own.token);
      model.renew(own, ttl);
    } else {
      expect(token).toBeGreaterThan(model.lastToken);
      model.lastToken = token;
      model.drop(model.claims.filter((claim) => claim.agent === agent && claim.target === target));
      model.claims.push({ target, agent, mode, token, ttl, expires: model.now + ttl, offeredTo: null });
    }
  }
}

class Claim extends Act {
  constructor(
    agent: ModelAgent,
    worktree: number,
    readonly targets: readonly ModelTarget[],
    readonly mode: ModelClaim['mode'],
    readonly ttl: number,
  ) {
    super(agent, worktree);
  }

  words() {
    return ['claim', ...this.targets, '--ttl', `${this.ttl}s`, ...(this.mode === 'shared' ? ['--shared'] : [])];
  }

  override check(model: Readonly<Model>) {
    return this.targets.every((target) => (model.ownLive(this.agent, target)?.mode ?? this.mode) === this.mode);
  }

  protected predict(model: Model) {
    if (this.targets.some((target) => model.inTheWay(this.agent, target, this.mode).length > 0)) return 3;
    model.sweep();
    return 0;
  }

  protected override learn(model: Model, result: CoordResult) {
    give(model, result, this.mode, this.ttl);
  }
}

class Steal extends Act {
  constructor(
    agent: ModelAgent,
    worktree: number,
    readonly target: ModelTarget,
    readonly ttl: number,
  ) {
    super(agent, worktree);
  }

  words() {
    return ['claim', this.target, '--take-over', '--reason', 'model', '--ttl', `${this.ttl}s`];
  }

  override check(model: Readonly<Model>) {
    return model.ownLive(this.agent, this.target)?.mode !== 'shared';
  }

  protected predict(model: Model) {
    model.drop(model.inTheWay(this.agent, this.target, 'exclusive'));
    model.sweep();
    return 0;
  }

  protected override learn(model: Model, result: CoordResult) {
    give(model, result, 'exclusive', this.ttl);
  }
}

class Release extends Act {
  constructor(
    agent: ModelAgent,
    worktree: number,
    readonly target: ModelTarget,
  ) {
    super(agent, worktree);
  }

  words() {
    return ['release', this.target];
  }

  protected predict(model: Model): number {
    const own = model.ownLive(this.agent, this.target);
    if (!own) return 4;
    model.drop([own]);
    model.sweep();
    return 0;
  }
}

class Renew extends Release {
  override words() {
    return ['renew', this.target];
  }

  protected override predict(model: Model) {
    const own = model.ownLive(this.agent, this.target);
    if (!own) return 4;
    model.renew(own);
    model.sweep();
    return 0;
  }
}

const otherThan = (agent: ModelAgent): ModelAgent => (agent === 'maya' ? 'noor' : 'maya');

class Handoff extends Release {
  override words() {
    return ['handoff', this.target, '--to', otherThan(this.agent)];
  }

  override check(model: Readonly<Model>) {
    return !model.killed.has(otherThan(this.agent));
  }

  protected override predict(model: Model) {
    const own = model.ownLive(this.agent, this.target);
    if (!own) return 4;
    own.offeredTo = otherThan(this.agent);
    model.sweep();
    return 0;
  }
}

class Accept extends Release {
  override words() {
    return ['handoff', 'accept', this.target];
  }

  override check(model: Readonly<Model>) {
    const offered = this.offered(model);
    if (!offered) return false;
    // Ground of either beside it would have its own say.
    const beside = model.claims.filter((claim) => claim !== offered && claim.target !== '@db/main');
    return beside.length === 0;
  }

  private offered(model: Readonly<Model>): ModelClaim | undefined {
    return model.live().find((claim) => claim.target === this.target && claim.offeredTo === this.agent);
  }

  protected override predict() {
    return 0;
  }

  protected override learn(model: Model, result: CoordResult) {
    const offered = this.offered(model) as ModelClaim;
    const [{ token }] = result.json().data.claims;
    expect(token).toBeGreaterThan(model.lastToken);
    model.lastToken = token;
    Object.assign(offered, { agent: this.agent, token, expires: model.now + offered.ttl, offeredTo: null });
    model.sweep();
  }
}

class VerifyToken extends Act {
  constructor(
    agent: ModelAgent,
    worktree: number,
    readonly target: ModelTarget,
    readonly older: boolean,
  ) {
    super(agent, worktree);
  }

  /** Of the claim when the command ran; one that nobody was ever given is older than all. */
  private token = 1;

  words() {
    return ['verify-token', this.target, String(this.token)];
  }

  override check(model: Readonly<Model>) {
    const own = model.ownLive(this.agent, this.target);
    this.token = own && !this.older ? own.token : 1;
    return own !== undefined;
  }

  protected predict() {
    return this.older ? 4 : 0;
  }
}

class Note extends Act {
  words() {
    return ['note', 'a word'];
  }

  protected predict(model: Model) {
    model.notes += 1;
    model.sweep();
    return 0;
  }

  protected override learn(model: Model, result: CoordResult) {
    expect(result.json().data.notes).toHaveLength(1);
    expect(model.notes).toBeGreaterThan(0);
  }
}

/** The orchestrator stops an agent, or lets it act again. */
class Stop implements Command {
  constructor(
    readonly agent: ModelAgent,
    readonly kills: boolean,
  ) {}

  check(model: Readonly<Model>) {
    return model.killed.has(this.agent) !== this.kills;
  }

  async run(model: Model, real: Real) {
    const words = this.kills ? ['kill', this.agent, '--reason', 'model'] : ['revive', this.agent];
    const result = await real.run('boss', 0, ['agent', ...words, '--json']);
    sameExit(this, result, 0);
    if (this.kills) {
      model.killed.add(this.agent);
      model.drop(model.claims.filter((claim) => claim.agent === this.agent));
    } else model.killed.delete(this.agent);
    model.sweep();
    await sameClaims(model, real, this.toString());
  }

  toString() {
    return `boss: agent ${this.kills ? 'kill' : 'revive'} ${this.agent}`;
  }
}

class Pass implements Command {
  constructor(readonly seconds: number) {}

  check() {
    return true;
  }

  async run(model: Model, real: Real) {
    model.now += this.seconds;
    real.pass(this.seconds);
    await sameClaims(model, real, this.toString());
  }

  toString() {
    return `${this.seconds} seconds pass`;
  }
}

/** The clock goes to where something is decided: around the expiry of a claim, and the end of the tolerance after it. */
class PassTo implements Command {
  constructor(
    readonly which: number,
    readonly beyond: number,
  ) {}

  private seconds(model: Readonly<Model>): number {
    const claim = model.claims[this.which % Math.max(1, model.claims.length)];
    return claim ? claim.expires + this.beyond - model.now : 0;
  }

  check(model: Readonly<Model>) {
    return this.seconds(model) > 0;
  }

  run(model: Model, real: Real) {
    return new Pass(this.seconds(model)).run(model, real);
  }

  toString() {
    return `the clock goes to ${this.beyond}s after the expiry of claim ${this.which}`;
  }
}

const agent = fc.constantFrom(...AGENTS);
const worktree = fc.constantFrom(0, 1);
const target = fc.constantFrom(...TARGETS);
const targets = fc.uniqueArray(target, { minLength: 1, maxLength: 2 });
const mode = fc.constantFrom<ModelClaim['mode']>('exclusive', 'exclusive', 'shared');
const ttl = fc.constantFrom(60, 600, 1800);

/** Everything that an agent can do to claims, in any order. */
export const COMMANDS = fc.commands(
  [
    fc.tuple(agent, worktree, targets, mode, ttl).map((args) => new Claim(...args)),
    fc.tuple(agent, worktree, targets, mode, ttl).map((args) => new Claim(...args)),
    fc.tuple(agent, worktree, target).map((args) => new Release(...args)),
    fc.tuple(agent, worktree, target).map((args) => new Renew(...args)),
    fc.tuple(agent, worktree, target, ttl).map((args) => new Steal(...args)),
    fc.tuple(agent, worktree, target).map((args) => new Handoff(...args)),
    fc.tuple(agent, worktree, target).map((args) => new Accept(...args)),
    fc.tuple(agent, worktree, target, fc.boolean()).map((args) => new VerifyToken(...args)),
    fc.tuple(agent, worktree).map((args) => new Note(...args)),
    fc.tuple(agent, fc.boolean()).map((args) => new Stop(...args)),
    fc.constantFrom(5, 45, 400, 2000).map((seconds) => new Pass(seconds)),
    fc.tuple(fc.nat(3), fc.constantFrom(-1, 0, 29, 30, 31)).map((args) => new PassTo(...args)),
  ],
  { maxCommands: 12 },
);
