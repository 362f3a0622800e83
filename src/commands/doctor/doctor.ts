import { worst } from '../../domain/doctor/checkup.js';
import type { Layer } from '../../domain/doctor/enforcement.js';
import { coord } from '../../domain/suggestion.js';
import { CoordError, usage } from '../../errors.js';
import { type DoctorReport, doctorLines } from '../../render/doctor.js';
import { loadStyle } from '../../render/style.js';
import type { Context } from '../../workspace/context.js';
import { withProgress } from '../../workspace/progress.js';
import type { Verb } from '../verb.js';
import { checkUp } from './checks.js';
import { COMPACT_OPTIONS, compact } from './compact.js';
import { fix } from './fix.js';
import type { Proved } from './prove.js';

export const doctor: Verb = {
  options: [
    ['--fix', 'fix what can be fixed safely: what killed commands left, a state ref that was deleted, stale hooks'],
    ['--prove', 'plant a conflict in a copy, and show which layer stops it'],
    ...COMPACT_OPTIONS,
  ],
  examples: [
    ['coord doctor', 'what is set up, and what is not'],
    ['coord doctor --fix', 'fix what needs no decision, and say what was done'],
    ['coord doctor --prove', 'what really stops a change that another holds, and what does not'],
    [
      'coord doctor --compact --keep-history 1000 --archive 2026',
      'keep the newest 1000 commits, and put the rest aside',
    ],
  ],
  notes: [
    'The exit code is 0 unless something of severity high is not well; then it is the code of the first such finding.',
    '--fix puts a deleted state ref back as this clone saw it last; it never chooses between two histories.',
    '--prove writes to no remote and changes none of your claims; the hooks that it runs are those that are installed here.',
    'Only an orchestrator or a person at a terminal may compact: claims and notes stay, the older events go.',
  ],
  async run(context, input) {
    if (input.flag('compact')) {
      if (input.flag('fix') || input.flag('prove'))
        throw usage('--compact goes alone', 'use one of --compact, --fix and --prove');
      return withProgress(context.host, 'shortening the history of the state', () => compact(context, input));
    }
    if (input.text('keepHistory') !== undefined || input.text('archive') !== undefined || input.flag('dryRun')) {
      throw usage('--keep-history, --archive and --dry-run go with --compact', coord('doctor --compact --dry-run'));
    }
    const first = await checkUp(context);
    const fixed = input.flag('fix') ? await fix(context, first.checks) : [];
    const { checks, enforcement } = fixed.length === 0 ? first : await checkUp(context);
    const readable = checks.every(
      ({ id, ok, severity }) => ok || severity !== 'high' || !['config', 'protected'].includes(id),
    );
    const proved =
      input.flag('prove') && readable
        ? await withProgress(context.host, 'trying each layer in a copy', () =>
            proveLayers(context, enforcement.layers),
          )
        : null;
    const all = [...checks, ...(proved?.checks ?? [])];
    const findings = all.map(({ error: _, ...finding }) => finding);
    const report: DoctorReport = { enforcement, findings, fixed, proof: proved?.proof ?? null };
    const nothingFixed = input.flag('fix') && fixed.length === 0 ? [NOTHING_FIXED] : [];
    const problem = worst(findings);
    if (problem === null) return { data: report, text: (style) => [...nothingFixed, ...doctorLines(report, style)] };
    const lines = [...nothingFixed, ...doctorLines(report, await loadStyle(false))];
    return new CoordError(problem.code ?? 'fault', lines.join('\n'), {
      hint: problem.next ?? 'fix what is marked high first',
      details: { ...report },
    });
  },
};

const NOTHING_FIXED = 'fixed: nothing; what is marked below needs a decision, or a command, from you';

async function proveLayers(context: Context, layers: readonly Layer[]): Promise<Proved> {
  const { prove } = await import('./prove.js');
  return prove(
    context,
    layers.filter(({ live }) => live).map(({ layer }) => layer),
  );
}
