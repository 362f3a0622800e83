import { request as askPlainly, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as askSecurely } from 'node:https';
import { pipeline, type Readable } from 'node:stream';
import { runInNewContext } from 'node:vm';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { VerifyConfig } from '../config/deploys.js';
import {
  type Answer,
  type Cached,
  type Commits,
  type EndpointReason,
  type Expectation,
  expectationOf,
  type Judgement,
  judgeAnswer,
  type Verification,
} from '../domain/deploy/verification.js';
import { oneLine, shorten } from '../domain/text.js';
import type { Instant } from '../domain/time.js';
import { addressOf, nextAddress, pastCaches } from './address.js';

/** Time and chance, which a test can set. */
export interface EndpointEffects {
  now(): Instant;
  /** Time that nobody can set, in seconds. */
  seconds(): number;
  /** Milliseconds. */
  pause(ms: number): Promise<unknown>;
  /** A signal that comes after so many milliseconds. */
  signalAfter(ms: number): AbortSignal;
  random(): number;
  /** Is told of each attempt. */
  tell?(attempt: Attempt): void;
}

export interface Attempt {
  /** From 1. */
  readonly number: number;
  readonly at: Instant;
  readonly ok: boolean;
  /** One sentence. */
  readonly finding: string;
}

/** So that a server that hangs leaves time for other attempts. */
const LONGEST_ATTEMPT_MS = 10_000;
/** So that the last attempt, or the only one, can be answered: it may end so much later than the time is over. */
const SHORTEST_ATTEMPT_MS = 5_000;

interface Look extends Judgement {
  readonly status: number | null;
  readonly ageSeconds: number | null;
}

/**
 * Asks the endpoint until it shows the commit, or the time is over. It bypasses caches; when it has seen the
 * commit, it asks once more as everybody does, and says when a cache shows something else.
 *
 * What the last attempt saw counts, except one that ended because the time was over: that tells nothing where others were answered.
 * @throws CoordError `usage` when the URL cannot be asked
 */
export async function verifyEndpoint(
  config: VerifyConfig,
  commits: Commits,
  effects: EndpointEffects,
): Promise<Verification> {
  const address = addressOf(config.url);
  const wanted = expectationOf(config, commits.commit);
  const time = deadline(config.timeoutSeconds * 1000, effects);
  const firstAt = effects.now();
  const intervalMs = config.intervalSeconds * 1000;
  let counts: Look | null = null;
  let seen: string | null = null;
  for (let number = 1; ; number += 1) {
    const at = effects.now();
    const look = await lookOnce(address, config, wanted, commits, effects, limited(time.leftMs()), true);
    effects.tell?.({ number, at, ok: look.reason === null, finding: `${address.href} ${look.finding}` });
    seen = look.seen ?? seen;
    if (counts === null || look.reason !== 'timeout') counts = look;
    if (look.reason === null || time.leftMs() < intervalMs) {
      const cached = look.reason === null ? await cachedElsewise(address, config, wanted, commits, effects) : null;
      return {
        ok: counts.reason === null,
        ...{ url: address.href, commit: commits.commit, reason: counts.reason, expected: wanted.shown },
        ...{ namesCommit: wanted.namesCommit, seen },
        ...{ status: counts.status, attempts: number, firstAt, lastAt: effects.now() },
        ...{ finding: `${address.href} ${counts.finding}`, cached },
      };
    }
    await time.pause(intervalMs);
  }
}

/** In whole milliseconds: timers of abort signals take no others. */
function limited(leftMs: number): number {
  return Math.ceil(Math.min(LONGEST_ATTEMPT_MS, Math.max(SHORTEST_ATTEMPT_MS, leftMs)));
}

/** Counts what was paused, too, so that a clock that stands cannot make it go on for ever. */
function deadline(lastsMs: number, effects: EndpointEffects) {
  const began = effects.seconds();
  let pausedMs = 0;
  return {
    leftMs: () => lastsMs - Math.max((effects.seconds() - began) * 1000, pausedMs),
    pause: async (ms: number) => {
      pausedMs += ms;
      await effects.pause(ms);
    },
  };
}

async function lookOnce(
  address: URL,
  config: VerifyConfig,
  wanted: Expectation,
  commits: Commits,
  effects: EndpointEffects,
  limitMs: number,
  fresh: boolean,
): Promise<Look> {
  const chance = fresh ? Math.floor(effects.random() * 2 ** 50).toString(36) : null;
  const answer = await ask(address, config, chance, effects.signalAfter(limitMs));
  if ('failed' in answer) {
    const { failed: reason, finding, status } = answer;
    return { reason, finding, status, seen: null, ageSeconds: null };
  }
  const matches = answer.text === null ? false : matchesIn(answer.text, wanted.source);
  return { ...judgeAnswer(answer, wanted, commits, matches), status: answer.status, ageSeconds: answer.ageSeconds };
}

/** What those see who do not bypass caches, where that is another version; nothing else about it matters. */
async function cachedElsewise(
  address: URL,
  config: VerifyConfig,
  wanted: Expectation,
  commits: Commits,
  effects: EndpointEffects,
): Promise<Cached | null> {
  const look = await lookOnce(address, config, wanted, commits, effects, LONGEST_ATTEMPT_MS, false);
  const isOther = look.reason === 'old-version' || look.reason === 'other-version' || look.reason === 'missing';
  return isOther ? { seen: look.seen, ageSeconds: look.ageSeconds } : null;
}

/** A pattern that backtracks for ever is one of the configuration's, on an answer that anybody may have written. */
const LONGEST_MS = 1000;

/** Whether the regular expression matches; null when it does not come to an end. */
function matchesIn(text: string, source: string): boolean | null {
  try {
    return runInNewContext('new RegExp(source, "m").test(text)', { source, text }, { timeout: LONGEST_MS }) === true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return null;
    throw error;
  }
}

export type Question = Pick<VerifyConfig, 'header' | 'status' | 'redirects'>;

/** No answer of the kind that was expected; `finding` says it, to follow on the URL. */
export interface NoAnswer {
  readonly failed: EndpointReason;
  readonly finding: string;
  /** HTTP status, where there was one. */
  readonly status: number | null;
}

const MOST_BODY_BYTES = 1024 * 1024;
const MOST_REDIRECTS = 5;
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

/**
 * Asks an address once, and follows redirects as far as that is allowed.
 * @param chance makes the address one that no cache knows; null: asks as everybody does
 * @param signal ends it, however slowly the answer comes
 */
async function ask(
  origin: URL,
  question: Question,
  chance: string | null,
  signal: AbortSignal,
): Promise<Answer | NoAnswer> {
  let address = origin;
  const been = new Set<string>();
  try {
    for (;;) {
      if (been.has(address.href)) return redirected('redirects in a loop', null);
      if (been.size > MOST_REDIRECTS) return redirected(`redirects more than ${MOST_REDIRECTS} times`, null);
      been.add(address.href);
      const response = await get(address, chance, signal);
      const status = response.statusCode ?? 0;
      if (status === question.status) {
        const answer = await read(response, status, question);
        // What ends when the connection does looks whole when it was cut off here.
        signal.throwIfAborted();
        return answer;
      }
      response.destroy();
      const { location } = response.headers;
      if (!REDIRECTS.includes(status) || location === undefined) {
        return { failed: 'status', finding: `answers ${status}, not ${question.status}`, status };
      }
      const next = nextAddress(address, location, { origin, redirects: question.redirects });
      if ('refused' in next) return redirected(next.refused, status);
      address = next;
    }
  } catch (error) {
    return broken(error, signal);
  }
}

async function read(response: IncomingMessage, status: number, { header }: Question): Promise<Answer | NoAnswer> {
  const age = Number(response.headers.age ?? Number.NaN);
  const ageSeconds = Number.isInteger(age) && age >= 0 ? age : null;
  if (header !== null) {
    response.destroy();
    const value = response.headers[header.toLowerCase()];
    return { text: value === undefined ? null : [value].flat().join(', '), status, ageSeconds };
  }
  const body = await readBody(response, MOST_BODY_BYTES);
  if ('failed' in body) return { failed: body.failed, finding: body.why, status };
  return { text: body.text, status, ageSeconds };
}

function redirected(finding: string, status: number | null): NoAnswer {
  return { failed: 'redirect', finding, status };
}

function get(address: URL, chance: string | null, signal: AbortSignal): Promise<IncomingMessage> {
  const request = address.protocol === 'https:' ? askSecurely : askPlainly;
  const fresh = { 'cache-control': 'no-cache', pragma: 'no-cache' };
  const options: RequestOptions & { readonly rejectUnauthorized: true } = {
    headers: {
      accept: '*/*',
      'accept-encoding': READABLE_ENCODINGS,
      'user-agent': 'coord-verify',
      connection: 'close',
      ...(chance === null ? {} : fresh),
    },
    // A new connection each time: a balancer may keep one with the server that is being replaced. The header alone is a wish.
    agent: false,
    signal,
    // Whatever the environment says of certificates.
    rejectUnauthorized: true,
  };
  return new Promise((resolve, reject) => {
    const asked = request(chance === null ? address : pastCaches(address, chance), options, (response) => {
      // Told to whoever reads the body; what is not read may break unheard.
      response.on('error', () => undefined);
      resolve(response);
    });
    asked.on('error', reject);
    asked.on('close', () => reject(new Error('the connection was closed without an answer')));
    asked.end();
  });
}

const TLS_CODES =
  /^(CERT_|ERR_TLS_|ERR_SSL_|EPROTO$|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH$|INVALID_|CRL_|ERROR_IN_)/;

function broken(error: unknown, signal: AbortSignal): NoAnswer {
  if (signal.aborted) return { failed: 'timeout', finding: 'gave no whole answer in time', status: null };
  const { code = '', message } = error as NodeJS.ErrnoException;
  const words = shorten(oneLine((message || code).trim()), 200);
  const why = code === '' || words.includes(code) ? words : `${words} (${code})`;
  if (TLS_CODES.test(code)) return { failed: 'tls', finding: `cannot be trusted: ${why}`, status: null };
  return { failed: 'unreachable', finding: `cannot be reached: ${why}`, status: null };
}

/** The encodings that can be read. */
const READABLE_ENCODINGS = 'gzip, deflate, br';

const DECODERS: Readonly<Record<string, () => NodeJS.ReadWriteStream & Readable>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/** What a body came to. */
export type Body = { readonly text: string } | { readonly failed: 'too-large' | 'unreadable'; readonly why: string };

/** The whole body, decoded, unless it is longer than `most` bytes. @throws what breaks the connection */
async function readBody(response: IncomingMessage, most: number): Promise<Body> {
  const encoding = (response.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (encoding === 'identity' || encoding === '') return collect(response, most);
  const decoder = Object.hasOwn(DECODERS, encoding) ? DECODERS[encoding]?.() : undefined;
  if (!decoder) {
    response.destroy();
    return { failed: 'unreadable', why: 'answers in an encoding that was not requested' };
  }
  pipeline(response, decoder, () => undefined);
  try {
    return await collect(decoder, most);
  } catch (error) {
    if (!isOfDecoder(error)) throw error;
    return { failed: 'unreadable', why: `answers with something other than ${encoding}` };
  }
}

async function collect(stream: Readable, most: number): Promise<Body> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    // Leaving the loop destroys the stream.
    if (bytes > most) return { failed: 'too-large', why: `answers with more than ${most} bytes` };
    chunks.push(chunk);
  }
  return { text: Buffer.concat(chunks).toString('utf8') };
}

function isOfDecoder(error: unknown): boolean {
  const { code = '' } = error as NodeJS.ErrnoException;
  return /^(Z_|ERR__ERROR_|ERR_BROTLI|BROTLI_)/.test(code);
}
