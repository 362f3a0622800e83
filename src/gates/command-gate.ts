import { createHash } from 'node:crypto';
import { type GateConfig, untrackedAllowed } from '../config/deploys.js';
import type { GateQuestion } from '../domain/gates/gate.js';
import { matches } from '../domain/ground/index.js';
import { patternTarget } from '../domain/ground/patterns.js';
import { oneLine, shorten } from '../domain/text.js';
import { formatDuration } from '../domain/time.js';
import { dirtyPaths, readIndexEntries } from '../git/dirty.js';
import { trueHistory } from '../git/porcelain.js';
import { readHead } from '../git/refs.js';
import type { Environment, Git } from '../git/run.js';
import { type ProgramEnd, runProgram } from '../programs/run.js';
import type { Effects, Finding, GateSource } from './effects.js';

/** Timers overflow beyond it, and would be over at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

type CommandGate = Extract<GateConfig, { readonly type: 'command' }>;

/**
 * Runs the program of a gate at the root of this worktree; only its exit 0 opens the gate. The working tree must be what
 * is at the commit, before and after, since that is what the program judges.
 */
export async function checkCommand(
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
export function commandText(command: readonly string[]): string {
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
