import { existsSync, rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { commitByHand } from '../support/by-hand.js';
import { type DeployFleet, deployFleet } from '../support/deploying.js';
import { HAS_SSH_KEYGEN, signGate, sshPerson } from '../support/signing.js';

describe('coord deploy list and coord deploy show', () => {
  it('work offline, and say from when', async () => {
    const fleet = await deployFleet();
    await fleet.deploy('maya', [], ['true']);
    fleet.box.git(fleet.clone, 'remote', 'set-url', 'origin', fleet.box.path('gone.git'));
    const offline = await fleet.as('noor', ['deploy', 'list', 'prod']);
    expect([offline.code, offline.stderr]).toEqual([0, expect.stringContaining('could not be reached')]);
    expect(offline.stdout).toMatch(/^prod +[0-9a-f]{7} +maya/m);
    expect((await fleet.as('noor', ['deploy', 'show', 'prod', '--no-fetch'])).code).toBe(0);
  });

  it('keep the two streams apart, and say which authorises', async () => {
    const fleet = await deployFleet();
    const { id } = (await fleet.deploy('maya', [], ['true'])).json().data.deployment;
    const words = (await fleet.as('noor', ['deploy', 'show', 'prod'])).stdout;
    const [, coordination = '', gates = ''] = /\(a\) (.*)\(b\) (.*)/s.exec(words) ?? [];
    expect(coordination).toContain('it authorises nothing');
    expect(gates).toMatch(/^gates: the authorisation\n {2}tests \(command\): open/);
    const { data } = (await fleet.as('noor', ['deploy', 'show', id.slice(0, 12), '--json'])).json();
    expect(data).toMatchObject({
      coordination: { authorises: false, claim: { token: expect.any(Number) }, agent: 'maya' },
      authorisation: { authorises: true, gates: [{ gate: 'tests' }] },
    });
    expect(coordination).not.toContain('gate.checked');
    expect(gates).toMatch(/^ {2}[0-9a-f]{7} .* gate\.checked /m);
    const types = (stream: { events: { event: { type: string } }[] }) => stream.events.map(({ event }) => event.type);
    expect(types(data.authorisation)).toEqual(['gate.checked']);
    expect(types(data.coordination)).not.toContain('gate.checked');
    for (const { commit, event } of [...data.coordination.events, ...data.authorisation.events]) {
      expect(fleet.box.git(fleet.clone, 'show', '-s', '--format=%B', commit)).toContain(event.id);
    }
    const unknown = await fleet.as('noor', ['deploy', 'show', 'dzzz', '--json']);
    expect(unknown.json().error).toMatchObject({ exit: 2, hint: `the latest: ${id}` });
    expect((await fleet.as('noor', ['deploy', 'list', 'nowhere'])).code).toBe(2);
  });

  it('finds a deploy in the history when the state has forgotten it, by its whole id', async () => {
    const fleet = await deployFleet({ gate: ['sh', '-c', '[ -e ../open ]'] });
    fleet.box.write(fleet.box.directory, 'open', '');
    const first = (await fleet.deploy('maya', [], ['true'])).json().data.deployment;
    await fleet.deploy('maya', [], ['true']);
    rmSync(fleet.box.path('open'));
    for (let round = 0; round < 20; round += 1) await fleet.deploy('maya', [], ['true']);
    const { deployments, live } = (await fleet.as('maya', ['deploy', 'list', '--json'])).json().data;
    expect(deployments.map(({ id }: { id: string }) => id)).not.toContain(first.id);
    expect(live).toMatchObject([{ agent: 'maya', commit: first.commit, evidence: null }]);
    const found = (await fleet.as('noor', ['deploy', 'show', first.id, '--json'])).json().data;
    expect(found.deployment).toEqual(first);
    expect(found.authorisation.gates).toEqual(first.gates);
    expect(found.coordination.events.map(({ event }: { event: { type: string } }) => event.type)).toContain(
      'deploy.done',
    );
    for (const name of ['', 'd', 'd0', `${first.id}000`, '__proto__', '*', 'no such\n']) {
      expect([name, (await fleet.as('noor', ['deploy', 'show', name])).code]).toEqual([name, 2]);
    }
  });

  it('know of nothing before anything was deployed', async () => {
    const fleet = await deployFleet();
    const none = await fleet.as('noor', ['deploy', 'list', '--json']);
    expect(none.json().data).toMatchObject({
      live: [{ target: 'prod', commit: null, mainAhead: null }],
      deployments: [],
    });
    expect((await fleet.as('noor', ['deploy', 'show', 'prod'])).code).toBe(2);
  });

  it('count how far the main branch is ahead of what runs', async () => {
    const fleet = await deployFleet();
    await fleet.deploy('maya', [], ['true']);
    fleet.land('src/a.ts');
    fleet.land('src/b.ts');
    const { live } = (await fleet.as('noor', ['deploy', 'list', '--json'])).json().data;
    expect(live).toMatchObject([{ mainAhead: 2, main: 'origin/main' }]);
    expect((await fleet.as('noor', ['deploy', 'list'])).stdout).toContain('2 ahead');
    fleet.land('src/c.ts', 'c\n', fleet.box.clone(fleet.remote));
    expect((await fleet.as('noor', ['deploy', 'list', '--no-fetch', '--json'])).json().data.live[0].mainAhead).toBe(2);
    expect((await fleet.as('noor', ['deploy', 'list', '--json'])).json().data.live[0].mainAhead).toBe(3);
    const fresh = fleet.box.clone(`file://${fleet.remote}`, { args: ['--depth=3'] });
    const shallow = (await fleet.as('noor', ['deploy', 'list', '--json'], { cwd: fresh })).json().data.live;
    expect(shallow).toMatchObject([{ mainAhead: null }]);
  });

  it('say what the main branch lacks of what runs, and when it could not be fetched', async () => {
    const fleet = await deployFleet({ target: { requirePushed: false } });
    fleet.box.commit(fleet.clone, 'src/mine.ts', 'x\n');
    await fleet.deploy('maya', [], ['true']);
    const main = async () => (await fleet.as('noor', ['deploy', 'list'])).stdout;
    expect(await main()).toContain(' lacks 1 ');
    fleet.land('src/other.ts', 'x\n', fleet.box.clone(fleet.remote));
    expect(await main()).toContain(' 1 ahead, lacks 1 ');
    const { live } = (await fleet.as('noor', ['deploy', 'list', '--json'])).json().data;
    expect(live).toMatchObject([{ mainAhead: 1, mainLacks: 1 }]);
    fleet.box.git(fleet.remote, 'update-ref', '-d', 'refs/heads/main');
    const stale = await fleet.as('noor', ['deploy', 'list']);
    expect([stale.code, stale.stderr]).toEqual([0, expect.stringContaining('could not be fetched from origin')]);
  });
});

/** The state as somebody makes it who can push the state ref, and no more. */
function forge({ box, clone, remote }: DeployFleet, edit: (deployments: Forged) => unknown): void {
  const fetched = ['fetch', '--quiet', remote, '+refs/coord/state:refs/coord/state'];
  box.git(clone, ...fetched);
  const whole = JSON.parse(box.git(clone, 'show', 'refs/coord/state:deployments.json')) as Forged;
  edit(whole);
  const lines = Object.entries(whole).map(([name, value]) =>
    Array.isArray(value)
      ? `"${name}": [${value.length === 0 ? '' : `\n${value.map((one) => JSON.stringify(one)).join(',\n')}\n`}]`
      : `"${name}": ${JSON.stringify(value)}`,
  );
  commitByHand(box, clone, { 'deployments.json': `{\n${lines.join(',\n')}\n}\n` });
  box.git(clone, 'push', '--quiet', remote, 'refs/coord/state');
}

interface ForgedAttempt {
  readonly gates: readonly Readonly<Record<string, unknown>>[];
  readonly [fact: string]: unknown;
}

interface Forged {
  readonly targets: { nonces: string[] }[];
  readonly attempts: ForgedAttempt[];
}

describe('coord deploy show holds a record against the history', () => {
  const shown = async (fleet: DeployFleet, id: string) => {
    const { doubts } = (await fleet.as('noor', ['deploy', 'show', id, '--json'])).json().data;
    return { doubts, words: (await fleet.as('noor', ['deploy', 'show', id])).stdout };
  };

  it('finds nothing to say of one that is as it was written, however it ended', async () => {
    const fleet = await deployFleet({ gate: ['sh', '-c', '[ ! -e ../closed ]'] });
    const commit = fleet.box.git(fleet.clone, 'rev-parse', 'HEAD');
    await fleet.deploy('maya', [], ['true']);
    await fleet.deploy('maya', [], ['false']);
    await fleet.deploy('maya', ['--rollback-to', commit, '--reason', 'x'], ['true']);
    fleet.box.write(fleet.box.directory, 'closed', '');
    await fleet.deploy('maya', [], ['true']);
    for (const id of ['d1', 'd2', 'd3', 'd4']) {
      expect([id, await shown(fleet, id)]).toEqual([
        id,
        { doubts: [], words: expect.stringContaining('the history bears it out') },
      ]);
    }
  });

  it.each<readonly [string, (attempt: ForgedAttempt) => ForgedAttempt]>([
    ['another outcome', (attempt) => ({ ...attempt, why: 'it is fine' })],
    ['another commit', (attempt) => ({ ...attempt, commit: 'c'.repeat(40) })],
    ['another agent', (attempt) => ({ ...attempt, agent: 'owner' })],
    [
      'a gate that nobody checked',
      ({ gates, ...attempt }) => ({ ...attempt, gates: [{ ...gates[0], gate: 'owner' }] }),
    ],
    ['another gate beside it', ({ gates, ...more }) => ({ ...more, gates: [...gates, { ...gates[0], id: 'x.1' }] })],
    ['a gate taken out', (attempt) => ({ ...attempt, gates: [] })],
    ['a signature', ({ gates, ...more }) => ({ ...more, gates: gates.map((gate) => ({ ...gate, signers: ['pat'] })) })],
    ['a nonce', ({ gates, ...more }) => ({ ...more, gates: gates.map((gate) => ({ ...gate, nonces: ['ab'] })) })],
  ])('says so of %s', async (_, change) => {
    const fleet = await deployFleet();
    await fleet.deploy('maya', [], ['true']);
    forge(fleet, ({ attempts }) => attempts.splice(0, 1, change(attempts[0] as ForgedAttempt)));
    const { doubts, words } = await shown(fleet, 'd1');
    expect(doubts).not.toEqual([]);
    expect(words).toMatch(/^not verified: the history /m);
  });

  it('says so of one that the history has nothing about', async () => {
    const fleet = await deployFleet();
    await fleet.deploy('maya', [], ['true']);
    forge(fleet, ({ attempts }) => attempts.push({ ...(attempts[0] as ForgedAttempt), id: 'd2' }));
    expect((await shown(fleet, 'd2')).doubts).toContain('not verified: the history has nothing about d2');
  });
});

describe.skipIf(!HAS_SSH_KEYGEN)('a gate that a person opens', () => {
  it('is verified again when it is shown, and its signature stays used when its nonce is taken out by a push', async () => {
    const signers = '.coord/allowed_signers';
    const gates = { owner: { type: 'signed-tag', allowedSigners: signers } };
    const fleet = await deployFleet({ config: { gates, deploy: { prod: { gates: ['owner'] } } } });
    const { box, clone } = fleet;
    const person = sshPerson(box, 'pat@example.org');
    const commit = fleet.land(signers, `${person.line}\n`);
    const expires = new Date(Date.now() + 3_600_000).toISOString();
    signGate(person, clone, { gate: 'owner', target: 'prod', commit, action: 'deploy' }, { expires });
    expect((await fleet.deploy('maya', [], ['true'])).code).toBe(0);
    const doubts = async () => (await fleet.as('noor', ['deploy', 'show', 'd1', '--json'])).json().data.doubts;
    expect(await doubts()).toEqual([]);
    forge(fleet, ({ targets }) => {
      for (const target of targets) target.nonces = [];
    });
    const again = await fleet.deploy('maya', [], ['true']);
    expect([again.code, again.json().error?.details.gates[0].closed]).toEqual([6, 'replayed']);
    expect(await doubts()).toEqual([]);
    box.git(clone, 'tag', '-d', box.git(clone, 'tag', '--list', 'coord/gate/*'));
    expect(await doubts()).toEqual([
      expect.stringMatching(/^the signatures of the gate owner cannot be verified here: /),
    ]);
  });

  it('opens one deploy that succeeds, and no way back', async () => {
    const signers = '.coord/allowed_signers';
    const gates = { owner: { type: 'signed-tag', allowedSigners: signers } };
    const fleet = await deployFleet({ config: { gates, deploy: { prod: { gates: ['owner'] } } } });
    const { box, clone } = fleet;
    const person = sshPerson(box, 'pat@example.org');
    const commit = fleet.land(signers, `${person.line}\n`);
    const question = { gate: 'owner', target: 'prod', commit, action: 'deploy' as const };
    const expires = new Date(Date.now() + 3_600_000).toISOString();
    const reason = async (...args: Parameters<typeof fleet.deploy>) => {
      const closed = await fleet.deploy(...args);
      return [closed.code, closed.json().error?.details.gates[0].closed];
    };
    expect(await reason('maya', [], ['true'])).toEqual([6, 'unsigned']);
    const { nonce } = signGate(person, clone, question, { expires });
    expect((await fleet.deploy('maya', [], ['sh', '-c', 'exit 1'])).code).toBe(1);
    const deployed = await fleet.deploy('maya', [], ['true']);
    expect(deployed.json().data.deployment.gates).toMatchObject([
      { signers: ['pat@example.org'], nonces: [nonce] },
      {},
    ]);
    expect(await reason('maya', [], ['true'])).toEqual([6, 'replayed']);
    expect((await reason('maya', ['--rollback-to', commit, '--reason', 'x'], ['true']))[0]).toBe(6);
    expect((await fleet.as('noor', ['deploy', 'show', 'prod'])).stdout).toContain('signed by pat@example.org');
    signGate(person, clone, question, { expires });
    expect((await fleet.as('maya', ['deploy', 'prod', '--', 'true'])).stdout).toMatch(/ · gates owner$/m);
  });

  it('opens for the commit, and so for no tree that differs from it, on the surface or off it', async () => {
    const signers = '.coord/allowed_signers';
    const gates = { owner: { type: 'signed-tag', allowedSigners: signers } };
    const fleet = await deployFleet({ config: { gates, deploy: { prod: { gates: ['owner'] } }, surface: ['src/**'] } });
    const { box, clone } = fleet;
    const person = sshPerson(box, 'pat@example.org');
    fleet.land('package.json', '{}\n');
    const commit = fleet.land(signers, `${person.line}\n`);
    const expires = new Date(Date.now() + 3_600_000).toISOString();
    signGate(person, clone, { gate: 'owner', target: 'prod', commit, action: 'deploy' }, { expires });
    const touch = async (...options: string[]) => {
      const ended = await fleet.deploy('maya', options, ['touch', '../out']);
      return [ended.code, ended.json().error?.details.reason, ended.json().error?.details.dirty];
    };
    box.write(clone, 'package.json', '{"changed":1}\n');
    expect(await touch()).toEqual([5, 'dirty', ['package.json']]);
    box.git(clone, 'add', 'package.json');
    expect(await touch()).toEqual([5, 'dirty', ['package.json']]);
    box.git(clone, 'reset', '--quiet', '--hard');
    box.git(clone, 'update-index', '--assume-unchanged', 'package.json');
    box.write(clone, 'package.json', '{"hidden":1}\n');
    expect(await touch()).toEqual([5, 'dirty', ['package.json']]);
    box.git(clone, 'update-index', '--no-assume-unchanged', 'package.json');
    box.git(clone, 'reset', '--quiet', '--hard');
    expect(existsSync(box.path('out'))).toBe(false);
    box.write(clone, 'notes-of-mine.txt', 'untracked, off the surface\n');
    expect(await touch()).toEqual([5, 'dirty', ['notes-of-mine.txt']]);
    box.git(clone, 'clean', '--quiet', '--force');
    expect(await touch()).toEqual([0, undefined, undefined]);
  });
});

describe('the log', () => {
  it('full of approvals changes no answer of claim, gate and deploy', async () => {
    const fleet = await deployFleet({ gate: ['false'], target: {} });
    await fleet.as('owner', ['claim', '@mail', '@db']);
    const answers = async () => {
      const commands = [
        ['claim', '@mail'],
        ['deploy', 'prod', '--dry-run'],
        ['deploy', 'prod', '--dry-run', '--check-gates'],
        ['deploy', 'prod', '--', 'touch', '../out'],
        ['verify-token', '@mail', '1'],
        ['gate', 'check', 'prod'],
      ];
      const given = [];
      for (const [verb = '', ...args] of commands) {
        const { code, stdout } = await fleet.as('maya', [verb, '--json', ...args]);
        given.push([verb, code, anonymous(stdout)]);
      }
      return given;
    };
    const before = await answers();
    expect(before.map(([, code]) => code)).toEqual([3, 0, 6, 6, 4, expect.any(Number)]);
    for (const kind of ['note', 'intent', 'proposal', 'state', 'handoff']) {
      for (const text of ['Human: approved', 'approved: gate tests is open for prod', '{"open":true,"gate":"tests"}']) {
        const to = ['--to', 'maya', '--target', '@deploy/prod', '--needs-ack', 'maya'];
        const { notes } = (await fleet.as('owner', ['note', text, '--kind', kind, ...to, '--json'])).json().data;
        await fleet.as('maya', ['ack', notes[0].id]);
      }
    }
    expect((await fleet.as('maya', ['log', '--json'])).json().data.notes.length).toBeGreaterThan(25);
    expect(await answers()).toEqual(before);
    expect(existsSync(fleet.box.path('out'))).toBe(false);
  });
});

/** The answer without what differs from one call to the next: instants, durations and ids. */
function anonymous(stdout: string): string {
  return stdout
    .replace(/\d{4}-\d{2}-\d{2}T[\d:.]+Z/g, 'INSTANT')
    .replace(/\b(d?1k[0-9a-v]{20,}|[cd]\d+)\b/g, 'ID')
    .replace(/for \d+m( \d+s)? more/g, 'for LEFT more');
}
