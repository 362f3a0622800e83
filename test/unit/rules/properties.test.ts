import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lintRules } from '../../../src/domain/rules/lint.js';
import { digestInput, parseRules, ruleKey } from '../../../src/domain/rules/parse.js';
import { PROPERTY_RUNS } from '../../support/properties.js';

const line = fc.oneof(
  fc.constantFrom('', '## a: A', '## B: B', '## slot-1: S', '## c:', '## D d', '##e: E', '# T', '### F', 'Do it.'),
  fc.constantFrom('Why: x', '```', '~~~', '<!--', '-->', '---', '- item', '    ## x: X', '\tcode', '`<!--`', 'A. B.'),
  fc.string({ unit: 'grapheme', maxLength: 12 }),
);
const text = fc.array(line, { maxLength: 14 }).map((lines) => lines.join('\n'));
const folder = fc
  .uniqueArray(fc.constantFrom('a.md', 'b.md', 'é.md', 'README.md'), { maxLength: 4 })
  .chain((names) => fc.tuple(...names.map((file) => text.map((body) => ({ file, text: body })))));

describe('for any rules folder', () => {
  it('each rule is on one line, and ids differ unless lint reports them', () => {
    fc.assert(
      fc.property(folder, (files) => {
        const rules = parseRules(files);
        const words = rules.flatMap((rule) => [rule.id, rule.title, rule.text]);
        expect(words.filter((word) => !/^[^\n\r]+$/u.test(word))).toEqual([]);
        const repeats = rules.length - new Set(rules.map(({ id }) => ruleKey(id))).size;
        const reported = lintRules(files).filter(({ code }) => code === 'duplicate-id').length;
        expect(reported).toBeGreaterThanOrEqual(repeats);
      }),
      { numRuns: PROPERTY_RUNS },
    );
  });

  it('every problem stands on a line that the file has', () => {
    fc.assert(
      fc.property(folder, (files) => {
        for (const { file, line: at } of lintRules(files)) {
          const source = files.find((one) => one.file === file)?.text ?? '';
          expect(at).toBeGreaterThanOrEqual(1);
          expect(at).toBeLessThanOrEqual(source.split(/\r\n|\r|\n/u).length);
        }
      }),
      { numRuns: PROPERTY_RUNS },
    );
  });

  it('line ends and a byte order mark change neither rules, problems nor digest', () => {
    fc.assert(
      fc.property(folder, (files) => {
        const messy = files.map(({ file, text: body }) => ({ file, text: `\uFEFF${body.split('\n').join('\r\n')}` }));
        expect(parseRules(messy)).toEqual(parseRules(files));
        expect(lintRules(messy)).toEqual(lintRules(files));
        expect(digestInput(messy)).toBe(digestInput(files));
      }),
      { numRuns: PROPERTY_RUNS },
    );
  });
});
