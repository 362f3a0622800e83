import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { type DeployFleet, deployFleet } from '../support/deploying.js';
import { killedOnce } from '../support/killing.js';
import { type Doorman, httpRemote } from '../support/servers.js';
import { FULL, sized, tally } from './support/battery.js';

const REF = 'refs/coord/state';

/** A command that writes: what is there before it, and the events that it makes, once. */
interface Act {
  readonly agent?: string;
  readonly before?: readonly (readonly [agent: string, ...args: string[]])[];
  readonly args: readonly string[];
  readonly events: readonly string[];
  /** A file that the act's program adds a line to. */
  readonly ran?: string;
  /** Commits a file first. */
  readonly commits?: string;
  /** What is done by hand before it, after `before`. */
  readonly prepare?: () => unknown;
}

/** Every verb that writes; `k` is new each time. */
const ACTS: Readonly<Record<string, (k: string, fleet: DeployFleet) => Act>> = {
  claim: (k) => ({ args: ['claim', `src/${k}`], events: ['claim.granted'] }),
  renew: (k) => ({ before: [['maya', 'claim', `src/${k}`]], args: ['renew', `src/${k}`, '--ttl', '1h'], events: [] }),
  release: (k) => ({
    before: [['maya', 'claim', `src/${k}`]],
    args: ['release', `src/${k}`],
    events: ['claim.released'],
  }),
  'release --all': (k) => ({
    before: [['maya', 'claim', `src/${k}`]],
    args: ['release', '--all'],
    events: ['claim.released'],
  }),
  'claim --take-over': (k) => ({
    before: [['noor', 'claim', `src/${k}`]],
    args: ['claim', `src/${k}`, '--take-over', '--reason', 'x', '--allow-behind'],
    events: ['claim.granted', 'claim.lost'],
  }),
  handoff: (k) => ({
    before: [
      ['noor', 'agent', 'state', 'here'],
      ['maya', 'claim', `src/${k}`],
    ],
    args: ['handoff', `src/${k}`, '--to', 'noor', '--note', k],
    events: ['claim.offered', 'note.added'],
  }),
  'handoff accept': (k) => ({
    before: [
      ['noor', 'claim', `src/${k}`],
      ['noor', 'handoff', `src/${k}`, '--to', 'maya'],
    ],
    args: ['handoff', 'accept', `src/${k}`, '--allow-behind'],
    events: ['claim.handed-off'],
  }),
  'handoff decline': (k) => ({
    before: [
      ['noor', 'claim', `src/${k}`],
      ['noor', 'handoff', `src/${k}`, '--to', 'maya'],
    ],
    args: ['handoff', 'decline', `src/${k}`],
    events: ['claim.declined'],
  }),
  note: (k) => ({ args: ['note', `invoice ${k}`], events: ['note.added'] }),
  ack: (k) => ({
    before: [['noor', 'note', `please ${k}`, '--needs-ack', 'maya']],
    args: ['ack', '@last', 'yes'],
    events: ['note.added'],
  }),
  once: (k, { box }) => ({
    args: ['once', k, '--', 'sh', '-c', `echo x >> '${box.path(k)}'`],
    events: ['claim.granted', 'claim.released'],
    ran: k,
  }),
  run: (k, { box }) => ({
    args: ['run', `@job/${k}`, '--', 'sh', '-c', `echo x >> '${box.path(k)}'`],
    events: ['claim.granted', 'claim.released'],
    ran: k,
  }),
  deploy: (k, { box }) => ({
    args: ['deploy', 'prod', '--', 'sh', '-c', `echo x >> '${box.path(k)}'`],
    events: ['claim.granted', 'claim.released', 'deploy.done', 'deploy.started'],
    ran: k,
  }),
  land: (k) => ({
    before: [['maya', 'claim', `src/${k}`]],
    commits: `src/${k}`,
    args: ['land'],
    events: ['claim.released', 'work.landed'],
  }),
  'task add': (k) => ({ args: ['task', 'add', `task ${k}`], events: ['task.added'] }),
  'task take': (k) => ({
    before: [['noor', 'task', 'add', `task ${k}`]],
    args: ['task', 'take', '@task'],
    events: ['claim.granted', 'task.taken'],
  }),
  'task edit': (k) => ({
    before: [['noor', 'task', 'add', `task ${k}`]],
    args: ['task', 'edit', '@task', '--title', `other ${k}`],
    events: ['task.edited'],
  }),
  'task return': (k) => ({
    before: [
      ['noor', 'task', 'add', `task ${k}`],
      ['maya', 'task', 'take', '@task'],
    ],
    args: ['task', 'return', '@task'],
    events: ['claim.released', 'task.returned'],
  }),
  'task done': (k) => ({
    before: [
      ['noor', 'task', 'add', `task ${k}`],
      ['maya', 'task', 'take', '@task'],
    ],
    args: ['task', 'done', '@task', '--result', 'fine'],
    events: ['claim.released', 'task.done'],
  }),
  'task drop': (k) => ({
    before: [['maya', 'task', 'add', `task ${k}`]],
    args: ['task', 'drop', '@task', '--reason', 'x'],
    events: ['task.dropped'],
  }),
  submit: (k, { box, clone }) => ({
    prepare: () => box.write(clone, `src/${k}`, 'work\n'),
    before: [['noor', 'agent', 'state', 'here']],
    args: ['submit', `src/${k}`, '--note', k, '--to', 'noor'],
    events: ['note.added', 'work.submitted'],
  }),
  integrate: (k, { box, clone, as }) => ({
    before: [['maya', 'claim', `src/${k}`]],
    prepare: async () => {
      box.write(clone, `src/${k}`, 'work\n');
      await as('noor', ['submit', `src/${k}`, '--note', k, '--to', 'maya']);
      rmSync(join(clone, `src/${k}`));
    },
    args: ['integrate', '@submission'],
    events: ['note.added', 'work.integrated'],
  }),
  'integrate --decline': (k, { box, clone, as }) => ({
    before: [['maya', 'agent', 'state', 'here']],
    prepare: async () => {
      box.write(clone, `src/${k}`, 'work\n');
      await as('noor', ['submit', `src/${k}`, '--note', k, '--to', 'maya']);
    },
    args: ['integrate', '@submission', '--decline', '--reason', k],
    events: ['note.added', 'work.declined'],
  }),
  'agent kill': (k) => ({
    agent: 'otto',
    before: [
      ['otto', 'session', 'start', '--role', 'orchestrator'],
      [`v${k}`, 'claim', `src/${k}`],
    ],
    args: ['agent', 'kill', `v${k}`, '--reason', k],
    events: ['agent.killed', 'claim.lost'],
  }),
  'agent revive': (k) => ({
    agent: 'otto',
    before: [
      ['otto', 'session', 'start', '--role', 'orchestrator'],
      [`v${k}`, 'agent', 'state', 'here'],
      ['otto', 'agent', 'kill', `v${k}`, '--reason', k],
    ],
    args: ['agent', 'revive', `v${k}`],
    events: ['agent.revived'],
  }),
  'release --merged': (k, { box, clone, remote }) => ({
    before: [['maya', 'claim', `src/${k}`]],
    prepare: () => {
      box.commit(clone, `src/${k}`, 'work\n');
      box.git(clone, 'push', '--quiet', '--no-verify', remote, 'HEAD:main');
    },
    args: ['release', '--merged', 'HEAD'],
    events: ['claim.released'],
  }),
  // What nobody waits for has no push of its own.
  'note, with what rides along': (k) => ({
    before: [
      ['maya', 'session', 'start', '--role', 'peer'],
      ['maya', 'agent', 'state', k],
    ],
    args: ['note', `state of ${k}`],
    events: ['note.added'],
  }),
  'session end': (k) => ({
    before: [
      ['maya', 'session', 'start', '--role', 'peer'],
      ['maya', 'claim', `src/${k}`],
    ],
    args: ['session', 'end'],
    events: ['claim.released'],
  }),
};

/** What becomes of the first push: by HTTP, and the whole command answers; or coord is killed, and it is run again. */
type Moment = ReturnType<Doorman> | 'accepted' | 'locked';
const MOMENTS: Readonly<Record<string, Moment>> = {
  'the connection is cut before the server has it': 'cut',
  'a gateway says 504 while the server is at it': 'gateway',
  'the connection is cut when the server has ended': 'unsaid',
  'a proxy is killed while the server is at it': 'dying',
  'coord is killed when the server has accepted': 'accepted',
  'coord and the server are killed while it moves the ref': 'locked',
};

/** What others do on the way, and what says that something was looked at. */
const BESIDE = /^(?:agent\.(?:started|ended)$|claim\.(?:renewed|refused|expired)$|gate\.|deploy\.checked$|wait\.)/;

async function rig() {
  const fleet = await deployFleet();
  const { box, clone, remote } = fleet;
  const http = await httpRemote(box, box.directory);
  const url = `${http.url}${remote.slice(box.directory.length)}`;
  const eventsSince = (before: string) => {
    box.git(clone, 'fetch', '--quiet', remote, `+${REF}:refs/seen`);
    const lines = box.git(clone, 'log', '--format=%b', `${before}..refs/seen`).split('\n');
    const types = lines
      .filter((line) => line.startsWith('{'))
      .map((line) => (JSON.parse(line) as { type: string }).type);
    return types.filter((type) => !BESIDE.test(type)).sort();
  };
  /** The words, with the last note and the last task in their place. */
  const filled = async (args: readonly string[]) => {
    const last = async (verb: readonly string[], list: string) => {
      const all = (await fleet.as('maya', [...verb, '--json'])).json().data[list] as { id: string }[];
      return all.sort((a, b) => Number(a.id.slice(1)) - Number(b.id.slice(1))).at(-1)?.id ?? '';
    };
    const ids = args.map((word) =>
      word === '@last'
        ? last(['log'], 'notes')
        : word === '@task'
          ? last(['task', 'list'], 'tasks')
          : word === '@submission'
            ? last(['integrate'], 'submissions')
            : word,
    );
    return Promise.all(ids);
  };
  return { fleet, http, url, eventsSince, filled };
}

type Rig = Awaited<ReturnType<typeof rig>>;

/** Does what comes before the act; returns its words, where the remote's state stands then, and what went wrong. */
async function made({ fleet, filled }: Rig, act: Act) {
  const { box, clone, remote } = fleet;
  const { before = [], commits, prepare } = act;
  const problems: string[] = [];
  box.git(clone, 'remote', 'set-url', 'origin', remote);
  for (const [who, ...words] of before) {
    const done = await fleet.as(who, await filled(words));
    if (done.code !== 0) problems.push(`before it: ${words.join(' ')}: exit ${done.code} ${done.stderr}`);
  }
  await prepare?.();
  if (commits !== undefined) box.commit(clone, commits, 'work\n');
  return { problems, args: await filled(act.args), tip: box.git(remote, 'rev-parse', REF) };
}

/** What is not as the act should have left it. */
function leftBy({ fleet, eventsSince }: Rig, { events, ran, commits }: Act, tip: string): string[] {
  const { box, clone, remote } = fleet;
  const problems: string[] = [];
  const came = eventsSince(tip);
  if (came.join() !== [...events].sort().join())
    problems.push(`events: ${came.join()}, not ${[...events].sort().join()}`);
  const lines = ran !== undefined && existsSync(box.path(ran)) ? readFileSync(box.path(ran), 'utf8') : '';
  if (ran !== undefined && lines !== 'x\n') problems.push(`the program ran ${lines.length / 2} times`);
  if (commits !== undefined && box.git(remote, 'rev-parse', 'main') !== box.git(clone, 'rev-parse', 'HEAD')) {
    problems.push('main has not moved');
  }
  return problems;
}

async function wrongWith(world: Rig, moment: Moment, act: Act): Promise<string[]> {
  const { fleet, http, url } = world;
  const { box, clone, remote } = fleet;
  const { agent = 'maya' } = act;
  const { problems, args, tip } = await made(world, act);
  if (moment === 'accepted' || moment === 'locked') {
    await killedOnce(moment, box, { remote, clone, env: {} }, agent, args);
  } else {
    let lost = 0;
    box.git(clone, 'remote', 'set-url', 'origin', url);
    http.setDoorman(({ method, url: at }) => {
      if (method !== 'POST' || !at.endsWith('/git-receive-pack') || lost > 0) return undefined;
      lost += 1;
      return moment as ReturnType<Doorman>;
    });
  }
  const { code, stderr } = await fleet.as(agent, args);
  if (code !== 0) problems.push(`exit ${code} ${stderr}`);
  return [...problems, ...leftBy(world, act, tip)];
}

/** The same, where from the push on nothing is answered any more, until the command is given up; then it is repeated. */
async function wrongInSilence(world: Rig, act: Act): Promise<string[]> {
  const { fleet, http, url } = world;
  const { box, clone } = fleet;
  const { agent = 'maya' } = act;
  const { problems, args, tip } = await made(world, act);
  let silent = false;
  box.git(clone, 'remote', 'set-url', 'origin', url);
  // Git gives up a connection on which nothing comes for longer than a slow machine takes to answer; coord does so by itself, after much longer.
  box.git(clone, 'config', 'http.lowSpeedLimit', '1');
  box.git(clone, 'config', 'http.lowSpeedTime', '6');
  http.setDoorman(({ method, url: at }) => {
    silent ||= method === 'POST' && at.endsWith('/git-receive-pack');
    return silent ? 'half-open' : undefined;
  });
  const { code, stderr } = await fleet.as(agent, args);
  if (code !== 7) problems.push(`in silence: exit ${code} ${stderr}`);
  else if (!/unknown/.test(stderr) || !/repeat the same command/.test(stderr)) problems.push(`said: ${stderr}`);
  http.setDoorman(() => undefined);
  box.git(clone, 'config', '--unset', 'http.lowSpeedLimit');
  const again = await fleet.as(agent, args);
  if (again.code !== 0) problems.push(`repeated: exit ${again.code} ${again.stderr}`);
  return [...problems, ...leftBy(world, act, tip)];
}

describe.each(Object.entries(MOMENTS))('a verb that writes, and %s', (name, moment) => {
  it('has its effect once, and its answer is what it was', async () => {
    const world = await rig();
    const failures: string[] = [];
    const rounds = sized(1, 5);
    // The short form takes turns, so that each verb and each moment is tried.
    const turn = Object.keys(MOMENTS).indexOf(name);
    const acts = Object.entries(ACTS).filter((_, index) => FULL || index % 2 === turn % 2);
    for (let round = 0; round < rounds; round += 1) {
      for (const [verb, of] of acts) {
        const k = `${verb.replace(/\W+/g, '')}${round}`;
        const problems = await wrongWith(world, moment, of(k, world.fleet));
        failures.push(...problems.map((problem) => `${verb}: ${problem}`));
        await world.fleet.as('maya', ['task', 'return', '--reason', 'over', '--uncommitted']);
        await world.fleet.as('maya', ['release', '--all', '--uncommitted']);
        await world.fleet.as('noor', ['release', '--all', '--uncommitted']);
      }
    }
    tally({
      test: `6 ${name}`,
      tried: `${rounds * acts.length} commands`,
      bar: 'one effect each, and its answer',
      failures,
    });
  });
});

it('a verb that writes, and a server that says nothing more from the push on: exit 7, and the same command finds out', async () => {
  const world = await rig();
  const failures: string[] = [];
  const short = ['claim', 'note', 'once', 'land', 'task take'];
  const acts = Object.entries(ACTS).filter(([verb]) => FULL || short.includes(verb));
  for (const [verb, of] of acts) {
    const problems = await wrongInSilence(world, of(`still${verb.replace(/\W+/g, '')}`, world.fleet));
    failures.push(...problems.map((problem) => `${verb}: ${problem}`));
    await world.fleet.as('maya', ['task', 'return', '--reason', 'over', '--uncommitted']);
    await world.fleet.as('maya', ['release', '--all', '--uncommitted']);
    await world.fleet.as('noor', ['release', '--all', '--uncommitted']);
  }
  tally({
    test: '6 the server says nothing more from the push on',
    tried: `${acts.length} commands, each repeated`,
    bar: 'exit 7, "unknown: repeat the same command", then one effect and its answer',
    failures,
  });
});

it('a connection that stays open, and on which nothing more is said: its effect once, and its answer', async () => {
  const world = await rig();
  const failures: string[] = [];
  // Each of them takes the whole time that coord gives a push.
  const verbs = ['claim', 'note', 'once', 'land', 'task take', 'submit', 'release --merged'].slice(0, sized(1, 7));
  for (const verb of verbs) {
    const act = ACTS[verb]?.(`open${verb.replace(/\W+/g, '')}`, world.fleet);
    const problems = act === undefined ? ['no such act'] : await wrongWith(world, 'half-open', act);
    failures.push(...problems.map((problem) => `${verb}: ${problem}`));
  }
  const bar = 'one effect each, and its answer';
  tally({
    test: '6 a connection stays open, and nothing more is said',
    tried: `${verbs.length} commands`,
    bar,
    failures,
  });
});

it('the same words about other work are another operation: land', async () => {
  const { fleet } = await rig();
  const { box, clone, remote } = fleet;
  await fleet.as('maya', ['claim', 'src/one', 'src/two']);
  box.commit(clone, 'src/one', 'work\n');
  await killedOnce('accepted', box, { remote, clone, env: {} }, 'maya', ['land']);
  await fleet.as('maya', ['claim', 'src/two']);
  const commit = box.commit(clone, 'src/two', 'work\n');
  const landed = await fleet.as('maya', ['land', '--json']);
  tally({
    test: '6 the next landing after one that was killed when it was accepted',
    tried: '1 landing',
    bar: 'it lands its own commit',
    failures: landed.code === 0 && box.git(remote, 'rev-parse', 'main') === commit ? [] : [landed.stdout],
  });
});
