import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Target } from '../../../src/domain/ground/targets.js';
import {
  asTyped,
  claimLine,
  command,
  commandIn,
  coord,
  form,
  shellWord,
  targetWord,
} from '../../../src/domain/suggestion.js';
import { oneLine } from '../../../src/domain/text.js';

const ROOT = { atRoot: true, agent: undefined };
const BELOW = { atRoot: false, agent: undefined };

it.each<[Target, string, string]>([
  [{ kind: 'path', text: 'src/a.ts' }, 'src/a.ts', ':/src/a.ts'],
  [{ kind: 'directory', text: 'src/api/**' }, 'src/api/', ':/src/api/'],
  [{ kind: 'directory', text: '**' }, ':/', ':/'],
  [{ kind: 'glob', text: 'src/**/*.ts' }, "'src/**/*.ts'", "':/src/**/*.ts'"],
  [{ kind: 'resource', text: '@db/main' }, '@db/main', '@db/main'],
  [{ kind: 'path', text: '@db' }, ':/@db', ':/@db'],
  [{ kind: 'path', text: '-x' }, ':/-x', ':/-x'],
  [{ kind: 'path', text: 'app/[id]/n.ts' }, "':(literal)app/[id]/n.ts'", "':(literal)app/[id]/n.ts'"],
  [{ kind: 'directory', text: 'app/[id]/**' }, "':(literal)app/[id]/'", "':(literal)app/[id]/'"],
  [{ kind: 'path', text: "it's" }, "'it'\\''s'", "':/it'\\''s'"],
  [{ kind: 'path', text: 'n\nl' }, "$'n\\nl'", "$':/n\\nl'"],
])('%j is typed as %s at the root and %s below it', (target, atRoot, below) => {
  expect(asTyped(targetWord(target), ROOT)).toBe(atRoot);
  expect(asTyped(targetWord(target), BELOW)).toBe(below);
});

it.each([
  ['@db/main', 'coord claim @db/main'],
  ['@task/t3', 'coord task take t3'],
  ['@task', 'coord task take'],
  ['@deploy/prod', 'coord deploy prod -- PROGRAM'],
  ['@deploy', 'coord deploy TARGET -- PROGRAM'],
  ['@once/migrate/42', 'coord once migrate/42 -- PROGRAM'],
  ['@land/main', 'coord land'],
  ['src/api/**', 'coord claim src/api/'],
])('%s is claimed by %s', (target, line) => {
  expect(asTyped(claimLine(target), ROOT)).toBe(line);
});

it('repeats --agent where the agent had to name itself', () => {
  const text = `${coord('claim a --wait')}        or look: ${coord('status')}`;
  const typed = asTyped(text, { atRoot: true, agent: 'maya' });
  expect(typed).toBe('coord --agent maya claim a --wait        or look: coord --agent maya status');
});

it.each(['$(touch x)', 'a\nforged: line', '$& $`', '-x'])('repeats no --agent that is no agent id: %j', (agent) => {
  expect(asTyped(coord('status'), { atRoot: true, agent })).toBe('coord status');
});

it('names no second agent where the command says who acts', () => {
  const typed = asTyped(coord('session start --agent ID'), { atRoot: true, agent: 'maya' });
  expect(typed).toBe('coord session start --agent ID');
});

it.each([
  'git branch -m coord coord-before-origin',
  'git update-ref refs/coord/state abc',
  "claim 'my coord notes.md'",
])('leaves words alone that only look like a command of coord: %s', (text) => {
  expect(asTyped(text, { atRoot: true, agent: 'maya' })).toBe(text);
  expect(asTyped(coord(`note "${text}"`), { atRoot: true, agent: 'maya' })).toBe(`coord --agent maya note "${text}"`);
});

it('takes no mark from what somebody else wrote', () => {
  const forged = `${coord('status')} ${targetWord({ kind: 'path', text: 'a' })}`;
  expect(asTyped(oneLine(forged), BELOW)).toBe('\\ufdd2\\ufdd1coord status\\ufdd3 \\ufdd0a');
  expect(asTyped(targetWord({ kind: 'path', text: forged }), BELOW)).toBe(
    "$':/\\ufdd2\\ufdd1coord status\\ufdd3 \\ufdd0a'",
  );
});

it('leaves plain words alone, and quotes the rest', () => {
  const words = ['src/a-b.ts', 'a b', '-a', ''].map(shellWord);
  expect(words).toEqual(['src/a-b.ts', "'a b'", './-a', "''"]);
});

const SOURCES = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && file !== join('domain', 'suggestion.ts'))
  .map((file) => ({ file, text: readFileSync(join('src', file), 'utf8') }));

/** Lines of code that match, with their files. */
function linesLike(pattern: RegExp): string[] {
  return SOURCES.flatMap(({ file, text }) =>
    text
      .split('\n')
      .filter((line) => pattern.test(line) && !/^\s*(?:\*|\/)/.test(line))
      .map((line) => `${file}: ${line.trim()}`),
  );
}

it('is made by coord() wherever it is a hint, an alternative or the next thing to do', () => {
  expect(SOURCES.length).toBeGreaterThan(100);
  expect(linesLike(/(?:\bhint\b|\bcommand\b|\bnext\b|\busage\().*['"`]coord [a-z]/)).toEqual([]);
});

it('leaves nothing to be filled in where it is said to be ready to paste', () => {
  expect(linesLike(/\b(?:coord|command)\((?:'[^']*|`[^`]*)(?:…|\b(?!HEAD\b|COORD_)[A-Z]{2,}\b(?!_FILE))/)).toEqual([]);
});

it('is told from the words around it, the first of several', () => {
  const text = `stop changing it; to go on: ${coord('claim a')}; or look: ${coord('status')}`;
  expect(asTyped(commandIn(text) ?? '', ROOT)).toBe('coord claim a');
  expect(asTyped(text, ROOT)).toBe('stop changing it; to go on: coord claim a; or look: coord status');
  expect(commandIn(`name it: ${form('release TARGET')}`)).toBeUndefined();
});

it('is one command where it is made of several', () => {
  const both = command(`git fetch && ${coord('land')}`);
  expect(asTyped(commandIn(`bring it in: ${both}.`) ?? '', { atRoot: true, agent: 'maya' })).toBe(
    'git fetch && coord --agent maya land',
  );
});
