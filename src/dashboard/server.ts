import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { coord } from '../domain/suggestion.js';
import { type CoordError, usage } from '../errors.js';
import { type Assets, SERVED_POLICY, servedDocument } from './document.js';
import type { Parts } from './parts.js';

/** Nobody but this host. */
const ADDRESS = '127.0.0.1';
/** Browsers and proxies close what is silent for long. */
const HEARTBEAT_MS = 15_000;
const MOST_READERS = 64;

export interface PageServer {
  /** With the token: whoever has it may look. */
  readonly url: string;
  /** Whether a page is open. */
  readonly watched: boolean;
  /** Sends what has changed to the pages that are open. */
  publish(): void;
  close(): Promise<void>;
}

/**
 * Serves the page on loopback. Only who brought the token of the first address, or has the cookie that it became, gets
 * anything; no request reads a file or starts a process.
 * @param port 0: any that is free
 * @throws CoordError `usage` when the port is in use
 */
export async function servePage(parts: Parts, assets: Assets, port: number): Promise<PageServer> {
  const service = new Service(parts, assets);
  await service.listen(port);
  return service;
}

/** A page that follows: the version that it has. */
interface Reader {
  readonly response: ServerResponse;
  version: number;
}

class Service implements PageServer {
  private readonly token = secret();
  private readonly key = secret();
  private readonly folder = `/${secret()}/`;
  private readonly readers = new Set<Reader>();
  private readonly server: Server;
  private readonly heartbeat: NodeJS.Timeout;
  private port = 0;

  constructor(
    private readonly parts: Parts,
    private readonly assets: Assets,
  ) {
    this.server = createServer((request, response) => this.answer(request, response));
    this.heartbeat = setInterval(() => {
      for (const { response } of this.readers) response.write('event: beat\ndata:\n\n');
    }, HEARTBEAT_MS);
  }

  get url(): string {
    return `http://${ADDRESS}:${this.port}${this.folder}?token=${this.token}`;
  }

  get watched(): boolean {
    return this.readers.size > 0;
  }

  listen(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once('error', (error: NodeJS.ErrnoException) => {
        clearInterval(this.heartbeat);
        reject(error.code === 'EADDRINUSE' || error.code === 'EACCES' ? notListening(port, error.code) : error);
      });
      this.server.listen({ host: ADDRESS, port }, () => {
        this.port = (this.server.address() as AddressInfo).port;
        resolve();
      });
    });
  }

  publish(): void {
    for (const reader of this.readers) this.send(reader);
  }

  async close(): Promise<void> {
    clearInterval(this.heartbeat);
    for (const { response } of this.readers) response.end('event: end\ndata:\n\n');
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const { code, type, text, headers } = this.replyTo(request);
    if (type === EVENTS) this.follow(request, response);
    else response.writeHead(code, { ...HEADERS, 'Content-Type': `${type}; charset=utf-8`, ...headers }).end(text);
  }

  private replyTo(request: IncomingMessage): Reply {
    const { method, headers } = request;
    // A name that an attacker's DNS leads here is no name of ours.
    if (!this.hosts.includes(headers.host ?? '')) return refusal(421, 'this is not the host you asked for');
    if (method !== 'GET') return refusal(405, 'only GET is answered', { Allow: 'GET' });
    const { pathname, searchParams } = urlOf(request);
    if (!pathname.startsWith(this.folder)) return refusal(404, 'nothing is here');
    const file = pathname.slice(this.folder.length);
    const hasToken = file === '' && same(searchParams.get('token') ?? '', this.token);
    // What another site makes a browser ask has no cookie of ours, and says so besides.
    const isOurs = ['none', 'same-origin'].includes(headers['sec-fetch-site']?.toString() ?? 'none');
    if (!isOurs || !(hasToken || same(this.cookieOf(request), this.key))) {
      return refusal(403, 'open the address that coord dashboard printed');
    }
    if (file === '') return this.page(hasToken);
    if (file === 'page.js') return reply('text/javascript', this.assets.script);
    if (file === 'page.css') return reply('text/css', this.assets.style);
    if (file !== 'events') return refusal(404, 'nothing is here');
    return this.readers.size < MOST_READERS ? reply(EVENTS, '') : refusal(503, 'too many pages are open');
  }

  private get hosts(): string[] {
    return [`${ADDRESS}:${this.port}`, `localhost:${this.port}`];
  }

  /** Cookies are shared by all ports of a host. */
  private get cookieName(): string {
    return `coord-${this.port}`;
  }

  private cookieOf({ headers }: IncomingMessage): string {
    const cookies = (headers.cookie ?? '').split('; ').map((cookie) => cookie.split('='));
    return cookies.find(([name]) => name === this.cookieName)?.[1] ?? '';
  }

  private page(isFirst: boolean): Reply {
    const { picture, version } = this.parts;
    if (picture === null) return refusal(503, 'there is no picture yet');
    const cookie = `${this.cookieName}=${this.key}; Path=${this.folder}; HttpOnly; SameSite=Strict`;
    return reply('text/html', servedDocument(picture, version), isFirst ? { 'Set-Cookie': cookie } : {});
  }

  private follow(request: IncomingMessage, response: ServerResponse): void {
    const { headers } = request;
    const told = headers['last-event-id']?.toString().split(' ')[0] ?? urlOf(request).searchParams.get('after');
    const seen = Number(told);
    const reader: Reader = { response, version: Number.isSafeInteger(seen) && seen <= this.parts.version ? seen : 0 };
    response.writeHead(200, { ...HEADERS, 'Content-Type': EVENTS });
    response.write('retry: 1000\n\n');
    this.readers.add(reader);
    response.on('drain', () => this.send(reader));
    response.on('close', () => this.readers.delete(reader));
    this.send(reader);
  }

  /** What has changed since the page was told last; a page that reads slowly gets the newest when it can. */
  private send(reader: Reader): void {
    const { version, picture } = this.parts;
    if (reader.version === version || reader.response.writableNeedDrain) return;
    const data = this.parts.since(reader.version);
    reader.version = version;
    reader.response.write(`id: ${version} ${picture?.about.revision ?? ''}\ndata: ${data}\n\n`);
  }
}

const HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': SERVED_POLICY,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
} as const;

/** What is answered at once, and in full; but {@link EVENTS} goes on. */
interface Reply {
  readonly code: number;
  readonly type: string;
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;
}

const EVENTS = 'text/event-stream';

function reply(type: string, text: string, headers: Reply['headers'] = {}): Reply {
  return { code: 200, type, text, headers };
}

function refusal(code: number, why: string, headers: Reply['headers'] = {}): Reply {
  return { code, type: 'text/plain', text: `${why}\n`, headers };
}

function urlOf({ url }: IncomingMessage): URL {
  return new URL(`http://${ADDRESS}${url?.startsWith('/') ? url : '/'}`);
}

function secret(): string {
  return randomBytes(24).toString('base64url');
}

function same(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function notListening(port: number, code: string): CoordError {
  const why = code === 'EACCES' ? 'needs privileges that you do not have' : 'is in use';
  return usage(`port ${port} ${why}`, `take any that is free: ${coord('dashboard')}`, { reason: 'port', port });
}
