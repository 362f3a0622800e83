import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openFrom } from '../../src/api/open.js';
import { TOOLS } from '../../src/mcp/tools.js';
import { type Fleet, localFleet, sharedFleet, until } from '../support/fleet.js';
import { AGENTS, callHook } from '../support/harness.js';

interface Told {
  readonly text: string;
  readonly isError: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever fields it expects
  readonly data: any;
}

/** A real client of the protocol, whose server is `coord mcp` in a worktree. */
async function connect(
  { box, clone }: Pick<Fleet, 'box' | 'clone'>,
  {
    agent,
    args = [],
    cwd = clone,
  }: { readonly agent?: string; readonly args?: readonly string[]; readonly cwd?: string },
) {
  const named = agent === undefined ? {} : { COORD_AGENT: agent };
  const env = Object.fromEntries(
    Object.entries({ ...box.env, ...named }).filter((one): one is [string, string] => one[1] !== undefined),
  );
  const transport = new StdioClientTransport({
    ...{ command: process.execPath, args: [box.program, 'mcp', ...args], env, cwd, stderr: 'pipe' },
  });
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(transport);
  onTestFinished(() => client.close());
  const call = async (name: string, given: object = {}, signal?: AbortSignal): Promise<Told> => {
    const result = await client.callTool(
      { name, arguments: { ...given } },
      { ...(signal ? { signal } : {}), timeout: 120_000 },
    );
    const [first] = result.content as { text: string }[];
    const structured = result.structuredContent as { data?: unknown; refusal?: unknown };
    return { text: first?.text ?? '', isError: result.isError === true, data: structured.data ?? structured.refusal };
  };
  return { client, transport, call };
}

/** A tool called in this process, by a client that cancels the call just when it was granted. */
function cancelled({ box, clone }: Fleet, name: string, given: object) {
  const coord = openFrom(process.cwd(), { directory: clone, env: box.env, agent: 'maya' });
  const cancel = new AbortController();
  const late =
    <A extends unknown[], T>(call: (...args: A) => Promise<T>) =>
    (...args: A) =>
      call(...args).finally(() => cancel.abort());
  const lateCoord = { ...coord, claim: late(coord.claim), tasks: { ...coord.tasks, take: late(coord.tasks.take) } };
  return TOOLS[name]?.call(lateCoord, { ...given }, { signal: cancel.signal, requestId: randomUUID() });
}

/** About four characters a token. */
const MOST_CHARACTERS = 2_000 * 4;

describe('coord mcp', () => {
  it('offers seven tools, short enough to be read at every start, and nothing that deploys, stops or opens', async () => {
    const { client } = await connect(await localFleet(), { agent: 'maya' });
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(['start', 'status', 'claim', 'release', 'take', 'submit', 'note']);
    expect(JSON.stringify(tools).length).toBeLessThan(MOST_CHARACTERS);
    expect(client.getServerVersion()?.name).toBe('coord');
  });

  it('acts as the session that a hook of the same client has recorded, where nothing names one', async () => {
    const fleet = await localFleet();
    await callHook(fleet, 'codex.session-start');
    const { call } = await connect(fleet, {});
    const claimed = await call('claim', { targets: ['src/api/users.ts'] });
    expect(claimed.data.claims).toMatchObject([{ agent: AGENTS.codex, session: expect.any(String) }]);
    expect((await call('start', { agent: 'zoe' })).text).toContain(`belongs to ${AGENTS.codex}`);
    // Another that began in the same process makes it unknown which.
    await callHook(fleet, 'gemini.session-start');
    expect((await call('claim', { targets: ['README.md'] })).text).toContain('no agent id');
  });

  it('does what the verbs do, and is refused as they are, with the way on', async () => {
    const fleet = await localFleet();
    const { call } = await connect(fleet, { agent: 'maya' });
    expect((await call('start')).text).toContain('you are maya (peer)');
    const claimed = await call('claim', { targets: ['src/api'], reason: 'pagination', ttl: '1h' });
    expect(claimed.data.claims).toMatchObject([{ target: 'src/api/**', agent: 'maya', ttlSeconds: 3600 }]);
    await fleet.as('noor', ['claim', 'src/web', '--reason', 'colours']);
    const refused = await call('claim', { targets: ['src/web/page.ts', 'README.md'] });
    expect(refused).toMatchObject({ isError: true, data: { code: 'held', exit: 3, details: { free: ['README.md'] } } });
    expect(refused.text).toMatch(/held by noor .*"colours"/);
    expect(refused.text.split('\n')).toContain('next: coord claim README.md');
    const { claims } = (await call('status')).data;
    expect(claims.map(({ agent }: { agent: string }) => agent)).toEqual(['maya', 'noor']);
    expect((await call('release', { all: true })).data.released).toMatchObject([{ target: 'src/api/**' }]);
    const noted = await call('note', { text: 'split it?', to: ['noor'], kind: 'proposal', needsAck: ['noor'] });
    expect(noted.data.notes).toMatchObject([{ id: 'n1', kind: 'proposal', needsAck: ['noor'] }]);
    expect((await fleet.as('noor', ['inbox'])).stdout).toContain('split it?');
  });

  it('takes tasks with their ground, and hands results in', async () => {
    const fleet = await localFleet();
    await fleet.as('boss', ['session', 'start', '--role', 'orchestrator']);
    await fleet.as('boss', ['task', 'add', 'paginate', '--scope', 'src/api']);
    const { call } = await connect(fleet, { args: ['--agent', 'wim'] });
    await call('start', { role: 'worker' });
    const taken = await call('take');
    expect(taken.data).toMatchObject({ task: { id: 't1', agent: 'wim' }, again: false });
    fleet.box.write(fleet.clone, 'src/api/users.ts', 'pages\n');
    const submitted = await call('submit', { paths: ['src/api/users.ts'], note: 'paginated' });
    expect(submitted.data).toMatchObject({ submission: { agent: 'wim' }, task: 't1' });
    expect(await call('take')).toMatchObject({ isError: true, data: { code: 'held', details: { reason: 'none' } } });
  });

  it('knows who acts from the environment, else from the call, and refuses to guess', async () => {
    const fleet = await localFleet();
    await fleet.as('noor', ['session', 'start']);
    const unnamed = await connect(fleet, {});
    expect(await unnamed.call('claim', { targets: ['a'] })).toMatchObject({ isError: true, data: { exit: 2 } });
    expect((await unnamed.call('start', { agent: 'omar' })).text).toContain('you are omar');
    expect((await unnamed.call('claim', { targets: ['a'] })).data.claims).toMatchObject([{ agent: 'omar' }]);
    const named = await connect(fleet, { agent: 'maya' });
    expect(await named.call('start', { agent: 'omar' })).toMatchObject({ isError: true, data: { exit: 2 } });
    expect((await named.call('claim', { targets: ['b'] })).data.claims).toMatchObject([{ agent: 'maya' }]);
  });

  it.each([
    ['claim', {}, /targets is missing/],
    ['claim', { targets: 'src' }, /targets: a list of texts/],
    ['claim', { targets: ['a'], force: true }, /"force" is unknown/],
    ['claim', { targets: ['../out'] }, /outside the repository/],
    ['note', { text: 'x', kind: 'ack' }, /kind: one of/],
    ['deploy', { target: 'prod' }, /no such tool/],
    ['constructor', {}, /no such tool/],
  ])('refuses %s with %j as a value, and goes on', async (name, given, problem) => {
    const { call } = await connect(await localFleet(), { agent: 'maya' });
    expect(await call(name, given)).toMatchObject({
      ...{ isError: true, text: expect.stringMatching(problem), data: { code: 'usage', exit: 2 } },
    });
    expect((await call('status')).isError).toBe(false);
  });

  it('takes a cancelled wait out of the queue', async () => {
    const fleet = await localFleet();
    await fleet.as('noor', ['claim', 'src/api']);
    const { call } = await connect(fleet, { agent: 'maya' });
    const cancel = new AbortController();
    const waiting = call('claim', { targets: ['src/api'], wait: true }, cancel.signal).catch(() => 'cancelled');
    const waiters = async () => (await fleet.as('noor', ['status', '--json'])).json().data.waiters;
    await until(async () => (await waiters()).length === 1, 'it waits');
    cancel.abort();
    expect(await waiting).toBe('cancelled');
    await until(async () => (await waiters()).length === 0, 'it has left the queue');
    await fleet.as('noor', ['release', 'src/api']);
    expect((await fleet.as('noor', ['status', '--json'])).json().data.claims).toEqual([]);
  });

  it('gives back what a cancelled call was granted, and nothing that was held before', async () => {
    const fleet = await localFleet();
    await fleet.as('boss', ['task', 'add', 'paginate', '--scope', 'docs']);
    await fleet.as('maya', ['claim', 'src/web']);
    expect(await cancelled(fleet, 'claim', { targets: ['src/api', 'lib/*.ts', '@db'] })).toMatchObject({ ok: true });
    expect(await cancelled(fleet, 'claim', { targets: ['src/web'] })).toMatchObject({ ok: true });
    expect(await cancelled(fleet, 'take', {})).toMatchObject({ ok: true, data: { task: { id: 't1' } } });
    const { claims } = (await fleet.as('maya', ['status', '--json'])).json().data;
    expect(claims.map(({ target }: { target: string }) => target)).toEqual(['src/web/**']);
    const { tasks } = (await fleet.as('maya', ['task', 'list', '--json'])).json().data;
    expect(tasks).toMatchObject([{ state: 'open', attempts: 0, tries: [{ how: 'returned' }] }]);
    await fleet.as('maya', ['task', 'take', 't1']);
    await cancelled(fleet, 'take', {});
    expect((await fleet.as('maya', ['task', 'list', '--json'])).json().data.tasks).toMatchObject([{ agent: 'maya' }]);
  });

  it('begins nothing for who has cancelled before', async () => {
    const { box, clone, as } = await localFleet();
    const coord = openFrom(process.cwd(), { directory: clone, env: box.env, agent: 'maya' });
    const signal = AbortSignal.abort();
    for (const answer of [
      await coord.claim(['src/api'], { signal }),
      await coord.tasks.add('paginate', { signal }),
      await coord.notes.add('hello', { signal }),
      await coord.status([], { signal }),
    ]) {
      expect(answer).toMatchObject({
        ok: false,
        refusal: { code: 'timeout', exit: 9, details: { reason: 'interrupted' } },
      });
    }
    expect((await as('noor', ['status', '--json'])).json().data).toMatchObject({ claims: [], tasks: [] });
  });

  it.each([[[]], ['src/api'], [null], [[null]], [[5]]])(
    'a program that claims %j is refused, and not told that all is well',
    async (given) => {
      const { box, clone } = await localFleet();
      const coord = openFrom(process.cwd(), { directory: clone, env: box.env, agent: 'maya' });
      for (const call of [coord.claim, coord.wait]) {
        const answer = await call(given as unknown as readonly string[]);
        expect(answer).toMatchObject({ ok: false, refusal: { code: 'usage', exit: 2 } });
      }
    },
  );

  it('tells who gave up waiting which place another wait would have', async () => {
    const fleet = await localFleet();
    await fleet.as('noor', ['claim', 'src/api']);
    const { call } = await connect(fleet, { agent: 'omar' });
    call('claim', { targets: ['src/api'], wait: true }).catch(() => undefined);
    const waiters = async () => (await fleet.as('noor', ['status', '--json'])).json().data.waiters;
    await until(async () => (await waiters()).length === 1, 'omar waits');
    const coord = openFrom(process.cwd(), { directory: fleet.clone, env: fleet.box.env, agent: 'maya' });
    const cancel = new AbortController();
    const terms = { signal: cancel.signal, requestId: randomUUID() };
    const asked = TOOLS.claim?.call(coord, { targets: ['src/api'], wait: true }, terms);
    await until(async () => (await waiters()).length === 2, 'maya waits');
    cancel.abort();
    const gaveUp = await asked;
    expect(gaveUp).toMatchObject({ ok: false, refusal: { code: 'timeout', details: { place: 2 } } });
  });

  it('takes a client that goes away out of the queue', async () => {
    const fleet = await localFleet();
    await fleet.as('noor', ['claim', 'src/api']);
    const { call, transport } = await connect(fleet, { agent: 'maya' });
    call('claim', { targets: ['src/api'], wait: true }).catch(() => undefined);
    const waiters = async () => (await fleet.as('noor', ['status', '--json'])).json().data.waiters;
    await until(async () => (await waiters()).length === 1, 'it waits');
    const { pid } = transport;
    await transport.close();
    await until(async () => (await waiters()).length === 0, 'it has left the queue');
    await until(async () => !existsSync(`/proc/${pid}`), 'the server has ended');
  });

  it('serves two clients at once in two clones, one of whom is refused', async () => {
    const fleet = await sharedFleet();
    const other = fleet.box.clone(fleet.remote);
    const [maya, noor] = [await connect(fleet, { agent: 'maya' }), await connect(fleet, { agent: 'noor', cwd: other })];
    const answers = await Promise.all([maya, noor].map(({ call }) => call('claim', { targets: ['src/api'] })));
    expect(answers.map(({ isError }) => isError).sort()).toEqual([false, true]);
  });
});
