import fc from 'fast-check';
import { expect, it } from 'vitest';
import { HARNESSES } from '../../../src/guards/harness/dialects.js';
import { hookSettings, runsHook, withHooks, withoutHooks } from '../../../src/guards/harness/settings.js';
import { PROPERTY_RUNS } from '../../support/properties.js';

const HARNESS = fc.constantFrom(...HARNESSES.filter((harness) => harness !== 'opencode'));
/** Settings of somebody else, hooks of their own among them, in many layouts. */
const SETTINGS = fc.record({
  settings: fc.dictionary(
    fc.string().filter((key) => key !== 'hooks' && key !== '__proto__'),
    fc.jsonValue(),
  ),
  hooks: fc.option(
    fc.dictionary(
      fc.constantFrom('PreToolUse', 'SessionStart', 'BeforeTool', 'preToolUse', 'Stop'),
      fc.array(fc.record({ hooks: fc.array(fc.record({ command: fc.string() }), { minLength: 1 }) }), { minLength: 1 }),
      { minKeys: 1 },
    ),
    { nil: undefined },
  ),
  layout: fc.constantFrom(undefined, 2, 4, '\t'),
});

it('what is put into settings comes out again to the byte, and all else stays', () => {
  fc.assert(
    fc.property(HARNESS, SETTINGS, (harness, { settings, hooks, layout }) => {
      const value = { ...settings, ...(hooks === undefined ? {} : { hooks }), version: 1 };
      const before = JSON.stringify(value, null, layout);
      const wanted = hookSettings(harness, 'coord guard hook '.concat(harness));
      if (wanted === null) throw new Error('a plugin');
      const after = withHooks(before, harness, wanted) ?? '';
      const parsed = JSON.parse(after);
      for (const key of Object.keys(settings)) expect(parsed[key]).toEqual(JSON.parse(before)[key]);
      for (const [event, entry] of wanted.entries) expect(parsed.hooks[event]).toContainEqual(entry);
      expect(withHooks(after, harness, wanted)).toBeNull();
      expect(withoutHooks(after, harness)).toBe(before);
    }),
    { numRuns: PROPERTY_RUNS },
  );
});

it.each([
  ['coord guard hook codex', true],
  ['/usr/bin/node /opt/my coord/bin/coord.js guard hook codex', true],
  ["'/usr/bin/node' '/opt/my coord/bin/coord.js' guard hook codex", true],
  ['npx coord guard hook codex ', true],
  ['coord guard hook codex --mine', false],
  ['coord guard hook claude-code', false],
  ['record hook codex', false],
  ['./mine.sh && coord status', false],
])('%s is run by coord: %s', (command, isOurs) => {
  expect(runsHook(command, 'codex')).toBe(isOurs);
});
