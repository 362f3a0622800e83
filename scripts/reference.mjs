// Writes what is made from the code: docs/reference and schema/coord.config.schema.json. npm run reference.
// With --check it writes nothing, and fails when a file is out of step.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { configSchema } from './config-schema.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const code = await load([
  './src/cli/registry.ts',
  './src/cli/catalogue.ts',
  './src/cli/common-flags.ts',
  './src/cli/tree.ts',
  './src/config/keys.ts',
  './src/cli/help.ts',
  './src/cli/json-records.ts',
  './src/errors.ts',
]);
const fields = await code.fieldTables(code.VERBS);
const MADE = 'Made from the code by `npm run reference`; a test holds it to the code.';

const files = {
  'docs/reference/commands.md': await commands(),
  'docs/reference/configuration.md': configuration(),
  'docs/reference/exit-codes.md': exitCodes(),
  'docs/reference/json.md': json(),
  'schema/coord.config.schema.json': `${JSON.stringify(configSchema(code.ConfigSchema), null, 2)}\n`,
};
const stale = Object.keys(files).filter((file) => !existsSync(root + file) || read(file) !== files[file]);
if (process.argv.includes('--check')) {
  if (stale.length > 0) {
    console.error(`out of step with the code: ${stale.join(', ')}\nnext: npm run reference`);
    process.exitCode = 1;
  }
} else {
  mkdirSync(`${root}docs/reference`, { recursive: true });
  for (const file of stale) writeFileSync(root + file, files[file]);
  console.log(stale.length === 0 ? 'all of it is in step with the code' : `wrote ${stale.join(', ')}`);
}

async function commands() {
  const heads = code.SUBJECTS.map(([subject, names]) => [
    subject,
    names.flatMap((head) => code.VERBS.filter(({ name }) => name === head || name.startsWith(`${head} `))),
  ]);
  const common = [code.AGENT_OPTION, code.JSON_OPTION, ['-h, --help', 'the same as here, for one command']];
  const lines = ['# Commands', '', MADE, '', 'Every command takes these options:', '', ...optionTable(common)];
  for (const [subject, verbs] of heads) {
    lines.push('', `## ${subject}`);
    for (const entry of verbs) lines.push('', ...about(entry, await entry.load()));
  }
  return text(lines);
}

function about({ name, summary, takesCommand }, { arguments: taken = [], options = [], examples, notes = [] }) {
  const usage = ['coord', name, ...(options.length > 0 ? ['[options]'] : []), ...taken.map(([flags]) => flags)];
  return [
    `### coord ${name}`,
    '',
    `${sentence(summary)}`,
    '',
    '```',
    [...usage, ...(takesCommand ? ['-- program [arguments]'] : [])].join(' '),
    '```',
    ...(taken.length > 0
      ? [
          '',
          ...table(
            ['argument', 'meaning'],
            taken.map(([flags, what]) => [tick(flags), what]),
          ),
        ]
      : []),
    ...(options.length > 0 ? ['', ...optionTable(options)] : []),
    ...(notes.length > 0 ? ['', ...notes.map(plain)] : []),
    '',
    ...table(
      ['example', 'what it does'],
      examples.map(([command, what]) => [tick(command), what]),
    ),
  ];
}

function optionTable(options) {
  const rows = options.map(([flags, what, repeatable]) => [tick(flags), repeatable ? `${what} (several times)` : what]);
  return table(['option', 'meaning'], rows);
}

function configuration() {
  const rows = code
    .configKeys()
    .map((entry) => [
      tick(entry.key),
      entry.what,
      entry.default === undefined ? '' : tick(JSON.stringify(entry.default)),
      entry.example === undefined ? '' : tick(JSON.stringify(entry.example)),
    ]);
  return text([
    '# Configuration',
    '',
    MADE,
    '',
    'The keys of `coord.config.json`, at the root of the repository. Each is optional; `NAME` stands for a name that the',
    'project chooses, and a duration looks like `30s`, `15m` or `2h`. Editors read the same from',
    '[the schema](../../schema/coord.config.schema.json).',
    '',
    ...table(['key', 'meaning', 'default', 'example'], rows),
    '',
    '## Settings of one clone',
    '',
    'What is a clone’s own stands in its git configuration (`git config NAME VALUE`), and no repository can set it:',
    '',
    ...table(
      ['name', 'meaning'],
      [
        [tick('coord.remote'), 'what this clone calls the remote that decides'],
        [tick('coord.mainRemote'), 'what this clone calls the remote that has the main branch'],
        [
          tick('coord.author'),
          'whom the commits of the state name as their author, a name and an address as git writes them, for servers that take only people they know',
        ],
        [tick('coord.committer'), 'the same for their committer'],
        [tick('coord.etcd.*'), 'the way to etcd: [etcd](../etcd.md)'],
      ],
    ),
  ]);
}

function exitCodes() {
  const rows = code.EXIT_TABLE.map(({ exit, code: name, when, next }) => [String(exit), tick(name), when, next]);
  return text([
    '# Exit codes',
    '',
    MADE,
    '',
    'Every command ends with one of these, and none uses a code for anything else; `coord run`, `coord once` and',
    '`coord deploy` pass on the code of the program that they ran. [How to use them in a script](../scripts.md).',
    '',
    ...table(['exit', 'name', 'when', 'what to do'], rows),
  ]);
}

function json() {
  const of = (title, tables) =>
    Object.entries(tables).flatMap(([name, fields]) => ['', `### ${title}${name}`, '', ...fieldTable(fields)]);
  return text([
    '# JSON',
    '',
    MADE,
    '',
    'With `--json`, a command writes one object on standard output, success or not:',
    '',
    '```json',
    '{"schema":"coord/1","command":"claim","ok":true,"data":{}}',
    '{"schema":"coord/1","command":"claim","ok":false,"error":{"code":"held","exit":3,"message":"…","hint":"…","details":{}}}',
    '```',
    '',
    '`notices` is there too where something is to be told, a text each. `error.code` is a name of the',
    '[exit codes](exit-codes.md), or `program` for a program that coord ran and that failed: `exit` is its own exit code.',
    '`message` and `hint` are words for people and may change; `details` has the facts. `ok` is true with exit 0 and nowhere',
    'else; `data` is there without it too where there is something to say, such as the record of a deploy that failed.',
    '',
    'Types: `text`, `number`, `boolean`, `instant` (UTC, ISO 8601 with milliseconds), `commit` (a full object id),',
    '`object` (whose fields are no promise), a text in single quotes, or a record of this page; `T[]` is a list.',
    '',
    '## Answers: what stands in `data`',
    ...of('coord ', fields.answers),
    '',
    '## Refusals: what stands in `error.details`',
    ...of('coord ', fields.refusals),
    '',
    '## Records',
    ...of('', code.RECORDS),
  ]);
}

function fieldTable(fields) {
  const rows = Object.entries(fields).map(([name, field]) => {
    const [type, meaning = ''] = typeof field === 'string' ? [field] : field;
    const may = name.endsWith('?') ? ['may be missing'] : [];
    return [tick(name.replace(/\?$/, '')), tick(type), [meaning, ...may].filter((part) => part !== '').join('; ')];
  });
  return rows.length === 0 ? ['What it writes is another program’s.'] : table(['field', 'type', 'meaning'], rows);
}

function table(head, rows) {
  const line = (cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map((row) => line(row.map(plain)))];
}

/** Outside of code, Markdown reads `<id>` as an element and `*` as emphasis. */
function plain(words) {
  return words.startsWith('`') ? words : words.replace(/[<*_]/g, '\\$&');
}

function tick(words) {
  return `\`${words}\``;
}

function sentence(words) {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}

function text(lines) {
  return `${lines.join('\n')}\n`;
}

function read(file) {
  return readFileSync(root + file, 'utf8');
}

/** What these modules export. They are TypeScript, so they are bundled in memory first. */
async function load(modules) {
  const contents = modules.map((module) => `export * from '${module}';`).join('\n');
  const { outputFiles } = await build({
    ...{ absWorkingDir: root, stdin: { contents, resolveDir: root }, write: false },
    ...{
      bundle: true,
      platform: 'node',
      mainFields: ['module', 'main'],
      format: 'cjs',
      define: { __COORD_VERSION__: '""' },
    },
  });
  const module = { exports: {} };
  new Function('module', 'exports', 'require', outputFiles[0].text)(
    module,
    module.exports,
    createRequire(import.meta.url),
  );
  return module.exports;
}
