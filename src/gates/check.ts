import type { GateConfig } from '../config/deploys.js';
import { type GateQuestion, type GateRecord, NO_GATE } from '../domain/gates/gate.js';
import { oneLine } from '../domain/text.js';
import { checkCommand, commandText } from './command-gate.js';
import type { Effects, Finding, GateSource, GateStep } from './effects.js';
import { checkSignatures, fetchTags } from './signed-tag-gate.js';

export interface GateCheck {
  /** Name of the deploy target, or what stands for a task. */
  readonly target: string;
  /** The gates that are checked; those of the deploy target where absent. */
  readonly gates?: readonly string[];
  /** Object id of the commit. */
  readonly commit: string;
  readonly action: GateQuestion['action'];
  /** Of the signatures that have opened a deploy already. */
  readonly usedNonces: Iterable<string>;
  /** As `protectedConfig` has it. */
  readonly config: GateSource;
  /** Whether the remote is asked for signatures; default true. */
  readonly fetch?: boolean;
  readonly onStep?: (step: GateStep) => void;
}

/**
 * Checks every gate that a deploy target needs, also when one is closed already. A gate that is named and not configured
 * is closed, and so is a target that names none. The target may go only when every record is open.
 */
export async function checkGates(effects: Effects, check: GateCheck): Promise<readonly GateRecord[]> {
  const { target, commit, action, onStep } = check;
  const records: GateRecord[] = [];
  let stopped: string | null = null;
  const unlisten = effects.host.onStop((signal) => {
    stopped ??= signal;
  });
  try {
    const gates = check.gates ?? gatesOf(check.config, target);
    const questions = gates.map((gate) => ({ gate, target, commit, action }));
    const known = { used: new Set(check.usedNonces), unasked: await askForSignatures(effects, check, questions) };
    for (const question of questions) {
      const gate = gateNamed(check.config, question.gate);
      onStep?.({ step: 'checking', question, what: whatIsChecked(gate) });
      const found = stopped === null ? await findOut(effects, check, known, gate, question) : notChecked(stopped);
      const record = recordOf(effects, check, question, gate, found);
      records.push(record);
      for (const nonce of record.nonces) known.used.add(nonce);
      onStep?.({ step: 'checked', record, lastLines: found.lastLines ?? [] });
    }
  } finally {
    unlisten();
  }
  return records;
}

/** The gates that a target names, each once; {@link NO_GATE} when it names none. */
export function gatesOf({ config: { deploy } }: GateSource, target: string): readonly string[] {
  const named = Object.hasOwn(deploy, target) ? (deploy[target]?.gates ?? []) : [];
  return named.length === 0 ? [NO_GATE] : [...new Set(named)];
}

export function gateNamed({ config: { gates } }: GateSource, name: string): GateConfig | null {
  return Object.hasOwn(gates, name) ? (gates[name] ?? null) : null;
}

async function askForSignatures(
  effects: Effects,
  { config, fetch = true }: GateCheck,
  questions: readonly GateQuestion[],
): Promise<string | null> {
  if (!fetch) return 'the remote was not asked';
  const signed = questions.filter(({ gate }) => gateNamed(config, gate)?.type === 'signed-tag');
  return fetchTags(effects, config, signed);
}

/** What was learnt on the way from gate to gate. */
interface Known {
  /** A signature opens one gate of one deploy. */
  readonly used: Set<string>;
  /** Why the remote could not be asked for signatures; null: it was, or need not be. */
  readonly unasked: string | null;
}

async function findOut(
  effects: Effects,
  { config, target }: GateCheck,
  { used, unasked }: Known,
  gate: GateConfig | null,
  question: GateQuestion,
): Promise<Finding> {
  if (gate === null) return unconfigured(question.gate, target);
  if (config.from === null) return onNoMainBranch();
  if (gate.type === 'command') return checkCommand(effects, gate, question, config);
  const found = await checkSignatures(effects, { gate, question, configCommit: config.from.commit, usedNonces: used });
  const incomplete = found.closed === null || unasked === null ? '' : `; ${unasked}`;
  return { ...found, finding: found.finding + incomplete };
}

function unconfigured(gate: string, target: string): Finding {
  const name = oneLine(target);
  const finding =
    gate === NO_GATE
      ? `no gate is configured for ${name}: deploy.${name}.gates names none`
      : `${name} needs the gate ${oneLine(gate)}, and gates.${oneLine(gate)} is not configured`;
  return { closed: 'unconfigured', finding, checked: [] };
}

/** A gate that the agent itself could have written opens nothing. */
function onNoMainBranch(): Finding {
  const finding = 'coord.config.json is on no main branch: a gate in the working copy alone could be anybody’s';
  return { closed: 'unreadable', finding, checked: [] };
}

function notChecked(signal: string): Finding {
  return { closed: 'stopped', finding: `not checked, since coord was stopped (${signal})`, checked: [] };
}

function whatIsChecked(gate: GateConfig | null): string {
  if (gate === null) return 'not configured';
  return gate.type === 'command' ? commandText(gate.command) : 'signatures';
}

function recordOf(
  effects: Effects,
  { config }: GateCheck,
  question: GateQuestion,
  gate: GateConfig | null,
  { closed, finding, checked, signers = [], nonces = [], outputDigest = null }: Finding,
): GateRecord {
  return {
    id: effects.newId(),
    ...question,
    type: gate?.type ?? null,
    ...{ open: closed === null, closed, finding, checked, signers, nonces, outputDigest },
    configCommit: config.from?.commit ?? null,
    at: effects.now(),
  };
}
