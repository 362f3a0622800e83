import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { command, shellWord } from '../domain/suggestion.js';
import { oneLine } from '../domain/text.js';
import { CoordError } from '../errors.js';
import { stopTree } from './process-tree.js';
import type { Repository } from './repository.js';

export interface GitResult {
  /** Git's own exit code; 128 and more also for a signal. */
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface GitOptions {
  /** Fed on standard input, which is closed otherwise. */
  readonly input?: string | Buffer;
  /** Milliseconds until git is stopped, with all that it started, and the call fails with `unavailable`; default 30,000. */
  readonly timeoutMs?: number;
  /** The most that is read of its standard output, in bytes; with more, git is stopped, and the call fails with `corrupt`. */
  readonly mostBytes?: number;
  /** Added to the environment of this call. */
  readonly env?: Environment;
}

/** Runs one git command; resolves with its exit code whatever it is, rejects only when git could not be run. */
export type Git = (args: readonly string[], options?: GitOptions) => Promise<GitResult>;

const DEFAULT_TIMEOUT_MS = 30_000;

/** Where git runs: a directory, or a repository, of which git may have to be told more. */
export type Place = string | Pick<Repository, 'root' | 'env' | 'commonDir'>;

/**
 * The door to git's plumbing: an argument array, no shell, exit code kept. (A library that rejects only when stderr is
 * non-empty turns `merge-base --is-ancestor` into a lie.)
 * @throws CoordError `unavailable` when git is missing, cannot start, or does not answer in time.
 */
export function gitIn(place: Place, env: Environment): Git {
  const clean = gitEnvironment(env);
  return (args, options = {}) =>
    new Promise((resolve, reject) => {
      const { cwd, environment } = at(place, clean);
      const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
      const child = spawn('git', args, {
        cwd,
        env: options.env ? { ...environment, ...options.env } : environment,
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      const out: Buffer[] = [];
      const err: Buffer[] = [];
      let timedOut = false;
      const timer = setTimeout(async () => {
        timedOut = true;
        await stopTree(
          ({ pid }) => pid === child.pid,
          () => child.kill(),
        );
        // Where there is no process table to find it in.
        child.kill('SIGKILL');
        // What has left git's tree may hold them open for as long as it likes.
        child.stdout.destroy();
        child.stderr.destroy();
        reject(didNotAnswer(args, timeoutMs));
      }, timeoutMs);
      let bytes = 0;
      child.stdout.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes <= (options.mostBytes ?? Number.POSITIVE_INFINITY)) return void out.push(chunk);
        clearTimeout(timer);
        child.stdout.destroy();
        child.kill('SIGKILL');
        reject(tooLarge(`what git ${args[0]} gives`));
      });
      child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
      child.on('error', (cause: NodeJS.ErrnoException) => {
        clearTimeout(timer);
        reject(notRunnable(cause));
      });
      child.on('close', (code) => {
        clearTimeout(timer);
        if (timedOut) return;
        const result = { code: code ?? 128, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString('utf8') };
        const reason = whyGitCannotWork(result);
        if (reason === null) resolve(result);
        else reject(reason);
      });
      // A git that exits early closes the pipe; its exit code tells, so the write error need not.
      child.stdin.on('error', () => undefined);
      child.stdin.end(options.input);
    });
}

/** As {@link gitIn}, for a process that does nothing else meanwhile: no stream is made for it. */
export function gitAlone(place: Place, env: Environment): Git {
  const clean = gitEnvironment(env);
  return async (
    args,
    { input, timeoutMs = DEFAULT_TIMEOUT_MS, mostBytes = MOST_AT_ONCE, env: more }: GitOptions = {},
  ) => {
    const { cwd, environment } = at(place, clean);
    const options = {
      cwd,
      env: { ...environment, ...more },
      input: input ?? '',
      timeout: timeoutMs,
      maxBuffer: mostBytes,
    };
    const { status, stdout, stderr, error } = spawnSync('git', args, options);
    if (error) throw notRunnable(error);
    const result = { code: status ?? 128, stdout, stderr: stderr.toString('utf8') };
    const reason = whyGitCannotWork(result);
    if (reason !== null) throw reason;
    return result;
  };
}

const MOST_AT_ONCE = 64 * 1024 * 1024;

/** The failure of stored state that is too large to be read: no writer of coord makes any such. */
export function tooLarge(what: string): CoordError {
  return new CoordError('corrupt', `${what} is larger than any state of coord can be`, {
    hint: `write nothing; have a person find the last good commit (${command('git log --stat coord/state')}) and put it back at the remote`,
    details: { reason: 'too-large', problems: [`${what}: too large`] },
  });
}

/** The failure of a git that could not even be started. */
function notRunnable(cause: NodeJS.ErrnoException): CoordError {
  return new CoordError('unavailable', `git could not be run: ${cause.message}`, {
    hint: cause.code === 'ENOENT' ? 'install git, and put it on PATH' : `see why: ${command('git --version')}`,
    cause,
  });
}

/** Where git refuses to work at all, whatever it was asked: its own words, as long as they are few. */
const CANNOT_WORK =
  /^(?:fatal|error): (?:detected dubious ownership|bad config|unable to (?:access|read) '?[^'\n]*config|unknown error occurred while reading the conf|unknown repository extension|Expected git repo version).*$/m;

/**
 * The one probe for a git that cannot work here: a repository of somebody else, a configuration that cannot be read, a
 * format that is too new. Asked after each command of git that failed; null where git did work.
 */
export function whyGitCannotWork({ code, stderr }: Pick<GitResult, 'code' | 'stderr'>): CoordError | null {
  const said = code === 0 ? undefined : CANNOT_WORK.exec(stderr)?.[0];
  if (said === undefined) return null;
  const place = /dubious ownership in repository at '(.*)'/.exec(said)?.[1];
  const why =
    place === undefined ? 'git cannot work here' : 'git does not trust this repository: it belongs to another user';
  return new CoordError('unavailable', `${why} (${oneLine(said)})`, {
    hint:
      place === undefined
        ? `nothing was changed; see what is wrong: ${command('git status')}`
        : `if you trust it: ${command(`git config --global --add safe.directory ${shellWord(place)}`)}`,
    details: { reason: 'git', stderr: stderr.slice(0, 2000) },
  });
}

function didNotAnswer(args: readonly string[], timeoutMs: number): CoordError {
  return new CoordError(
    'unavailable',
    `git ${args.find((arg, at) => !arg.startsWith('-') && args[at - 1] !== '-c') ?? ''} did not answer within ${timeoutMs / 1000}s`,
    {
      hint: 'look for a hung git process or an unreachable disk, then repeat',
    },
  );
}

/** Standard output of a git command that must succeed, without the trailing newline. */
export async function gitText(git: Git, args: readonly string[], options?: GitOptions): Promise<string> {
  const result = await git(args, options);
  if (result.code !== 0) throw gitFailed(args, result);
  return result.stdout.toString('utf8').replace(/\n$/, '');
}

/**
 * What a git command that must succeed lists, as UTF-8.
 * @param end what ends each entry: of a command that can, NUL (`-z`), since paths may hold any other character
 */
export async function gitList(
  git: Git,
  args: readonly string[],
  options?: GitOptions,
  end: '\0' | '\n' = '\0',
): Promise<string[]> {
  const result = await git(args, options);
  if (result.code !== 0) throw gitFailed(args, result);
  const entries = result.stdout.toString('utf8').split(end);
  return entries.at(-1) === '' ? entries.slice(0, -1) : entries;
}

/** The paths that such a command lists, NFC, each once. */
export async function gitPaths(git: Git, args: readonly string[], options?: GitOptions): Promise<string[]> {
  return [...new Set((await gitList(git, args, options)).map((path) => path.normalize('NFC')))];
}

/** The fault for a git command that should have worked. */
export function gitFailed(args: readonly string[], result: Pick<GitResult, 'code' | 'stderr'>): CoordError {
  const reason = result.stderr.trim().split('\n')[0] ?? '';
  return new CoordError('fault', `git ${args.join(' ')} failed with exit ${result.code}: ${reason}`, {
    hint: 'run that git command by hand to see why',
    details: { stderr: result.stderr.slice(0, 2000) },
  });
}

/** Variables that say which repository git works in; a hook of another repository may have set them. */
const REPOSITORY_VARIABLES = [
  'GIT_ALTERNATE_OBJECT_DIRECTORIES',
  'GIT_COMMON_DIR',
  'GIT_DIR',
  'GIT_GRAFT_FILE',
  'GIT_IMPLICIT_WORK_TREE',
  'GIT_INDEX_FILE',
  'GIT_NAMESPACE',
  'GIT_OBJECT_DIRECTORY',
  'GIT_PREFIX',
  'GIT_QUARANTINE_PATH',
  'GIT_REPLACE_REF_BASE',
  'GIT_SHALLOW_FILE',
  'GIT_WORK_TREE',
];

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The environment for every git process: the repository is decided by the working directory alone, messages are
 * in English, nothing prompts, and reading never takes the index lock.
 */
export function gitEnvironment(env: Environment): Record<string, string> {
  const clean: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && !REPOSITORY_VARIABLES.includes(name)) clean[name] = value;
  }
  clean.LC_ALL = 'C';
  clean.GIT_TERMINAL_PROMPT = '0';
  clean.GIT_OPTIONAL_LOCKS = '0';
  // A helper that asks with a dialog would be one for each command; credential.helper and ssh's agent are asked all the same.
  clean.GIT_ASKPASS = 'false';
  return clean;
}

/** The directory and the environment of git processes at a place. */
export function settingOf(place: Place, env: Environment) {
  return at(place, gitEnvironment(env));
}

/** A program may have removed the worktree that it was started in: what it shares with others is still there. */
function at(place: Place, environment: Record<string, string>) {
  if (typeof place === 'string') return { cwd: place, environment };
  const { cwd, env } = standingIn(place);
  return { cwd, environment: { ...environment, ...env } };
}

/** Where git works for a repository, and what it is told: in the common directory, once the worktree is gone. */
export function standingIn({ root, env, commonDir }: Pick<Repository, 'root' | 'env' | 'commonDir'>) {
  return existsSync(root) ? { cwd: root, env } : { cwd: commonDir, env: { GIT_DIR: commonDir } };
}

/** Standard output of one git command, chunk by chunk; a reader that stops early ends git. */
export type GitStream = (args: readonly string[]) => AsyncIterable<Buffer>;

/**
 * The door to git for long outputs, of which often only the beginning is needed.
 * @throws CoordError `unavailable` when git cannot start, `fault` when it fails.
 */
export function gitStreamIn(place: Place, env: Environment): GitStream {
  const { cwd, environment } = settingOf(place, env);
  return (args) => outputOf(args, cwd, environment);
}

async function* outputOf(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
): AsyncGenerator<Buffer> {
  const child = spawn('git', args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const err: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  const ended = new Promise<number>((resolve, reject) => {
    child.on('error', (cause) => reject(notRunnable(cause)));
    child.on('close', (code) => resolve(code ?? 128));
  });
  // Looked at only after the output; until then it is no unhandled rejection.
  ended.catch(() => undefined);
  try {
    for await (const chunk of child.stdout) yield chunk as Buffer;
    const code = await ended;
    const result = { code, stderr: Buffer.concat(err).toString('utf8') };
    if (code !== 0) throw whyGitCannotWork(result) ?? gitFailed(args, result);
  } finally {
    child.kill();
  }
}
