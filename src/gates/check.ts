import { createHash } from 'node:crypto';
import { type GateConfig, untrackedAllowed } from '../config/deploys.js';
import { type GateQuestion, type GateRecord, NO_GATE } from '../domain/gates/gate.js';
import { matches } from '../domain/ground/index.js';
import { patternTarget } from '../domain/ground/patterns.js';
import { oneLine, shorten } from '../domain/text.js';
import { formatDuration } from '../domain/time.js';
import { dirtyPaths, readIndexEntries } from '../git/dirty.js';
import { trueHistory } from '../git/porcelain.js';
import { readHead } from '../git/refs.js';
import type { Environment, Git } from '../git/run.js';
import { type ProgramEnd, runProgram } from '../programs/run.js';
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
  const finding = 'coord.config.json is not on the main branch: a gate in the working copy alone could be anybody’s';
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

/** Timers overflow beyond it, and would be over at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

type CommandGate = Extract<GateConfig, { readonly type: 'command' }>;

/**
 * Runs the program of a gate at the root of this worktree; only its exit 0 opens the gate. The working tree must be what
 * is at the commit, before and after, since that is what the program judges.
 */
async function checkCommand(
  effects: Effects,
  gate: CommandGate,
  question: GateQuestion,
  { config }: GateSource,
): Promise<Finding> {
  const checked = gate.command;
  const allowed = untrackedAllowed(config, question.target);
  const before = await notAtCommit(effects, question.commit, allowed);
  if (before !== null) {
    const finding = `it would judge the working tree, which is not at the commit: ${before}`;
    return { closed: 'not-at-commit', finding, checked };
  }
  const { host, repository } = effects;
  const output = new Output();
  const end = await runProgram({
    command: gate.command,
    cwd: repository.root,
    env: gateEnvironment(host.env, question),
    stdout: (chunk) => output.add(chunk),
    stderr: (chunk) => output.add(chunk),
    ownGroup: true,
    timeoutMs: Math.min(gate.timeoutSeconds * 1000, LONGEST_TIMER_MS),
    onStop: (listener) => host.onStop(listener),
  });
  const outputDigest = end.kind === 'not-started' ? null : output.digest();
  const ran = { checked, outputDigest, lastLines: output.lastLines() };
  const failed = whatFailed(end, gate);
  if (failed !== null) return { ...failed, ...ran };
  const after = await notAtCommit(effects, question.commit, allowed, true);
  if (after !== null) {
    const finding = `the working tree changed while it ran: ${after}`;
    return { closed: 'not-at-commit', finding, ...ran };
  }
  return { closed: null, finding: `${commandText(gate.command)} ended with exit 0`, ...ran };
}

/** The environment of a gate: no variable that would point git elsewhere, and what the gate is asked. */
function gateEnvironment(env: Environment, { gate, target, commit, action }: GateQuestion): Environment {
  const kept = Object.entries(env).filter(([name]) => !name.startsWith('GIT_'));
  const asked = { COORD_GATE: gate, COORD_TARGET: target, COORD_COMMIT: commit, COORD_ACTION: action };
  return { ...Object.fromEntries(kept), ...asked };
}

function whatFailed(end: ProgramEnd, gate: CommandGate): Pick<Finding, 'closed' | 'finding'> | null {
  const program = commandText(gate.command);
  switch (end.kind) {
    case 'ended':
      return end.exit === 0 ? null : { closed: 'failed', finding: `${program} ended with exit ${end.exit}` };
    case 'killed':
      return { closed: 'failed', finding: `${program} was ended by ${end.signal}` };
    case 'timeout': {
      const finding = `${program} did not end within ${formatDuration(gate.timeoutSeconds)} and was stopped`;
      return { closed: 'timeout', finding };
    }
    case 'stopped':
      return { closed: 'stopped', finding: `${program} was stopped, since coord was (${end.signal})` };
    case 'not-started':
      return { closed: 'not-runnable', finding: `${program} cannot be run: ${oneLine(end.reason)}` };
  }
}

const TAIL_BYTES = 16 * 1024;
const TAIL_LINES = 10;
const LINE_POINTS = 200;

/** Digests what a program writes, standard output and error in the order of arrival, and keeps its end. */
class Output {
  private readonly hash = createHash('sha256');
  private tail = Buffer.alloc(0);

  add(chunk: Buffer): void {
    this.hash.update(chunk);
    this.tail = Buffer.concat([this.tail, chunk]).subarray(-TAIL_BYTES);
  }

  digest(): string {
    return this.hash.digest('hex');
  }

  /** The last lines that are not empty, each printable and cut to a readable length. */
  lastLines(): string[] {
    const lines = this.tail.toString('utf8').split(/\r?\n/);
    return lines
      .filter((line) => line.trim() !== '')
      .slice(-TAIL_LINES)
      .map((line) => shorten(oneLine(line), LINE_POINTS));
  }
}

const MOST_SHOWN = 80;

/** A command line for people, on one line. */
function commandText(command: readonly string[]): string {
  return shorten(oneLine(command.join(' ')), MOST_SHOWN);
}

/**
 * Why the working tree is not what is at the commit; null when it is. Untracked files count, except those that git
 * ignores and those that may go along; with `trackedOnly` they do not, since a program may write.
 */
async function notAtCommit(
  { repository, git: anyGit }: Pick<Effects, 'repository' | 'git'>,
  commit: string,
  allowed: readonly string[],
  trackedOnly = false,
): Promise<string | null> {
  const git: Git = (args, options) =>
    anyGit(args, { ...options, env: { ...options?.env, ...trueHistory(repository) } });
  const head = await readHead(repository, git);
  if (head.commit !== commit) {
    return `HEAD is ${head.commit?.slice(0, 7) ?? 'on a branch without commits'}, not ${commit.slice(0, 7)}`;
  }
  const entries = await readIndexEntries(git);
  const free = allowed.map(patternTarget);
  const options = { foldCase: repository.foldsCase };
  const dirty = await dirtyPaths(repository, git, entries, (path, tracked) =>
    tracked ? true : !trackedOnly && !free.some((pattern) => matches(pattern, path, options)),
  );
  const [first, ...more] = dirty;
  if (first === undefined) return null;
  return `${oneLine(first)}${more.length > 0 ? ` and ${more.length} more` : ''} differ${more.length > 0 ? '' : 's'} from it`;
}
