import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { GateQuestion } from '../../src/domain/gates/gate.js';
import { formatPayload, type GatePayload, tagName } from '../../src/domain/gates/payload.js';
import { NOON } from './in-process.js';
import type { Sandbox } from './sandbox.js';

function works(program: string, ...args: string[]): boolean {
  return spawnSync(program, args).error === undefined;
}

/** Tests that need a program that this machine lacks are skipped by these. */
export const HAS_SSH_KEYGEN = works('ssh-keygen', '-?');
export const HAS_GPG = works('gpg', '--version');

/** Someone with a key, who signs tags with it. */
export interface Person {
  /** The line of `allowed_signers`, without its end. */
  readonly line: string;
  /** What stands in a list of revoked keys. */
  readonly revokedLine: string;
  /** Armoured public key of GPG; empty for SSH. */
  readonly publicKey: string;
  /** Makes an annotated tag with this message, signed unless told otherwise. */
  tag(clone: string, name: string, object: string, message: string): void;
  /** Has git in this clone sign with the key. */
  signsIn(clone: string): void;
}

function run(box: Sandbox, program: string, args: readonly string[], options: { cwd: string; env?: object }): string {
  const env = { ...box.env, ...options.env };
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: options.cwd, env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: exit ${status}\n${stderr}`);
  return stdout;
}

export function sshPerson(box: Sandbox, name: string, keyName = name.replace(/\W/g, '_')): Person {
  const key = join(box.home, keyName);
  run(box, 'ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'test', '-f', key], { cwd: box.home });
  const publicKey = readFileSync(`${key}.pub`, 'utf8').trim();
  return {
    line: `${name} ${publicKey}`,
    revokedLine: publicKey,
    publicKey: '',
    tag(clone, tag, object, message) {
      const settings = ['-c', 'gpg.format=ssh', '-c', `user.signingKey=${key}`];
      box.git(clone, ...settings, 'tag', '-s', '-m', message, tag, object);
    },
    signsIn(clone) {
      box.git(clone, 'config', 'gpg.format', 'ssh');
      box.git(clone, 'config', 'user.signingKey', key);
    },
  };
}

export function gpgPerson(box: Sandbox, name: string, expires = 'never'): Person & { revoke(): string } {
  const home = box.path(`gpg-${name.replace(/\W/g, '_')}`);
  run(box, 'mkdir', ['-m', '700', home], { cwd: box.directory });
  // Signing has gpg start an agent of its own, which would outlive the test.
  onTestFinished(() => {
    spawnSync('gpgconf', ['--homedir', home, '--kill', 'all'], { env: box.env });
  });
  const gpg = (...args: string[]) => run(box, 'gpg', ['--homedir', home, '--batch', ...args], { cwd: box.directory });
  gpg('--quiet', '--passphrase', '', '--quick-generate-key', `${name} <${name}>`, 'ed25519', 'sign', expires);
  const colons = gpg('--list-keys', '--with-colons');
  const fingerprint = /^fpr:+([0-9A-F]+):/m.exec(colons)?.[1] ?? '';
  return {
    line: `${name} gpg:${fingerprint}`,
    revokedLine: `gpg:${fingerprint}`,
    publicKey: gpg('--armor', '--export'),
    tag(clone, tag, object, message) {
      const settings = ['-c', 'gpg.format=openpgp', '-c', `user.signingKey=${fingerprint}`, '-c', 'gpg.program=gpg'];
      run(box, 'git', [...settings, 'tag', '-s', '-m', message, tag, object], { cwd: clone, env: { GNUPGHOME: home } });
    },
    signsIn(clone) {
      const program = box.write(home, 'gpg', `#!/bin/sh\nGNUPGHOME='${home}' exec gpg "$@"\n`);
      chmodSync(program, 0o755);
      box.git(clone, 'config', 'gpg.format', 'openpgp');
      box.git(clone, 'config', 'gpg.program', program);
      box.git(clone, 'config', 'user.signingKey', fingerprint);
    },
    revoke() {
      const file = join(home, 'openpgp-revocs.d', `${fingerprint}.rev`);
      const usable = readFileSync(file, 'utf8').replace(/^:---/m, '---');
      gpg('--import', box.write(home, 'usable.rev', usable));
      return gpg('--armor', '--export');
    },
  };
}

let nonces = 0;

/** A nonce that no other signature of this test run has. */
export function freshNonce(): string {
  nonces += 1;
  return nonces.toString(16).padStart(32, '0');
}

export function payloadFor(question: GateQuestion, changes: Partial<GatePayload> = {}): GatePayload {
  return { ...question, expires: new Date(NOON + 3_600_000).toISOString(), nonce: freshNonce(), ...changes };
}

/** Signs as `coord gate sign` does; returns the payload. */
export function signGate(
  person: Person,
  clone: string,
  question: GateQuestion,
  changes: Partial<GatePayload> = {},
): GatePayload {
  const payload = payloadFor(question, changes);
  person.tag(clone, tagName(question, payload.nonce), question.commit, formatPayload(payload));
  return payload;
}
