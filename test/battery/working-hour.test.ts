import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { sharedFleet } from '../support/fleet.js';
import { payloadOf } from '../support/harness.js';
import { coordInProcess, NOON } from '../support/in-process.js';
import { replayHistory } from './support/history/replay.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const AGENTS = ['maya', 'noor', 'omar', 'kim'];
const ROUNDS = 2;
const FILES = 5;

/** The pushes of this very hour when each write was one of its own: measured with the commit before the first that rode. */
const BEFORE = 92;

/** Four agents, each in a clone of its own, and a clock that is moved by hand; `pushes` counts what the remote was sent. */
async function fourAgents() {
  const { box, clone, remote } = await sharedFleet();
  const log = join(box.directory, 'pushes');
  writeFileSync(log, '');
  writeFileSync(join(remote, 'hooks/post-receive'), `#!/bin/sh\necho push >> ${log}\n`, { mode: 0o755 });
  const clones = new Map(AGENTS.map((agent, index) => [agent, index === 0 ? clone : box.clone(remote)]));
  const clock = { ms: NOON };
  const cloneOf = (agent: string) => clones.get(agent) ?? '';
  const run = async (agent: string, args: readonly string[], input = '') => {
    const env = { COORD_AGENT: agent, COORD_SESSION: `session-${agent}`, CLAUDECODE: undefined };
    const result = await coordInProcess(box, cloneOf(agent), args, { now: clock.ms, env, input });
    clock.ms += 2 * SECOND;
    return result;
  };
  const ok = async (agent: string, ...args: readonly string[]) => {
    const result = await run(agent, args);
    expect([args, result.code, result.stderr]).toEqual([args, 0, expect.any(String)]);
    return result;
  };
  const edit = async (agent: string, file: string) => {
    const payload = payloadOf('claude-code.edit', { repo: cloneOf(agent), file });
    const input = JSON.stringify({ ...payload, session_id: `session-${agent}` });
    return run(agent, ['guard', 'hook', 'claude-code'], input);
  };
  const pushes = () => readFileSync(log, 'utf8').split('\n').length - 1;
  const git = (agent: string, ...args: readonly string[]) => box.git(cloneOf(agent), ...args);
  return { box, remote, clock, ok, edit, pushes, git, cloneOf };
}

type Hour = Awaited<ReturnType<typeof fourAgents>>;

/** Edits files of its own, tells somebody, commits, and is refused what another works on. */
async function work({ box, ok, edit, git, cloneOf }: Hour, agent: string, round: number): Promise<void> {
  const files = Array.from({ length: FILES }, (_, file) => `src/${agent}/${round}-${file}.ts`);
  git(agent, 'pull', '--quiet', '--rebase', 'origin', 'main');
  await ok(agent, 'agent', 'state', `round ${round}`);
  for (const file of files) {
    expect(await edit(agent, file)).toMatchObject({ code: 0, stdout: '' });
    box.write(cloneOf(agent), file, `${round}\n`);
  }
  const next = AGENTS[(AGENTS.indexOf(agent) + 1) % AGENTS.length] ?? '';
  await ok(agent, 'note', `${files[0]} has changed`, '--to', next);
  git(agent, 'add', '.');
  await ok(agent, 'guard', 'run', 'pre-commit');
  git(agent, 'commit', '--quiet', '--no-verify', '--message', `${agent} ${round}`);
  const claims: { agent: string; target: string }[] = (await ok(agent, 'status', '--json')).json().data.claims;
  const others = claims.find((claim) => claim.agent !== agent);
  if (others) expect((await edit(agent, others.target)).code).toBe(2);
}

async function land({ ok, git }: Hour, agent: string): Promise<void> {
  await ok(agent, 'agent', 'state', 'landing');
  git(agent, 'pull', '--quiet', '--rebase', 'origin', 'main');
  const { landed, released } = (await ok(agent, 'land', '--json')).json().data;
  expect([landed, released.length]).toEqual([true, FILES]);
}

/** Each as harnesses make them work: a session, ten automatic claims and releases, states, notes, two commits and landings. */
it('a working hour of four agents makes at most a third of the pushes, and has the same answers', async () => {
  const hour = await fourAgents();
  const { box, remote, clock, ok, pushes } = hour;
  for (const agent of AGENTS) {
    await ok(agent, 'session', 'start');
    await ok(agent, 'agent', 'state', 'reading');
  }
  clock.ms += 3 * MINUTE;
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const agent of AGENTS) await work(hour, agent, round);
    clock.ms += 8 * MINUTE;
    for (const agent of AGENTS) await land(hour, agent);
    clock.ms += 4 * MINUTE;
  }
  for (const agent of AGENTS) {
    await ok(agent, 'note', 'done for today');
    await ok(agent, 'agent', 'state', '--clear');
    await ok(agent, 'session', 'end');
  }
  const waiting = pushes();
  // Whatever waits goes with the command that comes after five minutes.
  clock.ms += 6 * MINUTE;
  for (const agent of AGENTS) await ok(agent, 'status');
  const all = pushes();
  console.log(
    `pushes in a working hour of four agents: ${waiting} (${all} with what went after its end), before ${BEFORE}`,
  );

  const { state } = JSON.parse((await ok('maya', 'agent', 'list', '--json')).stdout).data.agents[0];
  expect(state).toBeNull();
  const { data } = (await ok('maya', 'metrics', '--json')).json();
  expect(data).toMatchObject({
    grants: AGENTS.length * ROUNDS * FILES,
    releases: AGENTS.length * ROUNDS * FILES,
    expiries: 0,
  });
  const history = box.git(remote, 'log', '--format=%B', 'refs/coord/state');
  const count = (type: string) => history.match(new RegExp(`"type":"${type}"`, 'g'))?.length ?? 0;
  expect(count('agent.started')).toBe(AGENTS.length);
  expect(count('agent.ended')).toBe(AGENTS.length);
  expect(count('note.added')).toBe(AGENTS.length * (ROUNDS + 1));
  expect(replayHistory(box, remote)).toMatchObject({ problems: [] });
  // Then each clone has nothing left but the end of its session, which goes with the first write of the next one.
  expect(waiting).toBeLessThanOrEqual(BEFORE / 3);
  expect(all - waiting).toBeLessThanOrEqual(AGENTS.length);
});
