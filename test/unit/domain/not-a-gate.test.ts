import { describe, expect, it } from 'vitest';
import { validateConfig } from '../../../src/config/validate.js';
import { alwaysOpens, lintGates, notAGate } from '../../../src/domain/gates/lint.js';

const NOTES: readonly (readonly string[])[] = [
  ['coord', 'log'],
  ['coord', 'log', '--kind', 'approval'],
  ['coord', '--agent', 'ci', 'inbox'],
  ['coord', '--json', 'ack', 'n1'],
  ['/usr/local/bin/coord', 'note', 'approved'],
  ['npx', 'coord', 'log'],
  ['npx', '-y', 'coord@1.2.3', 'log'],
  ['node', 'bin/coord.js', 'log'],
  ['node', 'C:\\tools\\coord.js', 'log'],
  ['sh', '-c', 'coord log | grep -q approved'],
  ['bash', '-lc', 'test -n "$(coord inbox --json)"'],
  ['env', 'A=b', 'coord', 'log'],
  ['sh', '-c', 'git show coord:log.jsonl | grep approved'],
  ['git', 'grep', 'approved', 'coord', '--', 'log/01.jsonl'],
  ['coord', 'claim', '@approved'],
];
const CIRCULAR = [
  ['coord', 'gate', 'check', 'prod'],
  ['coord', 'deploy', 'show', 'prod'],
  ['sh', '-c', 'x && coord deploy prod -- true'],
];
const ALWAYS = [['true'], ['/bin/true'], ['sh', '-c', 'true'], ['sh', '-c', 'exit 0'], [':']];
const FINE = [
  ['npm', 'test'],
  ['coord', 'sync-check'],
  ['coord', 'deploy', 'verify', 'staging'],
  ['coord', 'audit', 'origin/main..HEAD'],
  ['node', 'scripts/log.js'],
  ['./coordinates', 'log'],
  ['sh', '-c', 'npm test || exit 1'],
  ['./check', 'true'],
  ['tail', 'build.log'],
];

describe('a program that is no gate', () => {
  it.each(NOTES)('%j: a note is not a gate', (...command) => {
    expect(notAGate(command)).toContain('a note is not a gate');
  });

  it.each(CIRCULAR)('%j: asks the gate about itself', (...command) => {
    expect(notAGate(command)).toContain('about itself');
  });

  it.each(ALWAYS)('%j: is always open, which the lint tells', (...command) => {
    expect(alwaysOpens(command)).toBe(true);
    const config = { gates: { a: { type: 'command', command } as const }, deploy: { x: { gates: ['a'] } } };
    expect(lintGates(config).map(({ id }) => id)).toContain('always-open');
  });

  it.each(FINE)('and %j is one, for all that is seen', (...command) => {
    expect(notAGate(command)).toBeNull();
    expect(alwaysOpens(command)).toBe(false);
  });

  it('is refused by the schema, as is a gate of type note', () => {
    const gates = { ...{ a: { type: 'command', command: ['coord', 'log'] } }, b: { type: 'note', note: 'n1' } };
    expect(validateConfig({ gates })).toEqual({
      problems: [
        expect.stringMatching(/^gates\.a\.command: a note is not a gate: coord log/),
        expect.stringMatching(/^gates\.b\.type: must be "command" or "signed-tag": a note is not a gate/),
      ],
    });
  });
});

describe('the lint of gates', () => {
  const command = { type: 'command', command: ['npm', 'test'] } as const;
  const signed = { type: 'signed-tag', revokedSigners: 'revoked' } as const;

  it('finds nothing where all is well', () => {
    const gates = { tests: command, owner: signed };
    expect(lintGates({ gates, deploy: { prod: { gates: ['tests', 'owner'] } } })).toEqual([]);
    expect(lintGates({ gates: {}, deploy: {} })).toEqual([]);
  });

  it('tells what blocks first: a target without gates, a gate configured nowhere, a note', () => {
    const gates = { log: { type: 'command', command: ['coord', 'log'] } as const, spare: signed };
    const deploy = { docs: { gates: [] }, prod: { gates: ['ghost', 'log', 'ghost', 'toString'] } };
    const found = lintGates({ gates, deploy });
    expect(found.map(({ id, blocks, gate, target }) => [id, blocks, gate, target])).toEqual([
      ['no-gate', true, null, 'docs'],
      ['unconfigured', true, 'ghost', 'prod'],
      ['unconfigured', true, 'toString', 'prod'],
      ['not-a-gate', true, 'log', null],
      ['unused', false, 'spare', null],
    ]);
    for (const { message, next } of found) expect([message, next].join('')).not.toMatch(/undefined|null/);
  });

  it('tells what makes a gate weaker', () => {
    const gates = { tests: command, owner: { ...signed, revokedSigners: null } };
    const deploy = { stage: { gates: ['tests'] }, prod: { gates: ['owner'] } };
    expect(lintGates({ gates, deploy })).toMatchObject([
      { id: 'programs-only', target: 'stage', blocks: false },
      { id: 'no-revocation', gate: 'owner', blocks: false },
    ]);
  });

  it('prints names on one line', () => {
    const [problem] = lintGates({ gates: {}, deploy: { 'a\nb': { gates: ['\u001b[2J'] } } });
    expect(problem?.message).toContain('a\\nb needs the gate \\u001b[2J');
  });
});
