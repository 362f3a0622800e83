import { oneLine } from '../text.js';
import { alwaysOpens, notAGate } from './not-a-gate.js';

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
    const message = `${name} names no gate, so that every deploy to it is blocked`;
    return [
      { ...{ id: 'no-gate', blocks: true, gate: null, target, message }, next: `name its gates: deploy.${name}.gates` },
    ];
  }
  const missing = [...new Set(gates)].filter((gate) => !Object.hasOwn(known, gate));
  const unconfigured = missing.map((gate): GateProblem => {
    const message = `${name} needs the gate ${oneLine(gate)}, which is configured nowhere: every deploy to it is blocked`;
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
