import { chmodSync, existsSync, rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  type DeployFleet,
  deployFleet,
  historyOf,
  killedOn,
  onCoordinationPush,
  startCoord,
} from '../support/deploying.js';
import { endpoint } from '../support/endpoints.js';
import { until } from '../support/fleet.js';
import { inProcess } from '../support/in-process.js';
import { deafPort } from '../support/servers.js';

const LEAVE_WORD = ['sh', '-c', 'printf %s "$COORD_COMMIT" > "$OUT"'];

const WAIT_FOR_GO = `
const { existsSync, writeFileSync } = require('node:fs');
writeFileSync('../running', '');
const look = () => (existsSync('../go') ? process.exit(0) : setImmediate(look));
look();
`;

const RUN_UNTIL_STOPPED = `
const { writeFileSync } = require('node:fs');
process.on('SIGTERM', () => {
  writeFileSync('../stopped', 'stopped\\n');
  process.exit(1);
});
setTimeout(() => process.exit(3), 60_000);
writeFileSync('../running', '');
`;

/** maya's deploys when the claim of one that was killed is over, by the clock that this process gives them. */
function anHourLater({ box, clone }: DeployFleet) {
  const { clock, run } = inProcess(box);
  clock.ms = Date.now() + 3_600_000;
  return {
    deploy: (options: readonly string[], command: readonly string[]) =>
      run('maya', clone, ['deploy', 'prod', ...options, '--json', '--', ...command]),
    list: async () => (await run('maya', clone, ['deploy', 'list', '--json'])).json().data,
  };
}

describe('coord deploy', () => {
  it('runs the program under gates, claim and sync-check, and records both kinds of evidence', async () => {
    const fleet = await deployFleet();
    const words = 'echo "$COORD_TARGET $COORD_COMMIT $COORD_TOKEN $COORD_DEPLOY" > ../out';
    const deployed = await fleet.deploy('maya', [], ['sh', '-c', words]);
    expect([deployed.code, deployed.stderr]).toEqual([0, expect.any(String)]);
    const { deployment } = deployed.json().data;
    const head = fleet.box.git(fleet.clone, 'rev-parse', 'HEAD');
    expect(deployment).toMatchObject({
      target: 'prod',
      status: 'done',
      commit: head,
      agent: 'maya',
      exit: 0,
      sync: { upstream: 'origin/main', upstreamCommit: head },
      gates: [{ gate: 'tests', open: true, commit: head, target: 'prod', action: 'deploy' }],
    });
    expect(fleet.box.read('out')).toBe(`prod ${head} ${deployment.claim.token} ${deployment.id}\n`);
    const status = await fleet.as('noor', ['status', '--json']);
    expect(status.json().data.claims).toEqual([]);
    const live = (await fleet.as('noor', ['deploy', 'list', '--json'])).json().data.live;
    expect(live).toMatchObject([
      { target: 'prod', commit: head, agent: 'maya', mainAhead: 0, deploy: deployment.id, perhaps: [], unknown: [] },
    ]);
  });

  it('makes each step an event, in the order of the transaction', async () => {
    const fleet = await deployFleet();
    await fleet.deploy('maya', [], ['true']);
    const { events } = (await fleet.as('maya', ['events', '--json'])).json().data;
    const steps = events.map(({ type, step }: { type: string; step?: string }) => (step ? `${type} ${step}` : type));
    expect(steps.slice(steps.indexOf('deploy.checked agent'))).toEqual([
      ...['deploy.checked agent', 'deploy.checked gates', 'gate.checked', 'claim.granted', 'deploy.checked claim'],
      ...['deploy.checked sync', 'deploy.checked pushed', 'deploy.checked contains', 'deploy.started'],
      ...['deploy.checked recheck', 'deploy.checked run', 'deploy.done record', 'claim.released'],
    ]);
  });

  it('passes on the exit code of a program that fails, records it, and gives the claim back', async () => {
    const fleet = await deployFleet();
    const failed = await fleet.deploy('maya', [], ['sh', '-c', 'exit 42']);
    expect(failed.code).toBe(42);
    expect(failed.json()).toMatchObject({
      ok: false,
      error: { code: 'program', exit: 42, message: 'the program ended with exit 42' },
      data: { deployment: { status: 'failed', step: 'run', exit: 42 } },
    });
    const { live } = (await fleet.as('maya', ['deploy', 'list', '--json'])).json().data;
    expect(live).toMatchObject([{ commit: null, perhaps: [{ agent: 'maya' }] }]);
    expect((await fleet.deploy('noor', [], ['true'])).code).toBe(0);
  });

  it('records a program that cannot be started as such: nothing has changed', async () => {
    const fleet = await deployFleet();
    const failed = await fleet.deploy('maya', [], ['no-such-program-anywhere']);
    expect(failed.code).toBe(2);
    const { live, deployments } = (await fleet.as('maya', ['deploy', 'list', '--json'])).json().data;
    expect(deployments).toMatchObject([{ status: 'failed', exit: null }]);
    expect(live).toMatchObject([{ commit: null, perhaps: [] }]);
  });

  it('lets no worker and no stopped agent deploy', async () => {
    const fleet = await deployFleet();
    await fleet.as('boss', ['session', 'start', '--role', 'orchestrator']);
    await fleet.as('will', ['session', 'start', '--role', 'worker'], { env: { COORD_SESSION: 'w' } });
    const worker = await fleet.as('will', ['deploy', 'prod', '--json', '--', ...LEAVE_WORD], {
      env: { OUT: fleet.box.path('out') },
    });
    expect(worker.json().error).toMatchObject({ exit: 6, details: { reason: 'role' } });
    await fleet.as('noor', ['claim', '@x']);
    await fleet.as('boss', ['agent', 'kill', 'noor', '--reason', 'loops']);
    const killed = await fleet.as('noor', ['deploy', 'prod', '--json', '--', ...LEAVE_WORD], {
      env: { OUT: fleet.box.path('out') },
    });
    expect(killed.json().error).toMatchObject({ exit: 6, details: { reason: 'killed' } });
    expect(existsSync(fleet.box.path('out'))).toBe(false);
    await fleet.as('boss', ['note', 'carries what waits']);
    const blocked = (await fleet.as('boss', ['events', '--type', 'deploy.blocked', '--json'])).json().data.events;
    expect(blocked).toMatchObject([
      { agent: 'will', step: 'agent' },
      { agent: 'noor', step: 'agent' },
    ]);
  });

  it('wants the session that the project requires', async () => {
    const fleet = await deployFleet({ config: { requireSession: true } });
    const closed = await fleet.deploy('maya', [], ['touch', '../out']);
    expect(closed.json().error).toMatchObject({ exit: 6, details: { reason: 'session-required' } });
    expect(existsSync(fleet.box.path('out'))).toBe(false);
  });

  it('is closed without a gate, and by a gate that is closed or not configured; each is recorded', async () => {
    for (const [target, finding] of [
      [{ gates: [] }, 'no gate is configured for prod'],
      [{ gates: ['tests'] }, 'gate tests'],
      [{ gates: ['owner'] }, 'gate owner'],
    ] as const) {
      const fleet = await deployFleet({ gate: ['sh', '-c', 'exit 1'], target });
      const blocked = await fleet.deploy('maya', [], ['touch', '../out']);
      expect(blocked.code).toBe(6);
      if (finding === 'gate tests') expect(blocked.json().error.hint).toMatch(/^sh -c 'exit 1' shows why/);
      expect(blocked.json().error.message).toContain(finding);
      expect(existsSync(fleet.box.path('out'))).toBe(false);
      const { deployments } = (await fleet.as('maya', ['deploy', 'list', '--json'])).json().data;
      expect(deployments).toMatchObject([{ status: 'blocked', step: 'gates' }]);
      expect(deployments[0].why).toContain(finding);
    }
  });

  it('reads gates and main branch from the remote, whatever the copy here says', async () => {
    const fleet = await deployFleet({ gate: ['false'] });
    const { box, clone } = fleet;
    const mine = {
      remote: 'origin',
      share: true,
      mainBranch: 'mine',
      gates: { tests: { type: 'command', command: ['true'] } },
      deploy: { prod: { gates: ['tests'] } },
    };
    box.git(clone, 'switch', '--quiet', '-c', 'mine');
    box.commit(clone, 'coord.config.json', JSON.stringify(mine));
    box.git(clone, 'push', '--quiet', 'origin', 'mine');
    box.git(clone, 'fetch', '--quiet');
    expect((await fleet.deploy('maya', [], ['touch', '../out'])).code).toBe(6);
    for (const change of [{ ref: 'refs/coord/other' }, { remote: 'mine' }, { share: false }]) {
      box.commit(clone, 'coord.config.json', JSON.stringify({ ...mine, ...change }));
      expect((await fleet.deploy('maya', [], ['touch', '../out'])).code).toBe(6);
    }
    expect(existsSync(box.path('out'))).toBe(false);
  });

  it('is refused while another deploys, and waits when asked to', async () => {
    const fleet = await deployFleet();
    const other = fleet.box.clone(fleet.remote);
    const first = fleet.deploy('maya', [], [process.execPath, '-e', WAIT_FOR_GO]);
    await until(async () => existsSync(fleet.box.path('running')), 'the first program runs');
    for (const agent of ['maya', 'noor']) {
      const refused = await fleet.deploy(agent, [], ['touch', '../out'], other);
      expect(refused.json().error).toMatchObject({ exit: 3, details: { reason: 'held' } });
      expect(refused.json().error.hint).toContain('coord deploy prod --wait');
    }
    const tired = (await fleet.deploy('omar', ['--wait=1s'], ['touch', '../out'], other)).json().error;
    expect([tired.exit, tired.hint]).toEqual([9, 'coord deploy prod --wait -- touch ../out']);
    const again = fleet.deploy('maya', ['--wait=1m'], ['sh', '-c', 'echo own >> ../own'], other);
    const waiting = fleet.deploy('noor', ['--wait=1m'], ['sh', '-c', 'echo second >> ../order'], other);
    const queued = async () => (await fleet.as('omar', ['status', '--json'])).json().data.waiters.length > 0;
    await until(queued, 'the second waits in the queue');
    fleet.box.write(fleet.box.directory, 'go', '');
    expect((await first).code).toBe(0);
    expect((await waiting).code).toBe(0);
    expect((await again).code).toBe(0);
    expect(fleet.box.read('own')).toBe('own\n');
    expect(fleet.box.read('order')).toBe('second\n');
  });

  it('is refused while it is behind, unclean, unpushed, or cannot know', async () => {
    const fleet = await deployFleet();
    const { box, clone } = fleet;
    const other = box.clone(fleet.remote);
    const reason = async () => {
      const blocked = await fleet.deploy('maya', [], ['touch', '../out']);
      return [blocked.code, blocked.json().error?.details.reason];
    };
    fleet.land('src/other.ts', 'x\n', other);
    expect(await reason()).toEqual([5, 'behind']);
    box.git(clone, 'pull', '--quiet', '--rebase');
    box.write(clone, 'src/new.ts', 'x\n');
    expect(await reason()).toEqual([5, 'not-at-commit']);
    box.git(clone, 'clean', '-fdq', 'src');
    box.commit(clone, 'src/mine.ts', 'x\n');
    expect(await reason()).toEqual([5, 'not-pushed']);
    box.git(clone, 'push', '--quiet', 'origin', 'main');
    box.git(clone, 'remote', 'set-url', 'origin', box.path('gone.git'));
    expect(await reason()).toEqual([7, 'fetch-failed']);
    expect(existsSync(box.path('out'))).toBe(false);
  });

  it('takes no file along that no commit has, unless a .gitignore or the configuration lists it', async () => {
    const fleet = await deployFleet({ target: { untracked: ['dist/**'] } });
    const { box, clone } = fleet;
    fleet.land('.gitignore', 'cache/\n');
    for (const file of ['cache/x', 'dist/app.js', 'scratch/maya/x']) box.write(clone, file, 'x\n');
    expect((await fleet.deploy('maya', [], ['true'])).code).toBe(0);
    // What this clone alone excludes is in no commit either.
    box.write(clone, '.git/info/exclude', 'notes.txt\n');
    box.write(clone, 'notes.txt', 'x\n');
    const blocked = (await fleet.deploy('maya', [], ['touch', '../out'])).json().error;
    expect(blocked).toMatchObject({ exit: 5, details: { reason: 'dirty', dirty: ['notes.txt'] } });
    expect(blocked.details.next).toContain('"untracked" of deploy.prod');
    expect(existsSync(box.path('out'))).toBe(false);
  });

  it('deploys what is not pushed where the target does not require it', async () => {
    const fleet = await deployFleet({ target: { requirePushed: false } });
    fleet.box.commit(fleet.clone, 'src/mine.ts', 'x\n');
    expect((await fleet.deploy('maya', [], ['true'])).code).toBe(0);
  });

  it('cannot be had without a remote', async () => {
    const fleet = await deployFleet();
    fleet.box.git(fleet.clone, 'remote', 'remove', 'origin');
    const blocked = await fleet.deploy('maya', [], ['touch', '../out']);
    expect([blocked.code, existsSync(fleet.box.path('out'))]).toEqual([7, false]);
  });

  it('takes nothing back silently: it names the commits that HEAD lacks of what runs', async () => {
    const fleet = await deployFleet();
    const { box, clone, remote } = fleet;
    const base = box.git(clone, 'rev-parse', 'HEAD');
    const lost = fleet.land('src/feature.ts');
    expect((await fleet.deploy('maya', [], ['true'])).code).toBe(0);
    // Main is rewritten; what runs is left on another branch only.
    box.git(clone, 'push', '--quiet', 'origin', `${lost}:refs/heads/kept`, `+${base}:refs/heads/main`);
    const other = box.clone(remote, { args: ['--single-branch'] });
    const blocked = await fleet.deploy('noor', [], ['touch', '../out'], other);
    expect(blocked.json().error).toMatchObject({ exit: 5, details: { reason: 'would-undo' } });
    expect(blocked.json().error.details.undone[0].newest).toMatchObject([
      { commit: lost, author: 'Test Person', subject: 'change src/feature.ts' },
    ]);
    box.git(remote, 'update-ref', '-d', 'refs/heads/kept');
    box.git(remote, '-c', 'gc.pruneExpire=now', 'gc', '--quiet', '--prune=now');
    const third = box.clone(remote);
    const unknown = await fleet.deploy('noor', [], ['touch', '../out'], third);
    expect(unknown.json().error).toMatchObject({ exit: 7, details: { reason: 'unknown-commit' } });
    expect(existsSync(box.path('out'))).toBe(false);
  });

  it('goes back openly: to what ran before, with a reason, at that commit', async () => {
    const fleet = await deployFleet();
    const { box, clone } = fleet;
    const first = box.git(clone, 'rev-parse', 'HEAD');
    await fleet.deploy('maya', [], ['true']);
    const second = fleet.land('src/bad.ts');
    await fleet.deploy('maya', [], ['true']);
    const back = ['--rollback-to', first, '--reason', 'login is broken'];
    const elsewhere = await fleet.deploy('maya', back, ['touch', '../out']);
    expect(elsewhere.json().error).toMatchObject({
      exit: 5,
      hint: `git switch --detach ${first.slice(0, 7)}`,
    });
    box.git(clone, 'switch', '--quiet', '--detach', first);
    const silent = await fleet.deploy('maya', [], ['touch', '../out']);
    expect(silent.code).toBe(5);
    expect((await fleet.deploy('maya', ['--rollback-to', first], ['true'])).code).toBe(2);
    const done = await fleet.deploy('maya', back, ['sh', '-c', 'echo $COORD_COMMIT > ../out']);
    expect(done.code).toBe(0);
    expect(box.read('out')).toBe(`${first}\n`);
    expect(done.json().data.deployment).toMatchObject({
      action: 'rollback',
      commit: first,
      previous: second,
      rollback: { reason: 'login is broken' },
      gates: [{ action: 'rollback' }],
    });
    box.git(clone, 'switch', '--quiet', 'main');
    expect((await fleet.deploy('maya', [], ['true'])).code).toBe(0);
  });

  it('goes back to nothing that never ran, nor to no commit', async () => {
    const fleet = await deployFleet();
    await fleet.deploy('maya', [], ['true']);
    const never = fleet.land('src/later.ts');
    const attempt = async (commit: string) =>
      fleet.deploy('maya', ['--rollback-to', commit, '--reason', 'x'], ['true']);
    expect((await attempt(never)).json().error).toMatchObject({ exit: 2, details: { reason: 'never-ran' } });
    expect((await attempt('no-such-commit')).code).toBe(2);
    expect((await attempt('--all')).code).toBe(2);
  });

  it('is stopped by the second check when main moves after the first', async () => {
    const fleet = await deployFleet();
    const { box, clone, remote } = fleet;
    const next = box.commit(clone, 'src/next.ts', 'x\n');
    box.git(clone, 'push', '--quiet', 'origin', `${next}:refs/heads/next`);
    box.git(clone, 'reset', '--quiet', '--hard', 'HEAD~1');
    onCoordinationPush(box, remote, 'runs its program', 'git update-ref refs/heads/main refs/heads/next');
    const blocked = await fleet.deploy('maya', [], ['touch', '../out']);
    expect(blocked.code).toBe(5);
    expect(existsSync(box.path('out'))).toBe(false);
    const { live, deployments } = (await fleet.as('maya', ['deploy', 'list', '--json'])).json().data;
    expect(deployments).toMatchObject([{ status: 'blocked', step: 'recheck', exit: null }]);
    expect(live).toMatchObject([{ commit: null, perhaps: [], unknown: [] }]);
    expect((await fleet.as('maya', ['status', '--json'])).json().data.claims).toEqual([]);
  });

  it('stops its program when the claim is lost, and says so on the record', async () => {
    const fleet = await deployFleet();
    const { box } = fleet;
    const other = box.clone(fleet.remote);
    await fleet.as('boss', ['session', 'start', '--role', 'orchestrator'], { cwd: other });
    const running = fleet.deploy('maya', [], [process.execPath, '-e', RUN_UNTIL_STOPPED]);
    await until(async () => existsSync(box.path('running')), 'the program runs');
    const takeOver = ['claim', '@deploy/prod', '--take-over', '--reason', 'wrong day'];
    const typed = await fleet.as('boss', [...takeOver, '--json'], { cwd: other });
    expect(typed.json().error).toMatchObject({ exit: 2, hint: 'coord help deploy' });
    const killed = await fleet.as('boss', ['agent', 'kill', 'maya', '--reason', 'wrong day'], { cwd: other });
    expect(killed.code).toBe(0);
    // The holder asks the remote when it renews, or when its branch moves.
    box.git(fleet.clone, 'fetch', '--quiet', 'origin', 'refs/coord/state:refs/coord/state');
    const lost = await running;
    expect(lost.json().error).toMatchObject({ exit: 4, details: { reason: 'lost' } });
    expect(box.read('stopped')).toBe('stopped\n');
    const { live, deployments } = (await fleet.as('maya', ['deploy', 'list', '--json'])).json().data;
    expect(deployments).toMatchObject([{ status: 'failed', step: 'run', exit: 1 }]);
    expect(deployments[0].why).toContain('lost');
    expect(live).toMatchObject([{ commit: null, perhaps: [{ deploy: deployments[0].id }] }]);
  });
});

describe('a deploy to a target with a live URL', () => {
  it('is done only when the live URL shows the commit', async () => {
    let shown = 'nothing';
    const { origin } = await endpoint((response) => response.end(shown));
    const verify = { url: `${origin}/version`, interval: '1ms', timeout: '5ms' };
    const fleet = await deployFleet({ target: { verify } });
    const { box, clone } = fleet;
    const first = box.git(clone, 'rev-parse', 'HEAD');
    shown = first;
    const done = await fleet.deploy('maya', [], ['true']);
    expect(done.json().data.deployment).toMatchObject({ status: 'done', verification: { ok: true, seen: first } });
    const second = fleet.land('src/second.ts');
    const old = await fleet.deploy('maya', [], ['true']);
    expect(old.json().error).toMatchObject({
      exit: 5,
      details: { reason: 'old-version', seen: first, commit: second },
    });
    const { live, deployments } = (await fleet.as('maya', ['deploy', 'list', '--json'])).json().data;
    expect(live).toMatchObject([{ commit: first, perhaps: [{ commit: second }] }]);
    expect(deployments[1]).toMatchObject({ status: 'failed', step: 'verify', exit: 0, verification: { ok: false } });
    expect((await fleet.as('maya', ['deploy', 'show', deployments[1].id])).stdout).toContain('does not show it');
    shown = second;
    expect((await fleet.deploy('maya', [], ['true'])).code).toBe(0);
  });

  it('is not done when what it shows cannot be known, and nothing is run where it can never be', async () => {
    const url = `http://127.0.0.1:${await deafPort()}/`;
    const fleet = await deployFleet({ target: { verify: { url, timeout: '1ms' } } });
    const unknown = await fleet.deploy('maya', [], ['true']);
    expect(unknown.code).toBe(7);
    const { deployments } = (await fleet.as('maya', ['deploy', 'list', '--json'])).json().data;
    expect(deployments).toMatchObject([{ status: 'failed', step: 'verify', exit: 0 }]);
    const odd = await deployFleet({ target: { verify: { url: 'ftp://app.example/version' } } });
    expect([(await odd.deploy('maya', [], ['touch', '../out'])).code, existsSync(odd.box.path('out'))]).toEqual([
      2,
      false,
    ]);
  });

  it('ends its look when it is told to stop, or has lost the claim', async () => {
    const fleets = [];
    for (const end of ['stop', 'release'] as const) {
      let asked = false;
      const { origin } = await endpoint((response) => {
        asked = true;
        response.end('something else');
      });
      const fleet = await deployFleet({ target: { verify: { url: origin, interval: '1h', timeout: '9h' } } });
      const running = startCoord(fleet, ['deploy', 'prod', '--', 'true']);
      await until(() => new Promise((resolve) => setImmediate(() => resolve(asked))), 'the URL is asked');
      if (end === 'stop') running.child.kill('SIGINT');
      else await fleet.as('maya', ['release', '@deploy/prod']);
      expect(await running.ended).toBe(end === 'stop' ? 9 : 4);
      fleets.push((await fleet.as('maya', ['deploy', 'list', '--json'])).json().data.deployments);
    }
    expect(fleets).toMatchObject([[{ status: 'failed', step: 'verify' }], [{ status: 'failed', step: 'verify' }]]);
  });
});

describe('a deploy that is told to stop', () => {
  it('passes the signal on to its program, and records how that ended', async () => {
    const fleet = await deployFleet();
    const { box, clone } = fleet;
    const running = startCoord(fleet, ['deploy', 'prod', '--', process.execPath, '-e', RUN_UNTIL_STOPPED]);
    await until(async () => existsSync(box.path('running')), 'the program runs');
    running.child.kill('SIGTERM');
    expect(await running.ended).toBe(1);
    expect(box.read('stopped')).toBe('stopped\n');
    const { live, deployments } = (await fleet.as('maya', ['deploy', 'list', '--json'], { cwd: clone })).json().data;
    expect(deployments).toMatchObject([{ status: 'failed', exit: 1 }]);
    expect(live).toMatchObject([{ commit: null, perhaps: [{}] }]);
    expect((await fleet.as('maya', ['status', '--json'])).json().data.claims).toEqual([]);
  });

  it('before its program starts nothing, and gives the claim back', async () => {
    const fleet = await deployFleet();
    const pid = fleet.box.path('pid');
    onCoordinationPush(fleet.box, fleet.remote, 'begins', `kill -TERM "$(cat '${pid}')"`);
    const stopped = startCoord(fleet, ['deploy', 'prod', '--', 'touch', '../out']);
    fleet.box.write(fleet.box.directory, 'pid', String(stopped.child.pid));
    expect(await stopped.ended).toBe(9);
    expect(existsSync(fleet.box.path('out'))).toBe(false);
    const { deployments } = (await fleet.as('maya', ['deploy', 'list', '--json'])).json().data;
    expect(deployments).toMatchObject([{ status: 'blocked', why: expect.stringContaining('SIGTERM') }]);
    expect((await fleet.as('maya', ['status', '--json'])).json().data.claims).toEqual([]);
  });

  it('since its agent was stopped has its program stopped, and says so on the record', async () => {
    const fleet = await deployFleet();
    const { box } = fleet;
    await fleet.as('boss', ['session', 'start', '--role', 'orchestrator']);
    const running = fleet.deploy('maya', [], [process.execPath, '-e', RUN_UNTIL_STOPPED]);
    await until(async () => existsSync(box.path('running')), 'the program runs');
    expect((await fleet.as('boss', ['agent', 'kill', 'maya', '--reason', 'loops'])).code).toBe(0);
    expect((await running).json().error).toMatchObject({ exit: 4, details: { reason: 'lost' } });
    const { deployments } = (await fleet.as('boss', ['deploy', 'list', '--json'])).json().data;
    expect(deployments).toMatchObject([{ status: 'failed', step: 'run', exit: 1, agent: 'maya' }]);
  });
});

describe('a deploy and other commands of its agent', () => {
  it('goes on while all else is given back, and says so to whoever would stop it', async () => {
    const fleet = await deployFleet();
    const { box } = fleet;
    await fleet.as('maya', ['session', 'start']);
    await fleet.as('maya', ['claim', 'src/api']);
    const deploying = fleet.deploy('maya', [], [process.execPath, '-e', WAIT_FOR_GO]);
    await until(async () => existsSync(box.path('running')), 'the program runs');
    const all = await fleet.as('maya', ['release', '--all', '--json']);
    expect(all.json().error).toMatchObject({ exit: 3, details: { reason: 'deploying' } });
    expect(all.json().error.details.alternative.command).toBe('coord release @deploy/prod');
    const ended = await fleet.as('maya', ['session', 'end', '--json']);
    expect([ended.code, ended.stderr]).toEqual([0, expect.stringContaining('your deploy runs under it')]);
    expect(ended.json().data.released.map(({ target }: { target: string }) => target)).toEqual(['src/api/**']);
    box.write(box.directory, 'go', '');
    expect((await deploying).json().data.deployment).toMatchObject({ status: 'done', exit: 0 });
  });

  it('is told apart from the deploy of another, with what to run once it is known to be dead', async () => {
    const fleet = await deployFleet();
    expect((await fleet.as('maya', ['deploy', 'prod', '--', 'sh', '-c', 'kill -9 $PPID'])).code).toBe(128);
    const again = (await fleet.deploy('maya', [], ['true'])).json().error;
    expect(again).toMatchObject({ exit: 3, message: expect.stringContaining('your own deploy of ') });
    expect(again.hint).toBe('coord deploy prod --wait --retry -- true');
    expect(again.details.next).toBe(`if it was killed: ${again.hint}`);
    const plan = (await fleet.deploy('maya', ['--dry-run'], ['true'])).json().data;
    expect(plan.blockers).toMatchObject([{ step: 'claim', hint: again.details.next }]);
    const other = (await fleet.deploy('noor', [], ['true'])).json().error;
    expect([other.message, other.hint]).toEqual([
      expect.stringContaining('held by maya'),
      'coord deploy prod --wait -- true',
    ]);
  });

  it('records its end once the remote is back, while its claim holds', async () => {
    const fleet = await deployFleet();
    const { box, clone } = fleet;
    const folder = box.path('failing');
    const broken = box.path('broken');
    const real = box.env.PATH?.split(':').find((each) => existsSync(`${each}/git`));
    // Network commands fail five times once the program has run, as if the remote could not be reached.
    const wrapper = [
      '#!/bin/sh',
      `if [ -s '${broken}' ]; then case " $* " in *' push '*|*' fetch '*|*' ls-remote '*)`,
      `  sed -i 1d '${broken}'; exit 128;; esac; fi`,
      `exec '${real}/git' "$@"`,
    ];
    chmodSync(box.write(folder, 'git', `${wrapper.join('\n')}\n`), 0o755);
    const words = ['deploy', 'prod', '--json', '--', 'sh', '-c', `printf '1\n2\n3\n4\n5\n' > '${broken}'`];
    const done = await fleet.as('maya', words, { cwd: clone, env: { PATH: `${folder}:${box.env.PATH}` } });
    expect([done.code, done.stderr]).toEqual([0, expect.stringContaining('the end could not be recorded yet')]);
    expect(done.json().data.deployment).toMatchObject({ status: 'done', exit: 0 });
    const { live } = (await fleet.as('noor', ['deploy', 'list', '--json'])).json().data;
    expect(live).toMatchObject([{ agent: 'maya', perhaps: [], unknown: [] }]);
  });
});

describe('a deploy that is killed', () => {
  it('at its gate leaves nothing behind', async () => {
    const fleet = await deployFleet({ gate: ['sh', '-c', '[ -e ../killed ] || { touch ../killed; kill -9 $PPID; }'] });
    const killed = await fleet.deploy('maya', [], ['touch', '../out']);
    expect([killed.code, killed.stdout]).toEqual([128, '']);
    expect((await fleet.deploy('noor', [], ['true'])).code).toBe(0);
  });

  it('once it holds the claim and before its program leaves word that nothing was run', async () => {
    const fleet = await deployFleet();
    await killedOn(fleet, 'begins', ['deploy', 'prod', '--', 'touch', '../out']);
    const before = (await fleet.as('maya', ['deploy', 'list', '--json'])).json().data;
    expect(before.deployments).toMatchObject([{ status: 'running', step: 'claim' }]);
    expect((await fleet.deploy('maya', [], ['true'])).code).toBe(3);
    const { deploy, list } = anHourLater(fleet);
    expect((await deploy([], ['true'])).code).toBe(0);
    const { deployments, live } = await list();
    const [first] = deployments;
    expect(first).toMatchObject({ status: 'failed', why: expect.stringContaining('its program had not started') });
    expect(live).toMatchObject([{ perhaps: [], unknown: [] }]);
  });

  it.each(['runs its program', 'the program'])('at "%s" is unknown, and never taken for done', async (step) => {
    const fleet = await deployFleet();
    const { box, clone } = fleet;
    const first = fleet.box.git(clone, 'rev-parse', 'HEAD');
    expect((await fleet.deploy('maya', [], ['true'])).code).toBe(0);
    const second = fleet.land('src/second.ts');
    const command = step === 'the program' ? ['sh', '-c', 'kill -9 $PPID'] : ['touch', '../out'];
    const args = ['deploy', 'prod', '--', ...command];
    if (step === 'the program') expect((await fleet.as('maya', args)).code).toBe(128);
    else await killedOn(fleet, step, args);
    expect((await fleet.deploy('maya', [], ['touch', '../out2'])).code).toBe(3);
    const { deploy, list } = anHourLater(fleet);
    const unknown = await deploy([], ['touch', '../out2']);
    expect(unknown.json().error).toMatchObject({ exit: 7, details: { reason: 'unknown-deploy' } });
    expect(unknown.json().error.message).toContain(`may run ${first.slice(0, 7)} or ${second.slice(0, 7)}`);
    expect(unknown.json().error.details.alternative.command).toBe('coord deploy prod --retry -- touch ../out2');
    const plan = (await deploy(['--dry-run'], ['true'])).json().data;
    expect(plan.blockers).toMatchObject([{ step: 'claim', code: 'unavailable' }]);
    expect((await deploy(['--dry-run'], [])).json().error.details.alternative.command).toBe(
      'coord deploy prod --retry -- PROGRAM',
    );
    expect(existsSync(box.path('out2'))).toBe(false);
    const { live } = await list();
    expect(live).toMatchObject([{ commit: first, unknown: [expect.any(String)] }]);
    box.git(clone, 'switch', '--quiet', '--detach', first);
    const back = ['--retry', '--rollback-to', first, '--reason', 'unsure'];
    expect((await deploy(back, ['sh', '-c', 'exit 1'])).code).toBe(1);
    box.git(clone, 'switch', '--quiet', 'main');
    expect((await deploy([], ['true'])).code).toBe(0);
    const after = await list();
    expect(after.live).toMatchObject([{ commit: second, perhaps: [], unknown: [] }]);
    expect(after.deployments.map(({ status }: { status: string }) => status)).toEqual(
      expect.arrayContaining(['done', 'unknown', 'failed', 'done']),
    );
  });

  it('after its record needs nothing more', async () => {
    const fleet = await deployFleet();
    await killedOn(fleet, ' done', ['deploy', 'prod', '--', 'true']);
    const { live } = (await fleet.as('maya', ['deploy', 'list', '--json'])).json().data;
    expect(live).toMatchObject([{ agent: 'maya', unknown: [], running: [] }]);
    expect((await fleet.deploy('noor', [], ['true'])).code).toBe(0);
  });
});

describe('coord deploy --dry-run', () => {
  it('shows every step and all blockers, runs nothing, and records nothing', async () => {
    const fleet = await deployFleet({ gate: ['sh', '-c', 'test -e ../open || { touch ../gate; exit 1; }'] });
    const { box, clone } = fleet;
    box.write(box.directory, 'open', '');
    const deploying = fleet.deploy('noor', [], [process.execPath, '-e', WAIT_FOR_GO]);
    await until(async () => existsSync(box.path('running')), 'the program runs');
    rmSync(box.path('open'));
    const other = box.clone(fleet.remote);
    fleet.land('src/other.ts', 'x\n', other);
    const before = historyOf(fleet);
    const plan = await fleet.deploy('maya', ['--dry-run'], ['touch', '../out']);
    expect(plan.code).toBe(3);
    expect(plan.json()).toMatchObject({ ok: false, error: { code: 'held', exit: 3 } });
    expect(plan.json().data).toMatchObject({ ready: false, target: 'prod', action: 'deploy' });
    const blocked = plan.json().data.blockers.map(({ step, code }: { step: string; code: string }) => [step, code]);
    expect(blocked).toEqual([
      ['claim', 'held'],
      ['sync', 'behind'],
    ]);
    expect(plan.json().data.blockers[0].hint).toBe('coord deploy prod --wait -- touch ../out');
    expect([existsSync(box.path('out')), existsSync(box.path('gate'))]).toEqual([false, false]);
    const asked = await fleet.deploy('maya', ['--dry-run', '--check-gates'], ['touch', '../out']);
    expect([asked.code, existsSync(box.path('gate'))]).toEqual([6, true]);
    box.git(clone, 'pull', '--quiet', '--rebase');
    box.write(box.directory, 'go', '');
    expect((await deploying).code).toBe(0);
    expect((await fleet.as('maya', ['deploy', 'prod', '--dry-run'])).code).toBe(0);
    expect(historyOf(fleet).endsWith(before)).toBe(true);
    const { deployments } = (await fleet.as('maya', ['deploy', 'list', '--json'])).json().data;
    expect(deployments).toMatchObject([{ agent: 'noor' }]);
  });
});

describe('bad input to coord deploy', () => {
  it('is a usage error before anything is run', async () => {
    const fleet = await deployFleet();
    const code = async (...args: string[]) => (await fleet.as('maya', ['deploy', ...args])).code;
    expect(await code('prod')).toBe(2);
    expect(await code('prod', '--')).toBe(2);
    expect(await code('--', 'true')).toBe(2);
    expect(await code('prod', '--reason', 'x', '--', 'true')).toBe(2);
    expect(await code('prod', '--check-gates', '--', 'true')).toBe(2);
    expect(await code('prod', '--ttl', '9h', '--', 'true')).toBe(2);
    for (const name of [
      'prd',
      '__proto__',
      'constructor',
      '',
      '../prod',
      'a b',
      '*',
      '-prod',
      'prod\n',
      '@deploy/prod',
    ]) {
      expect([name, await code(name, '--', 'touch', '../out')]).toEqual([name, 2]);
    }
    const unknown = await fleet.as('maya', ['deploy', 'prd', '--json', '--', 'true']);
    expect(unknown.json().error).toMatchObject({ hint: 'did you mean prod?', details: { known: ['prod'] } });
    expect(existsSync(fleet.box.path('out'))).toBe(false);
  });

  it('is a target whose name no claim can have, and a configuration that cannot be read', async () => {
    const fleet = await deployFleet({
      config: { deploy: { 'a b': { gates: ['tests'] }, '-x': { gates: ['tests'] } } },
    });
    for (const name of ['a b', '*']) {
      const { code, stderr } = await fleet.as('maya', ['deploy', name, '--', 'touch', '../out']);
      expect([code, stderr]).toEqual([2, expect.stringContaining('deploy target')]);
    }
    fleet.land('coord.config.json', '{ "gates": 3 }');
    fleet.box.git(fleet.clone, 'checkout', '--quiet', 'HEAD~1', '--', 'coord.config.json');
    const broken = await fleet.deploy('maya', [], ['touch', '../out']);
    expect(broken.json().error).toMatchObject({ exit: 2, message: expect.stringContaining('origin/main') });
    for (const words of [
      ['gate', 'list'],
      ['gate', 'show', 'tests'],
      ['deploy', 'verify', 'prod'],
    ]) {
      const { error } = (await fleet.as('maya', [...words, '--json'])).json();
      expect([error.message, error.hint]).toEqual([
        expect.stringMatching(/^on origin\/main: /),
        'fix coord.config.json on origin/main',
      ]);
    }
    expect(existsSync(fleet.box.path('out'))).toBe(false);
  });
});

describe('a target and the verbs of coord deploy', () => {
  it('are told apart: a word that is a verb is never a target, and one that is only like it may be', async () => {
    const fleet = await deployFleet({ config: { deploy: { shop: { gates: ['tests'] } } } });
    for (const verb of ['list', 'show', 'verify']) {
      const meant = await fleet.as('maya', ['deploy', verb, '--json', '--', 'touch', '../out']);
      const message = `coord deploy ${verb} runs no program: ${verb} is a verb of coord deploy`;
      expect(meant.json().error).toMatchObject({ exit: 2, message: expect.stringContaining(message) });
    }
    expect(existsSync(fleet.box.path('out'))).toBe(false);
    expect((await fleet.as('maya', ['deploy', '--json', 'list'])).json().command).toBe('deploy list');
    const stray = await fleet.as('maya', ['deploy', '--wait', 'list', '--json', '--', 'touch', '../out']);
    expect(stray.json().error).toMatchObject({ exit: 2, message: '--wait is not an option of coord deploy list' });
    expect((await fleet.as('maya', ['deploy', 'shop', '--', 'true'])).code).toBe(0);
    fleet.land('coord.config.json', JSON.stringify({ deploy: { list: { gates: [] } } }));
    const named = await fleet.as('maya', ['deploy', 'list']);
    expect([named.code, named.stderr]).toEqual([2, expect.stringContaining('it is a verb of coord deploy')]);
  });
});

describe('--json-stream', () => {
  it('gives a line a step, and the usual object last; the program writes to standard error', async () => {
    const fleet = await deployFleet();
    const { stdout, stderr, code } = await fleet.as('maya', ['deploy', 'prod', '--json-stream', '--', 'echo', 'hello']);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect([code, stderr]).toEqual([0, expect.stringContaining('hello\n')]);
    expect(lines.at(-1)).toMatchObject({ command: 'deploy', ok: true, data: { deployment: { status: 'done' } } });
    const steps = lines.slice(0, -1);
    for (const line of steps)
      expect(line).toMatchObject({ schema: 'coord/1', step: expect.any(String), at: expect.any(String) });
    expect(steps.filter(({ status }) => status === 'ok').map(({ step }) => step)).toEqual([
      ...['agent', 'gates', 'claim', 'sync', 'pushed', 'contains', 'recheck', 'run', 'record'],
    ]);
  });
});
