import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ARGUMENTS, OPTION_VALUES, VALUE_KINDS } from '../../src/cli/completion.js';
import { CATALOGUE, VERBS } from '../../src/cli/registry.js';
import { type Fleet, localFleet } from '../support/fleet.js';
import { PROGRAM, sandbox } from '../support/sandbox.js';

const HOSTILE = 'src/$(touch pwned)`touch pwned`;touch pwned';
let fleet: Fleet;
const scripts: Record<string, string> = {};

/** What there is to complete, and the scripts. */
async function populate(): Promise<void> {
  fleet = await localFleet();
  await fleet.as('maya', ['claim', 'src/api', '@db/main', '--reason', 'x']);
  await fleet.as('noor', ['claim', '--literal', '--', HOSTILE]);
  await fleet.as('noor', ['task', 'add', 'paginate']);
  await fleet.as('noor', ['note', 'hello', '--to', 'maya']);
  for (const shell of ['bash', 'zsh', 'fish']) {
    scripts[shell] = (await fleet.as('maya', ['completion', shell])).stdout;
  }
}

function isInstalled(shell: string): boolean {
  return spawnSync(shell, ['-c', 'exit 0']).status === 0;
}

/** Runs a program of the shell in the clone, with `coord` for the program under test; nothing may be complained of. */
function inShell(shell: string, program: string, words: readonly string[]): string[] {
  // Loaded by compinit, in an interactive zsh.
  const loaded = shell === 'zsh' ? 'compdef() { }\n' : '';
  const coord = `${loaded}coord() { '${process.execPath}' '${PROGRAM}' "$@"; }`;
  const args = ['-c', `${coord}\n${scripts[shell]}\n${program}`, shell, ...words];
  const { stdout, stderr } = spawnSync(shell, args, { cwd: fleet.clone, env: fleet.box.env, encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout.split('\n').filter((word) => word !== '');
}

/** With readline’s variables as bash sets them: of `@db/ma`, the word to complete is `db/ma`. */
function byBash(...words: string[]): string[] {
  const line = `COMP_LINE='coord ${words.join(' ')}'; COMP_POINT=$\{#COMP_LINE}`;
  const broken = words.flatMap((word) => (word.startsWith('@') ? ['@', word.slice(1)] : [word]));
  const program = `${line}; COMP_WORDS=(coord "$@"); COMP_CWORD=$#; _coord; printf '%s\\n' "$\{COMPREPLY[@]}"`;
  return inShell('bash', program, broken);
}

/** The completion functions of zsh work inside its editor alone, so what they are told is what is looked at. */
function byZsh(...words: string[]): string[] {
  const told = `_files() { }; _describe() { print -l -- $\{(@)$\{(P)2}%%:*} }; compadd() { shift; print -l -- "$@" }`;
  const program = `${told}; words=(coord "$@"); CURRENT=$(( $# + 1 )); PREFIX=$words[CURRENT]; _coord`;
  const typed = words.at(-1) ?? '';
  return inShell('zsh', program, words).filter((word) => word.startsWith(typed));
}

/** What fish itself offers for a line, without the descriptions. */
function byFish(words: readonly string[]): string[] {
  const directory = fleet.box.path('bin');
  fleet.box.write(fleet.box.directory, 'bin/coord', `#!/bin/sh\nexec '${process.execPath}' '${PROGRAM}' "$@"\n`);
  spawnSync('chmod', ['+x', `${directory}/coord`]);
  fleet.box.write(fleet.box.directory, 'coord.fish', scripts.fish ?? '');
  const program = `source '${fleet.box.path('coord.fish')}'; complete -C '${words.join(' ')}'`;
  const env = { ...fleet.box.env, PATH: `${directory}:${fleet.box.env.PATH}` };
  const { stdout } = spawnSync('fish', ['-c', program], { cwd: fleet.clone, env, encoding: 'utf8' });
  return stdout
    .split('\n')
    .map((line) => line.split('\t')[0] ?? '')
    .filter((word) => word !== '');
}

const SHELLS = [
  ['bash', byBash],
  ['zsh', byZsh],
  ['fish', (...words: string[]) => byFish(['coord', ...words])],
] as const;

for (const [shell, offered] of SHELLS) {
  // A machine without the shell says so in the name of what it skips.
  test.runIf(isInstalled(shell))(
    `${shell} completes commands, verbs of groups, options, and what is here`,
    async () => {
      await populate();
      expect(offered('')).toEqual(expect.arrayContaining(CATALOGUE.heads()));
      expect(offered('cla')).toEqual(['claim']);
      expect(offered('session', '')).toEqual(expect.arrayContaining(CATALOGUE.tailsOf('session')));
      expect(offered('claim', 'src', '--tt')).toEqual(['--ttl']);
      expect(offered('session', 'start', '--ro')).toEqual(['--role']);
      expect(offered('release', 'src/a')).toEqual([shell === 'bash' ? 'src/api/\\*\\*' : 'src/api/**']);
      expect(offered('agent', 'kill', '')).toEqual(expect.arrayContaining(['maya', 'noor']));
      expect(offered('log', '--by', 'm')).toEqual(['maya']);
      expect(offered('task', 'show', '')).toEqual(expect.arrayContaining(['t1']));
      expect(offered('ack', 'n')).toEqual(['n1']);
      expect(offered('note', 'text', '--kind', 'pro')).toEqual(['proposal']);
      expect(offered('help', 'exit')).toEqual(['exit-codes']);
      expect(offered('guard', 'install', 'gi')).toEqual(['git']);
      expect(offered('release', 'src/')).toHaveLength(2);
      expect(existsSync(`${fleet.clone}/pwned`)).toBe(false);
    },
  );

  test.skipIf(isInstalled(shell))(`${shell} is not installed here, so its completion is not run`, () => undefined);
}

test('bash completes what stands behind an @, which ends a word for it', async () => {
  await populate();
  expect(byBash('release', '@db/ma')).toEqual(['db/main']);
});

/** What an interactive zsh, with its own completions loaded, makes of a line when Tab is pressed. */
const PRESS_TAB = `
zmodload zsh/zpty
zpty z 'zsh -f -i'
until_seen() { local seen= chunk; while [[ $seen != *$1* ]]; do zpty -r z chunk || return; seen+=$chunk; done; print -r -- $seen }
show='print -r -- "[$BUFFER]"; BUFFER=; exit'
zpty -w z "PS1=; autoload -Uz compinit; compinit -u -D; source $1; show() { $show }; zle -N show; bindkey '^T' show; print LOA''DED"
until_seen LOADED > /dev/null
zpty -w -n z "$2"$'\\t\\x14'
until_seen ']'
zpty -d z
`;

test.runIf(isInstalled('zsh'))('zsh completes git coord through its own completion for git', async () => {
  const box = sandbox();
  box.write(box.directory, 'coord.zsh', (await box.coord(box.home, ['completion', 'zsh'])).stdout);
  box.write(box.directory, 'tab.zsh', PRESS_TAB);
  const after = (line: string) => {
    const words = ['-f', box.path('tab.zsh'), box.path('coord.zsh'), line];
    return /\[([a-z][^\]]*)\]/.exec(
      spawnSync('zsh', words, { cwd: box.directory, env: box.env, encoding: 'utf8' }).stdout,
    )?.[1];
  };
  expect(after('coord cla')).toBe('coord claim ');
  expect(after('git coord cla')).toBe('git coord claim ');
  expect(after('git -c a.b=c coord session st')).toBe('git -c a.b=c coord session start ');
});

test.runIf(isInstalled('fish'))('fish completes git coord beside its own completion for git', async () => {
  await populate();
  const offered = (...words: string[]) => byFish(['git', ...words]);
  expect(offered('coord', 'cla')).toEqual(['claim']);
  expect(offered('-c', 'a.b=c', 'coord', 'session', 'st')).toEqual(['start']);
  expect(offered('coord', 'claim', 'src', '--tt')).toEqual(['--ttl']);
  expect(offered('coord', 'task', 'show', '')).toEqual(expect.arrayContaining(['t1']));
  expect(offered('stat')).toContain('status');
});

const GIT_COMPLETION = '/usr/share/bash-completion/completions/git';

test.runIf(existsSync(GIT_COMPLETION))('git’s own completion for bash completes git coord', async () => {
  const box = sandbox();
  const { stdout: script } = await box.coord(box.home, ['completion', 'bash']);
  const program = `. ${GIT_COMPLETION}\n${script}\nCOMP_WORDS=(git "$@"); COMP_CWORD=$#; COMP_LINE="git $*"; COMP_POINT=$\{#COMP_LINE}
    __git_wrap__git_main; printf '%s|' "$\{COMPREPLY[@]}"`;
  const offered = (...words: string[]) =>
    spawnSync('bash', ['-c', program, 'bash', ...words], { cwd: box.repository(), env: box.env, encoding: 'utf8' })
      .stdout;
  expect(offered('coord', 'cla')).toBe('claim |');
  expect(offered('-c', 'a.b=c', 'coord', 'session', 'st')).toBe('start |');
  expect(offered('coord', 'claim', 'src', '--tt')).toBe('--ttl |');
});

test('each verb and option that is completed from what is here is one', async () => {
  expect(Object.keys(ARGUMENTS).filter((name) => !VERBS.some((verb) => verb.name === name))).toEqual([]);
  const loaded = await Promise.all(VERBS.map(({ load }) => load()));
  const options = loaded.flatMap(({ options = [] }) => options.map(([flags]) => flags.split(' ')[0]));
  expect(Object.keys(OPTION_VALUES).filter((name) => name !== '--agent' && !options.includes(name))).toEqual([]);
});

test('what is listed is read here: it tells the agent nothing, renews nothing, and fails nowhere', async () => {
  await populate();
  const box = fleet.box;
  const outside = await box.coord(box.home, ['completion', '--list', 'held']);
  expect(outside).toMatchObject({ code: 0, stdout: '', stderr: '' });
  const tip = () => box.git(fleet.clone, 'rev-parse', 'refs/coord/state');
  const before = tip();
  for (const kind of VALUE_KINDS) {
    expect(await fleet.as('maya', ['completion', '--list', kind])).toMatchObject({ code: 0, stderr: '' });
  }
  expect(tip()).toBe(before);
  expect((await fleet.as('maya', ['completion', '--list', 'all'])).code).toBe(2);
});
