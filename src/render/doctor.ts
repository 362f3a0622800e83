import type { Finding } from '../domain/doctor/checkup.js';
import type { Attempt, Enforcement, Proof } from '../domain/doctor/enforcement.js';
import { oneLine } from '../domain/text.js';
import { table } from './format.js';
import type { Style } from './style.js';

export interface DoctorReport {
  /** What stops an agent that does not ask coord. */
  readonly enforcement: Enforcement;
  readonly findings: readonly Finding[];
  /** What --fix did, a sentence each. */
  readonly fixed: readonly string[];
  /** What --prove tried; null: it was not asked for. */
  readonly proof: Proof | null;
}

/** A line a finding, with what to do where something is not well; then what coord can and cannot enforce here. */
export function doctorLines({ findings, fixed, enforcement, proof }: DoctorReport, style: Style): string[] {
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
  ];
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
    'it was played in a copy, with a remote and claims of its own; the hooks are the ones that are installed here',
  ];
}

const marks: Readonly<Record<Attempt['outcome'], string>> = {
  stopped: '✓',
  found: '✓',
  'not-stopped': '✗',
  'not-tried': '✗',
};
