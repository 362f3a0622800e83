import { statSync } from 'node:fs';
import { join } from 'node:path';
import { type Config, withDefaults } from './config.js';
import type { RawConfig } from './schema.js';

const SCHEMA_REFERENCE = './node_modules/coord/schema/coord.config.schema.json';

/** Folders that several agents are likely to change; those that exist make the first surface. */
const SHARED_FOLDERS = [
  'src',
  'lib',
  'app',
  'apps',
  'packages',
  'server',
  'api',
  'cmd',
  'internal',
  'pkg',
  'db',
  'migrations',
  'prisma',
  'scripts',
  'infra',
  'deploy',
  'config',
  '.github',
];

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
}

/** The first `coord.config.json`: what a project most likely wants to see and change, the rest left to the defaults. */
export function starterConfig(root: string, choices: StarterChoices): StarterConfig {
  const folders = SHARED_FOLDERS.filter((folder) =>
    statSync(join(root, folder), { throwIfNoEntry: false })?.isDirectory(),
  );
  const raw: RawConfig = {
    $schema: SCHEMA_REFERENCE,
    ref: choices.ref,
    ...(choices.remote === null ? {} : { remote: choices.remote }),
    ...(choices.mainBranch === undefined ? {} : { mainBranch: choices.mainBranch }),
    share: choices.remote !== null,
    ttl: { default: '30m', max: '4h' },
    surface: [
      ...(folders.length === 0 ? ['src'] : folders).map((folder) => `${folder}/**`),
      'rules/**',
      'AGENTS.md',
      'coord.config.json',
    ],
    resources: { '@deploy/prod': { ttl: '10m' } },
    rules: 'rules',
    memory: ['STATE.md', 'DECISIONS.md', 'LESSONS.md'],
  };
  return { text: `${JSON.stringify(raw, null, 2)}\n`, parsed: withDefaults(raw) };
}
