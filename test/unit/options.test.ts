import { expect, it } from 'vitest';
import { AGENT_OPTION, JSON_OPTION } from '../../src/cli/common-flags.js';
import { VERBS } from '../../src/cli/registry.js';

interface Use {
  readonly verb: string;
  readonly shape: string;
  readonly meaning: string;
}

/** Every option, by its long name, with each verb that takes it. */
async function uses(): Promise<Map<string, Use[]>> {
  const found = new Map<string, Use[]>();
  for (const entry of VERBS) {
    const { options = [] } = await entry.load();
    for (const [flags, description] of [AGENT_OPTION, JSON_OPTION, ...options]) {
      const [, name = '', shape = ''] = /^(--[a-z-]+)(?: (.+))?$/.exec(flags) ?? [];
      // What the verb has of its own stands behind a semicolon.
      const [meaning = ''] = description.split(';');
      found.set(name, [...(found.get(name) ?? []), { verb: entry.name, shape, meaning }]);
    }
  }
  return found;
}

/** `land --to BRANCH` names where work goes, and every other `--to` an agent; `note --by 10m` is a time, and every other `--by` an agent. */
const OWN_MEANING: Readonly<Record<string, string>> = { '--to': 'land', '--by': 'note' };

it('an option means the same, and takes the same, wherever it is', async () => {
  const all = await uses();
  for (const [name, those] of all) {
    const alike = those.filter(({ verb }) => OWN_MEANING[name] !== verb);
    const distinct = new Set(alike.map(({ shape, meaning }) => JSON.stringify({ shape, meaning })));
    expect([name, [...distinct]]).toEqual([
      name,
      [JSON.stringify({ shape: alike[0]?.shape, meaning: alike[0]?.meaning })],
    ]);
  }
  expect(all.size).toBeGreaterThan(60);
});

it('--agent is who acts, for every verb, and --by narrows a list', async () => {
  const all = await uses();
  expect(all.get('--agent')?.map(({ verb }) => verb)).toEqual(VERBS.map(({ name }) => name));
  expect(all.get('--by')?.map(({ verb }) => verb)).toEqual(expect.arrayContaining(['deploy list', 'events', 'log']));
});

it('what log limits, events limits too', async () => {
  const all = await uses();
  for (const name of ['--since', '--by', '--limit', '--all']) {
    expect(all.get(name)?.map(({ verb }) => verb)).toEqual(expect.arrayContaining(['events', 'log']));
  }
});
