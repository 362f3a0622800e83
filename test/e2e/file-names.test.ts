import { describe, expect, it } from 'vitest';
import { inProcess } from '../support/in-process.js';
import { sandbox } from '../support/sandbox.js';

const NAMES = [
  'with space.txt',
  '"double" and \'single\'.txt',
  'line\nbreak.txt',
  'carriage\rreturn and\ttab.txt',
  '\u001b[31mred\u001b[0m.txt',
  'party 🎉 👩‍👩‍👧.txt',
  'caf\u00e9.txt',
  'cafe\u0301.txt',
  '-dash.txt',
  '--json',
  '__proto__',
  'constructor',
  'toString',
  'app/[slug]/page.tsx',
  '@types/x.d.ts',
  'star*.txt',
  'what?.txt',
  '{a,b}.txt',
  'back\\slash.txt',
  '!bang',
  '#hash',
  '$(touch pwned)',
  '`touch pwned`',
  '%s %n',
  '漢字/ひらがな.ts',
  'עברית.txt',
  '\u202egnp.exe',
  'con.txt',
  'trailing ',
  'x'.repeat(255),
  `${`${'d'.repeat(249)}/`.repeat(15)}${'f'.repeat(249)}`,
];

describe('a file called', () => {
  it.each(NAMES)('%j is claimed, refused to others, shown, and released', async (name) => {
    const box = sandbox();
    const clone = box.repository();
    box.commit(clone, 'README.md', 'hello');
    box.write(clone, name, 'content');
    const fleet = inProcess(box);
    await fleet.run('maya', clone, ['init']);
    const target = name.normalize('NFC');
    const claimed = await fleet.run('maya', clone, ['claim', '--json', `--reason=${name.slice(0, 900)}`, '--', name]);
    expect([claimed.code, claimed.stdout, claimed.stderr]).toEqual([0, expect.any(String), '']);
    expect(claimed.json().data.claims).toMatchObject([{ target, kind: 'path' }]);

    const refused = await fleet.run('noor', clone, ['claim', '--json', '--', name]);
    expect(refused.code).toBe(3);
    expect(refused.json().error.details.conflicts).toMatchObject([{ target, heldTarget: target, agent: 'maya' }]);
    expect((await fleet.run('noor', clone, ['claim', '--literal', '--', `${name}.other`.slice(-250)])).code).toBe(0);

    for (const output of [
      (await fleet.run('noor', clone, ['claim', '--', name])).stderr,
      (await fleet.run('noor', clone, ['status'])).stdout,
    ]) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none is what is checked
      expect(output).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202a-\u202e]/);
    }
    const status = await fleet.run('noor', clone, ['status', '--json']);
    expect(status.json().data.claims.map((claim: { target: string }) => claim.target)).toContain(target);

    // It is not committed, and is seen to be so whatever its name.
    const dirty = await fleet.run('maya', clone, ['release', '--json', '--', name]);
    expect([dirty.code, dirty.json().error.details]).toEqual([
      5,
      { reason: 'uncommitted', paths: [name], places: [{ path: name, where: null }], next: expect.any(String) },
    ]);
    box.git(clone, 'add', '--all');
    box.git(clone, 'commit', '--quiet', '--message', 'add it');
    const released = await fleet.run('maya', clone, ['release', '--json', '--', name]);
    expect([released.code, released.stderr]).toEqual([0, '']);
    expect(box.git(clone, 'log', '-1', '--format=%s', 'coord/state').split('\n')).toHaveLength(1);
    expect((await fleet.run('noor', clone, ['claim', '--', name])).code).toBe(0);
  });

  it('NFC and NFD are one ground', async () => {
    const box = sandbox();
    const clone = box.repository();
    const fleet = inProcess(box);
    await fleet.run('maya', clone, ['init']);
    await fleet.run('maya', clone, ['claim', 'cafe\u0301/menu.txt']);
    expect((await fleet.run('noor', clone, ['claim', 'caf\u00e9/menu.txt'])).code).toBe(3);
    expect((await fleet.run('noor', clone, ['claim', 'caf\u00e9/*'])).code).toBe(3);
    expect((await fleet.run('maya', clone, ['release', 'caf\u00e9/menu.txt'])).code).toBe(0);
  });

  it.each([
    ['nothing', ''],
    ['a byte that is no UTF-8', 'bad\uFFFD'],
    ['more than 4,096 bytes', 'a/'.repeat(3_000)],
    ['a NUL', 'a\0b'],
  ])('%s cannot be: exit 2 that says so', async (_, name) => {
    const box = sandbox();
    const clone = box.repository();
    const fleet = inProcess(box);
    await fleet.run('maya', clone, ['init']);
    const result = await fleet.run('maya', clone, ['claim', '--json', '--', name]);
    expect([result.code, result.json().error.hint]).toEqual([2, expect.any(String)]);
  });
});
