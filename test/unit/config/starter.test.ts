import { expect, it } from 'vitest';
import { guessSurface } from '../../../src/commands/setup/init-files.js';

const OWN = ['rules/**', 'AGENTS.md', 'coord.config.json'];

it.each<[string, string[], string[]]>([
  ['folders by their usual names', ['src/a.ts', 'docs/x.md', 'db/1.sql', 'README.md'], ['db/**', 'src/**', ...OWN]],
  [
    'else every folder',
    ['engine/a.rs', 'docs/x.md', '.vscode/x.json', 'rules/own.md'],
    ['docs/**', 'engine/**', ...OWN],
  ],
  ['else everything', ['main.go', 'README.md'], ['**']],
  ['everything where there is nothing', [], ['**']],
  ['a name that would be read as a pattern is left out', ['a*b/x', 'lib2/x'], ['lib2/**', ...OWN]],
])('the first surface: %s', (_, files, surface) => {
  expect(guessSurface(files)).toEqual(surface);
});
