import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Harness } from '../../../src/guards/harness/dialects.js';
import type { Sandbox } from '../../support/sandbox.js';
import type { Step, ToolCall } from './model.js';

const PINNED: Readonly<Record<string, string>> = JSON.parse(
  readFileSync(new URL('../clients.json', import.meta.url), 'utf8'),
);
const FOLDER = process.env.COORD_CLIENTS ?? join(homedir(), '.cache', 'coord-clients');

/** The path of a program of an installed package; null where it is not installed. */
export function programOf(name: string): string | null {
  const path = join(FOLDER, 'node_modules', '.bin', name);
  return existsSync(path) ? path : null;
}

/** A harness as it is really run. */
export interface Client {
  readonly harness: Harness;
  /** Its npm package, at the version that is pinned. */
  readonly package: string;
  readonly program: string;
  /** Settings of the user in `home`, and of where the model is. @returns what is added to the environment */
  prepare(box: Sandbox, home: string, repository: string, url: string): Readonly<Record<string, string>>;
  readonly args: (prompt: string) => readonly string[];
  /** Runs a shell command. */
  shell(command: string): ToolCall;
  /** Gives a file, which is there, another text with the client's own tools; some must read it first. */
  write(file: string, text: string): readonly Step[];
}

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
    args: (prompt) => [
      ...['-p', prompt, '--permission-mode', 'acceptEdits'],
      ...['--allowedTools', 'Bash,Edit,Write,Read,NotebookEdit'],
    ],
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
    args: (prompt) => [
      ...['exec', '--json', '--dangerously-bypass-approvals-and-sandbox', '--dangerously-bypass-hook-trust', prompt],
    ],
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
        models: { standin: { name: 'standin' } },
      };
      box.write(home, '.config/opencode/opencode.json', JSON.stringify({ provider: { standin: provider } }));
      return { OPENCODE_DISABLE_AUTOUPDATE: '1', OPENCODE_DISABLE_MODELS_FETCH: '1' };
    },
    args: (prompt) => ['run', '--model', 'standin/standin', prompt],
    shell: (command) => ({ name: 'bash', args: { command, description: 'a step' } }),
    write: (file, content) => [step('read', { filePath: file }), step('write', { filePath: file, content })],
  },
];

/** Why a program of the clients is not run here; null: it is there, and starts. */
export function whyNot(name: string, packageName: string): string | null {
  const program = programOf(name);
  const version = PINNED[packageName];
  if (program === null) return `${packageName}@${version} is not installed: npm run test:clients installs it`;
  // Some managers know no such option, and would set themselves up where they run.
  const { error, signal } = spawnSync(program, ['--version'], { cwd: tmpdir(), stdio: 'ignore', timeout: 60_000 });
  return error === undefined && signal === null ? null : `${packageName}@${version} does not start here`;
}
