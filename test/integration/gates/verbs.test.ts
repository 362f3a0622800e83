import { spawnSync } from 'node:child_process';
import { beforeEach, describe, expect, it } from 'vitest';
import { type GatedRepository, gatedRepository } from '../../support/gates.js';
import { coordInProcess, NOON } from '../../support/in-process.js';
import type { CoordResult } from '../../support/sandbox.js';
import { httpRemote } from '../../support/servers.js';
import { gpgPerson, HAS_GPG, HAS_SSH_KEYGEN, type Person, signGate, sshPerson } from '../../support/signing.js';

const node = (script: string) => [process.execPath, '-e', script];

let gated: GatedRepository;
let maya: Person;

async function publish(config: object, files: Record<string, string> = {}): Promise<void> {
  gated.publish({ ...files, 'coord.config.json': JSON.stringify(config) });
}

/** Runs coord as agent noor. */
const run = (...args: string[]) => gated.run('noor', gated.clone, args);
/** Runs coord as a person at a terminal. */
const asPerson = (...args: string[]): Promise<CoordResult> =>
  coordInProcess(gated.box, gated.clone, args, { now: NOON, person: true });

beforeEach(async () => {
  gated = gatedRepository({});
  const init = await run('init');
  expect(init.code).toBe(0);
  gated.box.git(gated.clone, 'add', '--all');
  gated.box.git(gated.clone, 'commit', '--quiet', '--message', 'set coord up');
});

const TESTS = { type: 'command', command: node("console.log('broken\\x1b[2J'); process.exit(4)") };
/** Names that a shell, git or JSON would mistake. */
const ODD_GATE = `a b"'$HOME\n..`;
const ODD = `pr"'od$`;
const OWNER = { type: 'signed-tag', allowedSigners: 'allowed' };

it('a text of many kilobytes in the configuration is told in short, and whole in JSON', async () => {
  const long = 'x'.repeat(120_000);
  const gates = {
    tests: { type: 'command', command: [long, long] },
    owner: { type: 'signed-tag', allowedSigners: `keys/${long}` },
    [long]: { type: 'command', command: ['true'] },
  };
  await publish({
    gates,
    deploy: { prod: { gates: ['tests', 'owner', `ghost ${long}`] }, [long]: { gates: ['tests'] } },
  });
  const asked = [
    ['gate', 'list'],
    ['gate', 'show', 'tests'],
    ['gate', 'show', long],
  ];
  for (const args of asked) {
    const { code, stdout } = await run(...args);
    expect([code, stdout.length < 5_000, stdout.includes('xxx…')]).toEqual([0, true, true]);
  }
  const { data } = (await run('gate', 'list', '--json')).json();
  expect([data.gates.tests.command, data.gates.owner.allowedSigners]).toEqual([[long, long], `keys/${long}`]);
  expect(data.problems).toContainEqual(expect.objectContaining({ gate: `ghost ${long}`, target: 'prod' }));
});

describe('coord gate check', () => {
  it('is exit 6 while a gate is closed, and names each with its reason and the next step', async () => {
    await publish({ gates: { tests: TESTS }, deploy: { prod: { gates: ['tests', 'ghost'] } } });
    const result = await run('gate', 'check', 'prod');
    expect(result.code).toBe(6);
    expect(result.stderr).toContain('broken\\u001b[2J');
    expect(result.stderr).toContain('closed: gate tests: ');
    expect(result.stderr).toContain('closed: gate ghost: prod needs the gate ghost');
    expect(result.stderr).toContain('next: ');
    const json = (await run('gate', 'check', 'prod', '--json')).json();
    expect(json.error).toMatchObject({
      ...{ code: 'closed', exit: 6 },
      details: {
        gates: [
          { gate: 'tests', closed: 'failed' },
          { gate: 'ghost', closed: 'unconfigured' },
        ],
      },
    });
  });

  it('is exit 0 when all are open, and puts each check on record with the next write', async () => {
    await publish({ gates: { ok: { type: 'command', command: node('') } }, deploy: { prod: { gates: ['ok'] } } });
    const result = await run('gate', 'check', 'prod', '--json');
    expect(result.json().data).toMatchObject({
      ...{ target: 'prod', action: 'deploy', commit: gated.head(), open: true, recorded: true },
      gates: [{ gate: 'ok', open: true }],
    });
    const tip = gated.box.git(gated.clone, 'rev-parse', 'coord/state');
    await run('gate', 'check', 'prod');
    expect(gated.box.git(gated.clone, 'rev-parse', 'coord/state')).toBe(tip);
    await run('claim', '@x');
    const events = (await run('events', '--type', 'gate.checked', '--json')).json().data.events;
    expect(events).toMatchObject([{ agent: 'noor', gate: 'ok', targets: ['@deploy/prod'], open: true, count: 2 }]);
    expect((await run('events')).stdout).toContain('gate.checked');
  });

  it('records nothing where nobody is known to ask', async () => {
    await publish({ gates: { ok: { type: 'command', command: node('') } }, deploy: { prod: { gates: ['ok'] } } });
    const result = await gated.run(null, gated.clone, ['gate', 'check', 'prod', '--json']);
    expect(result.json().data).toMatchObject({ open: true, recorded: false });
  });

  it('reads the gates that the remote has now, not those that are here', async () => {
    await publish({ gates: { ok: { type: 'command', command: node('') } }, deploy: { prod: { gates: ['ok'] } } });
    const other = gated.box.clone(gated.remote);
    gated.box.commit(
      other,
      'coord.config.json',
      JSON.stringify({ gates: { ok: TESTS }, deploy: { prod: { gates: ['ok'] } } }),
    );
    gated.box.git(other, 'push', '--quiet', 'origin', 'HEAD:main');
    expect((await run('gate', 'check', 'prod', '--no-fetch')).code).toBe(0);
    expect((await run('gate', 'check', 'prod')).code).toBe(6);
    gated.box.git(gated.clone, 'remote', 'set-url', 'origin', gated.box.path('nowhere'));
    const offline = await run('gate', 'check', 'prod');
    expect(offline.code).toBe(7);
    expect(offline.stderr).toContain('coord gate check prod --no-fetch');
  });

  it.each([
    [['gate', 'check', 'nowhere'], 'no such deploy target'],
    [['gate', 'check', 'prod', '--commit', 'nope'], 'no such commit'],
    [['gate', 'check', 'prod', '--commit', '--all'], 'no such commit'],
    [['gate', 'check', 'prod', '--action', 'force'], 'no such action'],
    [['gate', 'check', 'prod', '--yes'], "unknown option '--yes'"],
    [['gate', 'show', 'nothing'], 'no such gate'],
    [['gate', 'request', 'tests', 'prod'], 'nobody signs it'],
    [['gate', 'request', 'owner', 'prod'], 'does not need the gate owner'],
    [['gate', 'request', 'owner', 'stage', '--expires', 'soon'], 'not a duration'],
  ])('%j is exit 2', async (args, words) => {
    await publish(
      { gates: { tests: TESTS, owner: OWNER }, deploy: { prod: { gates: ['tests'] }, stage: { gates: ['owner'] } } },
      { allowed: 'maya ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMvOgfkeyJofuruEnyNE/oKNmdHT3UWuopDH76WeTtMz\n' },
    );
    const result = await run(...args);
    expect(result.stderr).toContain(words);
    expect(result.code).toBe(2);
  });

  it('is exit 2 with the reason when the main branch has a note for a gate', async () => {
    await publish({
      gates: { ok: { type: 'command', command: ['coord', 'log'] } },
      deploy: { prod: { gates: ['ok'] } },
    });
    for (const verb of [['check', 'prod'], ['list']]) {
      const result = await run('gate', ...verb);
      expect(result.code).toBe(2);
      expect(result.stderr).toContain('a note is not a gate');
    }
  });
});

describe('coord gate list', () => {
  it('tells what each target needs, what blocks it, and that the copy here counts for nothing', async () => {
    await publish({
      gates: { tests: TESTS, owner: OWNER },
      deploy: { prod: { gates: ['tests', 'owner', 'ghost'] }, docs: {} },
    });
    gated.box.write(gated.clone, 'coord.config.json', '{}');
    const result = await run('gate', 'list');
    expect(result.code).toBe(0);
    expect(result.stdout).toMatch(/prod +tests +exit 0 of /);
    expect(result.stdout).toMatch(/owner +a signature of a person in allowed/);
    expect(result.stdout).toContain('blocked: docs names no gate');
    expect(result.stdout).toContain('blocked: prod needs the gate ghost');
    expect(result.stdout).toContain('read from origin/main at ');
    expect(result.stderr).toContain('they count once they are there');
    const data = (await run('gate', 'list', 'docs', '--json')).json().data;
    expect(data).toMatchObject({
      targets: [{ target: 'docs', gates: [] }],
      problems: [{ id: 'no-gate', blocks: true }],
    });
  });
});

describe.skipIf(!HAS_SSH_KEYGEN)('coord gate request, sign and show', () => {
  beforeEach(async () => {
    maya = sshPerson(gated.box, 'maya@coord.example');
    await publish(
      {
        gates: { owner: OWNER, [ODD_GATE]: OWNER },
        deploy: { prod: { gates: ['owner'] }, [ODD]: { gates: [ODD_GATE] } },
      },
      { allowed: `${maya.line}\n` },
    );
    gated.box.git(gated.clone, 'config', 'user.signingKey', gated.box.path('home', 'maya_coord_example'));
    gated.box.git(gated.clone, 'config', 'gpg.format', 'ssh');
  });

  it('prints what opens the gate when a person pastes it', async () => {
    const requested = await run('gate', 'request', 'owner', 'prod');
    expect(requested.code).toBe(0);
    expect(requested.stdout).toContain('maya@coord.example');
    const pasted = /^git -c[\s\S]*?^COORD\n^git push .*$/m.exec(requested.stdout)?.[0] ?? '';
    const { status, stderr } = spawnSync('bash', ['-c', pasted], {
      cwd: gated.clone,
      env: gated.box.env,
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, expect.any(String)]);
    expect((await run('gate', 'check', 'prod')).code).toBe(0);
    expect(gated.box.git(gated.remote, 'tag', '--list')).toContain('coord/gate/owner/prod/');
  });

  it('prints the same for names that a shell, git or JSON would mistake, and for a rollback', async () => {
    const words = ['gate', 'request', ODD_GATE, ODD, '--action', 'rollback', '--expires', '5m'];
    const [{ payload, message }] = (await run(...words, '--json')).json().data.requests;
    const question = { gate: ODD_GATE, target: ODD, action: 'rollback' };
    expect(payload).toMatchObject({ ...question, expires: '2026-11-21T12:05:00.000Z' });
    expect(message).toContain(`gate: ${JSON.stringify(ODD_GATE)}\n`);
    const { stdout } = await run(...words);
    const pasted = /^git -c[\s\S]*?^COORD\n/m.exec(stdout)?.[0] ?? '';
    expect(spawnSync('bash', ['-c', pasted], { cwd: gated.clone, env: gated.box.env }).status).toBe(0);
    expect(await gated.check({ target: ODD, action: 'rollback' })).toMatchObject([{ open: true }]);
    const suggested = /installed: coord (.*)$/m.exec(stdout)?.[1] ?? '';
    const shown = spawnSync('bash', ['-c', `printf '%s\\0' ${suggested}`], { encoding: 'utf8' }).stdout.split('\0');
    expect(shown.slice(0, 4)).toEqual(['gate', 'sign', ODD_GATE, ODD]);
  });

  it('asks as many people as must sign, each for a signature of their own', async () => {
    const noor = sshPerson(gated.box, 'noor@coord.example');
    await publish(
      { gates: { owner: { ...OWNER, signers: 2 } }, deploy: { prod: { gates: ['owner'] } } },
      {
        allowed: `${maya.line}\n${noor.line}\n`,
      },
    );
    const { requests, people } = (await run('gate', 'request', 'owner', 'prod', '--json')).json().data;
    expect(people).toEqual(['maya@coord.example', 'noor@coord.example']);
    expect(new Set(requests.map(({ tag }: { tag: string }) => tag)).size).toBe(2);
  });

  it('signs as the person, and pushes the signature', async () => {
    const signed = await asPerson('gate', 'sign', 'owner', 'prod', '--json');
    expect(signed.json().data).toMatchObject({ person: 'maya@coord.example', pushed: true, commit: gated.head() });
    const { tag } = signed.json().data;
    expect(gated.box.git(gated.remote, 'rev-parse', `refs/tags/${tag}^{commit}`)).toBe(gated.head());
    expect((await run('gate', 'check', 'prod')).code).toBe(0);
    const shown = await run('gate', 'show', 'owner');
    expect(shown.stdout).toContain('may sign: maya@coord.example');
    expect(shown.stdout).toMatch(/counts +[0-9a-f]{7} +deploy to prod +signed by maya@coord\.example/);
  });

  it('keeps it here with --no-push', async () => {
    expect((await asPerson('gate', 'sign', 'owner', 'prod', '--no-push', '--json')).json().data.pushed).toBe(false);
    expect(gated.box.git(gated.remote, 'tag', '--list')).toBe('');
    expect((await run('gate', 'check', 'prod')).code).toBe(0);
  });

  it('keeps it, and says how to push, when the remote takes it not', async () => {
    const hook = gated.box.write(gated.remote, 'hooks/pre-receive', '#!/bin/sh\nexit 1\n');
    spawnSync('chmod', ['+x', hook]);
    const result = await asPerson('gate', 'sign', 'owner', 'prod');
    expect(result.code).toBe(7);
    expect(result.stderr).toMatch(/next: git push origin refs\/tags\/coord\/gate\/owner\/prod\//);
    expect((await run('gate', 'check', 'prod', '--no-fetch')).code).toBe(0);
  });

  it('is answered as pushed where the remote has it, and its answer was lost', async () => {
    const { box, clone, remote } = gated;
    const http = await httpRemote(box, box.directory);
    box.git(clone, 'remote', 'set-url', 'origin', `${http.url}${remote.slice(box.directory.length)}`);
    http.setDoorman(({ method }) =>
      method === 'POST' && http.requests.at(-1)?.endsWith('receive-pack') ? 'unsaid' : undefined,
    );
    const { code, json } = await asPerson('gate', 'sign', 'owner', 'prod', '--json');
    expect([code, json().data.pushed]).toEqual([0, true]);
    expect(box.git(remote, 'tag', '--list')).toBe(json().data.tag);
  });

  it('takes back what would not count', async () => {
    const eve = sshPerson(gated.box, 'eve');
    expect(eve.line).toContain('eve');
    gated.box.git(gated.clone, 'config', 'user.signingKey', gated.box.path('home', 'eve'));
    const result = await asPerson('gate', 'sign', 'owner', 'prod');
    expect(result.code).toBe(6);
    expect(result.stderr).toContain('your signature would not count');
    expect(gated.box.git(gated.clone, 'tag', '--list')).toBe('');
  });

  it('is exit 6 for one whom git cannot sign for', async () => {
    gated.box.git(gated.clone, 'config', 'user.signingKey', gated.box.path('no-such-key'));
    const result = await asPerson('gate', 'sign', 'owner', 'prod');
    expect(result.code).toBe(6);
    // Git 2.39 makes a tag without a signature then, and ends with exit 0.
    expect(result.stderr).toMatch(/nothing is signed|the tag is not signed/);
    expect(gated.box.git(gated.clone, 'tag', '--list')).toBe('');
  });

  it('does not sign for an agent', async () => {
    const result = await run('gate', 'sign', 'owner', 'prod');
    expect(result.code).toBe(6);
    expect(result.stderr).toContain('an agent cannot open its own gate');
    expect(result.stderr).toContain('next: coord gate request owner prod');
    expect(gated.box.git(gated.clone, 'tag', '--list')).toBe('');
  });

  it('shows how each signature stands', async () => {
    signGate(
      maya,
      gated.clone,
      { gate: 'owner', target: 'prod', commit: gated.head(), action: 'deploy' },
      {
        expires: '2026-11-21T11:59:00.000Z',
      },
    );
    signGate(maya, gated.clone, { gate: 'owner', target: 'gone', commit: gated.head(), action: 'rollback' });
    const { tags } = (await run('gate', 'show', 'owner', '--json')).json().data;
    const standing = tags.map(({ closed, payload }: { closed: string; payload: { target: string } }) => [
      payload.target,
      closed,
    ]);
    expect(standing.sort()).toEqual([
      ['gone', null],
      ['prod', 'expired'],
    ]);
  });
});

it.skipIf(!HAS_GPG)('prints what opens the gate with a GPG key, too', async () => {
  const person = gpgPerson(gated.box, 'maya@coord.example');
  await publish(
    { gates: { owner: { ...OWNER, gpgKeys: 'keys.asc' } }, deploy: { prod: { gates: ['owner'] } } },
    { allowed: `${person.line}\n`, 'keys.asc': person.publicKey },
  );
  gated.box.git(gated.clone, 'config', 'user.signingKey', person.line.split(':')[1] ?? '');
  const { stdout } = await run('gate', 'request', 'owner', 'prod');
  const pasted = /^git -c[\s\S]*?^COORD\n/m.exec(stdout)?.[0] ?? '';
  const env = {
    ...gated.box.env,
    GNUPGHOME: gated.box.path('gpg-maya_coord_example'),
  };
  const { status, stderr } = spawnSync('bash', ['-c', pasted], { cwd: gated.clone, env, encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  expect((await run('gate', 'check', 'prod')).code).toBe(0);
});
