import type { Policy } from '../domain/request.js';
import { isRequestId } from '../domain/request-ids.js';
import { usage } from '../errors.js';
import type { GitStore } from '../store/swap/git-store.js';
import type { MainBranchPolicy } from './main-branch-policy.js';
import { Stores } from './stores.js';
import { Workspace } from './workspace.js';

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
    this.policyRead ??= import('./main-branch-policy.js').then(({ readMainBranchPolicy }) =>
      readMainBranchPolicy(this),
    );
    return this.policyRead;
  }

  private async readRequiredRules(): Promise<Policy['requiredRules']> {
    const { requiredRules } = await import('./rules.js');
    return requiredRules(this, await this.mainBranchPolicy());
  }

  /** What each request starts with. */
  async requestBase(): Promise<RequestStart> {
    const { agent, session } = this.identity();
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
