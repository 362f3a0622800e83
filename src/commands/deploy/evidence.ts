import { contradictions, noncesIn } from '../../domain/deploy/evidence.js';
import { type Deployment, type Deployments, usedNonces } from '../../domain/deploy/records.js';
import type { CoordEvent } from '../../domain/events.js';
import type { GateRecord } from '../../domain/gates/gate.js';
import { oneLine } from '../../domain/text.js';
import { gateNamed } from '../../gates/check.js';
import { checkSignatures, fetchTags } from '../../gates/signed-tag-gate.js';
import { isAncestor } from '../../git/refs.js';
import { historyFrom } from '../../store/format/history.js';
import type { Context } from '../../workspace/context.js';
import { configAt, mainBranch } from '../../workspace/main-branch.js';

/**
 * The nonces of the signatures that have opened a deploy: those of the state, of each deploy that the history tells of, and
 * of the state that a compacted history begins with. Who takes one out of the state by a push frees no signature.
 */
export async function usedSignatures(context: Context, deployments: Deployments): Promise<readonly string[]> {
  const used = new Set(usedNonces(deployments));
  const store = await context.store();
  const tip = await store.tip();
  if (tip === null) return [...used];
  for await (const { id, events, compacted } of historyFrom(context.gitStream, tip)) {
    for (const nonce of events.flatMap(noncesIn)) used.add(nonce);
    if (compacted === null) continue;
    const { deployments: first } = await store.stateAt(id, ['deployments']);
    for (const nonce of usedNonces(first)) used.add(nonce);
  }
  return [...used];
}

/**
 * What of the evidence of a deploy does not hold when it is looked at now, as sentences: what the history does not bear out, and
 * signatures that cannot be verified as they were at the time.
 * @param events of that deploy
 * @param compacted how far the history goes back; null: to its beginning
 */
export async function doubtsAbout(
  context: Context,
  deployment: Deployment,
  events: readonly CoordEvent[],
  compacted: string | null,
  fetch: boolean,
): Promise<string[]> {
  if (events.length === 0 && compacted !== null && deployment.startedAt <= compacted) {
    return [`cannot be verified: the history up to ${compacted} was compacted`];
  }
  const signed = deployment.gates.filter(({ type, open }) => type === 'signed-tag' && open);
  const unverified: string[] = [];
  for (const gate of signed) unverified.push(...(await unsigned(context, gate, fetch)));
  return [...new Set([...contradictions(deployment, events), ...unverified])];
}

/** Why the signatures of a gate that was open are not what its record says; nothing where they are. */
async function unsigned(context: Context, record: GateRecord, fetch: boolean): Promise<string[]> {
  const name = `the signatures of the gate ${oneLine(record.gate)}`;
  const main = await mainBranch(context);
  const at = record.configCommit;
  const isOfMain = main !== null && at !== null && (await isAncestor(context.git, at, main.commit)) === true;
  const config = isOfMain ? await configAt(context, at) : null;
  if (config === null || at === null)
    return [`${name} cannot be verified: it was read from no commit of the main branch`];
  const source = { config, from: null };
  const gate = gateNamed(source, record.gate);
  if (gate?.type !== 'signed-tag')
    return [`${name} cannot be verified: it was no gate of signatures at ${at.slice(0, 7)}`];
  if (fetch) await fetchTags(context, source, [record]);
  const { repository, git, objects, remoteGit, host } = context;
  const then = { repository, git, objects, remoteGit, host, now: () => record.at, newId: () => record.id };
  const found = await checkSignatures(then, { gate, question: record, configCommit: at, usedNonces: new Set() });
  const isSame = record.nonces.every((nonce) => found.nonces?.includes(nonce)) && record.nonces.length > 0;
  if (found.closed === null && isSame) return [];
  return [
    `${name} cannot be verified here: ${oneLine(found.closed === null ? 'others have signed it' : found.finding)}`,
  ];
}
