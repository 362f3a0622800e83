import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

/** The built program. */
export const PROGRAM = fileURLToPath(new URL('../../bin/coord.js', import.meta.url));

const GIT_CONFIG = `[user]
  name = Test Person
  email = test@coord.example
[init]
  defaultBranch = main
[commit]
  gpgSign = false
[advice]
  detachedHead = false
`;

export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CoordResult extends Result {
  /** Standard output as the one JSON object that `--json` promises. */
  json<T = CoordEnvelope>(): T;
}

export interface CoordEnvelope {
  schema: string;
  command: string;
  ok: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever fields it expects
  data: any;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever fields it expects
  error: { code: string; exit: number; message: string; hint: string; details: any };
  notices?: readonly string[];
}

export interface RunOptions {
  /** Added to the sandbox's environment; `undefined` takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Fed on standard input, which is closed otherwise. */
  readonly input?: string;
  /** Runs it as another user of the machine; only root may. */
  readonly uid?: number;
  readonly gid?: number;
  /** Another `bin/coord.js` than the one that was built. */
  readonly program?: string;
}

/** A temporary directory in which real git and the built `coord` see nothing of the machine's settings. */
export class Sandbox {
  readonly directory = realpathSync(mkdtempSync(join(tmpdir(), 'coord-test-')));
  readonly home = join(this.directory, 'home');
  /** Path of the built program, for processes that start it themselves. */
  readonly program = PROGRAM;
  /** Built from scratch, so that no COORD_*, GIT_* or harness variable of the machine leaks in. */
  readonly env: Readonly<Record<string, string>>;
  #made = 0;

  constructor() {
    const temporary = join(this.directory, 'tmp');
    mkdirSync(this.home);
    mkdirSync(temporary);
    writeFileSync(join(this.home, '.gitconfig'), GIT_CONFIG);
    this.env = { PATH: process.env.PATH ?? '', HOME: this.home, TMPDIR: temporary, GIT_CONFIG_NOSYSTEM: '1' };
  }

  /** A path inside the sandbox. */
  path(...parts: string[]): string {
    return join(this.directory, ...parts);
  }

  /** Runs git, which must succeed, and returns its standard output without the last newline. */
  git(cwd: string, ...args: string[]): string {
    const result = this.tryGit(cwd, ...args);
    if (result.code !== 0) throw new Error(`git ${args.join(' ')}: exit ${result.code}\n${result.stderr}`);
    return result.stdout.replace(/\n$/, '');
  }

  /** Runs git and returns what came of it. */
  tryGit(cwd: string, ...args: string[]): Result {
    return this.#run(cwd, args);
  }

  #run(cwd: string, args: readonly string[], input?: string): Result {
    const { status, stdout, stderr, error } = spawnSync('git', args, {
      ...{ cwd, env: this.env, encoding: 'utf8' },
      // The whole history of a branch may be asked for.
      maxBuffer: 2 ** 30,
      ...(input === undefined ? {} : { input }),
    });
    if (error) throw error;
    return { code: status ?? 128, stdout, stderr };
  }

  /** Writes a file, with the folders it needs; returns its path. */
  write(cwd: string, file: string, text: string): string {
    const path = join(cwd, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  }

  /** The text of a file in the sandbox. */
  read(file: string): string {
    return readFileSync(this.path(file), 'utf8');
  }

  /** Writes and commits one file; returns the commit's id. */
  commit(cwd: string, file: string, text: string, message = `change ${file}`): string {
    this.write(cwd, file, text);
    this.git(cwd, 'add', '--', file);
    this.git(cwd, 'commit', '--quiet', '--message', message);
    return this.git(cwd, 'rev-parse', 'HEAD');
  }

  /** A new repository without commits; returns its path. */
  repository(name = this.#name('repository')): string {
    this.git(this.directory, 'init', '--quiet', name);
    return this.path(name);
  }

  /** A new bare repository; with `seeded` (the default) its `main` holds one commit of `README.md`. Returns its path. */
  bareRemote({ name = this.#name('remote.git'), seeded = true } = {}): string {
    this.git(this.directory, 'init', '--quiet', '--bare', name);
    const remote = this.path(name);
    if (seeded) {
      const who = `Test Person <test@coord.example> ${Math.floor(Date.now() / 1000)} +0000`;
      const file = 'M 644 inline README.md\ndata 6\nhello\n';
      const input = `commit refs/heads/main\ncommitter ${who}\ndata 6\nbegin\n${file}`;
      const { code, stderr } = this.#run(remote, ['fast-import', '--quiet'], input);
      if (code !== 0) throw new Error(`git fast-import: ${stderr}`);
    }
    return remote;
  }

  /** Clones (`args` are options of `git clone`); returns the clone's path. */
  clone(remote: string, { name = this.#name('clone'), args = [] as readonly string[] } = {}): string {
    this.git(this.directory, 'clone', '--quiet', ...args, '--', remote, name);
    return this.path(name);
  }

  /** A linked worktree of a clone, beside it, on a new branch of the same name; returns its path. */
  worktree(clone: string, name = this.#name('worktree')): string {
    this.git(clone, 'worktree', 'add', '--quiet', '-b', basename(name), this.path(name));
    return this.path(name);
  }

  /** Runs the built program, `bin/coord.js`. */
  coord(cwd: string, args: readonly string[], options: RunOptions = {}): Promise<CoordResult> {
    return new Promise((resolve, reject) => {
      const { env, input, program = PROGRAM, ...user } = options;
      const child = spawn(process.execPath, [program, ...args], { cwd, env: { ...this.env, ...env }, ...user });
      let stdout = '';
      let stderr = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        stdout += text;
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        stderr += text;
      });
      child.on('error', reject);
      child.on('close', (code) => {
        // Whoever prints a suggestion writes it as it is typed; its marks are for use inside the program.
        const marked = /[\uFDD0-\uFDD3]/.test(stdout + stderr);
        if (marked) reject(new Error(`marks of suggestions were printed: ${JSON.stringify(stdout + stderr)}`));
        resolve({ code: code ?? 128, stdout, stderr, json: () => JSON.parse(stdout) });
      });
      // A program that ends without reading closes the pipe; its result tells, not the write error.
      child.stdin.on('error', () => undefined);
      child.stdin.end(input);
    });
  }

  /** Removes everything; `sandbox()` does it by itself when the test ends. */
  cleanup(): void {
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }

  #name(kind: string): string {
    // A copy of a prepared sandbox has some already.
    do this.#made += 1;
    while (existsSync(this.path(`${this.#made}-${kind}`)));
    return `${this.#made}-${kind}`;
  }
}

/** A sandbox for the running test, removed when it ends. Call it inside a test or in `beforeEach`. */
export function sandbox(): Sandbox {
  const box = new Sandbox();
  onTestFinished(() => box.cleanup());
  return box;
}
