import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

/**
 * What nobody would say to a colleague, each found by somebody who stumbled over it. A word that only the code uses
 * (`ground`, what claims are for) stands here as well: people read "paths".
 */
const STUMBLING = String.raw`
\bswept\b
gone back to
say it shortly
did(?: not|n't) end well
known no longer
\breach remote\b
\bmend(?:s|ed)?\b
has not got
whose dialect
told how it ended
ended without a word
in vain\b
\banew\b
\bafresh\b
\bfor ever\b
\bno more either\b
\bnot \w+ any more\b
\bin step\b
on no main branch
\b(?:claim|free|own|its|the|same|of|other) ground\b
read what is here
goes on the record
stands (?:there )?twice
taken away by
takes? (?:it|them|guards|the hooks) away\b
must hold no\b
round all caches
(?:id|URL|agent) (?:that )?is none\b
\bis none of\b
whatever you hold
shows it to nobody
integrates nothing
accept nothing
\b(?:is|are) no (?:file|text|program|event|gate|task|option|address|resource|annotated|JSON)\b
who was at it
nobody (?:else )?was at it
be known in this
no word of
look whether
by your word
`
  .trim()
  .split('\n')
  .map((phrase) => new RegExp(phrase));

/** The text of the sources without what only those read who change them. */
function messagesIn(source: string): string[] {
  return source.split('\n').filter((line) => !/^\s*(?:\*|\/\*|\/\/)/.test(line) && /['"`]/.test(line));
}

const DOCUMENTS = [
  ...['README.md', 'SECURITY.md', 'CONTRIBUTING.md', 'AGENTS.md'],
  ...['docs', 'docs/reference', 'rules'].flatMap((folder) =>
    readdirSync(folder)
      .filter((file) => file.endsWith('.md'))
      .map((file) => join(folder, file)),
  ),
];

const SOURCES = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => join('src', file));

it.each(STUMBLING)('nobody is told %s', (phrase) => {
  const found = [
    ...SOURCES.map((file) => [file, messagesIn(readFileSync(file, 'utf8'))] as const),
    ...DOCUMENTS.map((file) => [file, readFileSync(file, 'utf8').split('\n')] as const),
  ].flatMap(([file, lines]) => lines.filter((line) => phrase.test(line)).map((line) => `${file}: ${line.trim()}`));
  expect(found).toEqual([]);
});

it('finds a phrase where it stands in a message, and not in a comment', () => {
  expect(messagesIn("// swept\n  /** swept */\n * swept\nconst a = 'free when it is swept';\n")).toEqual([
    "const a = 'free when it is swept';",
  ]);
});
