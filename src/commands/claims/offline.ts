import type { Claim } from '../../domain/model.js';
import type { Answer, OfflineRequest } from '../../domain/request-table.js';
import { usage } from '../../errors.js';
import { offlineWarning } from '../../render/claims.js';
import type { Store } from '../../store/swap/store.js';
import { transact } from '../../store/swap/transact.js';
import type { Context } from '../../workspace/context.js';
import type { Input } from '../verb.js';

export const OFFLINE_OPTION = [
  '--offline',
  'do not ask the remote: it holds on this host only, until the next command that reaches the remote',
] as const;

/** Decides the request with the remote, or with `--offline` on this host alone. */
export async function transactHere<R extends OfflineRequest>(
  context: Context,
  input: Input,
  request: R,
): Promise<Answer<R['kind']>> {
  if (!input.flag('offline')) return transact(await context.store(), request, context.effects);
  const offline = offlineForm(request);
  return transact(await context.stores.offline(offline), offline, context.effects);
}

/** The state that the request of this command line is decided on first. */
export async function storeToRead(context: Context, input: Input): Promise<Store> {
  return input.flag('offline') ? context.stores.offline(null) : context.store();
}

/** What `--offline` must not be asked together with. @throws CoordError `usage` */
export async function checkOffline(context: Context, input: Input): Promise<void> {
  if (!input.flag('offline')) return;
  const { share } = await context.config();
  if (!share)
    throw usage('this clone shares with no remote: all of its claims hold on this host', 'leave --offline out');
  if (input.flag('wait')) throw usage('--wait and --offline exclude each other', 'use one');
}

/** Said by each command that grants something offline. */
export async function offlineWarnings(
  context: Context,
  input: Input,
  claims: readonly Pick<Claim, 'target' | 'reach'>[] = [],
): Promise<string[]> {
  if (!input.flag('offline')) return [];
  return [
    offlineWarning(
      (await context.config()).remote,
      claims.filter(({ reach }) => reach === 'clone'),
    ),
  ];
}

function offlineForm<R extends OfflineRequest>(request: R): R {
  const requestId = request.requestId ?? `offline ${request.operation}`;
  return request.kind === 'claim' ? { ...request, requestId, reach: 'clone' } : { ...request, requestId };
}
