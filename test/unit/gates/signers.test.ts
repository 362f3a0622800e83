import { describe, expect, it } from 'vitest';
import {
  allowedSignersFile,
  parseRevoked,
  parseSigners,
  peopleOf,
  personKey,
} from '../../../src/domain/gates/signers.js';

const KEY = `AAAA${'b'.repeat(64)}`;
const OTHER = `AAAA${'c'.repeat(64)}`;
const FINGERPRINT = 'ABCD'.repeat(10);

describe('the file of allowed signers', () => {
  it('has people with keys of either kind, and options of ssh-keygen', () => {
    const text = [
      '# people',
      '',
      `maya@x.example ssh-ed25519 ${KEY} a comment`,
      `maya@x.example\tvalid-after="20260101",namespaces="git,file"   sk-ssh-ed25519@openssh.com  ${OTHER}`,
      `noor gpg:${FINGERPRINT.toLowerCase()}`,
    ].join('\r\n');
    const { keys, problems } = parseSigners(text);
    expect(problems).toEqual([]);
    expect(keys).toHaveLength(3);
    expect(keys[2]).toEqual({ person: 'noor', kind: 'gpg', fingerprint: FINGERPRINT });
    expect(peopleOf(keys)).toEqual(['maya@x.example', 'noor']);
    expect(allowedSignersFile(keys)).toBe(
      `maya@x.example ssh-ed25519 ${KEY}\nmaya@x.example valid-after="20260101",namespaces="git,file" sk-ssh-ed25519@openssh.com ${OTHER}\n`,
    );
  });

  it.each([
    `*@x.example ssh-ed25519 ${KEY}`,
    `maya,noor ssh-ed25519 ${KEY}`,
    `"maya" ssh-ed25519 ${KEY}`,
    `!maya ssh-ed25519 ${KEY}`,
    `maya cert-authority ssh-ed25519 ${KEY}`,
    `maya valid-after="1",cert-authority ssh-ed25519 ${KEY}`,
    `maya ssh-ed25519-cert-v01@openssh.com ${KEY}`,
    `maya ssh-ed25519`,
    `maya ssh-ed25519 short`,
    `maya`,
    `maya gpg:1234`,
    `maya gpg:${FINGERPRINT} more`,
    `ssh-ed25519 ${KEY}`,
  ])('takes no line such as %s', (line) => {
    expect(parseSigners(line)).toEqual({ keys: [], problems: [expect.stringMatching(/^line 1: /)] });
  });

  it('gives a key one person, whose name counts without regard to case', () => {
    const two = (a: string, b: string) => parseSigners(`${a} ssh-ed25519 ${KEY}\n${b} ssh-ed25519 ${KEY}\n`).problems;
    expect(two('maya', 'noor')).toEqual([expect.stringContaining('two people')]);
    expect(two('maya', 'Maya')).toEqual([]);
    expect(parseSigners(`maya gpg:${FINGERPRINT}\nnoor gpg:${FINGERPRINT}`).problems).toHaveLength(1);
  });
});

it('the file of revoked keys has keys of either kind, and nothing else', () => {
  const text = `# gone\nssh-ed25519 ${KEY} maya\ngpg:${FINGERPRINT.toLowerCase()}\n`;
  expect(parseRevoked(text)).toEqual({ ssh: `ssh-ed25519 ${KEY}\n`, fingerprints: [FINGERPRINT], problems: [] });
  expect(parseRevoked('maya\n').problems).toHaveLength(1);
  expect(parseRevoked('')).toEqual({ ssh: '', fingerprints: [], problems: [] });
});

it.each([
  [`*@x ssh-ed25519 ${KEY}`, 'not one plain name: "*@x"'],
  [`maya gpg:${FINGERPRINT} more`, 'too long'],
  [`maya cert-authority ssh-ed25519 ${KEY}`, 'options that a gate does not take: "cert-authority"'],
  [`maya ssh-ed25519 short`, 'no key that can be read: "ssh-ed25519"'],
  [`maya namespaces="git" ssh-rsa`, 'no key that can be read: "ssh-rsa"'],
  [`maya namespaces="git"`, 'no key that can be read: ""'],
])('%s is told as what it is', (line, problem) => {
  expect(parseSigners(`# head\n  # indented\n \n${line}\n`).problems).toEqual([
    expect.stringContaining(`line 4: ${problem}`),
  ]);
});

it('two people with one key are named, and shown in few signs', () => {
  const long = `n${'x'.repeat(200)}`;
  const [problem = ''] = parseSigners(`maya ssh-ed25519 ${KEY}\n${long} ssh-ed25519 ${KEY}`).problems;
  expect(problem).toContain('"maya" and "n');
  expect(problem.length).toBeLessThan(140);
  const gpg = (who: string, print: string) => `${who} gpg:${print}\n`;
  expect(parseSigners(gpg('maya', FINGERPRINT) + gpg('noor', 'DCBA'.repeat(10))).problems).toEqual([]);
  expect(personKey('ＭＡＹＡ')).toBe('maya');
});

it('the file of revoked keys names the line of what it cannot read', () => {
  const { ssh, problems } = parseRevoked(`  ssh-ed25519   ${KEY}\nssh-ed25519 short\nodd ${KEY}\n # x\n#y`);
  expect(ssh).toBe(`ssh-ed25519 ${KEY}\n`);
  expect(problems).toEqual([
    expect.stringMatching(/^line 2: .*"ssh-ed25519"$/),
    expect.stringMatching(/^line 3: .*"odd"$/),
  ]);
});
