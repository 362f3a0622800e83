import { execFileSync } from 'node:child_process';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { onTestFinished } from 'vitest';
import type { VerifyConfig } from '../../src/config/deploys.js';
import type { Verification } from '../../src/domain/deploy/verification.js';
import { instantOf } from '../../src/domain/time.js';
import { type Attempt, verifyEndpoint } from '../../src/verify/endpoint.js';
import { NOON } from './in-process.js';
import type { Sandbox } from './sandbox.js';

export const NEW = 'c0ffee5a11d0f00dfeedfacecafed00d12345678';
export const OLD = '51c77aa0b1d0e4c0ffee00112233445566778899';

/** Answers a request; `count` says how many there were, from 1. */
export type Answering = (
  response: ServerResponse,
  count: number,
  request: IncomingMessage & { readonly path: string; readonly query: URLSearchParams },
) => void;

export interface Endpoint {
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string;
  /** What was asked for, in order. */
  readonly asked: string[];
  readonly headers: IncomingMessage['headers'][];
}

/** A web server of this machine that answers as it is told to, until the test ends. */
export async function endpoint(answering: Answering, certificate: Certificate | null = null): Promise<Endpoint> {
  const asked: string[] = [];
  const headers: IncomingMessage['headers'][] = [];
  const listener: RequestListener = (request, response) => {
    asked.push(request.url ?? '');
    headers.push(request.headers);
    const { pathname: path, searchParams: query } = new URL(request.url ?? '/', 'http://endpoint.invalid');
    answering(response, asked.length, Object.assign(request, { path, query }));
  };
  const server = certificate === null ? createServer(listener) : createSecureServer(certificate, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const protocol = certificate === null ? 'http' : 'https';
  return { origin: `${protocol}://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, headers };
}

interface Certificate {
  readonly key: string;
  readonly cert: string;
}

/** A certificate for this machine that no authority has signed. */
export function selfSigned(box: Sandbox): Certificate {
  const files = ['-keyout', box.path('key.pem'), '-out', box.path('cert.pem')];
  const about = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc'];
  execFileSync('openssl', ['req', ...kind, ...files, ...about], { stdio: 'ignore', env: box.env });
  return { key: box.read('key.pem'), cert: box.read('cert.pem') };
}

/** A server that answers each request with these bytes as they are, and keeps the connection, whatever it is asked. */
export async function bareServer(answer: string, onAnswered: () => void = () => undefined) {
  let connections = 0;
  const server = createTcpServer((socket) => {
    connections += 1;
    socket.on('error', () => undefined);
    socket.on('data', () => socket.write(answer, onAnswered));
    onTestFinished(() => void socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, connections: () => connections };
}

export interface Looking {
  readonly previous?: string | null;
  /** Ends attempts in place of the time: what a server that hangs would use up. */
  readonly cutOff?: CutOff;
  /** The clock does not move at all. */
  readonly standing?: boolean;
}

/** Ends the attempt that is under way. */
export class CutOff {
  private controller = new AbortController();

  next(): AbortSignal {
    this.controller = new AbortController();
    return this.controller.signal;
  }

  now(): void {
    this.controller.abort();
  }
}

export interface Looked extends Verification {
  readonly told: readonly Attempt[];
  /** Milliseconds that it would have waited between attempts. */
  readonly pausedMs: number;
  /** Milliseconds that each attempt was given. */
  readonly limitsMs: readonly number[];
}

/** Verifies that an endpoint shows {@link NEW}, at a clock that only the pauses move: 10 s, an attempt every 2 s. */
export async function look(url: string, config: Partial<VerifyConfig> = {}, looking: Looking = {}): Promise<Looked> {
  const clock = { ms: NOON, paused: 0 };
  const told: Attempt[] = [];
  const limitsMs: number[] = [];
  const { previous = OLD, cutOff, standing = false } = looking;
  const settings: VerifyConfig = {
    ...{ url, expect: '{commit}', pattern: null, header: null, status: 200, redirects: 'none' },
    ...{ intervalSeconds: 2, timeoutSeconds: 10 },
    ...config,
  };
  const verification = await verifyEndpoint(
    settings,
    { commit: NEW, previous },
    {
      now: () => instantOf(clock.ms),
      seconds: () => clock.ms / 1000,
      pause: async (ms) => {
        if (!standing) clock.ms += ms;
        clock.paused += ms;
      },
      signalAfter: (ms) => {
        limitsMs.push(ms);
        return cutOff?.next() ?? new AbortController().signal;
      },
      random: Math.random,
      tell: (attempt) => told.push(attempt),
    },
  );
  return { ...verification, told, limitsMs, pausedMs: clock.paused };
}
