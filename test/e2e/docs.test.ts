import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { CATALOGUE, VERBS } from '../../src/cli/registry.js';
import { AGENTS_BLOCK } from '../../src/commands/setup/init-files.js';
import { commandsIn, commandsInMarkdown, type WrittenCommand } from '../support/command-lines.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DOCUMENTS = [
  ...['README.md', 'AGENTS.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md'],
  ...['docs', 'rules'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => join(folder, name)),
  ),
];
const COMMON_OPTIONS = ['--json', '--agent', '--help', '-h'];

function read(document: string): string {
  return readFileSync(join(ROOT, document), 'utf8');
}

/** What is wrong with a command that a document names; null when the program has it. */
async function problemWith({ words, source }: WrittenCommand): Promise<string | null> {
  const plain = words.filter((word) => !word.startsWith('-'));
  const [head = '', tail = ''] = plain;
  // `coord COMMAND --help` stands for any; `coord --version` names none.
  if (/^[A-Z]+$/.test(head) || plain.length === 0) return null;
  if (!CATALOGUE.heads().includes(head)) return `no such command: ${source}`;
  const entry =
    CATALOGUE.entryNamed(head, tail) ?? VERBS.find(({ name, isDefault }) => isDefault && name.startsWith(`${head} `));
  if (!entry) return tail === '' ? null : `no such verb (${CATALOGUE.tailsOf(head).join(', ')}): ${source}`;
  const { options = [] } = await entry.load();
  const known = [...options.flatMap(([flags]) => flags.match(/--?[\w-]+/g) ?? []), ...COMMON_OPTIONS];
  const unknown = words
    .map((word) => word.replace(/^\[/, ''))
    .filter((word) => /^--?[a-z]/i.test(word))
    .map((word) => /^--?[\w-]+/.exec(word)?.[0] ?? word)
    .filter((word) => !known.includes(word));
  return unknown.length === 0 ? null : `no such option (${unknown.join(' ')}): ${source}`;
}

async function problemsIn(commands: readonly WrittenCommand[]): Promise<string[]> {
  const problems = await Promise.all(commands.map(problemWith));
  return problems.filter((problem) => problem !== null);
}

test('a command that does not exist is found wherever it stands', async () => {
  const text =
    'Use `coord clam x`.\n\n```sh\ncoord claim a --wat && coord session begin\n$ coord status --mine | coord log2\n```\n';
  expect(await problemsIn(commandsInMarkdown(text))).toHaveLength(4);
});

test.each(DOCUMENTS)('every command in %s exists, with its options', async (document) => {
  expect(await problemsIn(commandsInMarkdown(read(document)))).toEqual([]);
});

test('the documents name commands at all', () => {
  expect(DOCUMENTS.flatMap((document) => commandsInMarkdown(read(document))).length).toBeGreaterThan(40);
});

test.each(VERBS.map(({ name }) => name))('the examples of %s are commands that exist', async (name) => {
  const verb = await VERBS.find((entry) => entry.name === name)?.load();
  const examples = (verb?.examples ?? []).map(([command]) => command);
  expect(examples).not.toEqual([]);
  expect(await problemsIn(examples.flatMap(commandsIn))).toEqual([]);
});

test.each(DOCUMENTS)('every link in %s leads somewhere', (document) => {
  const text = read(document).replace(/^```[\s\S]*?^```/gm, '');
  const broken = [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => match[1] ?? '')
    .filter((link) => !/^https?:/.test(link) && !leadsSomewhere(link, document));
  expect(broken).toEqual([]);
});

function leadsSomewhere(link: string, document: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? document : relative(ROOT, join(ROOT, dirname(document), path));
  if (!existsSync(join(ROOT, target))) return false;
  return anchor === undefined || headingsOf(target).includes(anchor);
}

/** The anchors that a Markdown file offers, as GitHub makes them. */
function headingsOf(document: string): string[] {
  return [...read(document).matchAll(/^#+ (.+)$/gm)].map((match) =>
    (match[1] ?? '')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

test.each(['docs/ARCHITECTURE.md', 'CONTRIBUTING.md', 'AGENTS.md'])('every file that %s names is there', (document) => {
  const named = [...read(document).matchAll(/`((?:[\w.-]+\/)+(?:[\w.-]+\.[a-z]+)?)`/g)].map(([, path]) => path ?? '');
  const places = (path: string) => [path, join('src', path)].map((place) => join(ROOT, place));
  expect(named.length).toBeGreaterThan(0);
  // What the build makes, and refs, are no files of the repository.
  const missing = named.filter((path) => !/^(?:dist|refs)\//.test(path) && !places(path).some(existsSync));
  expect(missing).toEqual([]);
});

test('docs/README.md leads to every document', () => {
  const index = read('docs/README.md');
  const documents = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && name !== 'README.md' && !name.startsWith('decisions'))
    .sort();
  for (const name of documents) expect(index).toContain(`](${name})`);
});

test('AGENTS.md holds the block that coord init writes', () => {
  expect(read('AGENTS.md').endsWith(AGENTS_BLOCK)).toBe(true);
});

test('the commands in that block exist', async () => {
  const commands = commandsInMarkdown(AGENTS_BLOCK);
  expect(commands.length).toBeGreaterThan(5);
  expect(await problemsIn(commands)).toEqual([]);
});

test('the README sets everything up with exactly two commands', () => {
  const setUp = [...read('README.md').matchAll(/npm ci && .*/g)].map(([line]) => line);
  expect(setUp).toEqual(['npm ci && npm run demo', 'npm ci && npm test']);
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(['demo', 'test']));
});
