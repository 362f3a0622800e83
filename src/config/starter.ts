import * as v from 'valibot';
import { type Config, withDefaults } from './config.js';
import { ConfigSchema, DEFAULT_TTL, type RawConfig } from './keys.js';
import { CONFIG_FILE } from './load.js';

/** Folders that several agents are likely to change; those that hold files make the first surface. */
const SHARED_FOLDERS = new Set([
  ...['src', 'lib', 'app', 'apps', 'packages', 'server', 'api', 'cmd', 'internal', 'pkg'],
  ...['db', 'migrations', 'prisma', 'scripts', 'infra', 'deploy', 'config', '.github'],
]);

const RULES = 'rules';
/** What steers every agent is on the surface, too. */
const OWN = [`${RULES}/**`, 'AGENTS.md', CONFIG_FILE];

export interface StarterConfig {
  /** The text of the file, for people to edit. */
  readonly text: string;
  readonly parsed: Config;
}

export interface StarterChoices {
  readonly remote: string | null;
  /** Full name. */
  readonly ref: string;
  readonly mainBranch: string | undefined;
  /** Where editors find the schema, relative to the configuration. */
  readonly schema: string;
  readonly surface: readonly string[];
}

/**
 * The first surface, guessed from the files that there are: the folders of code by their usual names, else every folder,
 * else everything. So each pattern matches something.
 * @param files of the project, from its root
 */
export function guessSurface(files: readonly string[]): string[] {
  const folders = [...new Set(files.filter((file) => file.includes('/')).map((file) => file.split('/')[0] ?? ''))];
  const shared = folders.filter((folder) => SHARED_FOLDERS.has(folder));
  const found = shared.length > 0 ? shared : folders.filter((folder) => !folder.startsWith('.') && folder !== RULES);
  const patterns = found.filter((folder) => !/[\\*?[\]{}@:]/.test(folder)).map((folder) => `${folder}/**`);
  return patterns.length === 0 ? ['**'] : [...patterns.sort(), ...OWN];
}

/** The first `coord.config.json`: what a project most likely wants to see and change, the rest left to the defaults. */
export function starterConfig(choices: StarterChoices): StarterConfig {
  const { ttl, memory, autoClaim } = v.parse(ConfigSchema, {});
  const raw: RawConfig = {
    $schema: choices.schema,
    ref: choices.ref,
    ...(choices.remote === null ? {} : { remote: choices.remote }),
    ...(choices.mainBranch === undefined ? {} : { mainBranch: choices.mainBranch }),
    share: choices.remote !== null,
    ttl: { default: DEFAULT_TTL, max: ttl.max },
    surface: [...choices.surface],
    resources: { '@deploy/prod': { ttl: '10m' } },
    rules: RULES,
    memory,
    autoClaim,
  };
  return { text: `${JSON.stringify(raw, null, 2)}\n`, parsed: withDefaults(raw) };
}
