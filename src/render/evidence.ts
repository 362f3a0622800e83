import type { Deployment, DeployStatus } from '../domain/deployments.js';
import type { CoordEvent } from '../domain/events.js';
import type { GateRecord } from '../domain/gates/gate.js';
import { oneLine } from '../domain/text.js';
import type { Instant } from '../domain/time.js';
import { asWritten } from './command-words.js';
import { eventLine } from './events.js';
import { clock, shortCommit } from './format.js';
import type { Style } from './style.js';

export interface EvidenceReport {
  readonly deployment: Deployment;
  readonly outcome: DeployStatus;
  readonly coordination: { readonly events: readonly PlacedEvent[] };
  /** What a gate said is on one stream only. */
  readonly authorisation: { readonly events: readonly PlacedEvent[] };
}

/** An event, and the commit of the coordination branch that holds it. */
interface PlacedEvent {
  readonly commit: string;
  readonly event: CoordEvent;
}

/** The two streams of evidence, each under its own heading. */
export function evidenceLines(
  { deployment, outcome, coordination, authorisation }: EvidenceReport,
  now: Instant,
  style: Style,
): string[] {
  const { id, target, action, commit, agent, startedAt, why, rollback } = deployment;
  return [
    `${style.bold(id)}: ${action} of ${shortCommit(commit)} to ${style.target(oneLine(target))} by ${agent} at ${clock(startedAt, now)}: ${outcome}`,
    ...(rollback ? [`rolled back: "${asWritten(oneLine(rollback.reason))}"`] : []),
    ...(why === null ? [] : why.split('\n').map((line) => `  ${asWritten(oneLine(line))}`)),
    '',
    style.bold('(a) coordination: who was at it, and that the copy was current; it authorises nothing'),
    ...coordinationLines(deployment).map((line) => `  ${line}`),
    ...eventLines(coordination.events, now, style),
    '',
    style.bold('(b) gates: the authorisation'),
    ...(deployment.gates.length === 0
      ? ['  none: nobody authorised it']
      : deployment.gates.flatMap((gate) => gateLines(gate, now, style))),
    ...eventLines(authorisation.events, now, style),
    '',
    verifiedLine(deployment, now),
  ];
}

function eventLines(events: readonly PlacedEvent[], now: Instant, style: Style): string[] {
  return events.map(({ commit, event }) => `  ${shortCommit(commit)}  ${eventLine(event, now, style)}`);
}

function coordinationLines({ claim, agent, session, rules, sync, target, command, exit }: Deployment): string[] {
  return [
    claim === null
      ? `@deploy/${oneLine(target)} was never held`
      : `claim ${claim.id} on @deploy/${oneLine(target)} · token ${claim.token}`,
    `agent ${agent} · session ${session ?? 'none'} · rules ${rules ?? 'none loaded'}`,
    sync === null
      ? 'sync-check: not passed'
      : `sync-check: ${oneLine(sync.upstream)} ${shortCommit(sync.upstreamCommit)}, fetched ${sync.fetchedAt}`,
    `program: ${asWritten(oneLine(command.join(' ')))}${exit === null ? ' (no exit code is known)' : ` (exit ${exit})`}`,
  ];
}

function gateLines(record: GateRecord, now: Instant, style: Style): string[] {
  const { gate, type, open, finding, checked, signers, outputDigest, configCommit, at, commit, id } = record;
  const state = open ? style.good('open') : style.bad('closed');
  return [
    `  ${oneLine(gate)} (${type ?? 'not configured'}): ${state} for ${shortCommit(commit)} at ${clock(at, now)}: ${asWritten(oneLine(finding))}`,
    `    record ${id}${checked.length === 0 ? '' : ` · checked ${oneLine(checked.join(' '))}`}${signers.length === 0 ? '' : ` · signed by ${signers.map(oneLine).join(', ')}`}`,
    `    read from ${configCommit === null ? 'the working copy' : shortCommit(configCommit)}${outputDigest === null ? '' : ` · output sha256 ${outputDigest.slice(0, 16)}`}`,
  ];
}

function verifiedLine({ verification }: Deployment, now: Instant): string {
  if (verification === null) return 'public surface: nobody looked';
  const { ok, finding, lastAt } = verification;
  return `public surface, at ${clock(lastAt, now)}: ${ok ? 'shows it' : 'does not show it'}: ${asWritten(oneLine(finding))}`;
}
