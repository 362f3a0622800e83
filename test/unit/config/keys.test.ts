import { expect, test } from 'vitest';
import { ConfigSchema, configKeys, type FilledConfig, type RawConfig } from '../../../src/config/keys.js';
import { validateConfig, withDefaults } from '../../../src/config/validate.js';

const CONFIG_KEYS = configKeys();

/** A configuration with nothing but this value at the key. */
function configWith(key: string, value: unknown): Record<string, unknown> {
  const names = key.replaceAll('.NAME', key.startsWith('resources') ? '.@name' : '.name').split('.');
  // Neither of the two stands without the other.
  if (key.startsWith('store.etcd.')) {
    const whole = CONFIG_KEYS.find((row) => row.key === 'store.etcd')?.example as object;
    return { store: { etcd: { ...whole, [names.at(-1) ?? '']: value } } };
  }
  return names.reduceRight<unknown>((inner, name) => ({ [name]: inner }), value) as Record<string, unknown>;
}

/** Keys of a gate stand only beside those that its type demands. */
const GATE = /^gates\.NAME\./;
const VERIFY = /^deploy\.NAME\.verify\./;

test.each(CONFIG_KEYS.filter(({ example, key }) => example !== undefined && !GATE.test(key) && !VERIFY.test(key)))(
  'the example of $key is valid',
  ({ key, example }) => {
    expect(validateConfig(configWith(key, example))).not.toHaveProperty('problems');
  },
);

test('the examples of a gate and of a verification are valid together', () => {
  const examplesOf = (prefix: RegExp, ...without: string[]) =>
    Object.fromEntries(
      CONFIG_KEYS.filter(({ key }) => prefix.test(key))
        .map(({ key, example }) => [key.replace(prefix, ''), example] as const)
        .filter(([name]) => !without.includes(name)),
    );
  const signed = { ...examplesOf(GATE, 'command', 'timeout'), type: 'signed-tag' };
  const config = {
    gates: { run: examplesOf(GATE, 'allowedSigners', 'revokedSigners', 'gpgKeys', 'signers'), signed },
    deploy: { prod: { verify: examplesOf(VERIFY, 'pattern') }, test: { verify: examplesOf(VERIFY, 'expect') } },
  };
  expect(validateConfig(config)).not.toHaveProperty('problems');
});

const DEFAULTS = CONFIG_KEYS.filter((entry) => entry.default !== undefined && !entry.key.includes('NAME'));

test.each(DEFAULTS)('setting $key to its default changes nothing', ({ key, default: value }) => {
  expect(withDefaults(configWith(key, value) as RawConfig)).toEqual(withDefaults({}));
});

test.each(CONFIG_KEYS.filter(({ example, key }) => example !== undefined && !key.includes('NAME')))(
  'setting $key to its example changes something',
  ({ key, example }) => {
    expect(withDefaults(configWith(key, example) as RawConfig)).not.toEqual(withDefaults({}));
  },
);

test('each key of the type has exactly one row, with words', () => {
  const rows = CONFIG_KEYS.map(({ key }) => key);
  expect(new Set(rows).size).toBe(rows.length);
  expect(rows.filter((key) => !key.includes('.')).sort()).toEqual(Object.keys(ConfigSchema.entries).sort());
  for (const { key, what } of CONFIG_KEYS) expect([key, what]).toEqual([key, expect.stringMatching(/^\S.*\.$/)]);
});

test('a gate and a deploy target have the defaults of their rows', () => {
  const verify = { url: 'https://app.example/' };
  const deploy = { prod: { verify } };
  const { config } = validateConfig({
    gates: { run: { type: 'command', command: ['x'] }, signed: { type: 'signed-tag', allowedSigners: 'a' } },
    deploy,
  }) as { config: FilledConfig };
  const found = { run: config.gates.run, signed: config.gates.signed, prod: config.deploy.prod };
  const rows = CONFIG_KEYS.filter((entry) => entry.default !== undefined && entry.key.includes('.NAME.'));
  expect(rows.length).toBeGreaterThan(8);
  for (const { key, default: value } of rows) {
    const [, , ...names] = key.split('.');
    const places = key.startsWith('gates') ? [found.run, found.signed] : [found.prod];
    const values = places.map((place) => names.reduce<unknown>((at, name) => (at as never)?.[name], place));
    expect([key, values]).toEqual([key, expect.arrayContaining([value])]);
  }
});
