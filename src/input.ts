import { fstatSync, readSync } from 'node:fs';

const CHUNK_BYTES = 64 * 1024;

/**
 * All that can be read from a standard input; empty at a terminal, null when it is longer than `most` bytes. Node's own
 * stream takes milliseconds to make, so files, pipes and sockets are read straight from the descriptor as long as they give
 * something; what has nothing to read yet, and the rest, is left to it.
 * @param own makes Node's own stream
 */
export async function inputFrom(
  descriptor: number,
  own: () => NodeJS.ReadStream,
  most: number,
): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    const stats = fstatSync(descriptor);
    const isPlain = stats.isFile() || stats.isFIFO() || stats.isSocket();
    for (;;) {
      const chunk = isPlain ? readNow(descriptor) : null;
      if (chunk === null) break;
      if (chunk.length === 0) return Buffer.concat(chunks);
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > most) return null;
    }
  } catch {
    // Closed, or of a kind that only Node's own stream can read.
  }
  const stream = own();
  if (stream.isTTY) return Buffer.concat(chunks);
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > most) return null;
  }
  return Buffer.concat(chunks);
}

/** @returns what is there; empty at the end, null when it must be waited for without blocking */
function readNow(descriptor: number): Buffer | null {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  try {
    return chunk.subarray(0, readSync(descriptor, chunk));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EAGAIN') return null;
    if (code === 'EOF') return chunk.subarray(0, 0);
    throw error;
  }
}
