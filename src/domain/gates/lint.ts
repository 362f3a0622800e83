import { oneLine } from '../text.js';

/** What the configuration says of gates and deploy targets, as far as it is linted. */
export interface GatesToLint {
  readonly gates: Readonly<
    Record<
      string,
      | { readonly type: 'command'; readonly command: readonly string[] }
      | { readonly type: 'signed-tag'; readonly revokedSigners: string | null }
    >
  >;
  readonly deploy: Readonly<Record<string, { readonly gates: readonly string[] }>>;
}

export interface GateProblem {
  /** One word, for scripts. */
  readonly id: 'no-gate' | 'unconfigured' | 'not-a-gate' | 'always-open' | 'unused' | 'no-revocation' | 'programs-only';
  /** Whether a deploy is blocked by it; the others weaken what the gates promise. */
  readonly blocks: boolean;
  /** null: it is about the target alone. */
  readonly gate: string | null;
  /** null: it is about the gate alone. */
  readonly target: string | null;
  readonly message: string;
  /** What a person changes in the configuration on the main branch. */
  readonly next: string;
}

/** What is wrong with the gates of a configuration: what blocks a deploy first, then what makes a gate weaker. */
export function lintGates(config: GatesToLint): GateProblem[] {
  const targets = Object.entries(config.deploy);
  const needed = new Set(targets.flatMap(([, { gates }]) => gates));
  const problems = [
    ...targets.flatMap(([target, { gates }]) => targetProblems(config, target, gates)),
    ...Object.entries(config.gates).flatMap(([gate, one]) => gateProblems(gate, one, needed.has(gate))),
  ];
  return [...problems.filter(({ blocks }) => blocks), ...problems.filter(({ blocks }) => !blocks)];
}

function targetProblems({ gates: known }: GatesToLint, target: string, gates: readonly string[]): GateProblem[] {
  const name = oneLine(target);
  if (gates.length === 0) {
    const message = `${name} names no gate, so every deploy to it is blocked`;
    return [
      { ...{ id: 'no-gate', blocks: true, gate: null, target, message }, next: `name its gates: deploy.${name}.gates` },
    ];
  }
  const missing = [...new Set(gates)].filter((gate) => !Object.hasOwn(known, gate));
  const unconfigured = missing.map((gate): GateProblem => {
    const message = `${name} needs the gate ${oneLine(gate)}, which is not configured: every deploy to it is blocked`;
    const next = `configure it: gates.${oneLine(gate)}; or take it out of deploy.${name}.gates`;
    return { id: 'unconfigured', blocks: true, gate, target, message, next };
  });
  const isPerson = (gate: string) => !Object.hasOwn(known, gate) || known[gate]?.type === 'signed-tag';
  if (gates.some(isPerson)) return unconfigured;
  const message = `${name} needs no person: its gates are programs, which run what is at the commit`;
  const next = 'add a gate of type signed-tag, where a person should decide';
  return [{ id: 'programs-only', blocks: false, gate: null, target, message, next }];
}

function gateProblems(gate: string, one: GatesToLint['gates'][string], isNeeded: boolean): GateProblem[] {
  const name = oneLine(gate);
  const problems: GateProblem[] = [];
  const about = { gate, target: null };
  const why = one.type === 'command' ? notAGate(one.command) : null;
  if (why !== null) {
    const next = `give gates.${name}.command a program that checks something by itself`;
    problems.push({ ...about, id: 'not-a-gate', blocks: true, message: `gate ${name}: ${why}`, next });
  }
  if (one.type === 'command' && alwaysOpens(one.command)) {
    const next = `give gates.${name}.command a program that checks something`;
    problems.push({
      ...about,
      id: 'always-open',
      blocks: false,
      message: `gate ${name} is open whatever happens`,
      next,
    });
  }
  if (!isNeeded) {
    const next = `name it in deploy.TARGET.gates, or take gates.${name} out`;
    problems.push({ ...about, id: 'unused', blocks: false, message: `no target needs the gate ${name}`, next });
  }
  if (one.type === 'signed-tag' && one.revokedSigners === null) {
    const message = `gate ${name} has no list of revoked keys`;
    problems.push({ ...about, id: 'no-revocation', blocks: false, message, next: `set gates.${name}.revokedSigners` });
  }
  return problems;
}

/** Verbs of coord that tell what agents said or claimed. None of it is permission. */
const TELLING = ['note', 'log', 'ack', 'inbox', 'state', 'events', 'status', 'agents', 'agent', 'session', 'handoff'];
const MORE_TELLING = ['accept', 'decline', 'claim', 'renew', 'release', 'verify-token', 'submit', 'integrate'];
/** Verbs that would ask the gate about itself. */
const CIRCULAR = ['gate', 'deploy'];
/** But for this one, which looks at the live URL of a target. */
const LOOKING = 'deploy verify';

/** Options of coord before its verb that take a value. */
const WITH_VALUE = ['--agent', '--request-id'];
/** How coord is called: by name, by version through a package runner, or by the path of its launcher. */
const COORD = /(?:^|[/\\])coord(?:\.[cm]?js|\.cmd|\.exe)?(?:@[\w.^~-]+)?$/;
/** The log as it lies on the state ref. */
const LOG_FILE = /\blog(?:\.jsonl|\/[^\s/]*\.jsonl)\b/;
const ALWAYS_OPEN = /^(?:.*[/\\])?(?:true|:)$/;

/** Whether a program does nothing but to end with exit 0. */
export function alwaysOpens(command: readonly string[]): boolean {
  const words = command.flatMap(shellWords);
  const isShell = /^(?:.*[/\\])?(?:ba|z|k|da)?sh$/.test(words[0] ?? '');
  const own = isShell ? words.slice(1).filter((word) => !word.startsWith('-')) : words;
  return own.length > 0 && (ALWAYS_OPEN.test(own[0] ?? '') || own.join(' ') === 'exit 0');
}

/**
 * Why a program is no gate: it reads back what agents wrote or claimed themselves, or asks coord about its own gates.
 * null where no such reason is seen, which proves nothing: a script may hold anything.
 */
export function notAGate(command: readonly string[]): string | null {
  const words = command.flatMap(shellWords);
  if (words.some((word) => LOG_FILE.test(word))) return noteIsNoGate('the log');
  for (const [at, word] of words.entries()) {
    const [verb, next] = COORD.test(word) ? verbAfter(words, at) : [];
    if (verb === undefined || `${verb} ${next}` === LOOKING) continue;
    if (CIRCULAR.includes(verb)) return `it asks coord ${verb}, which would ask the gate about itself`;
    if (TELLING.includes(verb) || MORE_TELLING.includes(verb)) return noteIsNoGate(`coord ${verb}`);
  }
  return null;
}

function noteIsNoGate(what: string): string {
  return `a note is not a gate: ${what} tells what agents wrote themselves, and an agent can write "approved"`;
}

/** The words in an argument, as a shell that is given it might see them. */
function shellWords(argument: string): string[] {
  return argument.split(/[\s;&|()<>`"'$={}]+/).filter((word) => word !== '');
}

/** The words after it that are no options. */
function verbAfter(words: readonly string[], at: number): string[] {
  const found: string[] = [];
  for (let next = at + 1; next < words.length; next += 1) {
    const word = words[next] ?? '';
    if (WITH_VALUE.includes(word)) next += 1;
    else if (!word.startsWith('-')) found.push(word);
  }
  return found;
}
