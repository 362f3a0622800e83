import type { Config } from '../config/config.js';
import type { Claim, Reach, State } from '../domain/model.js';
import type { Policy, Rode } from '../domain/request.js';
import { isRequestId } from '../domain/request-ids.js';
import type { Answer, Kind, OfflineRequest } from '../domain/request-table.js';
import { usage } from '../errors.js';
import { gitInBackground } from '../git/background.js';
import type { openEtcd } from '../store/etcd/open.js';
import type { GitSnapshot } from '../store/format/state-tree.js';
import { type CloneStore, type GrantedHere, Pending } from '../store/swap/clone-store.js';
import { GitStore, type Riders } from '../store/swap/git-store.js';
import { StateRef } from '../store/swap/state-ref.js';
import type { PairedRef, Signing } from '../store/swap/store.js';
import { Upkeep } from '../store/upkeep/upkeep.js';
import { peopleOf, readMemory, rememberState } from './authority.js';
import { learnMainBranch, type MainBranchPolicy, readMainBranchPolicy } from './main-branch.js';
import { requiredRules } from './rules.js';
import type { Standing } from './standing.js';
import { Workspace } from './workspace.js';

/** Pushing work may take longer than pushing a claim. */
const WORK_TIMEOUT_MS = 300_000;

/** What of the configuration a store is made from. */
type StoreConfig = Pick<Config, 'ref' | 'share' | 'remote'> &
  Partial<Pick<Config, 'signCommits' | 'mainRemote' | 'store'>>;

/** Opens the state, and what this clone granted without its remote. */
class Stores {
  /** Offline claims that the remote confirmed during this run. */
  readonly confirmed: Claim[] = [];
  /** Notes and tasks written offline that the remote has since this run. */
  readonly named: Rode['named'][number][] = [];
  /** Those that it refused during this run. */
  readonly refused: Rode['refused'][number][] = [];
  /** Whether this run was told not to ask the remote. */
  staysOffline = false;

  private ownOpened: Promise<GitStore> | undefined;

  constructor(
    private readonly workspace: Workspace,
    private readonly mainBranchPolicy: () => Promise<MainBranchPolicy | null>,
  ) {}

  /** The one that was opened already; undefined: none was. */
  get opened(): Promise<GitStore> | undefined {
    return this.ownOpened;
  }

  /** The one that the configuration of this workspace describes. */
  own(): Promise<GitStore> {
    this.ownOpened ??= this.learnMain()
      .then(() => this.workspace.config())
      .then((config) => this.open(config, undefined, (ref) => this.remember(config, ref)));
    return this.ownOpened;
  }

  /** The state as it was read before, in the place of what the configuration describes. */
  async take(config: Config, snapshot: GitSnapshot): Promise<void> {
    const store = await this.open(config);
    store.take(snapshot);
    this.ownOpened = Promise.resolve(store);
  }

  /** A clone that knows no state yet may have one other branch alone, which is not what judges it. */
  private async learnMain(): Promise<void> {
    const { workspace, staysOffline } = this;
    if (workspace.isGuard || staysOffline || readMemory(workspace.repository) !== null) return;
    await learnMainBranch(workspace).catch(() => null);
  }

  /**
   * The store that a configuration describes; with `share`, its remote arbitrates.
   * @param paired moves with every write to a shared store, or not at all
   * @param onRead called once the state was read, with the ref that it stands on
   */
  async open(
    { ref: name, share, remote, store, signCommits = false }: StoreConfig,
    paired?: PairedRef,
    onRead?: (ref: string) => Promise<void>,
  ): Promise<GitStore> {
    const { workspace } = this;
    const { repository, git, objects, effects } = workspace;
    const ref = new StateRef(repository, git, objects, name, effects, share ? remote : null);
    const upkeep = new Upkeep({
      repository,
      git,
      background: (args) => gitInBackground(repository, workspace.host.env, args),
      ref,
      now: workspace.host.now,
    });
    const sign: Signing = {
      // A checkout from before the main branch asked for it does not lift it.
      isAsked: async () => signCommits || (await this.mainBranchPolicy())?.signCommits === true,
      commit: (body) => this.sign(body),
    };
    const people = peopleOf(repository);
    const common = { repository, objects, ref, effects, upkeep, sign, people, onRead };
    if (!share) return new GitStore({ ...common, arbiter: ref });
    const { RemoteArbiter } = await import('../store/swap/remote-arbiter.js');
    const door = paired ? workspace.remoteGitWithin(WORK_TIMEOUT_MS) : workspace.remoteGit;
    const within = (ms: number) => workspace.remoteGitWithin(ms);
    const arbiter = new RemoteArbiter({ repository, git, remoteGit: door, within, remote, local: ref, effects });
    const riders = this.ridersOn(name);
    const elsewhere = async (named: string) => {
      const etcd = await this.etcd(named, { remote, local: ref, remoteGit: door });
      if (store !== null && store !== undefined) etcd.mustBe(store);
      return etcd.arbiter;
    };
    const hostQueue = async () => {
      const { hostQueue } = await import('../store/queue/host-queue.js');
      const signs = await common.sign.isAsked();
      return hostQueue({ repository, env: workspace.host.env, remote, ref: name, signs });
    };
    return new GitStore({ ...common, arbiter, paired, riders, elsewhere, hostQueue });
  }

  /** The etcd that keeps the state (`etcd CLUSTER PREFIX`), as this clone reaches it. */
  async etcdOf(named: string, { ref, remote }: Pick<Config, 'ref' | 'remote'>) {
    const { repository, git, objects, effects, remoteGit } = this.workspace;
    const local = new StateRef(repository, git, objects, ref, effects, remote);
    return { ...(await this.etcd(named, { remote, local, remoteGit })), local };
  }

  private async etcd(named: string, over: Pick<Parameters<typeof openEtcd>[0], 'remote' | 'local' | 'remoteGit'>) {
    const { openEtcd } = await import('../store/etcd/open.js');
    const { repository, git, objects, effects, host } = this.workspace;
    return openEtcd({ repository, git, objects, effects, env: host.env, ...over }, named);
  }

  /** A clone that has known a shared state is turned local by no checkout. */
  private async remember({ share, remote, mainRemote }: StoreConfig, ref: string): Promise<void> {
    if (share) await rememberState(this.workspace, { ref, remote, mainRemote: mainRemote ?? null, mainBranch: null });
  }

  private async sign(body: Buffer): Promise<string> {
    const { signCommit } = await import('../git/signing.js');
    return signCommit(this.workspace.git, this.workspace.objects, body);
  }

  /** The store on which this clone grants by itself; with `--offline`, nothing of this run asks the remote. */
  async here(granted: GrantedHere | null): Promise<CloneStore> {
    const { CloneStore } = await import('../store/swap/clone-store.js');
    if (granted === null || granted.asked) this.staysOffline = true;
    return new CloneStore(await this.own(), this.pendingOn(await this.ownRef()), granted);
  }

  /**
   * Decides what nobody waits for: in a shared repository by this clone alone, so that it rides with the next write. With a
   * request id it goes at once, since the remote keeps the answers to those.
   */
  async decideLater<R extends OfflineRequest>(request: R): Promise<DecidedLater<R['kind']>> {
    const { transact } = await import('../store/swap/transact.js');
    const { share, remote } = await this.workspace.config();
    const own = await this.own();
    const rides = share && (request.requestId ?? null) === null;
    const store = rides ? await this.here({ request, asked: false }) : own;
    const answer = await transact(store, request, this.workspace.effects);
    const isHere = rides && (await this.isHere(request.kind, request.agent));
    return { answer, reach: isHere ? 'clone' : own.reach, waitsFor: isHere ? remote : null };
  }

  /** Puts to the remote what this clone granted by itself, where that is due. */
  async deliver(): Promise<void> {
    const { requests } = await this.pendingOn(await this.ownRef()).read();
    if (requests.length > 0) await (await this.own()).deliver();
  }

  /** Whether a request of this kind and agent waits in this clone for the next write. */
  async isHere(kind: Kind, agent: string): Promise<boolean> {
    const along = await (await this.own()).along();
    return along.some(({ request }) => request.kind === kind && request.agent === agent);
  }

  /** The state with what this clone granted by itself, and has not put to the remote yet. */
  async withRiders(state: State, ref?: string): Promise<State> {
    const { requests } = await this.pendingOn(ref ?? (await this.ownRef())).read();
    if (requests.length === 0) return state;
    const { withRiders } = await import('../domain/riders.js');
    return withRiders(state, requests);
  }

  private ridersOn(ref: string): Riders {
    const pending = this.pendingOn(ref);
    return {
      list: async () => (await pending.read()).requests,
      deliver: async (store, isLast) => {
        const { requests } = await pending.read();
        const { deliver } = await import('./riding.js');
        if (requests.length > 0) await deliver(this.workspace, store, requests, isLast);
      },
      done: async (rode) => {
        const { lostMark } = await import('./riding.js');
        for (const { agent } of rode.lost) lostMark(this.workspace, agent).record(this.workspace.now());
        await pending.done(rode);
        this.confirmed.push(...rode.confirmed);
        this.named.push(...rode.named);
        this.refused.push(...rode.refused);
      },
    };
  }

  private async ownRef(): Promise<string> {
    return (await this.workspace.config()).ref;
  }

  private pendingOn(ref: string): Pending {
    const { repository, git, objects } = this.workspace;
    return new Pending(repository, git, objects, ref);
  }
}

/** What was decided by this clone, or by the remote. */
interface DecidedLater<K extends Kind> {
  readonly answer: Answer<K>;
  readonly reach: Reach;
  /** The remote that learns of it with the next write; null: it waits for none. */
  readonly waitsFor: string | null;
}

/** What each request starts with; `requestId` is what `--request-id` gave. */
export interface RequestStart {
  readonly operation: string;
  readonly agent: string;
  readonly session: string | null;
  readonly policy: Policy;
  readonly requestId: string | null;
}

/** Everything that a command may use: the workspace, its state, and what the main branch demands; built once a run. */
export class Context extends Workspace {
  protected policyRead: Promise<MainBranchPolicy | null> | undefined;
  private requiredRulesRead: Promise<Policy['requiredRules']> | undefined;
  readonly stores = new Stores(this, () => this.mainBranchPolicy());

  store(): Promise<GitStore> {
    return this.stores.own();
  }

  /** What the main branch as last fetched demands of everybody; null: there is none. */
  mainBranchPolicy(): Promise<MainBranchPolicy | null> {
    this.policyRead ??= readMainBranchPolicy(this);
    return this.policyRead;
  }

  /** What is known already of this worktree, and of the state. */
  async take({ repository, authority, config, guarding, policy }: Standing, snapshot: GitSnapshot): Promise<void> {
    this.protectedKnown = { config: guarding, from: authority.main?.config?.from ?? null };
    this.repositoryFound = repository;
    this.authorityRead = Promise.resolve(authority);
    this.configLoaded = Promise.resolve(config);
    this.policyRead = Promise.resolve(policy);
    await this.stores.take(config, snapshot);
  }

  override forgetAuthority(): void {
    super.forgetAuthority();
    this.policyRead = undefined;
    this.requiredRulesRead = undefined;
  }

  private async readRequiredRules(): Promise<Policy['requiredRules']> {
    return requiredRules(this, await this.mainBranchPolicy());
  }

  /** What each request starts with. */
  async requestBase(): Promise<RequestStart> {
    const { agent, session } = this.identity();
    this.rememberName({ agent, session });
    const requestId = this.flags.requestId ?? null;
    if (requestId !== null && !isRequestId(requestId)) {
      throw usage(`not a request id: ${JSON.stringify(requestId.slice(0, 80))}`, 'use 1 to 128 printable characters');
    }
    // One after the other: of two that fail at once, one would have nobody to tell.
    const own = await this.policy(agent);
    this.requiredRulesRead ??= this.readRequiredRules();
    const policy = { ...own, requiredRules: await this.requiredRulesRead };
    return { operation: this.newId(), agent, session, policy, requestId };
  }
}
