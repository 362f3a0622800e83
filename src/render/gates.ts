import { type GateRecord, NO_GATE } from '../domain/gates/gate.js';
import type { TagVerdict } from '../domain/gates/judge.js';
import type { GateProblem } from '../domain/gates/lint.js';
import { commandLine } from '../domain/suggestion.js';
import { oneLine, shorten } from '../domain/text.js';
import { formatDuration, type Instant } from '../domain/time.js';
import { clock, shortCommit, table } from './format.js';
import type { Style } from './style.js';

/** A gate that is being checked. */
export function checkingLine(gate: string, what: string, style: Style): string {
  return style.dim(`gate ${oneLine(gate)}: ${oneLine(what)} …`);
}

/** What came of it, and how long it took. */
export function checkedLine({ gate, open, finding }: GateRecord, seconds: number, style: Style): string {
  const state = open ? style.good('open') : style.bad('closed');
  return `gate ${oneLine(gate)}: ${state} after ${formatDuration(seconds)}: ${oneLine(finding)}`;
}

/** Every gate is open. */
export function openLines(
  gates: readonly GateRecord[],
  target: string,
  { from }: { readonly from: { readonly name: string; readonly commit: string } | null },
  style: Style,
): string[] {
  const rows = gates.map(({ gate, finding }) => [`  ${style.good('open')}`, oneLine(gate), oneLine(finding)]);
  const commit = shortCommit(gates[0]?.commit ?? '');
  const where = from === null ? '' : ` (as ${oneLine(from.name)} has them at ${shortCommit(from.commit)})`;
  return [
    `${style.good('open')}: every gate of ${style.target(oneLine(target))} for ${commit}${where}`,
    ...table(rows),
  ];
}

type ListedGate =
  | { readonly type: 'command'; readonly command: readonly string[]; readonly timeoutSeconds: number }
  | { readonly type: 'signed-tag'; readonly allowedSigners: string; readonly signers: number };

export interface GateListing {
  readonly targets: readonly { readonly target: string; readonly gates: readonly string[] }[];
  readonly gates: Readonly<Record<string, ListedGate>>;
  readonly problems: readonly GateProblem[];
}

/** How much of what stands in the configuration is shown, in code points. */
const MOST_OF_NAME = 80;
const MOST_OF_COMMAND = 60;
const MOST_OF_PROBLEM = 400;

function nameText(name: string): string {
  return shorten(oneLine(name), MOST_OF_NAME);
}

/** Which target needs which gates, then what is wrong with them. */
export function gateListLines({ targets, gates, problems }: GateListing, where: string, style: Style): string[] {
  if (targets.length === 0) return [`no deploy target is configured in ${where}`];
  const rows = targets.flatMap(({ target, gates: needs }) => {
    const names = needs.length === 0 ? [NO_GATE] : needs;
    return names.map((name, at) => [at === 0 ? nameText(target) : '', nameText(name), whatOpens(gates, name)]);
  });
  const listed = table([['TARGET', 'GATE', 'OPENED BY'], ...rows]);
  const told = problems.flatMap(({ blocks, message, next }) => {
    const mark = blocks ? style.bad('blocked') : style.warn('weak');
    return [`${mark}: ${shorten(message, MOST_OF_PROBLEM)}`, `  ${shorten(next, MOST_OF_PROBLEM)}`];
  });
  return [...listed, style.dim(`read from ${where}`), ...told];
}

function whatOpens(gates: GateListing['gates'], name: string): string {
  const gate = Object.hasOwn(gates, name) ? gates[name] : undefined;
  if (gate === undefined) return 'nothing: it is not configured';
  return gate.type === 'command' ? programText(gate) : peopleText(gate);
}

function programText({ command, timeoutSeconds }: Extract<ListedGate, { type: 'command' }>): string {
  const line = shorten(commandLine(command), MOST_OF_COMMAND);
  return `exit 0 of ${line}, within ${formatDuration(timeoutSeconds)}`;
}

function peopleText({ signers, allowedSigners }: Extract<ListedGate, { type: 'signed-tag' }>): string {
  const people = signers === 1 ? 'a person' : `${signers} different people`;
  return `a signature of ${people} in ${nameText(allowedSigners)}`;
}

export interface GateShown {
  readonly gate: string;
  readonly config: ListedGate;
  readonly targets: readonly string[];
  /** Who may sign; null: it is a program. */
  readonly people: readonly string[] | null;
  readonly tags: readonly TagVerdict[];
  /** Tags that were not looked at. */
  readonly more: number;
  /** Why nobody can open it; null: somebody can. */
  readonly problem: string | null;
}

/** One gate: what opens it, who may, and the signatures that are here. */
export function gateLines(shown: GateShown, where: string, now: Instant, style: Style): string[] {
  const { gate, config, targets, people, tags, more, problem } = shown;
  const needed = targets.length === 0 ? 'no target needs it' : `needed by ${targets.map(nameText).join(', ')}`;
  return [
    `${style.bold(nameText(gate))}: ${whatOpens({ [gate]: config }, gate)} · ${needed}`,
    style.dim(`read from ${where}`),
    ...(problem === null ? [] : [`${style.bad('closed')}: ${oneLine(problem)}`]),
    ...(people === null ? [] : [`may sign: ${people.map(oneLine).join(', ')}`]),
    ...(people !== null && problem === null && tags.length === 0 ? ['no signature is here'] : []),
    ...table(tags.map((tag) => tagCells(tag, now, style))),
    ...(more === 0 ? [] : [`and ${more} more tags, older than these`]),
  ];
}

function tagCells({ closed, payload, why, name }: TagVerdict, now: Instant, style: Style): string[] {
  const state = closed === null ? style.good('counts') : style.bad(closed);
  if (payload === null) return [`  ${state}`, '', '', `${shorten(oneLine(name), 100)} ${oneLine(why)}`];
  const { commit, target, action, expires } = payload;
  const until = closed === null ? `, until ${clock(expires, now)}` : '';
  return [`  ${state}`, shortCommit(commit), `${action} to ${oneLine(target)}`, `${oneLine(why)}${until}`];
}

/** One check of a gate, as it stands on record. */
export function recordLines(record: GateRecord, style: Style): string[] {
  const { id, gate, target, action, commit, open, closed, finding, checked, signers, outputDigest } = record;
  const state = open ? style.good('open') : style.bad(`closed (${closed ?? ''})`);
  return [
    `${style.bold(oneLine(id))}: gate ${oneLine(gate)} ${state} for a ${action} of ${shortCommit(commit)} to ${oneLine(target)}`,
    `  ${oneLine(finding)}`,
    ...(checked.length === 0 ? [] : [`  checked: ${shorten(commandLine(checked), 400)}`]),
    ...(signers.length === 0 ? [] : [`  signed by ${signers.map(oneLine).join(', ')}`]),
    ...(outputDigest === null ? [] : [`  output: sha256 ${outputDigest}`]),
    `  at ${record.at}, as configured at ${record.configCommit ?? 'the working copy'}`,
  ];
}
