import { realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { platform } from 'node:os';
import { dirname, resolve } from 'node:path';
import { pid } from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import type { Change, Coord, Refusal } from '../api/index.js';
import { openFrom } from '../api/open.js';
import { asCoordError } from '../commands/perform.js';
import type { Input, Outcome, Success, Verb } from '../commands/verb.js';
import { jsonLine, oneLine } from '../domain/text.js';
import { CoordError, usage } from '../errors.js';
import { runProgram } from '../programs/run.js';
import { Wakeup } from '../store/queue/watch.js';
import { Context } from '../workspace/context.js';
import { fileDocument, readAssets } from './document.js';
import { Gatherer } from './gather.js';
import { Parts } from './parts.js';
import { type PageServer, servePage } from './server.js';

/** What is new is shown no more often than this. */
const SHORTEST_PAUSE_MS = 250;
/** Times run out, and the main branch moves, though nobody writes. */
const LOOK_AGAIN_MS = 15_000;
/** The state that could not be read is read again. */
const TRY_AGAIN_MS = 3_000;

export const dashboard: Verb = {
  options: [
    ['--port <n>', 'the port to listen on; a free one by default'],
    ['--no-open', 'open no browser; the default where there is no terminal'],
    ['--out <file>', 'write the page as one file, as it is now, and serve nothing'],
  ],
  examples: [
    ['coord dashboard', 'a page in the browser: what needs you, who is where, and what happens'],
    ['coord dashboard --port 7000 --no-open', 'print the address only'],
    ['coord dashboard --out report.html', 'one file, for CI or a chat'],
  ],
  notes: [
    'It is read-only, and served on this host only: whoever has the printed address can see it for as long as',
    'the program runs. Ctrl-C stops it. With --json the first line says where it listens.',
  ],
  answers: {
    'url?': ['text', 'where it listens, with its token; also at the top of the line, as pid'],
    'pid?': 'number',
    'file?': ['text', 'with --out, as bytes and revision'],
    'bytes?': 'number',
    'revision?': 'commit | null',
  },
  async run(context, input) {
    // Whoever looks on keeps no claim alive, not at the end either.
    context.looksOn = true;
    const port = readPort(input);
    const file = input.text('out');
    if (file !== undefined) {
      if (input.text('port') !== undefined) throw usage('--out and --port cannot be used together', 'use one');
      return writeReport(context, file);
    }
    return new Dashboard(context, input, port).run();
  },
};

function readPort(input: Input): number {
  const text = input.text('port') ?? '0';
  if (/^\d{1,5}$/.test(text) && Number(text) < 65_536) return Number(text);
  throw usage(
    `not a port: ${JSON.stringify(text.slice(0, 20))}`,
    'a number from 1 to 65535, or 0 for any that is free',
  );
}

/** Looks on as whoever runs the command; each look starts from what is there then. */
function looking(context: Context): { readonly coord: Coord; readonly gatherer: Gatherer } {
  const { host, flags } = context;
  const agent = flags.agent === undefined ? {} : { agent: flags.agent };
  const options = { directory: host.cwd, env: host.env, ...agent, looksOn: true };
  const gatherer = new Gatherer(
    () => new Context(host, { ...flags, json: true }),
    (shared) => openFrom(host.packageRoot, options, shared),
  );
  return { coord: openFrom(host.packageRoot, options), gatherer };
}

/**
 * What there is to be seen, with the remote asked.
 * @throws CoordError for what keeps the page from being shown at all
 */
async function firstLook(context: Context, coord: Coord): Promise<Change> {
  const asked = await coord.status();
  const unreachable = asked.ok ? null : asked.refusal;
  if (unreachable !== null && unreachable.code !== 'unavailable') {
    const { code, message, hint, details } = unreachable;
    throw new CoordError(code, message, { ...(hint === null ? {} : { hint }), details });
  }
  return { revision: await (await context.store()).tip(), askedAt: null, unreachable };
}

function asRefusal(error: unknown): Refusal {
  const { code, exit, message, hint = null, details } = asCoordError(error);
  return { code, exit, message, hint, details };
}

/**
 * The file that a report is to be in; a link is followed.
 * @throws CoordError `usage` for what is no file, and for a folder that is not there
 */
function reportFile(context: Context, file: string): string {
  const path = resolve(context.host.cwd, file);
  const isFolder = statSync(dirname(path), { throwIfNoEntry: false })?.isDirectory() ?? false;
  const found = isFolder ? statSync(path, { throwIfNoEntry: false }) : undefined;
  const hint = 'name a file in a folder that is there, such as report.html';
  if (file === '' || file === '-' || (found !== undefined && !found.isFile()))
    throw usage(`not a file: ${oneLine(file) || '""'}`, hint);
  if (!isFolder) throw usage(`no such folder: ${oneLine(dirname(file))}`, hint);
  return found === undefined ? path : realpathSync(path);
}

async function writeReport(context: Context, file: string): Promise<Outcome> {
  const path = reportFile(context, file);
  const { coord, gatherer } = looking(context);
  const change = await firstLook(context, coord);
  await gatherer.foretell();
  const picture = await gatherer.picture(change, context.now());
  const text = fileDocument(picture, readAssets(context.host.packageRoot));
  const temporary = `${path}.${context.newId()}.tmp`;
  try {
    writeFileSync(temporary, text);
    renameSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
  const bytes = Buffer.byteLength(text);
  return {
    data: { file: path, bytes, revision: change.revision },
    text: () => [`wrote ${file} (${Math.ceil(bytes / 1024)} KB)`],
    warnings: change.unreachable === null ? [] : [`${change.unreachable.message}; it shows what was last seen`],
  };
}

class Dashboard {
  private readonly stop = new AbortController();
  private readonly wakeup = new Wakeup();
  private readonly parts = new Parts();
  private readonly coord: Coord;
  private readonly gatherer: Gatherer;
  private change: Change = { revision: null, askedAt: null, unreachable: null };

  constructor(
    private readonly context: Context,
    private readonly input: Input,
    private readonly port: number,
  ) {
    ({ coord: this.coord, gatherer: this.gatherer } = looking(context));
  }

  async run(): Promise<Success> {
    const { context, stop, wakeup } = this;
    const assets = readAssets(context.host.packageRoot);
    this.change = await firstLook(context, this.coord);
    await this.draw();
    const server = await servePage(this.parts, assets, this.port);
    const unlisten = context.host.onStop(() => {
      stop.abort();
      wakeup.stop();
    });
    this.announce(server);
    try {
      await Promise.all([this.watch(), this.paint(server), this.foretell(server)]);
    } finally {
      stop.abort();
      unlisten();
      await server.close();
    }
    return { data: {}, text: () => [], streamed: true };
  }

  /** Each change of the state wakes the painter. */
  private async watch(): Promise<void> {
    const { signal } = this.stop;
    while (!signal.aborted) {
      try {
        for await (const change of this.coord.changes({ signal })) {
          this.change = change;
          this.wakeup.ring();
        }
      } catch (error) {
        this.change = { ...this.change, unreachable: asRefusal(error) };
        this.wakeup.ring();
        await this.pause(TRY_AGAIN_MS);
      }
    }
  }

  private async paint(server: PageServer): Promise<void> {
    while (!this.wakeup.stopped) {
      this.wakeup.reset();
      const changed = await this.draw().catch((error: unknown) => this.blame(asRefusal(error)));
      if (changed) server.publish();
      await this.pause(SHORTEST_PAUSE_MS);
      await this.wakeup.wait(LOOK_AGAIN_MS);
    }
  }

  /** @returns whether there is anything new */
  private async draw(): Promise<boolean> {
    return this.parts.take(await this.gatherer.picture(this.change, null));
  }

  /** The page shows what was last seen, and why it is old. */
  private blame({ message }: Refusal): boolean {
    const { picture } = this.parts;
    if (picture === null) return false;
    const since = picture.about.stale?.since ?? this.context.now();
    return this.parts.take({ ...picture, about: { ...picture.about, stale: { since, why: message } } });
  }

  /** Predicted conflicts take longer than a picture; they are looked for as long as somebody looks. */
  private async foretell(server: PageServer): Promise<void> {
    while (!this.wakeup.stopped) {
      if (await this.gatherer.foretell().catch(() => false)) this.wakeup.ring();
      do await this.pause(LOOK_AGAIN_MS);
      while (!server.watched && !this.wakeup.stopped);
    }
  }

  private pause(ms: number): Promise<void> {
    return delay(ms, undefined, { signal: this.stop.signal }).catch(() => undefined);
  }

  private announce({ url }: PageServer): void {
    const { host, flags } = this.context;
    const where = { url, pid };
    // A program reads the first line; url and pid stand at its top too.
    const line = jsonLine({ schema: 'coord/1', command: 'dashboard', ok: true, data: where, ...where });
    host.stdout.write(flags.json ? `${line}\n` : `${url}\nread-only, for this host; Ctrl-C stops it\n`);
    if (host.interactive && host.stdout.isTTY === true && !flags.json && !this.input.negated('open')) {
      void this.openBrowser(url);
    }
  }

  private async openBrowser(url: string): Promise<void> {
    const openers: Partial<Record<NodeJS.Platform, string[]>> = {
      darwin: ['open', url],
      win32: ['cmd', '/c', 'start', '', url],
    };
    const { host } = this.context;
    const ended = await runProgram({
      command: openers[platform()] ?? ['xdg-open', url],
      ...{ cwd: host.packageRoot, env: host.env, stdout: () => undefined, stderr: () => undefined },
    });
    if (ended.kind === 'not-started') host.stderr.write('no browser could be started: open the address yourself\n');
  }
}
