import type { VerbEntry } from '../cli/registry.js';

/** The option of every command that writes. */
const REQUEST_ID_OPTION = [
  '--request-id <id>',
  'the same id again, within a day, gives the same answer and has no second effect',
] as const;

/** The verb with that option, if it writes. */
export function takingRequestId(entry: VerbEntry): VerbEntry {
  if (!entry.writes) return entry;
  return {
    ...entry,
    async load() {
      const verb = await entry.load();
      return { ...verb, options: [...(verb.options ?? []), REQUEST_ID_OPTION] };
    },
  };
}
