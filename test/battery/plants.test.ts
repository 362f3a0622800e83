import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { PLANTS } from './support/history/plants.js';

const SRC = fileURLToPath(new URL('../../src', import.meta.url));
const SOURCES = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => [`/${name.replaceAll('\\', '/')}`, readFileSync(join(SRC, name), 'utf8')] as const);

it.each(PLANTS)('the source has the place of the bug once: %s', (_name, bugs) => {
  for (const { file, from } of bugs) {
    const places = SOURCES.filter(([name]) => name.endsWith(`/${file}`)).map(([, source]) => source.split(from).length);
    expect([file, places]).toEqual([file, [2]]);
  }
});
