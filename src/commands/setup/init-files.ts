import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import * as v from 'valibot';
import type { Config } from '../../config/config.js';
import { ConfigSchema, DEFAULT_TTL, type RawConfig } from '../../config/keys.js';
import { CONFIG_FILE } from '../../config/load.js';
import { withDefaults } from '../../config/validate.js';
import { STATE_REF } from '../../domain/state-ref.js';
import { writablePath } from '../../git/paths.js';

export interface FileChange {
  /** Relative to the root of the worktree. */
  readonly path: string;
  readonly action: 'created' | 'extended' | 'unchanged';
}

const AGENTS_FILE = 'AGENTS.md';
const BLOCK_BEGIN = '<!-- coord:begin -->';
const BLOCK_END = '<!-- coord:end -->';

/** What an agent must know to take part, in a few lines; AGENTS.md of this project holds the same text. */
export const AGENTS_BLOCK = `${BLOCK_BEGIN}
## Working beside others: coord

Several agents and people change this repository at once. Use \`coord\`; its exit codes say what to do.

1. Begin with \`coord session start --agent YOUR-ID\` and follow the rules that it prints.
2. Before you open a file to change it: \`coord claim PATH --reason "why"\`. Exit 3: somebody holds it; do what \`next:\` says.
   Exit 5: your copy lacks the last holder's work; bring it in first.
3. Commit, then \`coord release PATH\`, so that the next holder gets your commit. A guard may stop an edit, a command or a
   commit that nobody claimed: do what its \`next:\` says, and never bypass it (no \`--no-verify\`).
4. Before a deploy: \`coord sync-check\`. Anything but exit 0 means: do not deploy.
5. Tell others with \`coord note "…"\`, read with \`coord inbox\`. The log is a log: not a claim, not permission.
6. Where work is given out: \`coord task take\` gives you the next task, with its paths claimed. Do it, commit, and
   \`coord land\` ends it; \`coord task return --reason "why"\` gives it back. Then take the next.
7. As a worker (\`--role worker\`), claim and commit nothing: write in \`coord session scratch\`, hand changes over with
   \`coord submit PATH --note "…"\`.

\`coord status\` shows who holds what; \`coord help exit-codes\` lists the codes; add \`--json\` to any command.
${BLOCK_END}
`;

/** The keys of a configuration that name the state ref, and the branch that it was once. */
export const NAMED_REF = /"ref"\s*:\s*"([^"\\]*)"/;
const NAMED_BRANCH = /"branch"\s*:\s*"([^"\\]*)"/;

/** A `branch`, which the state was on before it was on a ref, is read as that ref; beside a `ref` it says nothing. */
export function withoutBranch(text: string): string {
  if (!NAMED_REF.test(text)) return text.replace(NAMED_BRANCH, '"ref": "refs/heads/$1"');
  return text.replace(/,\s*"branch"\s*:\s*"[^"\\]*"(?=\s*\})/, '').replace(/"branch"\s*:\s*"[^"\\]*"\s*,\s*/, '');
}

/** Writes the first configuration. */
export function writeConfig(root: string, text: string): FileChange {
  writablePath(root, CONFIG_FILE);
  writeFileSync(join(root, CONFIG_FILE), text, { flag: 'wx' });
  return { path: CONFIG_FILE, action: 'created' };
}

/** Names the state ref in a configuration, whose other text stays as it is; null: it need not be named. */
export function nameRef(root: string, text: string, ref: string | null): FileChange {
  const named = JSON.stringify(ref ?? STATE_REF);
  const renamed = withoutBranch(text).replace(NAMED_REF, `"ref": ${named}`);
  const absent = ref !== null && !NAMED_REF.test(renamed);
  const changed = absent
    ? renamed.replace(
        /\{(\s*)("|\})/,
        (_, gap, next) => `{${gap}"ref": ${named}${next === '}' ? '' : `,${gap}`}${next}`,
      )
    : renamed;
  if (changed === text) return { path: CONFIG_FILE, action: 'unchanged' };
  writeFileSync(writablePath(root, CONFIG_FILE), changed);
  return { path: CONFIG_FILE, action: 'extended' };
}

const NAMED_STORE = /"store"\s*:\s*\{\s*"etcd"\s*:\s*\{[^{}]*\}\s*\}/;

/** Names what decides in the configuration, whose other text stays as it is; null: it need not be named. */
export function withStore(root: string, written: readonly FileChange[], place: Config['store']): FileChange[] {
  const text = readFileSync(join(root, CONFIG_FILE), 'utf8');
  const named = place && `"store": { "etcd": { "cluster": "${place.cluster}", "prefix": "${place.prefix}" } }`;
  const changed =
    named === null
      ? text
          .replace(new RegExp(`,\\s*${NAMED_STORE.source}(?=\\s*\\})`), '')
          .replace(new RegExp(`${NAMED_STORE.source}\\s*,\\s*`), '')
      : NAMED_STORE.test(text)
        ? text.replace(NAMED_STORE, named)
        : text.replace(/\{(\s*)("|\})/, (_, gap, next) => `{${gap}${named}${next === '}' ? '' : `,${gap}`}${next}`);
  if (changed === text) return [...written];
  writeFileSync(writablePath(root, CONFIG_FILE), changed);
  const [config, ...others] = written;
  const action = config?.action === 'created' ? 'created' : 'extended';
  return [{ path: CONFIG_FILE, action }, ...others];
}

/** Copies the starter rules where the folder has no rules yet. */
export function writeStarterRules(packageRoot: string, root: string, folder: string): FileChange[] {
  // A link that leads out of the repository, or nowhere, is refused, here and below: whoever made the repository may have put it there.
  writablePath(root, folder);
  const target = join(root, folder);
  if (existsSync(target) && readdirSync(target).some((name) => name.endsWith('.md'))) {
    return [{ path: folder, action: 'unchanged' }];
  }
  mkdirSync(target, { recursive: true });
  const source = join(packageRoot, 'rules');
  return readdirSync(source)
    .sort()
    .map((name) => {
      writeFileSync(join(target, name), readFileSync(join(source, name)), { flag: 'wx' });
      return { path: `${folder}/${name}`, action: 'created' };
    });
}

/** What a memory file that coord creates says of itself, by its usual name. */
const PURPOSES: Readonly<Record<string, string>> = {
  STATE: 'Where the work stands: what runs, what is half done, what comes next.',
  DECISIONS: 'What was decided, when, by whom and why.',
  LESSONS: 'What went wrong once, and the rule that came of it.',
};

/** Creates the memory files that are not there, with a heading each. */
export function writeMemory(root: string, files: readonly string[]): FileChange[] {
  return files.map((file) => {
    const path = writablePath(root, file);
    if (existsSync(path)) return { path: file, action: 'unchanged' };
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, memoryText(file), { flag: 'wx' });
    return { path: file, action: 'created' };
  });
}

/** A heading, and what the file is for. */
function memoryText(file: string): string {
  const name = basename(file).replace(/\.[^.]*$/, '');
  const title = `${name.charAt(0)}${name.slice(1).toLowerCase()}`;
  const purpose = PURPOSES[name] === undefined ? '' : `\n${PURPOSES[name]}\n`;
  return `# ${title}\n${purpose}`;
}

const SCHEMA = 'schema/coord.config.schema.json';
const INSTALLED_SCHEMA = `node_modules/git-coord/${SCHEMA}`;
const SCHEMA_COPY = '.coord/coord.config.schema.json';

/**
 * Where editors find the schema of the configuration: in the package, where the project has it among its own; else, coord
 * being installed for the machine, in a copy that every clone gets.
 */
export function schemaPlace(root: string): string {
  return existsSync(join(root, INSTALLED_SCHEMA)) ? INSTALLED_SCHEMA : SCHEMA_COPY;
}

/** Puts the copy of the schema there, where it is the one that is named. */
export function writeSchema(packageRoot: string, root: string, place: string): FileChange[] {
  if (place !== SCHEMA_COPY) return [];
  const path = writablePath(root, place);
  const text = readFileSync(join(packageRoot, SCHEMA));
  if (existsSync(path) && readFileSync(path).equals(text)) return [{ path: place, action: 'unchanged' }];
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return [{ path: place, action: 'created' }];
}

/** Adds the block that teaches the loop, once; a block that somebody edited is left as it is. */
export function addAgentsBlock(root: string): FileChange {
  writablePath(root, AGENTS_FILE);
  const path = join(root, AGENTS_FILE);
  if (!existsSync(path)) {
    writeFileSync(path, AGENTS_BLOCK, { flag: 'wx' });
    return { path: AGENTS_FILE, action: 'created' };
  }
  const text = readFileSync(path, 'utf8');
  if (text.includes(BLOCK_BEGIN)) return { path: AGENTS_FILE, action: 'unchanged' };
  // The line ends are those that the file has.
  const end = text.includes('\r\n') ? '\r\n' : '\n';
  const block = `${text.endsWith('\n') || text === '' ? '' : '\n'}\n${AGENTS_BLOCK}`;
  writeFileSync(path, `${text}${block.replaceAll('\n', end)}`);
  return { path: AGENTS_FILE, action: 'extended' };
}

/** The text without the block that coord added, and without the empty line before it. */
export function withoutAgentsBlock(text: string): string {
  const begin = text.indexOf(BLOCK_BEGIN);
  const end = text.indexOf(BLOCK_END);
  if (begin < 0 || end < begin) return text;
  const after = text.slice(end + BLOCK_END.length).replace(/^\n/, '');
  return text.slice(0, begin).replace(/\n\n$/, '\n') + after;
}

/**
 * The files of a project that coord writes: those that are as it wrote them, and those that somebody has changed since.
 * The configuration is coord's alone, whatever it says. Paths from the root.
 */
export function filesAsWritten(packageRoot: string, root: string): { same: string[]; changed: string[] } {
  const rules = readdirSync(join(packageRoot, RULES)).map((name) => ({
    path: `${RULES}/${name}`,
    text: readFileSync(join(packageRoot, RULES, name), 'utf8'),
  }));
  const memory = v.parse(ConfigSchema, {}).memory.map((path) => ({ path, text: memoryText(path) }));
  const written = [...rules, ...memory].filter(({ path }) => existsSync(join(root, path)));
  const isSame = ({ path, text }: (typeof written)[number]) => readFileSync(join(root, path), 'utf8') === text;
  const own = [CONFIG_FILE, SCHEMA_COPY].filter((path) => existsSync(join(root, path)));
  return {
    same: [...own, ...written.filter(isSame).map(({ path }) => path)],
    changed: written.filter((one) => !isSame(one)).map(({ path }) => path),
  };
}

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
  /** The one that has the main branch. */
  readonly mainRemote: string | undefined;
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
    ...(choices.remote === null || choices.mainRemote === choices.remote ? {} : { mainRemote: choices.mainRemote }),
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
