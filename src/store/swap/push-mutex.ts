import { createHash } from 'node:crypto';
import type { Server, Socket } from 'node:net';

/** Who has not let go by then is not waited for. */
const LONGEST_HOLD_MS = 2_000;
/** Who has waited so long goes on without it. */
const PATIENCE_MS = 5_000;
/** Between one process that waits and the next, so that they come back in their order. */
const STEP_MS = 10;
const MOST_STEPS = 20;

/**
 * The socket of the mutex for one remote.
 * @param url where its clones push to
 */
export function pushMutexAt(url: string): string {
  return `\0coord-${createHash('sha256').update(url).digest('hex').slice(0, 32)}`;
}

/**
 * A mutex for pushes to one remote, among the clones of this host that meet there: one that has lost a race asks the
 * remote and pushes while the others wait, instead of losing to each other. It only saves work and is never needed: a process that
 * cannot have it, or waits too long, goes on without, and the compare-and-swap at the remote decides as always.
 *
 * It is a local socket in Linux's abstract namespace (unix(7)): it leaves no file, it ends with its process however that
 * ends, and a process that waits is woken by the end of its connection. Where there is no such socket there is no mutex.
 */
export class PushMutex {
  private server: Server | null = null;
  private timer: NodeJS.Timeout | undefined;
  /** Each with how many others it has waited for. */
  private readonly waiting = new Map<Socket, number>();
  private hopeless = false;

  constructor(private readonly pause: (ms: number) => Promise<void>) {}

  /**
   * Resolves when this one has it, for {@link LONGEST_HOLD_MS} at most; false: go on without.
   * @param address see {@link pushMutexAt}; a local socket elsewhere does as well
   */
  async take(address: string): Promise<boolean> {
    if (this.server) return true;
    if (this.hopeless) return false;
    const { createServer, connect } = await import('node:net');
    let late = false;
    let socket: Socket | undefined;
    const patience = setTimeout(() => {
      late = true;
      socket?.destroy();
    }, PATIENCE_MS);
    patience.unref();
    try {
      for (let waited = 0; !late; waited += 1) {
        const taken = await this.listen(createServer(), address);
        if (taken !== 'busy') {
          this.hopeless = taken === 'impossible';
          return taken === 'mine';
        }
        socket = connect(address);
        const steps = await endOf(socket, waited);
        if (steps > 0) await this.pause(steps * STEP_MS);
      }
    } finally {
      clearTimeout(patience);
    }
    this.hopeless = true;
    return false;
  }

  /** Passes it to the process that has waited longest, if it was held. */
  release(): void {
    const { server } = this;
    if (!server) return;
    this.server = null;
    clearTimeout(this.timer);
    server.close();
    const longestFirst = [...this.waiting].sort(([, one], [, other]) => other - one);
    for (const [steps, [socket]] of longestFirst.entries()) socket.end(String(steps));
    this.waiting.clear();
  }

  private listen(server: Server, address: string): Promise<'mine' | 'busy' | 'impossible'> {
    return new Promise((resolve) => {
      server.on('error', (error: NodeJS.ErrnoException) => {
        resolve(error.code === 'EADDRINUSE' ? 'busy' : 'impossible');
      });
      server.on('connection', (socket) => this.queue(socket));
      server.listen(address, () => {
        server.unref();
        this.server = server;
        this.timer = setTimeout(() => this.release(), LONGEST_HOLD_MS);
        this.timer.unref();
        resolve('mine');
      });
    });
  }

  private queue(socket: Socket): void {
    socket.unref();
    socket.on('error', () => undefined);
    socket.on('close', () => this.waiting.delete(socket));
    socket.on('data', (said) => this.waiting.has(socket) && this.waiting.set(socket, numberIn(String(said))));
    if (this.server) this.waiting.set(socket, 0);
    else socket.destroy();
  }
}

/**
 * Waits until the holder lets go; resolves to how many go before, as far as that was said.
 * @param waited for how many holders before this one
 */
function endOf(socket: Socket, waited: number): Promise<number> {
  return new Promise((resolve) => {
    let said = '1';
    socket.write(String(waited));
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      said = String(chunk);
    });
    socket.on('close', () => resolve(Math.min(numberIn(said), MOST_STEPS)));
  });
}

function numberIn(said: string): number {
  return /^\d{1,6}$/.test(said) ? Number(said) : 0;
}
