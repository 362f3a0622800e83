import { toJsonSchema } from '@valibot/to-json-schema';

const DURATION_PATTERN = '^\\d+(?:\\.\\d+)?(?:ms|s|m|h|d)$';

/**
 * The JSON schema of `coord.config.json`, with the words of each key.
 *
 * @param {import('valibot').GenericSchema} schema the program's own
 * @param {readonly { key: string, what: string, default?: unknown, example?: unknown }[]} keys
 * @throws Error when a key has no words, or words have no key
 */
export function configSchema(schema, keys) {
  const words = new Map(keys.map((entry) => [entry.key, entry]));
  const seen = new Set();
  const converted = toJsonSchema(schema, {
    target: 'draft-07',
    // Of the checks of the schema's own, only that of a duration can be said in a JSON schema.
    overrideAction: ({ valibotAction, jsonSchema }) => {
      if (valibotAction.type !== 'check') return undefined;
      return /\bduration\b/.test(valibotAction.message) ? { ...jsonSchema, pattern: DURATION_PATTERN } : jsonSchema;
    },
  });
  const wordsOf = (key) => {
    const entry = words.get(key);
    if (!entry) throw new Error(`src/config/keys.ts has no words for the key ${key}`);
    seen.add(key);
    return {
      description: entry.what,
      ...(entry.default === undefined ? {} : { default: entry.default }),
      ...(entry.example === undefined ? {} : { examples: [entry.example] }),
    };
  };
  /** The node with the words of its key, and the same for all below it. */
  const described = (node, key) => {
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
  };
  const made = {
    $schema: converted.$schema,
    title: 'coord.config.json',
    description: 'Settings of coord in one repository. Every key is optional; durations look like 30s, 15m or 2h.',
    ...described(converted, ''),
  };
  const forgotten = keys.map(({ key }) => key).filter((key) => !seen.has(key));
  if (forgotten.length > 0) throw new Error(`src/config/keys.ts describes keys that there are not: ${forgotten}`);
  return made;
}
