import { spawn } from 'node:child_process';
import { request } from 'node:http';
import { onTestFinished } from 'vitest';
import type { Fleet } from './fleet.js';

export interface Served {
  /** With its token. */
  readonly url: string;
  readonly pid: number;
  /** All that it has printed. */
  readonly said: { stdout: string; stderr: string };
  /** Asks it to stop, as Ctrl-C does; resolves with its exit code. */
  end(): Promise<number | null>;
}

/** `coord dashboard` in a fleet's clone, once it listens; ends with the test. */
export async function serve(
  { box, clone }: Pick<Fleet, 'box' | 'clone'>,
  words: readonly string[] = [],
): Promise<Served> {
  const child = spawn(process.execPath, [box.program, 'dashboard', '--json', ...words], {
    ...{ cwd: clone, env: { ...box.env, COORD_AGENT: 'watcher' }, stdio: ['ignore', 'pipe', 'pipe'] },
  });
  const said = { stdout: '', stderr: '' };
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  child.stderr.on('data', (chunk) => {
    said.stderr += chunk;
  });
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      said.stdout += chunk;
      if (said.stdout.includes('\n')) resolve(said.stdout);
    });
    void ended.then((code) => reject(new Error(`coord dashboard ended with ${code}: ${said.stderr}`)));
  });
  const { url, pid } = JSON.parse(line).data;
  return {
    ...{ url, pid, said },
    end: () => {
      child.kill('SIGINT');
      return ended;
    },
  };
}

export interface Answered {
  readonly code: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Exactly what is asked for, in the place of the path of the address. */
  readonly path?: string;
}

/** One request, with just these headers; of a stream, its first chunk. */
export function ask(address: string, { method = 'GET', headers = {}, path }: Asked = {}): Promise<Answered> {
  const url = new URL(address);
  return new Promise((resolve, reject) => {
    const options = { host: url.hostname, port: url.port, method, path: path ?? url.pathname + url.search, headers };
    const sent = request(options, (response) => {
      let text = '';
      const done = () => {
        resolve({ code: response.statusCode ?? 0, headers: response.headers, text });
        response.destroy();
      };
      response.on('data', (chunk) => {
        text += chunk;
        if (response.headers['content-type'] === 'text/event-stream' && text.includes('data: ')) done();
      });
      response.on('end', done);
    });
    sent.on('error', reject);
    sent.end();
  });
}
