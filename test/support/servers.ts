import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net';
import { userInfo } from 'node:os';
import { delimiter } from 'node:path';
import { PassThrough } from 'node:stream';
import { onTestFinished } from 'vitest';
import type { Sandbox } from './sandbox.js';

/**
 * Decides about a request before git sees it: an HTTP status to answer with at once, `cut`, or nothing to let it pass. Git does
 * its work and its answer is lost: `gateway` says 504 while it is at it, `unsaid` cuts the connection when it has ended,
 * `dying` (a proxy that is killed) while it is at it, and `half-open` never says another word.
 */
export type Doorman = (request: {
  readonly method: string;
  readonly url: string;
}) => number | Said | 'cut' | Lost | undefined;

type Lost = 'gateway' | 'unsaid' | 'dying' | 'half-open';

/** A whole answer of a server. */
export interface Said {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpRemote {
  /** Address of the folder that is served; a repository in it is `${url}/name.git`. */
  readonly url: string;
  /** Requests so far, such as `POST /x.git/git-receive-pack`. */
  readonly requests: string[];
  /** Changes who is let in. */
  setDoorman(doorman: Doorman): void;
}

/** Serves the repositories of a folder by `git http-backend` on a free port of this machine, until the test ends. */
export async function httpRemote(
  box: Sandbox,
  folder: string,
  doorman: Doorman = () => undefined,
): Promise<HttpRemote> {
  let atTheDoor = doorman;
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const { method = 'GET', url = '/' } = request;
    requests.push(`${method} ${url}`);
    const said = atTheDoor({ method, url });
    if (said === 'cut') request.socket.destroy();
    else if (typeof said === 'string') lose(box, folder, request, response, said);
    else if (typeof said === 'object') {
      response.writeHead(said.status, { 'Content-Type': 'text/plain', ...said.headers });
      response.end(said.body ?? '');
    } else if (said !== undefined) {
      response.writeHead(said, said === 401 ? { 'WWW-Authenticate': 'Basic realm="git"' } : {});
      response.end('no\n');
    } else backend(box, folder, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const setDoorman = (next: Doorman) => {
    atTheDoor = next;
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, setDoorman };
}

/** Lets git do what it is asked, and loses its answer. */
function lose(box: Sandbox, folder: string, request: IncomingMessage, response: ServerResponse, how: Lost): void {
  const nowhere = Object.assign(new PassThrough().resume(), { writeHead: () => undefined });
  backend(box, folder, request, nowhere as unknown as ServerResponse);
  // The work is begun once git has all that it was sent.
  request.on('end', () => {
    if (how === 'gateway') response.writeHead(504).end('the server takes too long\n');
    if (how === 'dying') request.socket.destroy();
  });
  nowhere.on('finish', () => {
    if (how === 'unsaid') request.socket.destroy();
  });
}

/** One CGI call of git's own server program. */
function backend(box: Sandbox, folder: string, request: IncomingMessage, response: ServerResponse): void {
  const [path = '/', query = ''] = (request.url ?? '/').split('?');
  const header = (name: string) => request.headers[name]?.toString() ?? '';
  const cgi = spawn('git', ['-c', 'http.receivepack=true', 'http-backend'], {
    env: {
      ...box.env,
      ...{ GIT_PROJECT_ROOT: folder, GIT_HTTP_EXPORT_ALL: '1', PATH_INFO: path, QUERY_STRING: query },
      ...{ REQUEST_METHOD: request.method, CONTENT_TYPE: header('content-type'), REMOTE_ADDR: '127.0.0.1' },
      ...{ HTTP_CONTENT_ENCODING: header('content-encoding'), GIT_PROTOCOL: header('git-protocol') },
    },
  });
  request.pipe(cgi.stdin);
  cgi.stdin.on('error', () => undefined);
  let head = Buffer.alloc(0);
  let begun = false;
  cgi.stdout.on('data', (chunk: Buffer) => {
    if (begun) {
      response.write(chunk);
      return;
    }
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) return;
    begun = true;
    const fields = head.toString('latin1', 0, end).split('\r\n');
    const status = Number(/^Status: (\d+)/m.exec(fields.join('\n'))?.[1] ?? 200);
    const headers = fields.filter((line) => !line.startsWith('Status:')).map((line) => line.split(/: (.*)/, 2));
    response.writeHead(status, Object.fromEntries(headers));
    response.write(head.subarray(end + 4));
  });
  cgi.on('close', () => response.end());
}

/** A server that takes every connection and never says a word. Returns its port. */
export async function silentServer(onTaken: () => void = () => undefined): Promise<number> {
  const open = new Set<Socket>();
  const server = createTcpServer((socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
    onTaken();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A port of this machine at which nobody listens. */
export async function deafPort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/**
 * A stand-in for ssh that runs the remote's command on this machine: the whole of git's side of ssh is real, the
 * encrypted line is not. Returns the environment that makes git use it.
 * @param prefix a command that runs the command in turn
 */
export function sshHere(box: Sandbox, prefix = ''): Record<string, string> {
  const text = `#!/bin/sh\nfor last; do :; done\nexec ${prefix} sh -c "$last"\n`;
  const script = box.write(box.directory, 'bin/ssh-here', text);
  chmodSync(script, 0o755);
  return { GIT_SSH_COMMAND: script, GIT_SSH_VARIANT: 'simple' };
}

const SSHD = '/usr/sbin/sshd';

/** Whether a real ssh server can be started here. */
export const HAS_SSHD = existsSync(SSHD);

export interface SshServer {
  /** What stands before a path in an address, such as `ssh://me@127.0.0.1`. */
  readonly url: string;
  /** Makes git use it. */
  readonly env: Record<string, string>;
}

/** A real sshd on a free port of this machine, with keys of its own, until the test ends. */
export async function sshServer(box: Sandbox): Promise<SshServer> {
  const port = await deafPort();
  const place = (name: string) => box.path('sshd', name);
  mkdirSync(box.path('sshd'));
  // Root's sshd wants this folder, which only the machine's own service makes.
  if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true });
  for (const key of ['host', 'client']) {
    const words = ['-q', '-t', 'ed25519', '-N', '', '-f', place(key)];
    if (spawnSync('ssh-keygen', words).status !== 0) throw new Error('ssh-keygen failed');
  }
  const settings = Object.entries({ HOME: box.home, PATH: box.env.PATH, GIT_CONFIG_NOSYSTEM: '1' });
  const command = `env ${settings.map(([name, value]) => `${name}=${value}`).join(' ')} sh -c \\"$SSH_ORIGINAL_COMMAND\\"`;
  const [host, client] = [box.read('sshd/host.pub'), box.read('sshd/client.pub')];
  box.write(box.directory, 'sshd/authorized_keys', `command="${command}" ${client}`);
  box.write(box.directory, 'sshd/known_hosts', `[127.0.0.1]:${port} ${host}`);
  const config = [`HostKey ${place('host')}`, `AuthorizedKeysFile ${place('authorized_keys')}`, 'StrictModes no'];
  const more = ['PasswordAuthentication no', 'UsePAM no', 'PidFile none', 'MaxStartups 100', 'PermitRootLogin yes'];
  const file = box.write(box.directory, 'sshd/config', `${[...config, ...more].join('\n')}\n`);
  const words = ['-D', '-e', '-f', file, '-o', `ListenAddress=127.0.0.1:${port}`];
  const server = spawn(SSHD, words, { stdio: 'ignore' });
  onTestFinished(() => void server.kill('SIGKILL'));
  while (!(await answers(port))) if (server.exitCode !== null) throw new Error(`sshd: exit ${server.exitCode}`);
  const options = ['-i', place('client'), '-p', String(port), '-o', `UserKnownHostsFile=${place('known_hosts')}`];
  const ssh = ['ssh', '-F', '/dev/null', ...options, '-o', 'IdentitiesOnly=yes', '-o', 'BatchMode=yes'].join(' ');
  return { url: `ssh://${userInfo().username}@127.0.0.1`, env: { GIT_SSH_COMMAND: ssh, GIT_SSH_VARIANT: 'ssh' } };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('data', () => resolve(true));
    socket.on('error', () => resolve(false));
    socket.on('close', () => resolve(false));
    socket.on('data', () => socket.destroy());
  });
}

/** The ways to a remote that git has, and that are tried. */
export const WAYS = ['path', 'file', 'http', 'ssh'] as const;
export type Way = (typeof WAYS)[number];

/** The address of a bare repository in the sandbox by one of the ways, and what the environment must have for it. */
export async function addressOf(box: Sandbox, remote: string, way: Way): Promise<SshServer> {
  switch (way) {
    case 'path':
      return { url: remote, env: {} };
    case 'file':
      return { url: `file://${remote}`, env: {} };
    case 'http': {
      const { url } = await httpRemote(box, box.directory);
      return { url: `${url}${remote.slice(box.directory.length)}`, env: {} };
    }
    case 'ssh': {
      const { url, env } = await sshServer(box);
      return { url: `${url}${remote}`, env };
    }
  }
}

export interface WatchedGit {
  /** Put first on PATH: every git that is started is written down, then runs as it would. */
  readonly env: Record<string, string>;
  /** The network commands so far, in order: `push`, `fetch`, `ls-remote`. */
  network(): string[];
}

/** Counts what a command asks of git. */
export function watchedGit(box: Sandbox): WatchedGit {
  const log = box.write(box.directory, 'git-calls', '');
  const real = box.git(box.directory, '--exec-path');
  const script = `#!/bin/sh\nprintf '%s\\n' "$*" >> '${log}'\nPATH='${box.env.PATH}'\nexport PATH\nexec git "$@"\n`;
  chmodSync(box.write(box.directory, 'watched/git', script), 0o755);
  const PATH = [box.path('watched'), box.env.PATH].join(delimiter);
  return {
    env: { PATH, GIT_EXEC_PATH: real },
    network: () => {
      const words = box.read('git-calls').split('\n');
      return words.flatMap((line) => /\b(push|fetch|ls-remote)\b/.exec(line.replace(/-c \S+/g, ''))?.[1] ?? []);
    },
  };
}
