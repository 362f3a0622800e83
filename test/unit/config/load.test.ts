import { describe, expect, it } from 'vitest';
import { policyFor } from '../../../src/config/config.js';
import { parseConfig } from '../../../src/config/load.js';
import { withDefaults } from '../../../src/config/validate.js';
import { CoordError } from '../../../src/errors.js';

async function problemsOf(source: string): Promise<readonly string[]> {
  const error: unknown = await parseConfig(source).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof CoordError) || error.code !== 'usage') throw new Error(`not refused: ${error}`);
  for (const problem of error.details.problems as string[]) expect(error.message).toContain(problem);
  return error.details.problems as string[];
}

describe('the configuration', () => {
  it('has a default for everything', async () => {
    expect(await parseConfig('{}')).toEqual({
      ref: 'refs/coord/state',
      remote: 'origin',
      mainRemote: 'origin',
      mainBranch: null,
      share: false,
      store: null,
      ttl: { defaultSeconds: 1800, maxSeconds: 14_400 },
      skewSeconds: 30,
      waitSeconds: 540,
      land: { check: null, turnSeconds: 300 },
      takeover: 'clock',
      lockOrder: 'detect',
      surface: [],
      resources: {},
      rules: 'rules',
      pushesPerMinute: null,
      memory: ['STATE.md', 'DECISIONS.md', 'LESSONS.md'],
      scratch: ['scratch/{agent}/**'],
      autoClaim: true,
      requireSession: false,
      tasks: { by: 'everybody', attempts: 3 },
      signCommits: false,
      signers: { allowedSigners: '.coord/agent_signers', revokedSigners: null, gpgKeys: null },
      gates: {},
      deploy: {},
    });
  });

  it.each(['mainBranch', 'remote', 'mainRemote'])('has no %s that is too long for a file', async (key) => {
    const longest = 'é'.repeat(125);
    expect(await parseConfig(JSON.stringify({ [key]: longest }))).toMatchObject({ [key]: longest });
    expect(await problemsOf(JSON.stringify({ [key]: `${longest}x` }))).toEqual([
      `${key}: must be no longer than 250 bytes`,
    ]);
  });

  it('may begin with a byte order mark', async () => {
    expect((await parseConfig('\uFEFF{"remote":"c"}')).remote).toBe('c');
  });

  it('lists every problem at once: unknown keys, on every level, and bad values', async () => {
    const source = JSON.stringify({
      brunch: 'coord',
      remoote: 'origin',
      constructor: 1,
      ref: 'coord',
      share: 'yes',
      ttl: { default: 'soon', maximum: '4h', minimum: '1s' },
      takeover: 'force',
      surface: 'src',
      resources: { 'deploy/prod': { ttl: '10m' }, '@db': { tll: '1m' } },
      gates: { tests: { type: 'comand' } },
    });
    const problems = await problemsOf(source);
    const named = problems.map((problem) => problem.split(':')[0]);
    expect(named.sort()).toEqual(
      [
        'ref',
        'brunch',
        'constructor',
        'gates.tests.type',
        'remoote',
        'resources.@db.tll',
        'resources.deploy/prod',
        'share',
        'surface',
        'takeover',
        'ttl.default',
        'ttl.maximum',
        'ttl.minimum',
      ].sort(),
    );
  });

  it('lists each key that stands twice beside the other problems', async () => {
    const gate = '{"type":"command","command":["a"],"command":["b"]}';
    expect(
      await problemsOf(`{"brunch":1,"surface":["a"],"surface":["b"],"gates":{"t":${gate}},"share":"yes"}`),
    ).toEqual([
      'the key "surface" appears twice',
      'the key "command" appears twice',
      'brunch: unknown key',
      'share: must be true or false',
    ]);
  });

  it('names a key that is missing', async () => {
    expect(await problemsOf('{"store":{"etcd":{}}}')).toEqual([
      'store.etcd.cluster: is missing',
      'store.etcd.prefix: is missing',
    ]);
    expect(await problemsOf('{"gates":{"owner":{"type":"command"}}}')).toEqual(['gates.owner.command: is missing']);
  });

  it('refuses what is not UTF-8: a pattern would match no file', async () => {
    expect(await problemsOf('{"surface":["src/\uFFFD/**"]}')).toEqual(['not valid UTF-8']);
  });

  it.each(['', '{', 'null', '[]', '"x"', '{"branch":}', '{} {}'])('refuses %j', async (source) => {
    expect(await problemsOf(source)).toHaveLength(1);
  });

  it('refuses an inherited name as a key too', async () => {
    expect(await problemsOf('{"__proto__":{"a":1},"toString":2}')).toEqual([
      '__proto__: unknown key',
      'toString: unknown key',
    ]);
  });

  it('leaves no gate and no deploy target out silently', async () => {
    const source = '{"gates":{"__proto__":{}},"deploy":{"constructor":{"gates":["a"]},"prototype":{},"toString":{}}}';
    const problems = await problemsOf(source);
    expect(problems).toEqual([
      'gates.__proto__: cannot be a name',
      'deploy.prototype: cannot be a name',
      'deploy.constructor: cannot be a name',
    ]);
  });

  it('refuses a default time to live above the cap; a cap alone lowers the default', async () => {
    expect(await problemsOf('{"ttl":{"default":"2h","max":"1h"}}')).toEqual(['ttl.default: longer than ttl.max']);
    expect((await parseConfig('{"ttl":{"max":"10m"}}')).ttl).toEqual({ defaultSeconds: 600, maxSeconds: 600 });
  });

  it.each(['0s', '-1m', '1', '400d'])('refuses %j as a time to live', async (text) => {
    expect(await problemsOf(JSON.stringify({ ttl: { max: text } }))).toHaveLength(1);
  });
});

describe('the policy of an agent', () => {
  it('fills in what a gate and a deploy target leave out', async () => {
    const config = await parseConfig(
      JSON.stringify({
        gates: {
          tests: { type: 'command', command: ['npm', 'test'] },
          owner: { type: 'signed-tag', allowedSigners: 'a' },
        },
        deploy: { prod: { gates: ['tests'], verify: { url: 'https://app.example/version' } }, docs: {} },
      }),
    );
    expect(config.gates).toEqual({
      tests: { type: 'command', command: ['npm', 'test'], timeoutSeconds: 600 },
      owner: { type: 'signed-tag', allowedSigners: 'a', revokedSigners: null, gpgKeys: null, signers: 1 },
    });
    expect(config.deploy).toEqual({
      prod: {
        gates: ['tests'],
        verify: {
          url: 'https://app.example/version',
          expect: '{commit}',
          pattern: null,
          header: null,
          status: 200,
          redirects: 'none',
          intervalSeconds: 2,
          timeoutSeconds: 120,
        },
        requirePushed: true,
        commands: [],
        untracked: [],
      },
      docs: { gates: [], verify: null, requirePushed: true, commands: [], untracked: [] },
    });
  });

  it('names the agent’s scratch paths', () => {
    const policy = policyFor(withDefaults({ surface: ['src/**', 'db/*.sql', 'README.md'] }), 'wim', true);
    expect(policy).toEqual({
      skewSeconds: 30,
      defaultTtlSeconds: 1_800,
      requiredRules: null,
      tasks: { by: 'everybody', attempts: 3 },
      foldCase: true,
      watched: null,
      lockOrder: 'detect',
      surface: [
        { kind: 'directory', text: 'src/**' },
        { kind: 'glob', text: 'db/*.sql' },
        { kind: 'path', text: 'README.md' },
      ],
      scratch: [{ kind: 'directory', text: 'scratch/wim/**' }],
    });
  });
});
