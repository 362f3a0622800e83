import type { Config } from '../config/config.js';
import type { Claim, State } from '../domain/model.js';
import type { Policy } from '../domain/request.js';
import { isRequestId } from '../domain/request-ids.js';
import type { OfflineRequest } from '../domain/request-table.js';
import { usage } from '../errors.js';
import { gitInBackground } from '../git/background.js';
import { GitStore, type Signing } from '../store/swap/git-store.js';
import { type Named, type OfflineStore, Pending, type RefusedOffline } from '../store/swap/offline.js';
import { StateRef } from '../store/swap/state-ref.js';
import type { PairedRef } from '../store/swap/store.js';
import { Upkeep } from '../store/upkeep/upkeep.js';
import { readMemory, rememberState } from './authority.js';
import type { MainBranchPolicy } from './main-branch.js';
import { Workspace } from './workspace.js';

/** Pushing work may take longer than pushing a claim. */
const WORK_TIMEOUT_MS = 300_000;

/** What of the configuration a store is made from. */
type StoreConfig = Pick<Config, 'ref' | 'share' | 'remote'> & Partial<Pick<Config, 'signCommits' | 'mainRemote'>>;

/** Opens the state, and what this clone granted without its remote. */
class Stores {
  /** Offline claims that the remote confirmed during this run. */
  readonly confirmed: Claim[] = [];
  /** Notes and tasks written offline that the remote has since this run. */
  readonly named: Named[] = [];
  /** Those that it refused during this run. */
  readonly refused: RefusedOffline[] = [];
  /** Whether this run was told not to ask the remote. */
  staysOffline = false;

  private ownOpened: Promise<GitStore> | undefined;

  constructor(
    private readonly workspace: Workspace,
    private readonly mainBranchPolicy: () => Promise<MainBranchPolicy | null>,
  ) {}

  /** The one that the configuration of this workspace describes. */
  own(): Promise<GitStore> {
    this.ownOpened ??= this.learnMain()
      .then(() => this.workspace.config())
      .then((config) => this.open(config, undefined, (ref) => this.remember(config, ref)));
    return this.ownOpened;
  }

  /** A clone that knows no state yet may have one other branch alone, which is not what judges it. */
  private async learnMain(): Promise<void> {
    const { workspace, staysOffline } = this;
    if (workspace.isGuard || staysOffline || readMemory(workspace.repository) !== null) return;
    const { learnMainBranch } = await import('./main-branch.js');
    await learnMainBranch(workspace).catch(() => null);
  }

  /**
   * The store that a configuration describes; with `share`, its remote arbitrates.
   * @param paired moves with every write to a shared store, or not at all
   * @param onRead called once the state was read, with the ref that it stands on
   */
  async open(
    { ref: name, share, remote, signCommits = false }: StoreConfig,
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
    if (!share) return new GitStore({ repository, objects, ref, arbiter: ref, effects, upkeep, sign, onRead });
    const { RemoteArbiter } = await import('../store/swap/remote-arbiter.js');
    const door = paired ? workspace.remoteGitWithin(WORK_TIMEOUT_MS) : workspace.remoteGit;
    const arbiter = new RemoteArbiter({ repository, git, remoteGit: door, remote, local: ref, effects });
    // What moves together with other work moves alone.
    const settle = paired ? undefined : (store: GitStore) => this.settleOffline(store, name);
    const elsewhere = async (store: string) => {
      const { openEtcd } = await import('../store/etcd/open.js');
      return openEtcd(
        { repository, git, remoteGit: door, objects, env: workspace.host.env, effects },
        store,
        ref,
        remote,
      ).arbiter;
    };
    return new GitStore({
      repository,
      objects,
      ref,
      arbiter,
      effects,
      paired,
      upkeep,
      settle,
      sign,
      onRead,
      elsewhere,
    });
  }

  /** A clone that has known a shared state is turned local by no checkout. */
  private async remember({ share, remote, mainRemote }: StoreConfig, ref: string): Promise<void> {
    if (share) await rememberState(this.workspace, { ref, remote, mainRemote: mainRemote ?? null, mainBranch: null });
  }

  private async sign(body: Buffer): Promise<string> {
    const { signCommit } = await import('../git/signing.js');
    return signCommit(this.workspace.git, this.workspace.objects, body);
  }

  /** The store of `--offline`; `request` is the one that it will be asked to grant. */
  async offline(request: OfflineRequest | null): Promise<OfflineStore> {
    const { OfflineStore } = await import('../store/swap/offline.js');
    this.staysOffline = true;
    return new OfflineStore(await this.own(), this.pendingOn(await this.ownRef()), request);
  }

  /** The state with what was granted offline, and not put to the remote yet. */
  async withOffline(state: State, ref?: string): Promise<State> {
    const { requests } = await this.pendingOn(ref ?? (await this.ownRef())).read();
    if (requests.length === 0) return state;
    const { withPending } = await import('../store/swap/offline.js');
    return withPending(state, requests);
  }

  private async settleOffline(store: GitStore, ref: string): Promise<void> {
    const pending = this.pendingOn(ref);
    if ((await pending.read()).id === null) return;
    const { settlePending } = await import('../store/swap/offline.js');
    const { confirmed, named, refused } = await settlePending(store, pending, this.workspace.effects);
    this.confirmed.push(...confirmed);
    this.named.push(...named);
    this.refused.push(...refused);
  }

  private async ownRef(): Promise<string> {
    return (await this.workspace.config()).ref;
  }

  private pendingOn(ref: string): Pending {
    const { repository, git, objects } = this.workspace;
    return new Pending(repository, git, objects, ref);
  }
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
  private policyRead: Promise<MainBranchPolicy | null> | undefined;
  private requiredRulesRead: Promise<Policy['requiredRules']> | undefined;
  readonly stores = new Stores(this, () => this.mainBranchPolicy());

  store(): Promise<GitStore> {
    return this.stores.own();
  }

  /** What the main branch as last fetched demands of everybody; null: there is none. */
  mainBranchPolicy(): Promise<MainBranchPolicy | null> {
    this.policyRead ??= import('./main-branch.js').then(({ readMainBranchPolicy }) => readMainBranchPolicy(this));
    return this.policyRead;
  }

  override forgetAuthority(): void {
    super.forgetAuthority();
    this.policyRead = undefined;
    this.requiredRulesRead = undefined;
  }

  private async readRequiredRules(): Promise<Policy['requiredRules']> {
    const { requiredRules } = await import('./rules.js');
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
