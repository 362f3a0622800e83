import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { lintRules } from '../../src/domain/rules/lint.js';
import { isRulesFile, parseRules } from '../../src/domain/rules/parse.js';

const FOLDER = new URL('../../rules/', import.meta.url);
const names = readdirSync(FOLDER);
const files = names.map((name) => ({ file: `rules/${name}`, text: readFileSync(new URL(name, FOLDER), 'utf8') }));

describe('the rules that ship', () => {
  it('are the seven starter rules', () => {
    expect(parseRules(files).map(({ id, title }) => `${id}: ${title}`)).toEqual([
      'verify-before-done: Verify before done',
      'honest-reporting: Honest reporting',
      'no-placeholders-in-production: No placeholders in production',
      'load-memory-before-acting: Load memory before acting',
      'claim-before-you-change: Claim before you change',
      'sync-before-you-deploy: Sync before you deploy',
      'keep-working-through-interruptions: Keep working through interruptions',
    ]);
  });

  it('lint to three slots to fill, and nothing else', () => {
    const problems = lintRules(files).map(({ code, severity, rule }) => [code, severity, rule]);
    expect(problems).toEqual([
      ['left-over-slot', 'warning', 'slot-1'],
      ['left-over-slot', 'warning', 'slot-2'],
      ['left-over-slot', 'warning', 'slot-3'],
    ]);
  });

  it('come with a guide, whose own example is a good rule', () => {
    expect(names.filter((name) => !isRulesFile(name))).toEqual(['README.md']);
    const guide = files.find(({ file }) => file === 'rules/README.md')?.text ?? '';
    const example = /^```markdown\n([\s\S]*?)^```/mu.exec(guide)?.[1] ?? '';
    const asFile = [{ file: 'rules/example.md', text: example }];
    expect(parseRules(asFile)).toHaveLength(1);
    expect(lintRules(asFile)).toEqual([]);
  });

  it('give each rule its reason', () => {
    const core = files.find(({ file }) => file === 'rules/core.md')?.text ?? '';
    expect(core.match(/^Why: /gmu)).toHaveLength(7);
  });
});
