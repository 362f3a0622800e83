import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Harness } from '../../../src/guards/harness/dialects.js';
import type { Sandbox } from '../../support/sandbox.js';
import type { ClientColumn } from './cells.js';
import type { Step, ToolCall } from './model.js';
import type { RunTerms } from './rig.js';

export const PINNED: Readonly<Record<string, string>> = JSON.parse(
  readFileSync(new URL('../clients.json', import.meta.url), 'utf8'),
);
const FOLDER = process.env.COORD_CLIENTS ?? join(homedir(), '.cache', 'coord-clients');

/** The path of a program; null where it is not installed. */
export function programOf(name: string): string | null {
  // What no npm package brings is the system's.
  const folders = name === 'pre-commit' ? (process.env.PATH ?? '').split(':') : [join(FOLDER, 'node_modules', '.bin')];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? null;
}

/** A harness as it is really run. */
export interface Client extends ClientColumn {
  readonly harness: Harness;
  readonly program: string;
  /** Settings of the user in `home`, and of where the model is. @returns what is added to the environment */
  prepare(box: Sandbox, home: string, repository: string, url: string): Readonly<Record<string, string>>;
  readonly args: (prompt: string) => readonly string[];
  /** Goes on with the run before. */
  readonly resume: (prompt: string) => readonly string[];
  /** Gives a piece of work to a sub-agent. */
  delegate(prompt: string): ToolCall;
  /** Makes it give up a call of a tool after three seconds, in settings in which coord’s server stands. */
  hurry?(home: string, repository: string): Readonly<Record<string, string>>;
  /** Loads the tools of coord’s server, where it does not by itself. */
  readonly tools?: readonly Step[];
  /** Calls a tool of coord’s server. */
  mcp(name: string, args: object): ToolCall;
  /** The last step of a sub-agent; a word where none is named. */
  readonly delegateDone?: Step;
  /** A hook of its user, in settings that coord adds its own to; it leaves `own-ran` behind. */
  readonly own: { readonly file: string; readonly text: string; write(box: Sandbox, clone: string): void };
  /** Has the conversation made shorter: by what it is run with, or by what it is told. */
  readonly compact: { readonly terms: RunTerms; readonly prompt?: string };
  /** Edits the cell `c1` of a notebook. */
  notebook?(file: string): readonly Step[];
  /** Changes a file by a patch. */
  patch?(file: string, text: string): { readonly steps: readonly Step[]; readonly terms: RunTerms };
  /** Runs a shell command. */
  shell(command: string): ToolCall;
  /** Gives a file, which is there, another text with the client's own tools; some must read it first. */
  write(file: string, text: string): readonly Step[];
}

/** Settings of a user, whose own hook is in them. */
function ownSettings(file: string, text: string): Client['own'] {
  return { file, text, write: (box, clone) => void box.write(clone, file, text) };
}

const OWN_HOOK = { type: 'command', command: 'touch own-ran' };
const NO_NOTEBOOK = 'no such tool';
const NO_PATCH = 'no such tool';
const NOT_BY_COMMAND = 'registered by hand; not run';
const NO_TASKS = 'has no such hook';
const TRUSTS = 'asks for no trust in hooks';

const claudeArgs = (prompt: string) => [
  ...['-p', prompt, '--permission-mode', 'acceptEdits'],
  ...['--allowedTools', 'Bash,Edit,Write,Read,NotebookEdit,Agent,mcp__coord'],
];
const UNASKED = ['--dangerously-bypass-approvals-and-sandbox', '--dangerously-bypass-hook-trust'];

/** A patch in the form of Codex that gives a file, which is there, another text. */
function patch(file: string, text: string): string {
  const lines = (sign: string, all: string) => all.replace(/^(?=[^\n])/gm, sign);
  const change = `@@\n${lines('-', readFileSync(file, 'utf8'))}${lines('+', text)}`;
  return `*** Begin Patch\n*** Update File: ${file}\n${change}*** End Patch`;
}

const step = (name: string, args: Readonly<Record<string, unknown>>): Step => ({ tools: [{ name, args }] });

export const CLIENTS: readonly Client[] = [
  {
    harness: 'claude-code',
    package: '@anthropic-ai/claude-code',
    program: 'claude',
    prepare: (_box, _home, _repository, url) => ({
      ANTHROPIC_BASE_URL: url,
      ANTHROPIC_API_KEY: 'none',
      DISABLE_AUTOUPDATER: '1',
      DISABLE_TELEMETRY: '1',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    }),
    args: claudeArgs,
    resume: (prompt) => ['--continue', ...claudeArgs(prompt)],
    delegate: (prompt) => ({
      name: 'Agent',
      args: { description: 'a part', prompt, subagent_type: 'general-purpose', run_in_background: false },
    }),
    hurry: () => ({ MCP_TOOL_TIMEOUT: '3000' }),
    tools: [step('ToolSearch', { query: '+coord claim', max_results: 9 })],
    mcp: (name, args) => ({ name: `mcp__coord__${name}`, args: { ...args } }),
    own: ownSettings(
      '.claude/settings.json',
      JSON.stringify({ hooks: { SessionStart: [{ hooks: [OWN_HOOK] }] } }, null, 2),
    ),
    compact: { terms: {}, prompt: '/compact' },
    notebook: (file) => [
      step('ToolSearch', { query: 'select:NotebookEdit' }),
      step('Read', { file_path: file }),
      step('NotebookEdit', { notebook_path: file, cell_id: 'c1', new_source: '2' }),
    ],
    not: { patch: NO_PATCH, untrusted: TRUSTS },
    unseen: 'what a program does that its shell starts; other tools than edits and the shell',
    shell: (command) => ({ name: 'Bash', args: { command, description: 'a step' } }),
    write: (file, content) => [step('Read', { file_path: file }), step('Write', { file_path: file, content })],
  },
  {
    harness: 'codex',
    package: '@openai/codex',
    program: 'codex',
    prepare: (box, home, repository, url) => {
      box.write(
        home,
        '.codex/config.toml',
        [
          'model = "gpt-5.5"',
          'model_provider = "standin"',
          '[model_providers.standin]',
          'name = "standin"',
          `base_url = "${url}"`,
          'wire_api = "responses"',
          'env_key = "STANDIN_KEY"',
          `[projects."${repository}"]`,
          'trust_level = "trusted"',
          '',
        ].join('\n'),
      );
      return { STANDIN_KEY: 'none' };
    },
    args: (prompt) => ['exec', '--json', ...UNASKED, prompt],
    resume: (prompt) => ['exec', 'resume', '--last', '--json', ...UNASKED, prompt],
    delegate: (message) => ({ name: 'spawn_agent', namespace: 'multi_agent_v1', args: { message, task_name: 'part' } }),
    hurry: (home) => {
      const file = join(home, '.codex/config.toml');
      const text = readFileSync(file, 'utf8').replace(
        '[mcp_servers.coord]\n',
        '[mcp_servers.coord]\ntool_timeout_sec = 3\n',
      );
      writeFileSync(file, text);
      return {};
    },
    mcp: (name, args) => ({ name, namespace: 'mcp__coord', args: { ...args } }),
    own: ownSettings(
      '.codex/hooks.json',
      JSON.stringify({ hooks: { SessionStart: [{ hooks: [OWN_HOOK] }] } }, null, 2),
    ),
    compact: { terms: { tokens: 250_000 } },
    patch: (file, text) => ({ steps: [{ tools: [{ name: 'apply_patch', custom: patch(file, text) }] }], terms: {} }),
    not: { notebook: NO_NOTEBOOK, task: NO_TASKS },
    unseen: 'what is typed into a shell that is kept open (`write_stdin`)',
    shell: (command) => ({ name: 'exec_command', args: { cmd: command, yield_time_ms: 30_000 } }),
    write: (file, text) => [{ tools: [{ name: 'apply_patch', custom: patch(file, text) }] }],
  },
  {
    harness: 'gemini',
    package: '@google/gemini-cli',
    program: 'gemini',
    prepare: (box, home, repository, url) => {
      box.write(
        home,
        '.gemini/settings.json',
        JSON.stringify({
          security: { auth: { selectedType: 'gemini-api-key' } },
          privacy: { usageStatisticsEnabled: false },
        }),
      );
      box.write(home, '.gemini/trustedFolders.json', JSON.stringify({ [repository]: 'TRUST_FOLDER' }));
      return { GOOGLE_GEMINI_BASE_URL: url, GEMINI_API_KEY: 'none' };
    },
    args: (prompt) => ['-p', prompt, '--approval-mode', 'yolo', '-m', 'gemini-2.5-pro'],
    resume: (prompt) => ['--resume', 'latest', '-p', prompt, '--approval-mode', 'yolo', '-m', 'gemini-2.5-pro'],
    delegate: (prompt) => ({ name: 'invoke_agent', args: { agent_name: 'generalist', prompt } }),
    hurry: (_home, repository) => {
      const file = join(repository, '.gemini/settings.json');
      const text = readFileSync(file, 'utf8').replace(/"coord": *\{(?= *\n *"command")/, '"coord": {"timeout": 3000,');
      writeFileSync(file, text);
      return {};
    },
    mcp: (name, args) => ({ name: `mcp_coord_${name}`, args: { ...args } }),
    delegateDone: step('complete_task', { result: 'done' }),
    own: ownSettings(
      '.gemini/settings.json',
      `{\n  // what its user wrote\n  "hooks": ${JSON.stringify({ SessionStart: [{ hooks: [{ name: 'own', ...OWN_HOOK }] }] })}\n}\n`,
    ),
    compact: { terms: { tokens: 900_000 } },
    not: {
      patch: NO_PATCH,
      notebook: NO_NOTEBOOK,
      untrusted: TRUSTS,
      task: NO_TASKS,
      compact: 'says nothing after it; the rules come with the next start',
    },
    unseen: 'its shell runs no git hooks: commits and pushes are judged by what the command shows',
    shell: (command) => ({ name: 'run_shell_command', args: { command, description: 'a step' } }),
    write: (file, content) => [step('write_file', { file_path: file, content })],
  },
  {
    harness: 'opencode',
    package: 'opencode-ai',
    program: 'opencode',
    prepare: (box, home, _repository, url) => {
      const provider = {
        npm: '@ai-sdk/openai-compatible',
        options: { baseURL: url, apiKey: 'none' },
        models: {
          standin: { name: 'standin', limit: { context: 50_000, output: 1_000 } },
          // One of this name is offered patches, and no other edits.
          'gpt-5': { name: 'gpt-5' },
        },
      };
      box.write(home, '.config/opencode/opencode.json', JSON.stringify({ provider: { standin: provider } }));
      // It installs what plugins need into each project, and finds it here the second time.
      const cache = join(FOLDER, 'cache');
      return {
        OPENCODE_DISABLE_AUTOUPDATE: '1',
        OPENCODE_DISABLE_MODELS_FETCH: '1',
        XDG_CACHE_HOME: cache,
        BUN_INSTALL_CACHE_DIR: join(cache, 'bun'),
        npm_config_cache: join(cache, 'npm'),
      };
    },
    args: (prompt) => ['run', '--model', 'standin/standin', prompt],
    resume: (prompt) => ['run', '--continue', '--model', 'standin/standin', prompt],
    delegate: (prompt) => ({ name: 'task', args: { description: 'a part', prompt, subagent_type: 'general' } }),
    mcp: (name, args) => ({ name: `coord_${name}`, args: { ...args } }),
    own: ownSettings(
      '.opencode/plugin/own.js',
      "import { writeFileSync } from 'node:fs';\n// what its user wrote\nexport const Own = async () => (writeFileSync('own-ran', ''), {});\n",
    ),
    compact: { terms: { tokens: 100_000 } },
    patch: (file, text) => ({
      steps: [step('apply_patch', { patchText: patch(file, text) })],
      terms: { within: (words) => words.map((word) => (word === 'standin/standin' ? 'standin/gpt-5' : word)) },
    }),
    not: {
      notebook: NO_NOTEBOOK,
      untrusted: TRUSTS,
      task: NO_TASKS,
      tools: NOT_BY_COMMAND,
      cancelled: NOT_BY_COMMAND,
      toolsOfTwo: NOT_BY_COMMAND,
      toolsGone: NOT_BY_COMMAND,
    },
    unseen: 'the end of `opencode run`, which is told by its plugin’s `dispose` alone',
    shell: (command) => ({ name: 'bash', args: { command, description: 'a step' } }),
    write: (file, content) => [step('read', { filePath: file }), step('write', { filePath: file, content })],
  },
];

/** Why a program of the clients is not run here; null: it is there, and starts. */
export function whyNot(name: string, packageName: string): string | null {
  const program = programOf(name);
  const version = PINNED[packageName];
  if (program === null)
    return version === undefined
      ? `${packageName} is not installed`
      : `${packageName}@${version} is not installed: npm run test:clients installs it`;
  // Some managers know no such option, and would set themselves up where they run.
  const { error, signal } = spawnSync(program, ['--version'], { cwd: tmpdir(), stdio: 'ignore', timeout: 60_000 });
  return error === undefined && signal === null ? null : `${packageName}@${version} does not start here`;
}
