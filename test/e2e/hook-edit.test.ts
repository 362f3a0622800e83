import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configure, type Fleet, localFleet, manualFleet, sharedFleet } from '../support/fleet.js';
import { AGENTS, callHook, denialIn } from '../support/harness.js';

const EDITS = [
  ...['claude-code.edit', 'claude-code.write', 'claude-code.multi-edit', 'claude-code.notebook-edit'],
  ...['codex.apply-patch', 'codex.apply-patch-many', 'gemini.write-file', 'gemini.replace'],
  ...['cursor.write', 'cursor.delete', 'opencode.edit', 'opencode.apply-patch'],
];

async function claimsOf(fleet: Fleet): Promise<{ agent: string; session: string; target: string; reason: string }[]> {
  return (await fleet.as('looker', ['status', '--json'])).json().data.claims;
}

describe('before an edit', () => {
  it.each(EDITS)('%s: passes in silence off the surface', async (fixture) => {
    const fleet = await localFleet();
    expect(await callHook(fleet, fixture, { file: 'README.md' })).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });

  it.each(EDITS)('%s: is stopped on the surface, with the command that claims it', async (fixture) => {
    const fleet = await manualFleet();
    const reason = denialIn(await callHook(fleet, fixture, { file: 'src/api/users.ts' }));
    expect(reason).toContain('src/api/users.ts: nobody holds it');
    const agent = fixture.startsWith('cursor') ? ` --agent ${AGENTS.cursor}` : '';
    expect(reason).toContain(`next: coord${agent} claim src/api/users.ts, then repeat`);
    expect(await claimsOf(fleet)).toEqual([]);
  });

  it.each(EDITS)('%s: with --json, ok is whether it passed', async (fixture) => {
    const fleet = await manualFleet();
    const stopped = await callHook(fleet, fixture, { file: 'src/api/users.ts', json: true });
    expect(stopped.code).toBe(2);
    expect(stopped.json()).toMatchObject({ ok: false, data: { exit: 2 }, error: { code: 'program', exit: 2 } });
    const passed = await callHook(fleet, fixture, { file: 'README.md', json: true });
    expect([passed.code, passed.json()]).toEqual([0, expect.objectContaining({ ok: true })]);
  });

  it.each(EDITS)('%s: claims what is free for this very session', async (fixture) => {
    const fleet = await localFleet();
    const result = await callHook(fleet, fixture, { file: 'src/api/users.ts' });
    expect(result).toMatchObject({ code: 0, stdout: '', stderr: '' });
    const harness = fixture.split('.')[0] as keyof typeof AGENTS;
    expect(await claimsOf(fleet)).toMatchObject([
      { agent: AGENTS[harness], target: 'src/api/users.ts', reason: `edit by ${harness}`, session: expect.any(String) },
    ]);
    expect(await callHook(fleet, fixture, { file: 'src/api/users.ts' })).toMatchObject({ code: 0, stdout: '' });
    expect(await claimsOf(fleet)).toHaveLength(1);
  });

  it.each([
    ['with autoClaim', true],
    ['without', false],
  ])('is stopped on ground that another holds, on the surface or off it, %s', async (_, autoClaim) => {
    const fleet = await localFleet();
    configure(fleet, { autoClaim });
    await fleet.as('maya', ['claim', 'src/api', 'README.md', '--reason', 'pagination']);
    for (const file of ['src/api/users.ts', 'README.md']) {
      const reason = denialIn(await callHook(fleet, 'claude-code.edit', { file }));
      expect(reason).toContain('held by maya');
      expect(reason).toContain(`coord claim ${file} --wait`);
    }
    expect(await claimsOf(fleet)).toHaveLength(2);
  });

  it('passes on ground that the same agent has claimed, whatever way', async () => {
    const fleet = await localFleet();
    const own = { COORD_AGENT: AGENTS.gemini, COORD_SESSION: 'c9f0f895-fb98-4b91-8a2c-5d6e7f801234' };
    await fleet.as(AGENTS.gemini, ['claim', 'src'], { env: own });
    expect(denialIn(await callHook(fleet, 'gemini.replace', { file: 'src/web/page.ts' }))).toBeNull();
  });

  it('takes the agent that is exported for the one that edits', async () => {
    const fleet = await localFleet();
    await fleet.as('maya', ['claim', 'src/api']);
    const edit = { file: 'src/api/users.ts' };
    expect(denialIn(await callHook(fleet, 'codex.apply-patch', { ...edit, env: { COORD_AGENT: 'maya' } }))).toBeNull();
    expect(denialIn(await callHook(fleet, 'codex.apply-patch', edit))).toContain('held by maya');
  });

  it('two harnesses in one worktree are two agents', async () => {
    const fleet = await localFleet();
    const edit = { file: 'src/api/users.ts' };
    expect(denialIn(await callHook(fleet, 'claude-code.edit', edit))).toBeNull();
    expect(denialIn(await callHook(fleet, 'codex.apply-patch', edit))).toContain(AGENTS['claude-code']);
    const other = { ...edit, change: { session_id: 'another-run' } };
    expect(denialIn(await callHook(fleet, 'claude-code.edit', other))).toContain(AGENTS['claude-code']);
  });

  it('of several files, one that is held stops all, and claims none', async () => {
    const fleet = await localFleet();
    await fleet.as('maya', ['claim', 'src/web']);
    const command =
      '*** Begin Patch\n*** Update File: src/api/users.ts\n*** Update File: src/web/page.ts\n*** End Patch';
    const result = await callHook(fleet, 'codex.apply-patch', { change: { tool_input: { command } } });
    expect(denialIn(result)).toContain('held by maya');
    expect(denialIn(result)).toContain('free of what you asked: src/api/users.ts');
    expect(await claimsOf(fleet)).toHaveLength(1);
  });

  it('a worker changes its scratch alone, and a stopped agent nothing', async () => {
    const fleet = await localFleet();
    const session = { COORD_SESSION: '8f14e45f-ceea-467f-a0e6-1b7d2c3f9a10' };
    const agent = AGENTS['claude-code'];
    await fleet.as(agent, ['session', 'start', '--role', 'worker'], { env: session });
    expect(denialIn(await callHook(fleet, 'claude-code.edit', { file: 'README.md' }))).toContain('is a worker');
    expect(denialIn(await callHook(fleet, 'claude-code.edit', { file: `scratch/${agent}/notes.md` }))).toBeNull();
    await fleet.as('boss', ['session', 'start', '--role', 'orchestrator']);
    await fleet.as('boss', ['agent', 'kill', agent, '--reason', 'loops']);
    const stopped = await callHook(fleet, 'claude-code.edit', { file: `scratch/${agent}/notes.md` });
    expect(denialIn(stopped)).toContain('was stopped by boss');
  });

  it('the surface is that of the main branch, not of the copy that the agent can edit', async () => {
    const fleet = await manualFleet();
    const { box, clone } = fleet;
    box.git(clone, 'switch', '--quiet', '--create', 'work');
    configure(fleet, { surface: [], autoClaim: true });
    expect(denialIn(await callHook(fleet, 'claude-code.edit', { file: 'src/api/users.ts' }))).toContain('nobody holds');
    box.write(clone, 'coord.config.json', '{');
    expect(denialIn(await callHook(fleet, 'claude-code.edit', { file: 'src/api/users.ts' }))).toContain('nobody holds');
    expect(denialIn(await callHook(fleet, 'claude-code.edit', { file: 'README.md' }))).toBeNull();
  });

  it('after the fact, says so and stops nothing', async () => {
    const fleet = await manualFleet();
    const result = await callHook(fleet, 'cursor.after-file-edit', { file: 'src/api/users.ts' });
    expect(result).toMatchObject({ code: 0, stdout: '', stderr: expect.stringContaining('src/api/users.ts: nobody') });
  });

  it('what reads, or ends a turn, is not one of its business', async () => {
    const fleet = await localFleet();
    for (const fixture of ['claude-code.read', 'claude-code.stop', 'codex.stop', 'cursor.read-file']) {
      const result = await callHook(fleet, fixture, { file: 'src/api/users.ts' });
      expect(result).toMatchObject({ code: 0, stdout: '', stderr: '' });
    }
  });

  it('with a remote, the claim is decided there', async () => {
    const fleet = await sharedFleet();
    configure(fleet, { autoClaim: true });
    const { box, clone, remote } = fleet;
    box.git(clone, 'push', '--quiet', 'origin', 'main');
    const other = box.clone(remote);
    await fleet.as('maya', ['claim', 'src/api'], { cwd: other });
    expect(denialIn(await callHook(fleet, 'claude-code.edit', { file: 'src/api/users.ts' }))).toContain('held by maya');
    await fleet.as('maya', ['release', 'src/api'], { cwd: other });
    expect(denialIn(await callHook(fleet, 'claude-code.edit', { file: 'src/api/users.ts' }))).toBeNull();
    expect(await claimsOf(fleet)).toMatchObject([{ target: 'src/api/users.ts', reach: 'remote' }]);
    box.git(clone, 'remote', 'set-url', 'origin', box.path('gone'));
    // Without the remote an edit is not blocked: the push is, until the claim is confirmed.
    expect(denialIn(await callHook(fleet, 'claude-code.edit', { file: 'src/new.ts' }))).toBeNull();
    const held = (await fleet.as('looker', ['status', '--no-fetch', '--json'])).json().data.claims;
    expect(held).toMatchObject([{ reach: 'remote' }, { target: 'src/new.ts', reach: 'clone' }]);
    expect(denialIn(await callHook(fleet, 'claude-code.edit', { file: 'src/api/users.ts' }))).toBeNull();
    expect(denialIn(await callHook(fleet, 'claude-code.edit', { file: 'notes.md' }))).toBeNull();
  });
});

describe('where a file is', () => {
  it('relative paths count from where the harness works', async () => {
    const fleet = await manualFleet();
    const change = { cwd: join(fleet.clone, 'src', 'api') };
    const result = await callHook(fleet, 'gemini.replace', { file: 'users.ts', change });
    expect(denialIn(result)).toContain('src/api/users.ts: nobody holds it');
    expect(denialIn(result)).toContain('coord claim :/src/api/users.ts');
    expect(denialIn(await callHook(fleet, 'gemini.replace', { file: '../../README.md', change }))).toBeNull();
    expect(
      denialIn(await callHook(fleet, 'gemini.replace', { file: './x/../../web/../api/new.ts', change })),
    ).toContain('src/api/new.ts');
  });

  it('a symbolic link is what it leads to', async () => {
    const fleet = await manualFleet();
    const { clone, box } = fleet;
    symlinkSync('src', join(clone, 'link'));
    symlinkSync(join(clone, 'src', 'api', 'users.ts'), box.path('outside.ts'));
    symlinkSync(box.path('home'), join(clone, 'src', 'out'));
    for (const file_path of [join(clone, 'link/api/users.ts'), box.path('outside.ts')]) {
      const result = await callHook(fleet, 'claude-code.edit', { change: { tool_input: { file_path } } });
      expect(denialIn(result)).toContain('src/api/users.ts');
    }
    expect(denialIn(await callHook(fleet, 'claude-code.edit', { file: 'src/out/notes.md' }))).toBeNull();
  });

  it('another worktree is judged there', async () => {
    const fleet = await localFleet();
    const worktree = fleet.box.worktree(fleet.clone);
    const input = (file: string) => ({ change: { tool_input: { file_path: join(worktree, file) } } });
    expect(denialIn(await callHook(fleet, 'claude-code.edit', input('src/api/users.ts')))).toBeNull();
    expect(await claimsOf(fleet)).toMatchObject([{ target: 'src/api/users.ts' }]);
    expect(denialIn(await callHook(fleet, 'codex.apply-patch', { file: 'src/api/users.ts' }))).toContain('held by');
  });

  it('outside of every repository, in one without coord, or in .git, it is left alone', async () => {
    const fleet = await localFleet();
    const { box, clone } = fleet;
    const other = box.repository();
    mkdirSync(join(other, 'src'));
    for (const file_path of [box.path('home/x'), join(other, 'src/a.ts'), join(clone, '.git/info/exclude'), '/x/y']) {
      const result = await callHook(fleet, 'claude-code.write', { change: { tool_input: { file_path } } });
      expect(result).toMatchObject({ code: 0, stdout: '', stderr: '' });
    }
    for (const cwd of [other, box.home]) {
      const change = { cwd, tool_input: { file_path: 'src/a.ts' } };
      expect(await callHook(fleet, 'claude-code.write', { cwd, change })).toMatchObject({
        code: 0,
        stdout: '',
        stderr: '',
      });
    }
  });
});

describe('when something is wrong', () => {
  const SURFACE = { file: 'src/api/users.ts' };
  const OFF = { file: 'README.md' };

  it.each([
    ['nothing', ''],
    ['no JSON', 'hello'],
    ['half of it', '{"hook_event_name":"PreToolUse","tool_'],
    ['a list', '[1]'],
    ['NUL', '\0\0'],
  ])('%s on standard input stops in a coordinated repository, and nowhere else', async (_, input) => {
    const fleet = await localFleet();
    for (const harness of ['claude-code', 'codex', 'gemini', 'cursor', 'opencode']) {
      const result = await fleet.box.coord(fleet.clone, ['guard', 'hook', harness], { input });
      expect(denialIn(result)).toContain('may change the surface');
    }
    const elsewhere = await fleet.box.coord(fleet.box.home, ['guard', 'hook', 'claude-code'], { input });
    expect(elsewhere).toMatchObject({ code: 0, stdout: '', stderr: '' });
    configure(fleet, { surface: [] });
    const open = await fleet.box.coord(fleet.clone, ['guard', 'hook', 'claude-code'], { input });
    expect(open).toMatchObject({ code: 0, stdout: '', stderr: expect.stringContaining('standard input') });
  });

  it('fifty megabytes are read, and judged by their path', async () => {
    const fleet = await manualFleet();
    const content = 'x'.repeat(50 * 1024 * 1024);
    for (const [file, code] of [
      ['src/api/users.ts', 2],
      ['README.md', 0],
    ] as const) {
      const tool_input = { file_path: join(fleet.clone, file), content };
      expect(await callHook(fleet, 'claude-code.write', { change: { tool_input } })).toMatchObject({ code });
    }
  });

  it('an unknown event is left alone, with a word on stderr', async () => {
    const fleet = await localFleet();
    for (const event of ['BeforeEverything', 7, undefined, '__proto__', '\x1b[31m', '\u009b31m\u202e']) {
      const result = await callHook(fleet, 'claude-code.edit', { ...SURFACE, change: { hook_event_name: event } });
      expect(result).toMatchObject({ code: 0, stdout: '', stderr: expect.stringContaining('does not know the event') });
      for (const raw of ['\x1b', '\u009b', '\u202e']) expect(result.stderr).not.toContain(raw);
    }
  });

  it('a newer version with other fields is judged by those that are known', async () => {
    const fleet = await manualFleet();
    const change = { schema_version: 9, tool_input: { filePath: join(fleet.clone, 'src/api/users.ts'), mode: {} } };
    expect(denialIn(await callHook(fleet, 'claude-code.edit', { change }))).toContain('src/api/users.ts');
    const unknown = { tool_input: { where: 'src/api/users.ts' } };
    expect(denialIn(await callHook(fleet, 'claude-code.edit', { change: unknown }))).toContain(
      'cannot tell which file',
    );
    const tool = { tool_name: 'mcp__files__write_file', tool_input: { path: 'src/api/users.ts' } };
    expect(denialIn(await callHook(fleet, 'claude-code.edit', { change: tool }))).toContain('src/api/users.ts');
  });

  it('claims that cannot be read close the surface, and nothing else', async () => {
    const fleet = await localFleet();
    const { box, clone } = fleet;
    const damaged = box.git(clone, 'commit-tree', '-m', 'x', `${box.git(clone, 'mktree')}`);
    box.git(clone, 'update-ref', 'refs/coord/state', damaged);
    expect(denialIn(await callHook(fleet, 'claude-code.edit', SURFACE))).toContain('the guard cannot decide');
    const off = await callHook(fleet, 'claude-code.edit', OFF);
    expect(off).toMatchObject({ code: 0, stdout: '', stderr: expect.stringContaining('could not look at this edit') });
    box.git(clone, 'update-ref', '-d', 'refs/coord/state');
    expect(denialIn(await callHook(fleet, 'claude-code.edit', SURFACE))).toContain('the guard cannot decide');
  });

  it('a configuration that cannot be read closes everything in it, and says why', async () => {
    const fleet = await localFleet();
    fleet.box.commit(fleet.clone, 'coord.config.json', '{"surface": 7}');
    expect(denialIn(await callHook(fleet, 'claude-code.edit', OFF))).toContain('surface: must be a list of texts');
  });

  it('a clone without the state ref of its remote fetches it', async () => {
    const fleet = await sharedFleet();
    configure(fleet, { autoClaim: false });
    fleet.box.git(fleet.clone, 'push', '--quiet', 'origin', 'main');
    const clone = fleet.box.clone(fleet.remote);
    const edit = { change: { cwd: clone, tool_input: { file_path: join(clone, 'src/api/users.ts') } } };
    expect(denialIn(await callHook(fleet, 'claude-code.edit', edit))).toContain('nobody holds it');
  });

  it('the surface of a clone that has no state is closed, as for a commit, and the rest is open', async () => {
    const { box } = await localFleet();
    const clone = box.repository();
    box.commit(clone, 'coord.config.json', '{"surface":["src/**"]}');
    const fleet = { box, clone } as Fleet;
    expect(denialIn(await callHook(fleet, 'claude-code.edit', SURFACE))).toContain('next: coord init');
    expect(await callHook(fleet, 'claude-code.edit', OFF)).toMatchObject({ code: 0, stdout: '' });
  });

  it('a branch that only happens to be called coord is nobody’s business', async () => {
    const { box } = await localFleet();
    const clone = box.repository();
    box.commit(clone, 'src/a.ts', 'a');
    box.git(clone, 'update-ref', 'refs/coord/state', 'HEAD');
    const fleet = { box, clone } as Fleet;
    expect(await callHook(fleet, 'claude-code.edit', SURFACE)).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });

  it('a session id that is none is nobody', async () => {
    const fleet = await manualFleet();
    for (const session_id of ['a\nb', '', 7, undefined, { a: 1 }, 'x'.repeat(1_000_000)]) {
      const result = await callHook(fleet, 'claude-code.edit', { ...SURFACE, change: { session_id } });
      expect(denialIn(result)).not.toBeNull();
      expect(denialIn(await callHook(fleet, 'claude-code.edit', { ...OFF, change: { session_id } }))).toBeNull();
    }
  });

  it.each([
    ['a newline', 'src/a\nb.ts', 'src/a\\nb.ts'],
    ['control characters', 'src/\x1b[31ma\x07.ts', 'src/\\u001b[31ma\\u0007.ts'],
    ['a quote', "src/it's.ts", "src/it's.ts"],
    ['glob signs', 'src/[slug]/*.ts', 'src/[slug]/*.ts'],
    ['a prototype', 'src/__proto__', 'src/__proto__'],
    ['a leading dash', 'src/-rf', 'src/-rf'],
    ['a colon', 'src/:(top)x', 'src/:(top)x'],
    ['a climb that stays inside', 'docs/../../CLONE/src/a.ts', 'src/a.ts'],
  ])('a path with %s is one path, and told on one line', async (_, path, shown) => {
    const fleet = await localFleet();
    const file = path.replace('CLONE', fleet.clone.slice(fleet.box.directory.length + 1));
    await fleet.as('maya', ['claim', 'src']);
    const reason = denialIn(await callHook(fleet, 'claude-code.write', { file }));
    expect(reason).toContain(`refused: ${shown} is inside src/**, held by maya`);
    expect(reason).not.toContain('\x1b');
  });

  it.each([
    ['a megabyte', 'a/'.repeat(500_000)],
    ['NUL', 'src/a\0.ts'],
  ])('a path of %s can be no file', async (_, file) => {
    const fleet = await localFleet();
    expect(denialIn(await callHook(fleet, 'claude-code.write', { file }))).toBeNull();
  });

  it('a record that names its own prototype changes nothing', async () => {
    const fleet = await manualFleet();
    const text = `{"hook_event_name":"PreToolUse","tool_name":"Edit","session_id":"s1","cwd":${JSON.stringify(fleet.clone)},"__proto__":{"tool_name":"Read"},"constructor":{},"tool_input":{"__proto__":{"file_path":"README.md"},"file_path":"src/api/users.ts"}}`;
    const result = await fleet.box.coord(fleet.clone, ['guard', 'hook', 'claude-code'], { input: text });
    expect(denialIn(result)).toContain('src/api/users.ts');
  });
});
