import { spawn } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { delimiter } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Sandbox } from './sandbox.js';

/** Decides about a request before git sees it: an HTTP status to answer with at once, `cut`, or nothing to let it pass. */
export type Doorman = (request: { readonly method: string; readonly url: string }) => number | 'cut' | undefined;

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
    else if (said !== undefined) {
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
