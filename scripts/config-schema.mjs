// Writes schema/coord.config.schema.json from the program's own schema and the words of src/config/keys.ts.
// With --check it writes nothing, and fails when the file is out of step.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { toJsonSchema } from '@valibot/to-json-schema';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const file = 'schema/coord.config.schema.json';
const DURATION_PATTERN = '^\\d+(?:\\.\\d+)?(?:ms|s|m|h|d)$';

const { ConfigSchema, CONFIG_KEYS } = await load();
const words = new Map(CONFIG_KEYS.map((entry) => [entry.key, entry]));
const seen = new Set();
const converted = toJsonSchema(ConfigSchema, {
  target: 'draft-07',
  // Of the checks of the schema's own, only that of a duration can be said in a JSON schema.
  overrideAction: ({ valibotAction, jsonSchema }) => {
    if (valibotAction.type !== 'check') return undefined;
    return /\bduration\b/.test(valibotAction.message) ? { ...jsonSchema, pattern: DURATION_PATTERN } : jsonSchema;
  },
});
const schema = {
  $schema: converted.$schema,
  title: 'coord.config.json',
  description: 'Settings of coord in one repository. Every key is optional; durations look like 30s, 15m or 2h.',
  ...described(converted, ''),
};
const forgotten = CONFIG_KEYS.map(({ key }) => key).filter((key) => !seen.has(key));
if (forgotten.length > 0) fail(`src/config/keys.ts describes keys that src/config/schema.ts lacks: ${forgotten}`);

const text = `${JSON.stringify(schema, null, 2)}\n`;
const current = existsSync(root + file) ? readFileSync(root + file, 'utf8') : '';
if (text === current) console.log(`${file} is in step`);
else if (process.argv.includes('--check')) fail(`${file} is out of step with src/config: npm run schema`);
else {
  writeFileSync(root + file, text);
  console.log(`wrote ${file}`);
}

/** The program's modules are TypeScript, so they are bundled in memory first. */
async function load() {
  const { outputFiles } = await build({
    absWorkingDir: root,
    stdin: {
      contents: "export { ConfigSchema } from './src/config/schema.ts'; export * from './src/config/keys.ts';",
      resolveDir: root,
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    write: false,
  });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
}

/** The node with the words of its key, and the same for all below it. */
function described(node, key) {
  const changed = { ...node };
  if (node.properties) {
    changed.properties = Object.fromEntries(
      Object.entries(node.properties).map(([name, child]) => {
        const path = key === '' ? name : `${key}.${name}`;
        return [name, { ...wordsOf(path), ...described(child, path) }];
      }),
    );
  }
  if (typeof node.additionalProperties === 'object') {
    const path = `${key}.NAME`;
    changed.additionalProperties = { ...wordsOf(path), ...described(node.additionalProperties, path) };
  }
  for (const choice of ['anyOf', 'oneOf']) {
    if (node[choice]) changed[choice] = node[choice].map((child) => described(child, key));
  }
  return changed;
}

function wordsOf(key) {
  const entry = words.get(key);
  if (!entry) fail(`src/config/keys.ts has no words for the key ${key}`);
  seen.add(key);
  return {
    description: entry.what,
    ...(entry.default === undefined ? {} : { default: entry.default }),
    ...(entry.example === undefined ? {} : { examples: [entry.example] }),
  };
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
