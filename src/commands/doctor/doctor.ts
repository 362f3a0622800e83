import type { Attempt, Enforcement, Layer, Proof } from '../../domain/doctor/checkup.js';
import { type Finding, type Posture, postureOf, worst } from '../../domain/doctor/checkup.js';
import { coord, form } from '../../domain/suggestion.js';
import { oneLine, plural } from '../../domain/text.js';
import { CoordError, usage } from '../../errors.js';
import { table } from '../../render/format.js';
import type { Style } from '../../render/style.js';
import type { Context } from '../../workspace/context.js';
import { withProgress } from '../../workspace/host.js';
import { readCount } from '../input.js';
import type { Input, Outcome, Verb } from '../verb.js';
import { checkUp } from './checks.js';
import { COMPACT_OPTIONS, compact } from './compact.js';
import { fix } from './fix.js';
import type { Proved } from './prove.js';

/** More processes than this at once only show how slow a machine is. */
const MOST_AGENTS = 50;

export const doctor: Verb = {
  options: [
    ['--fix', 'fix what can be fixed safely: what killed commands left, a state ref that was deleted, stale hooks'],
    [
      '--restore <commit>',
      'with --fix: go back to the last good commit of a state that is damaged, which the refusal names',
    ],
    ['--prove', 'plant a conflict in a copy, and show which layer stops it'],
    ['--agents <n>', `with --prove: so many claim the same at once, ${MOST_AGENTS} at most`],
    ['--strict', 'fail on what is found; exit 6 from severity medium on'],
    ...COMPACT_OPTIONS,
  ],
  examples: [
    ['coord doctor', 'what is set up, and what is not'],
    ['coord doctor --strict', 'for CI: fail where coord protects less than it seems to'],
    ['coord doctor --fix', 'fix what needs no decision, and say what was done'],
    ['coord doctor --prove', 'what really stops a change that another holds, and what does not'],
    ['coord doctor --prove --agents 12', 'and that of a dozen who claim the same at once, one gets it'],
    ['coord doctor --compact --keep-history 1000 --archive 2026', 'keep the newest 1000 commits, and archive the rest'],
  ],
  notes: [
    'The exit code is 0 unless something of severity high is wrong; then it is the code of the first such finding.',
    '--fix puts a deleted state ref back as this clone saw it last; it never chooses between two histories.',
    '--restore takes the last good commit, and no other: what came after it and cannot be read is lost.',
    '--prove writes to no remote and changes none of your claims; it runs the hooks that are installed here.',
    'Only an orchestrator or a person at a terminal may compact: claims and notes stay, the older events go.',
  ],
  answers: {
    'enforcement?': 'object',
    'findings?': 'object[]',
    'posture?': ['object', 'how many checks, how many are wrong by severity, and the highest'],
    'fixed?': 'text[]',
    'proof?': 'object | null',
    'changed?': ['boolean', 'this and the rest: with --compact'],
    'dryRun?': 'boolean',
    'compacted?': 'object | null',
    'kept?': 'number',
    'former?': 'commit',
    'tip?': 'commit',
    'archive?': 'text | null',
  },
  demands: (input) => (input.flag('fix') ? 'not-stopped' : null),
  async run(context, input) {
    if (input.flag('compact')) {
      if (input.flag('fix') || input.flag('prove'))
        throw usage('--compact goes alone', 'use one of --compact, --fix and --prove');
      return withProgress(context.host, 'shortening the history of the state', () => compact(context, input));
    }
    if (input.text('keepHistory') !== undefined || input.text('archive') !== undefined || input.flag('dryRun')) {
      throw usage('--keep-history, --archive and --dry-run go with --compact', coord('doctor --compact --dry-run'));
    }
    const restore = input.text('restore') ?? null;
    if (restore !== null && !input.flag('fix'))
      throw usage('--restore goes with --fix', form('doctor --fix --restore COMMIT'));
    const agents = readAgents(input);
    const first = await checkUp(context);
    const fixed = input.flag('fix') ? await fix(context, first.checks, restore) : [];
    const { checks, enforcement } = fixed.length === 0 ? first : await checkUp(context);
    const readable = checks.every(
      ({ id, ok, severity }) => ok || severity !== 'high' || !['config', 'protected'].includes(id),
    );
    const proved =
      input.flag('prove') && readable
        ? await withProgress(context.host, 'trying each layer in a copy', () =>
            proveLayers(context, enforcement.layers, agents),
          )
        : null;
    const all = [...checks, ...(proved?.checks ?? [])];
    const findings = all.map(({ error: _, ...finding }) => finding);
    const report: DoctorReport = {
      enforcement,
      findings,
      posture: postureOf(findings),
      fixed,
      proof: proved?.proof ?? null,
    };
    const nothingFixed = input.flag('fix') && fixed.length === 0 ? [NOTHING_FIXED] : [];
    return outcomeOf(report, nothingFixed, input.flag('strict'));
  },
};

function outcomeOf(report: DoctorReport, before: readonly string[], isStrict: boolean): Outcome {
  const problem = worst(report.findings, isStrict ? 'medium' : 'high');
  const text = (style: Style) => [...before, ...doctorLines(report, style)];
  if (problem === null) return { data: report, text };
  const failure = new CoordError(
    isStrict ? 'closed' : (problem.code ?? 'fault'),
    `a check failed: ${problem.message}`,
    {
      hint: problem.next ?? `fix what is marked ${problem.severity} first`,
      details: { ...report },
    },
  );
  return { data: report, text, failure };
}

const NOTHING_FIXED = 'fixed: nothing; what is marked below needs a decision, or a command, from you';

function readAgents(input: Input): number | null {
  const text = input.text('agents');
  if (text === undefined) return null;
  if (!input.flag('prove')) throw usage('--agents goes with --prove', coord('doctor --prove --agents 12'));
  const agents = readCount('--agents', text);
  if (agents >= 2 && agents <= MOST_AGENTS) return agents;
  throw usage(`--agents is from 2 to ${MOST_AGENTS}`, coord('doctor --prove --agents 12'));
}

async function proveLayers(context: Context, layers: readonly Layer[], agents: number | null): Promise<Proved> {
  const { prove } = await import('./prove.js');
  return prove(
    context,
    layers.filter(({ live }) => live).map(({ layer }) => layer),
    agents,
  );
}

export interface DoctorReport {
  /** What stops an agent that does not ask coord. */
  readonly enforcement: Enforcement;
  readonly findings: readonly Finding[];
  readonly posture: Posture;
  /** What --fix did, a sentence each. */
  readonly fixed: readonly string[];
  /** What --prove tried; null: it was not asked for. */
  readonly proof: Proof | null;
}

/** A line a finding, with what to do where something is not well; then what coord can and cannot enforce here. */
function doctorLines({ findings, fixed, enforcement, posture, proof }: DoctorReport, style: Style): string[] {
  const rows = table(findings.map(({ id, ok, severity }) => [ok ? '✓' : '✗', id, ok ? '' : severity, '|']));
  const lines = findings.flatMap(({ ok, severity, message, next }, index) => {
    const [first = '', ...more] = message.split('\n');
    const head = (rows[index] ?? '').slice(0, -1);
    const paint = ok ? style.good : severity === 'high' ? style.bad : style.warn;
    const indent = ' '.repeat([...head].length);
    const rest = [...more, ...(ok || next === null ? [] : [style.dim(`next: ${next}`)])];
    return [`${paint(head)}${first}`, ...rest.map((line) => `${indent}${line}`)];
  });
  return [
    ...fixed.map((what) => `${style.good('fixed:')} ${what}`),
    ...lines,
    ...(proof === null ? [] : proofLines(proof, style)),
    ...enforcementLines(enforcement),
    postureLine(posture),
  ];
}

function postureLine({ checks, high, medium, low, highest }: Posture): string {
  const wrong =
    highest === null ? 'nothing wrong' : `${high} high, ${medium} medium, ${low} low; the highest: ${highest}`;
  return `${plural(checks, 'check')}: ${wrong}`;
}

function enforcementLines({ level, why, missing }: Enforcement): string[] {
  const without = missing.length === 0 ? [] : [`not there: ${missing.join(', ')}`];
  return [[`enforcement: ${level}; ${why}`, ...without].join(' · ')];
}

/** What was tried, line by line, and what that shows. */
function proofLines({ path, holder, intruder, attempts }: Proof, style: Style): string[] {
  const rows = table(attempts.map(({ what, outcome }) => [marks[outcome], what, outcome.replace('-', ' '), '|']));
  return [
    `proof: ${holder} holds ${style.target(oneLine(path))}, and ${intruder} tries to change it`,
    ...attempts.map(({ outcome, by, why }, index) => {
      const head = (rows[index] ?? '').slice(0, -1);
      const paint = outcome === 'stopped' || outcome === 'found' ? style.good : style.warn;
      return `${paint(head)}${by === null ? '' : `by ${by}: `}${why}`;
    }),
    'it was tried in a copy, with a remote and claims of its own; the hooks are the ones that are installed here',
  ];
}

const marks: Readonly<Record<Attempt['outcome'], string>> = {
  stopped: '✓',
  found: '✓',
  'not-stopped': '✗',
  'not-tried': '✗',
};
