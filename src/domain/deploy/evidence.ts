import type { CoordEvent } from '../events.js';
import type { GateRecord } from '../gates/gate.js';
import { oneLine } from '../text.js';
import type { Deployment } from './records.js';

/**
 * What of a deploy's record the history does not bear out, as sentences; none: all of it is told there too. Whoever can push
 * the state ref can write any record, and no history but by a commit of its own.
 * @param events of that deploy, oldest first, as far as the history goes back
 */
export function contradictions(deployment: Deployment, events: readonly CoordEvent[]): string[] {
  const own = events.filter((event) => event.deploy === deployment.id);
  const begun = own.find(({ type, commit }) => type.startsWith('deploy.') && commit !== undefined);
  const ended = own.findLast(({ type, record }) => type.startsWith('deploy.') && typeof record === 'object');
  if (begun === undefined) return [`not verified: the history has nothing about ${deployment.id}`];
  const last = (ended?.record ?? null) as Deployment | null;
  const whole = last ?? { ...deployment, target: begun.target, commit: begun.commit, agent: begun.agent };
  const { gates, ...rest } = deployment;
  const told = last?.gates.map(({ id }) => id) ?? own.filter(isGateEvent).map(({ record }) => record);
  const other = Object.keys(rest).filter((name) => !isSame(part(rest, name), part(whole, name)));
  if (!isSame(gates.map(({ id }) => id).sort(), told.sort())) other.push('gates');
  return [
    ...(other.length === 0 ? [] : [`not verified: the history tells another ${other.join(', ')} of ${deployment.id}`]),
    ...gates.filter((gate) => !isTold(gate, own, last)).map(({ id, gate }) => untold(id, gate)),
  ];
}

function isGateEvent({ type }: CoordEvent): boolean {
  return type === 'gate.checked';
}

function untold(id: string, gate: string): string {
  return `not verified: the history does not say this of the gate ${oneLine(gate)} (record ${oneLine(id)})`;
}

/** Whether the history says of a gate what its record says. */
function isTold(gate: GateRecord, events: readonly CoordEvent[], last: Deployment | null): boolean {
  const checked = events.some(
    (event) =>
      event.type === 'gate.checked' &&
      event.record === gate.id &&
      FACTS.every((fact) => isSame(event[fact], gate[fact])),
  );
  return checked && (last === null || last.gates.some((one) => isSame(one, gate)));
}

/** What both the event and the record of a gate say. */
const FACTS = ['gate', 'commit', 'action', 'open', 'finding', 'signers', 'outputDigest', 'configCommit'] as const;

/** The nonces of signatures that the history tells to have opened a deploy: taking them out of the state frees none. */
export function noncesIn({ type, record }: CoordEvent): readonly string[] {
  if (type !== 'deploy.done') return [];
  const { gates = [] } = record as Partial<Deployment>;
  return Array.isArray(gates) ? gates.flatMap(({ nonces }) => nonces ?? []) : [];
}

function part(value: object, name: string): unknown {
  return (value as Readonly<Record<string, unknown>>)[name];
}

/** As JSON, whatever the order of the keys. */
function isSame(one: unknown, other: unknown): boolean {
  const text = (value: unknown) =>
    JSON.stringify(value ?? null, (_, held: unknown) =>
      typeof held === 'object' && held !== null && !Array.isArray(held)
        ? Object.fromEntries(Object.entries(held).sort(([a], [b]) => (a < b ? -1 : 1)))
        : held,
    );
  return text(one) === text(other);
}
