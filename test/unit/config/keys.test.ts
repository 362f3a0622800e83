import { expect, test } from 'vitest';
import { withDefaults } from '../../../src/config/config.js';
import { CONFIG_KEYS } from '../../../src/config/keys.js';
import { type RawConfig, validateConfig } from '../../../src/config/schema.js';

/** A configuration with nothing but this value at the key. */
function configWith(key: string, value: unknown): Record<string, unknown> {
  const names = key.replaceAll('.NAME', key.startsWith('resources') ? '.@name' : '.name').split('.');
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

const DEFAULTS = CONFIG_KEYS.filter((entry) => entry.default !== undefined);

test.each(DEFAULTS)('setting $key to its default changes nothing', ({ key, default: value }) => {
  expect(withDefaults(configWith(key, value) as RawConfig)).toEqual(withDefaults({}));
});

test.each(CONFIG_KEYS.filter(({ example, key }) => example !== undefined && !key.includes('NAME')))(
  'setting $key to its example changes something',
  ({ key, example }) => {
    expect(withDefaults(configWith(key, example) as RawConfig)).not.toEqual(withDefaults({}));
  },
);
