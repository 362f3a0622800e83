import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openObjects } from '../../../src/git/objects.js';
import { discoverRepository } from '../../../src/git/repository.js';
import { type Git, gitIn } from '../../../src/git/run.js';
import { signCommit } from '../../../src/git/signing.js';
import { type AuditRig, auditRig } from '../../support/audit.js';
import { isAlive } from '../../support/processes.js';
import { gpgPerson, HAS_GPG, HAS_SSH_KEYGEN, type Person, sshPerson } from '../../support/signing.js';

interface Signing extends AuditRig {
  readonly person: Person;
  /** Writes a configuration and files beside it, and brings them to the remote's main branch. */
  configure(config: object, files?: Readonly<Record<string, string>>): void;
  tip(): string;
}

/** The exit code of the sandbox for a process that a signal ended. */
const KILLED = 128;

const SIGNED = { signCommits: true, share: true, mainBranch: 'main', surface: ['src/**'] };

/** Who may sign is on the main branch, and git in the clone signs with the key. */
async function signing(make: (rig: AuditRig) => Person = ({ box }) => sshPerson(box, 'ada')): Promise<Signing> {
  const rig = await auditRig();
  const person = make(rig);
  person.signsIn(rig.clone);
  const configure = (config: object, files: Readonly<Record<string, string>> = {}) => {
    rig.commit(rig.clone, { files: { 'coord.config.json': JSON.stringify(config), ...files } });
    rig.commit(rig.clone, 'off-the-surface.md');
    rig.git(rig.clone, 'push', '--quiet', 'origin', 'HEAD:main');
  };
  configure(
    { ...SIGNED, ...(person.publicKey === '' ? {} : { signers: withGpg }) },
    { '.coord/agent_signers': `${person.line}\n`, '.coord/gpg_keys.asc': person.publicKey },
  );
  rig.host.clock.pass(60);
  return { ...rig, person, configure, tip: () => rig.git(rig.clone, 'rev-parse', 'coord/state') };
}

const withGpg = { allowedSigners: '.coord/agent_signers', gpgKeys: '.coord/gpg_keys.asc' };

/** What the audit of the last commit says of the state ref. */
async function coordination(rig: AuditRig) {
  const { code, report } = await rig.audit(rig.clone, 'HEAD');
  return { code, ...report.coordination };
}

/** A commit on the state ref past coord, as somebody with push access makes it. */
function byHand(rig: Signing, ...options: string[]): void {
  const message = rig.git(rig.clone, 'log', '-1', '--format=%B', 'coord/state');
  const args = ['commit-tree', ...options, '-p', 'coord/state', '-m', `${message}again\n`, 'coord/state^{tree}'];
  rig.git(rig.clone, 'push', '--quiet', 'origin', `${rig.git(rig.clone, ...args)}:refs/coord/state`);
}

/** Has git in the clone call this script of the shell instead of ssh-keygen. @returns its path */
function signsBy(rig: Signing, script: string): string {
  const program = rig.box.write(rig.box.home, 'signer', `#!/bin/sh\n${script}\n`);
  chmodSync(program, 0o755);
  rig.git(rig.clone, 'config', 'gpg.ssh.program', program);
  return program;
}

describe.skipIf(!HAS_SSH_KEYGEN)('"signCommits": true', () => {
  it('signs what each command writes, so that git itself takes it', async () => {
    const rig = await signing();
    await rig.run('maya', rig.clone, 'claim', 'src/a.ts', '--reason', 'trägt ein „Ä“', '--allow-behind');
    await rig.run('maya', rig.clone, 'note', 'hello');
    await rig.run('maya', rig.clone, 'release', '--all');
    const allowed = join(rig.clone, '.coord', 'agent_signers');
    const log = ['-c', `gpg.ssh.allowedSignersFile=${allowed}`, 'log', '-3', '--format=%G? %GS', 'coord/state'];
    expect(rig.git(rig.clone, ...log).split('\n')).toEqual(Array(3).fill('G ada'));
    expect(rig.git(rig.clone, 'fsck', '--strict')).not.toMatch(/error/);
    expect(await coordination(rig)).toMatchObject({ code: 0, problem: null, findings: [] });
  });

  it('names the people that the clone is told to name, so that a server which demands them, and signatures, takes it', async () => {
    const rig = await signing();
    const remote = rig.git(rig.clone, 'remote', 'get-url', 'origin');
    const allowed = join(rig.clone, '.coord', 'agent_signers');
    const rule = [
      'while read -r old new ref; do',
      `  who=$(git -c gpg.ssh.allowedSignersFile='${allowed}' log -1 --format='%an %ae %cn %ce %G?' $new)`,
      '  test "$who" = "Ada B ada@work.example Bot bot@work.example G" || { echo "only ada, by the bot, and signed"; exit 1; }',
      'done',
    ];
    writeFileSync(join(remote, 'hooks/pre-receive'), `#!/bin/sh\n${rule.join('\n')}\n`, { mode: 0o755 });
    const refused = await rig.host.run('maya', rig.clone, ['claim', 'src/a.ts', '--allow-behind', '--json']);
    expect(refused.json().error).toMatchObject({ exit: 6, message: expect.stringContaining('only ada, by the bot') });
    rig.git(rig.clone, 'config', 'coord.author', 'Ada B <ada@work.example>');
    rig.git(rig.clone, 'config', 'coord.committer', 'Bot <bot@work.example>');
    expect((await rig.host.run('maya', rig.clone, ['claim', 'src/a.ts', '--allow-behind'])).code).toBe(0);
    expect(rig.git(rig.clone, 'log', '-1', '--format=%B', 'coord/state')).toContain('"agent":"maya"');
    expect(await coordination(rig)).toMatchObject({ code: 0, problem: null, findings: [] });
  });

  it.each(['ada', 'Ada <ada>', '<ada@work.example>', 'A <b@c>\nauthor x'])(
    '%j is nobody to name: exit 2',
    async (who) => {
      const rig = await auditRig();
      rig.git(rig.clone, 'config', 'coord.committer', who);
      expect((await rig.host.run('maya', rig.clone, ['claim', 'src/a.ts'])).code).toBe(2);
    },
  );

  it('finds a commit that was pushed without a signature, whatever its date says', async () => {
    const rig = await signing();
    await rig.run('maya', rig.clone, 'claim', 'src/a.ts', '--allow-behind');
    const env = { ...rig.box.env, GIT_COMMITTER_DATE: '2001-01-01T00:00:00Z' };
    const args = ['commit-tree', '-p', 'coord/state', '-m', 'nothing', 'coord/state^{tree}'];
    const forged = spawnSync('git', args, { cwd: rig.clone, env, encoding: 'utf8' }).stdout.trim();
    rig.git(rig.clone, 'push', '--quiet', 'origin', `${forged}:refs/coord/state`);
    const found = await coordination(rig);
    expect(found.code).toBe(4);
    expect(found.findings).toMatchObject([{ commit: forged, reason: 'unsigned' }]);
  });

  it('takes no signature of a key that is not listed, is revoked, or is of another commit', async () => {
    const rig = await signing();
    await rig.run('maya', rig.clone, 'claim', 'src/a.ts', '--allow-behind');
    const good = rig.tip();
    sshPerson(rig.box, 'eve').signsIn(rig.clone);
    byHand(rig, '-S');
    await rig.run('maya', rig.clone, 'status');
    expect((await coordination(rig)).findings).toMatchObject([{ reason: 'unknown-signer' }]);
    const body = rig.git(rig.clone, 'cat-file', 'commit', good);
    const copied = body.replace(
      /^parent .*$/m,
      `parent ${rig.git(rig.clone, 'rev-parse', 'refs/coord-local/remote/origin/coord/state')}`,
    );
    const input = { cwd: rig.clone, env: rig.box.env, encoding: 'utf8', input: `${copied}\n` } as const;
    const forged = spawnSync('git', ['hash-object', '-t', 'commit', '-w', '--stdin'], input).stdout.trim();
    rig.git(rig.clone, 'push', '--quiet', 'origin', `${forged}:refs/coord/state`);
    const reasons = (await coordination(rig)).findings?.map(({ reason }) => reason);
    expect(reasons).toEqual(['unknown-signer', 'bad-signature']);
    const signers = { allowedSigners: '.coord/agent_signers', revokedSigners: '.coord/revoked' };
    rig.configure({ ...SIGNED, signers }, { '.coord/revoked': `${rig.person.revokedLine}\n` });
    expect((await coordination(rig)).findings).toMatchObject([
      { commit: good, reason: 'revoked' },
      { reason: 'unknown-signer' },
      expect.anything(),
    ]);
  });

  it('is asked of nobody before the main branch asks for it', async () => {
    const rig = await auditRig();
    await rig.run('maya', rig.clone, 'claim', 'src/a.ts');
    expect((await rig.audit(rig.clone, 'HEAD')).report.coordination).toBeNull();
    rig.host.clock.pass(60);
    const person = sshPerson(rig.box, 'ada');
    const files = { 'coord.config.json': JSON.stringify(SIGNED), '.coord/agent_signers': `${person.line}\n` };
    rig.commit(rig.clone, { files });
    rig.git(rig.clone, 'push', '--quiet', 'origin', 'HEAD:main');
    expect(await coordination(rig)).toMatchObject({ problem: null, findings: [] });
  });

  it('is not lifted by a working copy that does not ask for it, or is from before', async () => {
    const rig = await signing();
    rig.box.write(rig.clone, 'coord.config.json', JSON.stringify({ ...SIGNED, signCommits: false }));
    await rig.run('maya', rig.clone, 'claim', 'src/a.ts', '--allow-behind');
    rig.git(rig.clone, 'checkout', '--quiet', '--force', rig.start);
    await rig.run('maya', rig.clone, 'claim', 'src/b.ts', '--allow-behind');
    expect(await coordination(rig)).toMatchObject({ problem: null, findings: [], signed: 2 });
  });

  it('says that it cannot know where the signers cannot be read', async () => {
    const rig = await signing();
    rig.configure(SIGNED, { '.coord/agent_signers': 'nonsense\n' });
    const { code, problem } = await coordination(rig);
    expect([code, problem]).toEqual([7, expect.stringContaining('.coord/agent_signers')]);
  });

  it('grants nothing when the signer fails, and says what to do', async () => {
    const rig = await signing();
    const before = rig.tip();
    for (const setting of [`${rig.box.home}/no-such-key`, '']) {
      rig.git(rig.clone, 'config', 'user.signingKey', setting);
      const result = await rig.host.run('maya', rig.clone, ['claim', 'src/a.ts', '--allow-behind', '--json']);
      expect(result.code).toBe(7);
      expect(result.json().error.message).toContain('cannot be signed');
      expect(result.json().error.hint).toContain('user.signingkey');
    }
    expect(rig.tip()).toBe(before);
  });

  it.each([
    ['writes rubbish', 'for file; do :; done; echo rubbish > "$file.sig"', 'not an SSH or GPG signature'],
    ['succeeds and does nothing', 'exit 0', 'cannot be signed'],
    ['kills itself', 'kill -9 $$', 'cannot be signed'],
  ])('grants nothing when the signer %s', async (_, script, why) => {
    const rig = await signing();
    const before = rig.tip();
    signsBy(rig, script);
    const { code, stderr } = await rig.host.run('maya', rig.clone, ['claim', 'src/a.ts', '--allow-behind']);
    expect([code, stderr, rig.tip()]).toEqual([7, expect.stringContaining(why), before]);
  });

  it('takes what a signer signs that prints something too', async () => {
    const rig = await signing();
    signsBy(rig, 'echo one; echo two; exec ssh-keygen "$@"');
    await rig.run('maya', rig.clone, 'claim', 'src/a.ts', '--allow-behind');
    expect(await coordination(rig)).toMatchObject({ code: 0, signed: 1, findings: [] });
  });

  it('asks nobody for a passphrase', async () => {
    const rig = await signing();
    const key = join(rig.box.home, 'locked');
    spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', 'secret', '-f', key], { env: rig.box.env });
    rig.git(rig.clone, 'config', 'user.signingKey', key);
    const { code, stderr } = await rig.host.run('maya', rig.clone, ['claim', 'src/a.ts', '--allow-behind']);
    expect([code, stderr]).toEqual([7, expect.stringContaining('cannot be signed')]);
  });

  it.each(['gpg.ssh.program', 'gpg.program'])(
    'stops a signer that hangs, set by %s, with all it started',
    async (key) => {
      const rig = await signing();
      const before = rig.tip();
      const pids = join(rig.box.home, 'pids');
      const lines = [`sleep 600 & echo $$ $! > '${pids}'`, "trap '' TERM INT HUP", 'wait', 'exec sleep 600'];
      const program = signsBy(rig, lines.join('\n'));
      rig.git(rig.clone, 'config', key, program);
      rig.git(rig.clone, 'config', 'gpg.format', key === 'gpg.program' ? 'openpgp' : 'ssh');
      const temporary = join(rig.box.home, 'temporary');
      mkdirSync(temporary);
      const repository = discoverRepository(rig.clone);
      const calm = gitIn(rig.clone, { ...rig.box.env, TMPDIR: temporary });
      const hurried: Git = (args, options) => calm(args, { ...options, timeoutMs: 2_000 });
      const tree = rig.git(rig.clone, 'rev-parse', 'HEAD^{tree}');
      const who = 'maya <maya@coord.invalid> 1767225600 +0000';
      const body = Buffer.from(`tree ${tree}\nauthor ${who}\ncommitter ${who}\n\nwaiting\n`);
      const signed = signCommit(hurried, openObjects(repository, calm), body);
      await expect(signed).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringContaining('within 2s'),
      });
      const started = readFileSync(pids, 'utf8').trim().split(' ').map(Number);
      expect(started).toHaveLength(2);
      for (const pid of started) await expect.poll(() => isAlive(pid)).toBe(false);
      // What git signs, it writes into a file: a git that is killed at once leaves that behind.
      expect(readdirSync(temporary)).toEqual([]);
      expect(rig.tip()).toBe(before);
    },
  );

  it('leaves nothing behind that hinders the next command when coord is killed while it signs', async () => {
    const rig = await signing();
    const before = rig.tip();
    signsBy(rig, 'kill -9 "$(ps -o ppid= -p $PPID | tr -d " ")"');
    const killed = await rig.box.coord(rig.clone, ['claim', 'src/a.ts', '--agent', 'maya', '--allow-behind']);
    expect([killed.code, rig.tip()]).toEqual([KILLED, before]);
    rig.git(rig.clone, 'config', '--unset', 'gpg.ssh.program');
    await rig.run('zoe', rig.clone, 'claim', 'src/a.ts', '--allow-behind');
    expect(await coordination(rig)).toMatchObject({ code: 0, findings: [] });
  });

  it('takes the signatures of each clone with a key of its own', async () => {
    const rig = await signing();
    const bea = sshPerson(rig.box, 'bea');
    rig.configure(SIGNED, { '.coord/agent_signers': `${rig.person.line}\n${bea.line}\n` });
    const other = rig.box.clone(rig.git(rig.clone, 'remote', 'get-url', 'origin'));
    bea.signsIn(other);
    await rig.run('maya', rig.clone, 'claim', 'src/a.ts', '--allow-behind');
    await rig.run('zoe', other, 'claim', 'src/b.ts', '--allow-behind');
    await rig.run('maya', rig.clone, 'release', '--all');
    expect(await coordination(rig)).toMatchObject({ code: 0, commits: 4, signed: 3, findings: [] });
    rig.configure(SIGNED, { '.coord/agent_signers': `${rig.person.line}\n` });
    expect((await coordination(rig)).findings).toMatchObject([{ reason: 'unknown-signer' }]);
  });

  it('gives an expired key no good by an old date', async () => {
    const rig = await signing();
    const old = sshPerson(rig.box, 'old');
    const ended = new Date(rig.host.clock.ms)
      .toISOString()
      .replace(/\.\d+Z$/, 'Z')
      .replace(/[-:T]/g, '');
    const line = old.line.replace(' ', ` valid-before="${ended}" `);
    rig.configure(SIGNED, { '.coord/agent_signers': `${rig.person.line}\n${line}\n` });
    rig.host.clock.pass(24 * 3_600);
    await rig.run('maya', rig.clone, 'claim', 'src/a.ts', '--allow-behind');
    old.signsIn(rig.clone);
    const env = { ...rig.box.env, GIT_COMMITTER_DATE: new Date(rig.host.clock.ms - 48 * 3_600_000).toISOString() };
    const args = ['commit-tree', '-S', '-p', 'coord/state', '-m', 'nothing', 'coord/state^{tree}'];
    const forged = spawnSync('git', args, { cwd: rig.clone, env, encoding: 'utf8' }).stdout.trim();
    rig.git(rig.clone, 'push', '--quiet', 'origin', `${forged}:refs/coord/state`);
    expect((await coordination(rig)).findings).toMatchObject([{ commit: forged, reason: 'invalid-key' }]);
  });

  it('calls nothing signed in a history whose dates are all from before', async () => {
    const rig = await signing();
    await rig.run('maya', rig.clone, 'claim', 'src/a.ts', '--allow-behind');
    const env = { ...rig.box.env, GIT_COMMITTER_DATE: '2001-01-01T00:00:00Z' };
    const args = ['commit-tree', '-m', 'nothing', 'coord/state^{tree}'];
    const replaced = spawnSync('git', args, { cwd: rig.clone, env, encoding: 'utf8' }).stdout.trim();
    rig.git(rig.clone, 'push', '--quiet', '--force', 'origin', `${replaced}:refs/coord/state`);
    const fresh = rig.box.clone(rig.git(rig.clone, 'remote', 'get-url', 'origin'));
    const { stdout } = await rig.host.run(null, fresh, ['audit', 'HEAD']);
    expect(stdout).toContain('1 coordination commit: none is signed');
  });

  it('signs once for all who are decided together', async () => {
    const rig = await signing();
    const agents = Array.from({ length: 8 }, (_, number) => `a${number}`);
    const results = await Promise.all(
      agents.map((agent) => rig.host.run(agent, rig.clone, ['claim', `src/${agent}.ts`, '--allow-behind'])),
    );
    expect(results.map(({ code }) => code)).toEqual(agents.map(() => 0));
    expect(await coordination(rig)).toMatchObject({ code: 0, findings: [] });
  });

  it('holds for a compacted history, whose last commit answers for what it kept', async () => {
    const rig = await signing();
    for (const path of ['a', 'b', 'c', 'd', 'e']) {
      await rig.run('maya', rig.clone, 'claim', `src/${path}.ts`, '--allow-behind');
    }
    await rig.run('olga', rig.clone, 'session', 'start', '--role', 'orchestrator');
    await rig.run('olga', rig.clone, 'doctor', '--compact', '--keep-history', '2');
    expect(await coordination(rig)).toMatchObject({ code: 0, findings: [] });
    byHand(rig);
    expect((await coordination(rig)).findings).toMatchObject([{ reason: 'unsigned' }]);
  });

  it('is a check of doctor', async () => {
    const rig = await signing();
    const check = async () => {
      const result = await rig.host.run('maya', rig.clone, ['doctor', '--json']);
      const { data, error } = result.json();
      const { findings } = data ?? error.details;
      return findings.find(({ id }: { id: string }) => id === 'signing');
    };
    expect(await check()).toMatchObject({ ok: true });
    rig.git(rig.clone, 'config', '--unset', 'user.signingKey');
    expect(await check()).toMatchObject({ ok: false, next: 'git config user.signingKey' });
    rig.person.signsIn(rig.clone);
    rig.git(rig.clone, 'checkout', '--quiet', '.');
    sshPerson(rig.box, 'eve').signsIn(rig.clone);
    expect(await check()).toMatchObject({ ok: false, message: expect.stringContaining('not allowed') });
    const owner = { type: 'signed-tag', allowedSigners: '.coord/agent_signers' };
    rig.configure({ ...SIGNED, gates: { owner } });
    expect(await check()).toMatchObject({ ok: false, message: expect.stringContaining('opens the gate owner') });
    rig.configure(SIGNED, { '.coord/agent_signers': '' });
    expect(await check()).toMatchObject({ ok: false, message: expect.stringContaining('lists nobody') });
  });

  it('stands in SARIF', async () => {
    const rig = await signing();
    byHand(rig);
    const { stdout, code } = await rig.host.run(null, rig.clone, ['audit', 'HEAD', '--sarif']);
    const [{ results, tool }] = JSON.parse(stdout).runs;
    expect(code).toBe(4);
    expect(results).toMatchObject([{ ruleId: 'unsigned-coordination', level: 'error' }]);
    expect(tool.driver.rules[results[0].ruleIndex].id).toBe('unsigned-coordination');
  });
});

describe.skipIf(!HAS_GPG)('"signCommits": true, with GPG', () => {
  it('signs, and the audit takes it', async () => {
    const rig = await signing(({ box }) => gpgPerson(box, 'gil'));
    await rig.run('maya', rig.clone, 'claim', 'src/a.ts', '--allow-behind');
    expect(rig.git(rig.clone, 'cat-file', 'commit', 'coord/state')).toContain('BEGIN PGP SIGNATURE');
    expect(await coordination(rig)).toMatchObject({ code: 0, findings: [] });
    rig.git(rig.clone, 'config', 'commit.gpgSign', 'false');
    byHand(rig);
    expect((await coordination(rig)).findings).toMatchObject([{ reason: 'unsigned' }]);
  });
});
