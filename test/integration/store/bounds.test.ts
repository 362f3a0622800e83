import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/load.js';
import { parseStrictJson } from '../../../src/domain/strict-json.js';
import { openObjects } from '../../../src/git/objects.js';
import { discoverRepository } from '../../../src/git/repository.js';
import { gitIn } from '../../../src/git/run.js';
import { historyFrom } from '../../../src/store/format/history.js';
import { sandbox } from '../../support/sandbox.js';

const DEEP = 200_000;
const deepList = `${'['.repeat(DEEP)}${']'.repeat(DEEP)}`;
const deepRecord = `${'{"a":'.repeat(DEEP)}1${'}'.repeat(DEEP)}`;

it.each([deepList, deepRecord, `{"claims":[${deepList}]}`])(
  'a document that nests too deep is not JSON of ours',
  (text) => {
    expect(() => parseStrictJson(text)).toThrow(SyntaxError);
    expect(() => parseStrictJson(text)).toThrow('nested deeper than');
  },
);

it.each([
  [`{"gates":${deepRecord}}`, 'has problems'],
  [`{"surface":${deepList}}`, 'has problems'],
  [`{"rules":"${'r'.repeat(1_000_001)}"}`, 'longer than'],
  ['{"memory":["a\\u0000b"]}', 'must not contain a NUL'],
  ['{"rules":"a\\u0000b"}', 'must not contain a NUL'],
  ['{"surface":["src/\\u0000"]}', 'must not contain a NUL'],
  ['{"gates":{"t":{"type":"command","command":["a","b\\u0000"]}}}', 'must not contain a NUL'],
  ['{"deploy":{"p":{"commands":["a\\u0000"]}}}', 'must not contain a NUL'],
])('a configuration is exit 2 where it could not be used: %.30s', async (source, problem) => {
  await expect(parseConfig(source)).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining(problem) });
});

it('an object that is too large is damage, whether it is loose or in a pack, and is not unpacked', async () => {
  const box = sandbox();
  const clone = box.repository();
  box.write(clone, 'a', 'more than a byte');
  const repository = discoverRepository(clone);
  const bytes = 129 * 1024 * 1024;
  const id = 'a'.repeat(40);
  const loose = join(repository.commonDir, 'objects', id.slice(0, 2), id.slice(2));
  mkdirSync(dirname(loose), { recursive: true });
  writeFileSync(loose, deflateSync(Buffer.concat([Buffer.from(`blob ${bytes}\0`), Buffer.alloc(bytes)]), { level: 1 }));
  const objects = openObjects(repository, gitIn(clone, box.env));
  await expect(objects.read([id], 'unpack')).rejects.toMatchObject({
    code: 'corrupt',
    details: { reason: 'too-large' },
  });
  const git = gitIn(clone, box.env);
  const give = git(['cat-file', 'blob', box.git(clone, 'hash-object', '-w', 'a')], { mostBytes: 1 });
  await expect(give).rejects.toMatchObject({ code: 'corrupt', hint: expect.stringContaining('last good commit') });
});

it('a message or an event that is too large or too deep is damage, told at once', async () => {
  const read = async (text: string) => {
    async function* stream() {
      for (let at = 0; at < text.length; at += 1 << 20) yield Buffer.from(text.slice(at, at + (1 << 20)));
    }
    for await (const commit of historyFrom(() => stream(), 'x')) void commit;
  };
  const event = (more: string) =>
    `{"id":"x.1","type":"claim.granted","at":"2026-11-30T12:18:31.517Z","agent":"x"${more}}`;
  await expect(read(`commit a\n1\nsubject\n\n${event(`,"targets":${deepList}`)}\n\0`)).rejects.toMatchObject({
    code: 'corrupt',
  });
  await expect(read(`commit a\n1\n${' '.repeat(65 * 1024 * 1024)}`)).rejects.toMatchObject({ code: 'corrupt' });
  await expect(read(`commit a\n1\nsubject\n\n${event('')}\n\0`)).resolves.toBeUndefined();
});
