import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const SCRIPT = fileURLToPath(new URL('../../../scripts/config-schema.mjs', import.meta.url));
const SCHEMA = fileURLToPath(new URL('../../../schema/coord.config.schema.json', import.meta.url));

test('schema/coord.config.schema.json is in step with the program and describes every key', () => {
  const { status, stderr } = spawnSync(process.execPath, [SCRIPT, '--check'], { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(status).toBe(0);
});

test('only durations have to look like durations', () => {
  const { properties } = JSON.parse(readFileSync(SCHEMA, 'utf8'));
  expect(properties.ttl.properties.default.pattern).toContain('ms|s|m|h|d');
  expect(properties.branch).not.toHaveProperty('pattern');
  expect(properties.surface.items).not.toHaveProperty('pattern');
  expect(JSON.stringify(properties).match(/ms\|s\|m\|h\|d/g)).toHaveLength(8);
});
