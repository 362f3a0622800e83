import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parse as parseTolerantly } from 'jsonc-parser';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { configure, localFleet } from '../support/fleet.js';
import type { Sandbox } from '../support/sandbox.js';

const FILES = {
  'claude-code': '.claude/settings.json',
  codex: '.codex/hooks.json',
  gemini: '.gemini/settings.json',
  cursor: '.cursor/hooks.json',
  opencode: '.opencode/plugin/coord.js',
} as const;
const HARNESSES = Object.keys(FILES) as (keyof typeof FILES)[];
const JSON_HARNESSES = HARNESSES.filter((harness) => harness !== 'opencode');

async function setUp() {
  const fleet = await localFleet();
  const { box, clone } = fleet;
  const run = (...args: string[]) => {
    const verb = args.includes('--remove') ? 'uninstall' : 'install';
    return box.coord(clone, ['guard', verb, ...args.filter((word) => word !== '--remove')]);
  };
  const text = (file: string) => readFileSync(join(clone, file), 'utf8');
  return { ...fleet, run, text };
}

/** The commands that the settings of a harness run. */
function commandsIn(text: string): string[] {
  return [...text.matchAll(/"command": ("(?:[^"\\]|\\.)*")/g)].map(([, quoted = '']) => JSON.parse(quoted) as string);
}

/** Puts a `coord` on PATH that calls the one that was built. */
function onPath(box: Sandbox): { PATH: string } {
  const program = box.write(box.path('bin'), 'coord', `#!/bin/sh\nexec '${process.execPath}' '${box.program}' "$@"\n`);
  chmodSync(program, 0o755);
  return { PATH: `${box.path('bin')}:${box.env.PATH}` };
}

describe.each(HARNESSES)('coord guard install %s', (harness) => {
  it('writes what the harness runs, once, and takes it away again', async () => {
    const { run, text, box, clone } = await setUp();
    const first = await run(harness);
    expect(first).toMatchObject({ code: 0, stdout: expect.stringContaining(`created ${FILES[harness]}`) });
    const written = text(FILES[harness]);
    expect((await run(harness)).stdout).toContain('already set up');
    expect(text(FILES[harness])).toBe(written);
    expect((await run(harness, '--remove')).stdout).toContain(`deleted ${FILES[harness]}`);
    expect(box.git(clone, 'status', '--porcelain')).toBe('');
    expect((await run(harness, '--remove')).stdout).toContain('nothing of coord');
  });

  it('--dry-run shows it, and writes nothing', async () => {
    const { run, box, clone } = await setUp();
    const { stdout } = await run(harness, '--dry-run');
    expect(stdout).toContain(`would be created ${FILES[harness]}`);
    expect(stdout).toContain('hook');
    expect(box.git(clone, 'status', '--porcelain')).toBe('');
  });

  it('runs coord by its path where it is not on PATH, and says so', async () => {
    const { run, text, box } = await setUp();
    expect((await run(harness)).stderr).toContain('coord is not on PATH');
    expect(text(FILES[harness])).toContain(box.program);
  });

  it('--json tells what was done', async () => {
    const { run } = await setUp();
    const { data } = (await run(harness, '--json')).json();
    expect(data).toMatchObject({ dryRun: false, guarded: true, harnesses: [{ harness, isLocal: true }] });
    expect(data.harnesses[0].files[0]).toEqual({ path: FILES[harness], action: 'created', text: null });
  });
});

describe('with coord on PATH', () => {
  it.each(JSON_HARNESSES)('%s runs it by its name, and what it runs answers', async (harness) => {
    const { box, clone, text } = await setUp();
    const env = onPath(box);
    const { stderr } = await box.coord(clone, ['guard', 'install', harness], { env });
    expect(stderr).toBe('');
    expect(new Set(commandsIn(text(FILES[harness])))).toEqual(new Set([`coord guard hook ${harness}`]));
  });

  it('but not where npm put it there for one command', async () => {
    const { box, clone, text } = await setUp();
    const env = onPath(box);
    box.git(box.directory, 'init', '--quiet', 'unused');
    mkdirSync(box.path('node_modules'), { recursive: true });
    symlinkSync(box.path('bin'), box.path('node_modules', '.bin'));
    const PATH = `${box.path('node_modules', '.bin')}:${env.PATH.split(':').slice(1).join(':')}`;
    await box.coord(clone, ['guard', 'install', 'claude-code'], { env: { PATH } });
    expect(text(FILES['claude-code'])).toContain(box.program);
  });

  it('a path is replaced by the name, in its place', async () => {
    const { box, clone, run, text } = await setUp();
    await run('claude-code');
    const result = await box.coord(clone, ['guard', 'install', 'claude-code'], { env: onPath(box) });
    expect(result.stdout).toContain('changed .claude/settings.json');
    expect(commandsIn(text(FILES['claude-code']))).toEqual(Array(4).fill('coord guard hook claude-code'));
  });
});

it.each(JSON_HARNESSES)('the command that is written for %s stops an edit, from a shell', async (harness) => {
  const { run, text, box, clone } = await setUp();
  await run(harness);
  const [command = ''] = commandsIn(text(FILES[harness]));
  const script = box.write(box.path(), 'call.sh', `cd '${clone}' && printf '' | ${command}; echo "exit $?"\n`);
  const { stdout } = await new Promise<{ stdout: string }>((resolve) => {
    import('node:child_process').then(({ execFile }) =>
      execFile('sh', [script], { env: { ...box.env } }, (_, out) => resolve({ stdout: out })),
    );
  });
  expect(stdout).toContain('exit 2');
});

describe('beside what is there', () => {
  const MINE = { type: 'command', command: './mine.sh' };
  /** As the harnesses read it: with comments, and commas at the end. */
  const parse = (text: string) =>
    parseTolerantly(text.replace(/^\uFEFF/, ''), [], { allowTrailingComma: true }) as Record<string, unknown>;
  /** A comma may stand behind what was the last. */
  const bare = (text: string) => text.replaceAll(',', '');
  const FOREIGN: readonly (readonly [name: string, text: string])[] = [
    ['comments', '{\n  // mine\n  "a": 1, // one, with a comma\n  /* two */ "b": [2], // "hooks": {\n}\n'],
    ['a comment behind the last', '{\n  "a": 1 // , and a comma\n  // the end\n}\n'],
    ['comments in blocks', '{ /* mine */ "a": 1 /* , */ }'],
    ['a trailing comma', '{"a": 1,}'],
    ['trailing commas in lines', '{\n  "a": [\n    1,\n  ],\n}\n'],
    ['other settings', '{\n  "permissions": {\n    "allow": ["Bash(ls:*)"]\n  },\n  "model": "opus"\n}\n'],
    ['tabs and no last newline', '{\n\t"z": 1,\n\t"a": [1, 2, 3]\n}'],
    ['lines of Windows', '{\r\n    "z": 1.0,\r\n    "a": 1e3\r\n}\r\n'],
    ['a byte order mark', '\uFEFF{\n  "a": 1\n}\n'],
    ['one line', '{"a":{"b":[1,2]},"c":"d"}'],
    ['an empty object', '{}\n'],
    ['an empty object with room', '{\n}\n'],
    ['empty hooks', '{\n  "hooks": {}\n}\n'],
    [
      'hooks of others',
      `${JSON.stringify({ hooks: { PreToolUse: [{ matcher: 'Bash', hooks: [MINE] }], Stop: [{ hooks: [MINE] }] } }, null, 2)}\n`,
    ],
    ['strange keys', '{\n  "__proto__": {"x": 1},\n  "10": 1,\n  "2": "\\u00e9 \\" } ] ,",\n  "a": 1,\n  "a": 2\n}\n'],
  ];

  it.each(FOREIGN)('%s: the rest stays as it was, and comes back to the byte', async (_, before) => {
    const { run, text, box, clone } = await setUp();
    for (const harness of JSON_HARNESSES) {
      const file = FILES[harness];
      box.write(clone, file, before);
      expect(await run(harness)).toMatchObject({ code: 0 });
      const after = text(file);
      expect(
        commandsIn(after.replaceAll('"command":"', '"command": "')).filter((one) => one.includes(' guard hook ')),
      ).not.toEqual([]);
      const [parsed, original] = [parse(after), parse(before)];
      for (const key of Object.keys(original)) if (key !== 'hooks') expect(parsed[key]).toEqual(original[key]);
      for (const line of before.split('\n').slice(1, -2))
        expect(bare(after)).toContain(bare(line.replace(/\r?$/, '').replace(/\}$/, '')));
      expect((await run(harness)).stdout).toContain('already set up');
      await run(harness, '--remove');
      expect(text(file)).toBe(before);
    }
  });

  it.each(FOREIGN.filter(([name]) => !/empty/.test(name)))(
    '%s: without the record of it too, in another clone',
    async (_, before) => {
      const { run, text, box, clone } = await setUp();
      for (const harness of JSON_HARNESSES) {
        box.write(clone, FILES[harness], before);
        await run(harness);
        rmSync(join(clone, '.git/coord'), { recursive: true });
        await run(harness, '--remove');
        const rest = parse(text(FILES[harness]));
        expect(rest).toEqual({
          ...(harness === 'cursor' ? { version: 1 } : {}),
          ...(parse(before) as object),
        });
        if (harness !== 'cursor') expect(text(FILES[harness])).toBe(before);
      }
    },
  );

  it('what somebody added meanwhile stays', async () => {
    const { run, text, box, clone } = await setUp();
    await run('claude-code');
    const settings = JSON.parse(text(FILES['claude-code']));
    settings.hooks.PreToolUse[0].hooks.push(MINE);
    settings.model = 'opus';
    box.write(clone, FILES['claude-code'], JSON.stringify(settings, null, 4));
    await run('claude-code');
    await run('claude-code', '--remove');
    const matcher = 'Edit|Write|MultiEdit|NotebookEdit|Bash';
    expect(JSON.parse(text(FILES['claude-code']))).toEqual({
      hooks: { PreToolUse: [{ matcher, hooks: [MINE] }] },
      model: 'opus',
    });
  });

  it('a hook of one harness is not that of another', async () => {
    const { run, text, box, clone } = await setUp();
    const other = '{\n  "hooks": {\n    "PreToolUse": [{"hooks": [{"command": "coord guard hook codex"}]}]\n  }\n}\n';
    box.write(clone, FILES['claude-code'], other);
    await run('claude-code');
    await run('claude-code', '--remove');
    expect(text(FILES['claude-code'])).toBe(other);
  });
});

describe('what is refused, and left as it is', () => {
  it.each([
    ['no JSON', 'hello', 'it is not JSON: InvalidSymbol in line 1'],
    ['half of it', '{\n  "a": [1,\n', 'it is not JSON: '],
    ['nothing', '', 'it is not JSON'],
    ['a list', '[]', 'it is not a JSON object'],
    ['null', 'null', 'it is not a JSON object'],
    ['hooks that are no object', '{"hooks": []}', 'not a JSON object'],
    ['an event that is no list', '{"hooks": {"PreToolUse": {}}}', 'no list at "PreToolUse"'],
  ])('%s', async (_, before, why) => {
    const { run, text, box, clone } = await setUp();
    for (const harness of JSON_HARNESSES) {
      box.write(clone, FILES[harness], before);
      for (const args of [[harness], [harness, '--remove'], [harness, '--dry-run']]) {
        const result = await run(...args);
        expect(result).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(why) });
        expect(result.stderr).toContain(FILES[harness]);
      }
      expect(text(FILES[harness])).toBe(before);
    }
    expect(existsSync(join(clone, '.claude/skills'))).toBe(false);
  });

  it('no harness, and one that is not known', async () => {
    const { run } = await setUp();
    expect(await run('emacs')).toMatchObject({ code: 2, stderr: expect.stringContaining('one of: claude-code') });
    expect((await run('emacs')).stderr).toContain(', git');
  });

  it('a link that leads out of the repository', async () => {
    const { run, box, clone } = await setUp();
    box.write(box.path('dotfiles'), 'settings.json', '{}');
    mkdirSync(join(clone, '.claude'));
    symlinkSync(box.path('dotfiles', 'settings.json'), join(clone, '.claude/settings.json'));
    expect(await run('claude-code')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('outside the repository'),
    });
    expect(box.read('dotfiles/settings.json')).toBe('{}');
  });

  it('a link that leads nowhere', async () => {
    const { run, box, clone } = await setUp();
    symlinkSync(box.path('absent'), join(clone, '.claude'));
    expect(await run('claude-code')).toMatchObject({ code: 2, stderr: expect.stringContaining('leads nowhere') });
    expect(existsSync(box.path('absent'))).toBe(false);
  });

  it('a skill and a plugin that somebody made their own', async () => {
    const { run, text, box, clone } = await setUp();
    const own = { '.claude/skills/coord/SKILL.md': '# mine\n', '.opencode/plugin/coord.js': '// mine\n' };
    for (const [file, words] of Object.entries(own)) box.write(clone, file, words);
    for (const harness of ['claude-code', 'opencode']) {
      await run(harness);
      await run(harness, '--remove');
    }
    for (const [file, words] of Object.entries(own)) expect(text(file)).toBe(words);
  });
});

it('a link inside of the repository stays one, and a mode stays', async () => {
  const { run, text, box, clone } = await setUp();
  box.write(clone, 'shared/settings.json', '{\n  "a": 1\n}\n');
  chmodSync(join(clone, 'shared/settings.json'), 0o640);
  mkdirSync(join(clone, '.claude'));
  symlinkSync('../shared/settings.json', join(clone, '.claude/settings.json'));
  await run('claude-code');
  expect(lstatSync(join(clone, '.claude/settings.json')).isSymbolicLink()).toBe(true);
  expect(text('shared/settings.json')).toContain('hook claude-code');
  expect(statSync(join(clone, 'shared/settings.json')).mode & 0o777).toBe(0o640);
});

it('the skill teaches the loop in about forty lines, and names the exit codes', async () => {
  const { run, text } = await setUp();
  await run('claude-code');
  const skill = text('.claude/skills/coord/SKILL.md');
  expect(skill.split('\n').length).toBeLessThanOrEqual(48);
  expect(skill).toMatch(/^---\nname: coord\ndescription: .+\n---\n/);
});

describe('the plugin of OpenCode', () => {
  it('stops a tool on the surface, lets others pass, and gives context and identity', async () => {
    const { run, box, clone, as } = await setUp();
    configure({ box, clone }, { autoClaim: false });
    vi.stubEnv('COORD_AGENT', '');
    onTestFinished(() => void vi.unstubAllEnvs());
    await run('opencode');
    const module = (await import(pathToFileURL(join(clone, FILES.opencode)).href)) as {
      Coord: (input: object) => Promise<Record<string, (input: unknown, output: unknown) => Promise<void>>>;
    };
    expect(Object.keys(module)).toEqual(['Coord']);
    const plugin = await module.Coord({ directory: clone });
    const use = (tool: string, args: object) =>
      plugin['tool.execute.before']?.({ tool, sessionID: 'ses_abcdefgh12345678', callID: 'c' }, { args });
    await use('edit', { filePath: join(clone, 'README.md') });
    await use('read', { filePath: join(clone, 'src/api/users.ts') });
    await expect(use('edit', { filePath: join(clone, 'src/api/users.ts') })).rejects.toThrow('nobody holds it');
    await expect(use('bash', { command: 'rm src/api/users.ts' })).rejects.toThrow('nobody holds it');
    const system: string[] = [];
    await plugin['experimental.chat.system.transform']?.({ sessionID: 'ses_abcdefgh12345678' }, { system });
    expect(system.join('\n')).toContain('claim-before-you-change');
    const env = {};
    await plugin['shell.env']?.({ cwd: clone, sessionID: 'ses_abcdefgh12345678' }, { env });
    expect(env).toEqual({ COORD_AGENT: 'opencode-f0281c07', COORD_SESSION: 'ses_abcdefgh12345678' });
    expect((await as('looker', ['agent', 'list', '--json'])).stdout).toContain('opencode-f0281c07');
    await plugin.event?.(
      { event: { type: 'session.deleted', properties: { info: { id: 'ses_abcdefgh12345678' } } } },
      {},
    );
    expect((await as('looker', ['agent', 'list', '--json'])).stdout).not.toContain('"session":"ses_abcdefgh12345678"');
    // A run, and the sub-agents in it, end with the plugin.
    for (const sessionID of ['ses_run00000000run1', 'ses_sub00000000sub2']) {
      await plugin['shell.env']?.({ cwd: clone, sessionID }, { env });
    }
    expect((await as('looker', ['agent', 'list', '--json'])).stdout).toContain('"session":"ses_sub00000000sub2"');
    await (plugin as unknown as { dispose(): Promise<void> }).dispose();
    expect((await as('looker', ['agent', 'list', '--json'])).stdout).not.toContain('"session":"ses_');
  });
});
