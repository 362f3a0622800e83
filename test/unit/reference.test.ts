import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { VERBS } from '../../src/cli/registry.js';
import { configKeys } from '../../src/config/keys.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string) => readFileSync(ROOT + file, 'utf8');

test('docs/reference and the schema of the configuration are in step with the code', () => {
  const script = `${ROOT}scripts/reference.mjs`;
  const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
});

test('the reference has each verb with each of its options, and each key and answer', async () => {
  const commands = read('docs/reference/commands.md');
  for (const entry of VERBS) {
    const start = commands.indexOf(`### coord ${entry.name}\n`);
    expect([entry.name, start > 0]).toEqual([entry.name, true]);
    const section = commands.slice(start).split('\n##')[0];
    const { options = [], examples } = await entry.load();
    for (const [flags] of options) expect(section).toContain(`| \`${flags.replaceAll('|', '\\|')}\` |`);
    for (const [command] of examples) expect(section).toContain(command.replaceAll('|', '\\|'));
  }
  for (const { key } of configKeys()) expect(read('docs/reference/configuration.md')).toContain(`| \`${key}\` |`);
  for (const { name } of VERBS) expect(read('docs/reference/json.md')).toContain(`### coord ${name}\n`);
});

test('only durations have to look like durations', () => {
  const { properties } = JSON.parse(read('schema/coord.config.schema.json'));
  expect(properties.ttl.properties.default.pattern).toContain('ms|s|m|h|d');
  expect(properties.ref).not.toHaveProperty('pattern');
  expect(properties.surface.items).not.toHaveProperty('pattern');
  expect(JSON.stringify(properties).match(/ms\|s\|m\|h\|d/g)).toHaveLength(9);
});
