import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { SimpleGitOptions } from 'simple-git';
import { CoordError } from '../errors.js';
import { stopTree } from './process-tree.js';
import { mustBeOneRepository, mustBeRemote, serverOfPath } from './remotes.js';
import type { Repository } from './repository.js';
import { type Environment, type Git, gitEnvironment, gitIn, standingIn, whyGitCannotWork } from './run.js';

export interface PorcelainResult {
  /** Git's own exit code, whatever it wrote; not 0 when it was stopped. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** It did not end in time and was stopped, with all that it had started. */
  readonly timedOut: boolean;
}

/** Options are git's own (`--depth=1`); the remote and what follows it can never be taken for one. */
export type RemoteCommand = (
  remote: string,
  refspecs: readonly string[],
  options?: readonly string[],
) => Promise<PorcelainResult>;

/** The door to git's network commands. Each resolves whatever came of it, and asks nobody anything. */
export interface RemoteGit {
  /** Moves only the refs that the refspecs name: no tags, FETCH_HEAD, tracking refs, pruning or housekeeping. */
  readonly fetch: RemoteCommand;
  readonly push: RemoteCommand;
  /** Takes patterns in the place of refspecs; git matches each against the end of a ref's name. */
  readonly lsRemote: RemoteCommand;
}

export interface RemoteGitOptions {
  /** Milliseconds that one command may take in all; default 120,000. */
  readonly timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 120_000;
/** The exit code of a git that a signal ended: as a shell gives it for SIGINT. */
const STOPPED = 130;

const FETCH_OPTIONS = [
  '--quiet',
  '--no-write-fetch-head',
  '--no-tags',
  '--no-prune',
  '--no-auto-maintenance',
  '--no-recurse-submodules',
  // Without it the configured refspec would move refs/remotes/<remote>/<branch> along.
  '--refmap=',
];

/**
 * Opens the network commands of a repository, run through simple-git, which is loaded at the first call only.
 * @throws CoordError (from each command) `unavailable` when git is missing or cannot start, `usage` for what is no remote of
 *   this clone, or is pushed to another repository than it is fetched from.
 */
export function remoteGit(repository: Repository, env: Environment, options: RemoteGitOptions = {}): RemoteGit {
  const call = (): Call => ({
    directory: standingIn(repository).cwd,
    env: silentEnvironment(env, repository),
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
  });
  const git = gitIn(repository, env);
  const command =
    (name: string, fixed: readonly string[]): RemoteCommand =>
    async (remote, refspecs, more = []) => {
      await mustBeRemote(repository, git, remote);
      const result = await run(call(), [...headSettings(remote), name, ...fixed, ...more, '--', remote, ...refspecs]);
      // Where git does not trust the repository, it takes the name of a remote for a path, and says no more than that.
      if (result.stderr.includes('does not appear to be a git repository')) await git(['rev-parse', '--git-dir']);
      return result;
    };
  const push = command('push', ['--porcelain', '--no-recurse-submodules']);
  return {
    fetch: command('fetch', FETCH_OPTIONS),
    push: async (remote, refspecs, more = []) => {
      await mustBeOneRepository(repository, git, env, remote);
      return push(remote, refspecs, [...(await serverOfPath(repository, git, env, remote)), ...more]);
    },
    lsRemote: command('ls-remote', []),
  };
}

/** Git from 2.48 on makes a fetch also set refs/remotes/<remote>/HEAD, unless told not to. */
function headSettings(remote: string): string[] {
  return /^\w[\w./-]*$/.test(remote) ? ['-c', `remote.${remote}.followRemoteHEAD=never`] : [];
}

/**
 * Adds to git's environment what keeps every password and host-key question from being asked. ssh is given a helper
 * that always declines, which needs no knowledge of the ssh command that the user has set.
 */
function silentEnvironment(env: Environment, repository: Repository): Record<string, string> {
  const environment = { ...gitEnvironment(env), ...standingIn(repository).env };
  if (environment.SSH_ASKPASS_REQUIRE === undefined) {
    environment.SSH_ASKPASS = 'false';
    environment.SSH_ASKPASS_REQUIRE = 'force';
  }
  environment.GCM_INTERACTIVE ??= 'never';
  return { ...environment, ...trueHistory(repository) };
}

/** Variables that make git see the commits as they were made: no replace refs, no grafts. */
export function trueHistory(repository: Repository): Record<string, string> {
  return { GIT_NO_REPLACE_OBJECTS: '1', GIT_GRAFT_FILE: join(repository.commonDir, 'coord', 'no-grafts') };
}

interface Call {
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

interface Running {
  readonly stop: AbortController;
  readonly streams: Readable[];
}

async function run(call: Call, args: readonly string[]): Promise<PorcelainResult> {
  // Found again in the process table by this setting, since simple-git does not tell the id of its process.
  const marker = `coord.call=${randomBytes(8).toString('hex')}`;
  const running: Running = { stop: new AbortController(), streams: [] };
  const ended = start(call, ['-c', marker, ...args], running);
  const result = await within(call.timeoutMs, ended);
  if (result !== null) return result;
  await stopTree(
    ({ command }) => command.includes(marker),
    () => running.stop.abort(),
  );
  for (const stream of running.streams) stream.destroy();
  const stderr = `git did not end within ${call.timeoutMs / 1000}s`;
  return { code: STOPPED, stdout: '', stderr, timedOut: true };
}

/** The promise's value, or null when that takes longer. */
async function within<T>(ms: number, promise: Promise<T>): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function start(call: Call, args: readonly string[], running: Running): Promise<PorcelainResult> {
  const { simpleGit } = await import('simple-git');
  let code = -1;
  let stdout = '';
  let stderr = '';
  const git = simpleGit({
    baseDir: call.directory,
    abort: running.stop.signal,
    allowEnvironment: Object.keys(call.env),
    unsafe: TRUSTED_CALLER,
    completion: { onClose: true, onExit: false },
    // Empty rather than absent, so that standard input is closed and nothing can wait for it.
    input: () => Buffer.alloc(0),
    // Without this hook a failure that writes nothing to stderr would pass for a success.
    errors: (_error, result) => {
      code = result.exitCode ?? STOPPED;
      stdout = Buffer.concat(result.stdOut).toString('utf8');
      stderr = Buffer.concat(result.stdErr).toString('utf8');
      return undefined;
    },
  });
  git.env({ ...call.env }).outputHandler((_command, out, err) => {
    running.streams.push(out as Readable, err as Readable);
    // simple-git waits 50 ms more for a command that wrote nothing; an empty chunk is something.
    out.once('end', () => out.emit('data', Buffer.alloc(0)));
  });
  // A process that has no streams, since no more files can be opened, makes simple-git fail by itself.
  const hasStreams = await git.raw([...args]).then(
    () => true,
    () => false,
  );
  if (code < 0) throw notStarted(hasStreams ? stderr : 'no more files or processes may be opened');
  const reason = whyGitCannotWork({ code, stderr });
  if (reason !== null) throw reason;
  return { code, stdout, stderr, timedOut: false };
}

function notStarted(reason: string): CoordError {
  return new CoordError('unavailable', `git could not be run: ${reason.split('\n')[0] ?? ''}`, {
    hint: 'nothing was changed; install git and put it on PATH, or raise the limits of this shell (ulimit -n, -u)',
  });
}

/**
 * simple-git refuses arguments and variables that could run a program (`GIT_SSH_COMMAND`, `core.sshCommand`, ...). Here
 * every argument is coord's own, and the variables are those that git obeys in this shell anyway, so all are let through.
 */
const TRUSTED_CALLER: Required<NonNullable<SimpleGitOptions['unsafe']>> = {
  // False would make simple-git export a test variable that also changes how git behaves in the user's hooks.
  allowAbbreviatedOptions: true,
  allowUnsafeAlias: true,
  allowUnsafeAskPass: true,
  allowUnsafeCommandBinaries: true,
  allowUnsafeConfigEnvCount: true,
  allowUnsafeConfigPaths: true,
  allowUnsafeCredentialHelper: true,
  allowUnsafeCustomBinary: true,
  allowUnsafeDiffExternal: true,
  allowUnsafeDiffTextConv: true,
  allowUnsafeEditor: true,
  allowUnsafeExec: true,
  allowUnsafeFilter: true,
  allowUnsafeFsMonitor: true,
  allowUnsafeGitProxy: true,
  allowUnsafeGpgProgram: true,
  allowUnsafeHooksPath: true,
  allowUnsafeInclude: true,
  allowUnsafeMergeDriver: true,
  allowUnsafePack: true,
  allowUnsafePager: true,
  allowUnsafeProtocolOverride: true,
  allowUnsafeSshCommand: true,
  allowUnsafeSubmodule: true,
  allowUnsafeTemplateDir: true,
  allowUnsafeUrlRewrite: true,
};

/** Git that sees objects as they were made: no replacement of this clone hides what is contained in what. */
export function trueGit({ git, repository }: { readonly git: Git; readonly repository: Repository }): Git {
  return (args, options) => git(args, { ...options, env: { ...options?.env, ...trueHistory(repository) } });
}
