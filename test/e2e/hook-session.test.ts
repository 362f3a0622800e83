import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Fleet, localFleet, manualFleet, sharedFleet } from '../support/fleet.js';
import { AGENTS, callHook } from '../support/harness.js';

const STARTS = ['claude-code', 'codex', 'gemini', 'cursor', 'opencode'] as const;
const ENDS = ['claude-code', 'codex', 'gemini', 'cursor', 'opencode'] as const;
const SESSION = '8f14e45f-ceea-467f-a0e6-1b7d2c3f9a10';

interface AgentRecord {
  readonly id: string;
  readonly session: string | null;
  readonly rules: string | null;
}

async function agents(fleet: Fleet): Promise<AgentRecord[]> {
  return (await fleet.as('looker', ['agent', 'list', '--json'])).json().data.agents;
}

/** What the model is given at the start of a session. */
function contextIn(harness: string, stdout: string): string {
  if (harness === 'claude-code') return stdout;
  const answer = JSON.parse(stdout);
  return harness === 'cursor'
    ? answer.additional_context
    : harness === 'opencode'
      ? answer.context
      : answer.hookSpecificOutput.additionalContext;
}

describe('at the start of a session', () => {
  it.each(STARTS)('%s: the rules are the context, and the session is recorded under its id', async (harness) => {
    const fleet = await localFleet();
    const result = await callHook(fleet, `${harness}.session-start`);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    const context = contextIn(harness, result.stdout);
    expect(context).toContain('claim-before-you-change');
    expect(context).toContain(`you are ${AGENTS[harness]} (peer)`);
    expect(Buffer.byteLength(context)).toBeLessThan(8_000);
    const [agent] = await agents(fleet);
    expect(agent).toMatchObject({ id: AGENTS[harness], session: expect.any(String), rules: expect.any(String) });
  });

  it('Cursor and OpenCode are given who they are', async () => {
    const fleet = await localFleet();
    for (const harness of ['cursor', 'opencode'] as const) {
      const { env } = JSON.parse((await callHook(fleet, `${harness}.session-start`)).stdout);
      expect(env).toEqual({ COORD_AGENT: AGENTS[harness], COORD_SESSION: expect.any(String) });
    }
  });

  it('again, after a compaction or a resume, it is the same session, and the rules are told again', async () => {
    const fleet = await localFleet();
    await callHook(fleet, 'claude-code.session-start');
    const before = fleet.box.git(fleet.clone, 'rev-parse', 'coord/state');
    for (const source of ['doctor', '--compact', 'resume', 'clear', 'startup']) {
      const again = await callHook(fleet, 'claude-code.session-start-compact', { change: { source } });
      expect(again.stdout).toContain('claim-before-you-change');
    }
    expect(fleet.box.git(fleet.clone, 'rev-parse', 'coord/state')).toBe(before);
    expect((await agents(fleet)).filter(({ id }) => id === AGENTS['claude-code'])).toHaveLength(1);
  });

  it('the agent that is exported keeps its name', async () => {
    const fleet = await manualFleet();
    await callHook(fleet, 'claude-code.session-start', { env: { COORD_AGENT: 'maya' } });
    expect(await agents(fleet)).toMatchObject([{ id: 'maya', session: SESSION }]);
    const edit = await callHook(fleet, 'claude-code.edit', { file: 'src/api/users.ts' });
    expect(edit.stderr).toContain('claim of maya');
  });

  it('two sessions whose ids begin alike are two agents, in all that follows', async () => {
    const fleet = await manualFleet();
    const second = '019a7c3e-99aa-7d20-9b1e-ffffffffffff';
    await callHook(fleet, 'codex.session-start');
    await callHook(fleet, 'codex.session-start', { change: { session_id: second } });
    expect((await agents(fleet)).map(({ id }) => id).sort()).toEqual(['codex-35db3f74', AGENTS.codex]);
    const edit = { file: 'src/api/users.ts', change: { session_id: second } };
    expect((await callHook(fleet, 'codex.apply-patch', edit)).stderr).toContain('claim of codex-35db3f74');
    const own = await fleet.box.coord(fleet.clone, ['claim', 'src/api'], { env: { CODEX_THREAD_ID: second } });
    expect(own).toMatchObject({ code: 0 });
    expect(await callHook(fleet, 'codex.apply-patch', edit)).toMatchObject({ code: 0, stdout: '' });
  });

  it('nothing is said where nobody coordinates, or in no repository', async () => {
    const fleet = await localFleet();
    for (const cwd of [fleet.box.repository(), fleet.box.home, fleet.box.path('gone')]) {
      const result = await callHook(fleet, 'claude-code.session-start', { change: { cwd } });
      expect(result).toMatchObject({ code: 0, stdout: '', stderr: '' });
    }
  });

  it('the project is found by what the harness exports, wherever it works now', async () => {
    const fleet = await localFleet();
    const options = { change: { cwd: fleet.box.home }, env: { CLAUDE_PROJECT_DIR: fleet.clone } };
    expect((await callHook(fleet, 'claude-code.session-start', options)).stdout).toContain('claim-before-you-change');
    expect((await callHook(fleet, 'claude-code.session-end', options)).stderr).toContain('ended session');
  });

  it('without the remote no session is started, and the rules are told all the same', async () => {
    const fleet = await sharedFleet();
    fleet.box.git(fleet.clone, 'remote', 'set-url', 'origin', fleet.box.path('gone'));
    const { code, stdout } = await callHook(fleet, 'claude-code.session-start');
    expect(code).toBe(0);
    expect(stdout).toContain('claim-before-you-change');
    expect(stdout).toContain('no session was started');
  });

  it('an id that coord cannot use is told, and stops nothing', async () => {
    const fleet = await localFleet();
    for (const session_id of ['a\nexport X=1', '$(touch x)', '']) {
      const result = await callHook(fleet, 'claude-code.session-start', { change: { session_id } });
      expect(result.code).toBe(0);
      expect(result.stdout).toContain('claim-before-you-change');
    }
  });
});

describe('CLAUDE_ENV_FILE', () => {
  async function exported(agent: string | undefined, before: string | null) {
    const fleet = await localFleet();
    const file = join(fleet.box.directory, "env file's.sh");
    if (before !== null) writeFileSync(file, before);
    const env = { CLAUDE_ENV_FILE: file, ...(agent === undefined ? {} : { COORD_AGENT: agent }) };
    const start = () => callHook(fleet, 'claude-code.session-start', { env });
    return { fleet, file, start };
  }

  it('makes the commands of the agent act as it', async () => {
    const { file, start } = await exported(undefined, null);
    await start();
    const { stdout } = spawnSync('sh', ['-c', `. "${file}"; echo "$COORD_AGENT $COORD_SESSION"`], { encoding: 'utf8' });
    expect(stdout).toBe(`${AGENTS['claude-code']} ${SESSION}\n`);
  });

  it('keeps what is in it, and is not written twice', async () => {
    const { file, start } = await exported('maya', 'export MINE=1');
    await start();
    const once = readFileSync(file, 'utf8');
    expect(once).toBe(`export MINE=1\nexport COORD_AGENT='maya'\nexport COORD_SESSION='${SESSION}'\n`);
    await start();
    expect(readFileSync(file, 'utf8')).toBe(once);
  });

  it('is not written for a session that was not started', async () => {
    const { file, start } = await exported("x'; touch /tmp/x; '", '');
    expect((await start()).code).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe('');
  });

  it('that cannot be written is told', async () => {
    const { fleet } = await exported(undefined, null);
    const env = { CLAUDE_ENV_FILE: fleet.box.path('no', 'such', 'folder') };
    const result = await callHook(fleet, 'claude-code.session-start', { env });
    expect(result).toMatchObject({ code: 0, stderr: expect.stringContaining('CLAUDE_ENV_FILE') });
    expect(result.stdout).toContain('claim-before-you-change');
  });

  it('is left alone by other harnesses', async () => {
    const { fleet, file } = await exported(undefined, '');
    await callHook(fleet, 'codex.session-start', { env: { CLAUDE_ENV_FILE: file } });
    expect(readFileSync(file, 'utf8')).toBe('');
  });
});

describe('at the end of a session', () => {
  it.each(ENDS)('%s: what is finished is released, what is not is kept, and both are told', async (harness) => {
    const fleet = await localFleet();
    await callHook(fleet, `${harness}.session-start`);
    const [agent] = await agents(fleet);
    const env = { COORD_SESSION: agent?.session ?? '' };
    await fleet.as(AGENTS[harness], ['claim', 'src/api', 'src/web', '--reason', 'work'], { env });
    fleet.box.write(fleet.clone, 'src/web/page.ts', 'not committed\n');
    const { code, stdout, stderr } = await callHook(fleet, `${harness}.session-end`);
    expect(code).toBe(0);
    const told = harness === 'gemini' ? JSON.parse(stdout).systemMessage : stderr;
    expect(told).toContain('released src/api/**');
    expect(told).toContain('kept src/web/**: it has uncommitted changes');
    const { data } = (await fleet.as('looker', ['status', '--json'])).json();
    expect(data.claims).toMatchObject([{ target: 'src/web/**' }]);
    expect(await agents(fleet)).toMatchObject([{ id: AGENTS[harness], session: null }]);
  });

  it('the end of a turn ends nothing', async () => {
    const fleet = await localFleet();
    await callHook(fleet, 'claude-code.session-start');
    expect(await callHook(fleet, 'claude-code.stop')).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(await agents(fleet)).toMatchObject([{ session: SESSION }]);
  });

  it('ends the session in whichever worktree the harness stands now', async () => {
    const fleet = await localFleet();
    await callHook(fleet, 'claude-code.session-start', { env: { COORD_AGENT: 'maya' } });
    const worktree = fleet.box.worktree(fleet.clone);
    await callHook(fleet, 'claude-code.session-end', { change: { cwd: worktree } });
    expect(await agents(fleet)).toMatchObject([{ id: 'maya', session: null }]);
  });

  it('one that never began is no fault', async () => {
    const fleet = await localFleet();
    for (const harness of ENDS) expect(await callHook(fleet, `${harness}.session-end`)).toMatchObject({ code: 0 });
  });

  it('sessions of which no end was told are forgotten when they are over', async () => {
    const fleet = await localFleet();
    await callHook(fleet, 'codex.session-start');
    const env = { COORD_SESSION: '019a7c3e-52f1-7d20-9b1e-6a4c0d8e7f21' };
    const elsewhere = fleet.box.worktree(fleet.clone);
    await fleet.as(AGENTS.codex, ['session', 'end'], { env, cwd: elsewhere });
    await callHook(fleet, 'claude-code.session-start');
    const own = await fleet.box.coord(fleet.clone, ['status', '--mine']);
    expect(own).toMatchObject({ code: 0 });
  });
});
