import type { IncomingMessage } from 'node:http';
import { pipeline, type Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';

/** The encodings that can be read. */
export const READABLE_ENCODINGS = 'gzip, deflate, br';

const DECODERS: Readonly<Record<string, () => NodeJS.ReadWriteStream & Readable>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/** What a body came to. */
export type Body = { readonly text: string } | { readonly failed: 'too-large' | 'unreadable'; readonly why: string };

/** The whole body, decoded, unless it is longer than `most` bytes. @throws what breaks the connection */
export async function readBody(response: IncomingMessage, most: number): Promise<Body> {
  const encoding = (response.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (encoding === 'identity' || encoding === '') return collect(response, most);
  const decoder = Object.hasOwn(DECODERS, encoding) ? DECODERS[encoding]?.() : undefined;
  if (!decoder) {
    response.destroy();
    return { failed: 'unreadable', why: 'answers in an encoding that was not asked for' };
  }
  pipeline(response, decoder, () => undefined);
  try {
    return await collect(decoder, most);
  } catch (error) {
    if (!isOfDecoder(error)) throw error;
    return { failed: 'unreadable', why: `answers with what is not ${encoding}` };
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
