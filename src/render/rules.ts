import type { RuleProblem } from '../domain/rules/lint.js';
import type { Rule } from '../domain/rules/parse.js';
import { coord } from '../domain/suggestion.js';
import { named, oneLine, plural } from '../domain/text.js';
import { shortCommit } from './format.js';
import type { Style } from './style.js';

export interface RulesReport {
  readonly digest: string | null;
  readonly source: string;
  readonly commit: string | null;
  readonly rules: readonly Rule[];
  readonly differing: readonly string[];
}

const SHOWN_OF_DIGEST = 12;
const MOST_FILES_NAMED = 5;

/** Where the rules are from: `rules 3fa9c1d2e4b5 from origin/main (9b1d0e4)`, and what differs here. */
export function rulesHeading({ digest, source, commit, rules, differing }: RulesReport, style: Style): string[] {
  if (digest === null)
    return [`${style.bold('rules')}: none, neither on the main branch nor here (${coord('init')} writes the first)`];
  const from = commit === null ? `the ${source}: the main branch has none yet` : `${source} (${shortCommit(commit)})`;
  const heading = `${style.bold('rules')} ${digest.slice(0, SHOWN_OF_DIGEST)} from ${oneLine(from)}`;
  const empty = rules.length === 0 ? [`no rule in them: ${coord('rules lint')}`] : [];
  if (differing.length === 0) return [heading, ...empty];
  return [
    heading,
    ...empty,
    style.warn(`your working copy differs (${named(differing, MOST_FILES_NAMED)}); what stands here is in force`),
  ];
}

/** `- claim-before-you-change: Before you …` */
export function ruleLine({ id, text }: Rule, style: Style): string {
  return `- ${style.bold(oneLine(id))}: ${oneLine(text)}`;
}

/** One rule with all that is known of it. */
export function ruleLines({ id, title, text, file }: Rule, style: Style): string[] {
  return [`${style.bold(oneLine(id))}: ${oneLine(title)}`, `  ${oneLine(text)}`, style.dim(`  in ${oneLine(file)}`)];
}

/** `rules/core.md:12: error: …`, a line a problem. */
export function problemLines(problems: readonly RuleProblem[]): string[] {
  return problems.map(
    ({ file, line, severity, problem }) => `${oneLine(file)}:${line}: ${severity}: ${oneLine(problem)}`,
  );
}

export function lintedLine(count: number, warnings: number, folder: string, style: Style): string {
  const left = warnings === 0 ? 'no problems' : plural(warnings, 'warning');
  return `${style.good('sound')}: ${plural(count, 'rule')} in ${oneLine(folder)}, ${left}`;
}
