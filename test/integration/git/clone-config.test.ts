import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseSettings, settingOf } from '../../../src/git/clone-config.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'coord-settings-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What git itself reads in such a file, as `name=value`, the name as git has it. */
function asGit(text: string): string[] {
  const path = join(folder, 'config');
  writeFileSync(path, text);
  return execFileSync('git', ['config', '--file', path, '--null', '--list'], { encoding: 'utf8' })
    .split('\0')
    .filter((line) => line !== '')
    .map((line) => (line.includes('\n') ? line.replace('\n', '=') : `${line}=true`));
}

describe('a file of git’s configuration is read as git reads it', () => {
  it.each([
    '[core]\n\tbare = false\n\tignorecase\n',
    '[CORE] Bare = YES\n',
    '[remote "origin"]\n\turl = https://host/x.git # where it is\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n',
    '[remote "a \\"b\\" \\\\c"]\nurl = "x # y" ; z\n',
    '[url "ssh://git@host/"]\n\tpushInsteadOf = https://host/\n',
    '[coord]\n\tstate = origin refs/coord/state -\n\tremote = "up stream"\n',
    '[a]\n\tb = one \\\n  two\n\tc = "x\\ty"\n\td =\n',
    '; nothing\n# nothing\n[a]\n\tb = 1\n[a]\n\tb = 2\n',
    '[a]\r\n\tb = 1\r\n',
  ])('%j', (text) => {
    const ours = parseSettings(text).map(
      ({ section, subsection, key, value }) =>
        `${[section, ...(subsection === null ? [] : [subsection]), key].join('.')}=${value}`,
    );
    expect(ours).toEqual(asGit(text));
  });

  it('the last value counts', () => {
    expect(settingOf(parseSettings('[a]\nb = 1\n[a]\nB = 2\n'), 'a.b')).toBe('2');
    expect(settingOf(parseSettings('[a "x"]\nb = 1\n'), 'a.b')).toBeNull();
  });
});
