import type { DeployConfig } from '../../config/deploys.js';
import type { Context } from '../../context.js';
import type { Authority } from './authority.js';
import type { Order } from './order.js';

/** One attempt as all of its steps see it. */
export interface Case {
  readonly context: Context;
  readonly order: Order;
  readonly authority: Authority;
  readonly config: DeployConfig;
  /** What is to be deployed: HEAD, which for a rollback must be the commit to go back to. */
  readonly commit: string;
}
