import { gravest } from '../domain/checkup.js';
import { CoordError } from '../errors.js';
import { type DoctorReport, doctorLines } from '../render/doctor.js';
import { loadStyle } from '../render/style.js';
import { checkUp } from './doctor-checks.js';
import { mend } from './doctor-fix.js';
import type { Verb } from './verb.js';

export const doctor: Verb = {
  options: [['--fix', 'mend what can be mended safely: a left-over lock, a branch that was deleted']],
  examples: [
    ['coord doctor', 'what is set up, and what is not'],
    ['coord doctor --fix', 'mend what needs no decision, and say what was done'],
  ],
  notes: [
    'The exit code is 0 unless something of severity high is not well; then it is the code of the first such finding.',
    '--fix puts a deleted branch back as this clone saw it last; it never chooses between two histories.',
  ],
  async run(context, input) {
    const first = await checkUp(context);
    const mended = input.flag('fix') ? await mend(context, first) : [];
    const checks = mended.length === 0 ? first : await checkUp(context);
    const findings = checks.map(({ error: _, ...finding }) => finding);
    const report: DoctorReport = { enforcement: 'advisory', findings, mended };
    const worst = gravest(findings);
    if (worst === null) return { data: report, text: (style) => doctorLines(report, style) };
    const lines = doctorLines(report, await loadStyle(false));
    return new CoordError(worst.code ?? 'fault', lines.join('\n'), {
      hint: worst.next ?? 'mend what is marked high first',
      details: { ...report },
    });
  },
};
