import { join } from 'node:path';
import { expect, it } from 'vitest';
import { localFleet } from '../support/fleet.js';
import { coordInProcess, inProcess, NOON } from '../support/in-process.js';

it('an edit on ground of one’s own renews claims past half of their life, one off the surface does not', async () => {
  const { box, clone } = await localFleet();
  const { run } = inProcess(box);
  const env = { COORD_SESSION: 's1' };
  expect((await run('maya', clone, ['claim', 'src/api', '--ttl', '30m'], env)).code).toBe(0);
  const edit = (file: string, minutes: number) => {
    const tool_input = { file_path: join(clone, file) };
    const payload = { hook_event_name: 'PreToolUse', session_id: 's1', cwd: clone, tool_name: 'Edit', tool_input };
    const changes = { now: NOON + minutes * 60_000, env: { COORD_AGENT: 'maya' }, input: JSON.stringify(payload) };
    return coordInProcess(box, clone, ['guard', 'hook', 'claude-code'], changes);
  };
  const expires = async () => {
    const { data } = (await coordInProcess(box, clone, ['status', '--json'], { now: NOON })).json();
    return data.claims[0].expiresAt;
  };
  expect((await edit('src/api/users.ts', 10)).code).toBe(0);
  expect((await edit('README.md', 20)).code).toBe(0);
  expect(await expires()).toBe('2026-11-21T12:30:00.000Z');
  expect(await edit('src/api/users.ts', 20)).toMatchObject({ code: 0, stdout: '', stderr: '' });
  expect(await expires()).toBe('2026-11-21T12:50:00.000Z');
  expect((await edit('src/api/users.ts', 49)).code).toBe(0);
  // Over, and nobody else's: with automatic claims it is claimed again.
  expect((await edit('src/api/users.ts', 90)).code).toBe(0);
  expect(await expires()).toBe('2026-11-21T14:00:00.000Z');
});
