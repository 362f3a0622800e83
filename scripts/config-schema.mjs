import { toJsonSchema } from '@valibot/to-json-schema';

const DURATION_PATTERN = '^\\d+(?:\\.\\d+)?(?:ms|s|m|h|d)$';

/**
 * The JSON schema of `coord.config.json`, with the words, default and example of each key.
 *
 * @param {import('valibot').GenericSchema} schema the program's own
 */
export function configSchema(schema) {
  const { $schema, ...converted } = toJsonSchema(schema, {
    target: 'draft-07',
    // Of the checks of the schema's own, only that of a duration can be said in a JSON schema.
    overrideAction: ({ valibotAction, jsonSchema }) => {
      if (valibotAction.type !== 'check') return undefined;
      return /\bduration\b/.test(valibotAction.message) ? { ...jsonSchema, pattern: DURATION_PATTERN } : jsonSchema;
    },
  });
  return {
    $schema,
    title: 'coord.config.json',
    description: 'Settings of coord in one repository. Every key is optional; durations look like 30s, 15m or 2h.',
    ...converted,
  };
}
