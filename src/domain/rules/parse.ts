import { inRulesOrder, type RulesFile } from './files.js';
import { readSections } from './sections.js';

/** One clear sentence of behaviour. */
export interface Rule {
  /** Short and stable; it stands in the heading and does not depend on the rule's place. */
  readonly id: string;
  readonly title: string;
  /** The behaviour on one line, with its Markdown; the `Why:` paragraph is no part of it. */
  readonly text: string;
  readonly file: string;
}

/**
 * The rules of a rules folder, by file name and then in the order in which they stand.
 *
 * A rule is a section of a rules file (`isRulesFile`; others in `files` are passed over):
 *
 *     ## claim-before-you-change: Claim before you change
 *
 *     One sentence of behaviour.
 *
 *     Why: the failure that the rule closes.
 *
 * Reading is lenient, so that a slip of the pen never hides a rule: a section with a usable id and some behaviour is
 * a rule, whatever else `lintRules` has to say about it. Unfilled slots and empty sections are not rules.
 */
export function parseRules(files: readonly RulesFile[]): Rule[] {
  return inRulesOrder(files)
    .map(readSections)
    .flatMap(({ file, sections }) =>
      sections.flatMap(({ id, title, slot, behaviour }) =>
        id === null || slot || behaviour.length === 0
          ? []
          : [{ id, title: title === '' ? id : title, text: behaviour.join(' '), file }],
      ),
    );
}
