import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Fleet } from './fleet.js';
import { pick, type Random } from './random.js';
import type { CoordResult, RunOptions } from './sandbox.js';

const FOLDER = new URL('../fixtures/harness/', import.meta.url).pathname;

/** The names of all fixtures, such as `claude-code.edit`. */
export const FIXTURES = readdirSync(FOLDER).map((file) => file.replace(/\.json$/, ''));

/** What a harness sends: the payload of a fixture with its places filled in. */
export function payloadOf(
  name: string,
  places: { readonly repo: string; readonly file?: string; readonly command?: string },
): Record<string, unknown> {
  const fill = (value: unknown): unknown => {
    if (typeof value === 'string') {
      return value
        .replaceAll('{repo}', places.repo)
        .replaceAll('{file}', places.file ?? '')
        .replaceAll('{command}', places.command ?? '');
    }
    if (Array.isArray(value)) return value.map(fill);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fill(inner)]));
  };
  return fill(JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8'))) as Record<string, unknown>;
}

/** The agent that each harness's fixtures act as, when nobody says otherwise. */
export const AGENTS = {
  'claude-code': 'claude-code-898c80a2',
  codex: 'codex-8de2f4bd',
  gemini: 'gemini-27cd829d',
  cursor: 'cursor-85896fb4',
  opencode: 'opencode-8c649d31',
} as const;

export interface HookOptions extends RunOptions {
  readonly cwd?: string;
  readonly file?: string;
  readonly command?: string;
  readonly json?: boolean;
  /** Fields put into the payload in the place of the fixture's. */
  readonly change?: Readonly<Record<string, unknown>>;
}

/** Runs the hook as the harness of a fixture would. */
export async function callHook(fleet: Fleet, fixture: string, options: HookOptions = {}): Promise<CoordResult> {
  const { cwd = fleet.clone, file, command, json = false, change = {}, ...run } = options;
  const places = {
    repo: fleet.clone,
    ...(file === undefined ? {} : { file }),
    ...(command === undefined ? {} : { command }),
  };
  const payload = { ...payloadOf(fixture, places), ...change };
  return fleet.box.coord(cwd, ['guard', 'hook', fixture.split('.')[0] ?? '', ...(json ? ['--json'] : [])], {
    input: JSON.stringify(payload),
    ...run,
  });
}

/** Why the hook has stopped it; null: it passed, with nothing said to the harness. */
export function denialIn({ code, stdout, stderr }: CoordResult): string | null {
  if (code === 0 && stdout === '') return null;
  if (code !== 2) throw new Error(`neither a pass nor a denial: exit ${code}\n${stdout}\n${stderr}`);
  const answer = JSON.parse(stdout);
  const { hookSpecificOutput: decision } = answer;
  const reason =
    decision?.permissionDecision === 'deny'
      ? decision.permissionDecisionReason
      : answer.decision === 'deny'
        ? answer.reason
        : answer.permission === 'deny'
          ? answer.agent_message
          : undefined;
  if (typeof reason !== 'string' || !stderr.includes(reason)) throw new Error(`no denial: ${stdout}\n${stderr}`);
  return reason;
}

/** What somebody might send in the place of what a harness does: texts in all places of its fixtures, and no JSON at all. */
export function* hookPayloads(
  harness: string,
  repo: string,
  texts: readonly string[],
  random: Random,
  count: number,
): Generator<Buffer> {
  const fixtures = FIXTURES.filter((name) => name.startsWith(`${harness}.`));
  const deep = 100_000;
  yield* [`${'['.repeat(deep)}${']'.repeat(deep)}`, '{"a":'.repeat(deep), 'null', '[]', '"x"', '{"x":1,"x":2}', ''].map(
    (text) => Buffer.from(text),
  );
  yield Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]);
  for (let made = 0; made < count; made += 1) {
    const text = pick(texts, random) ?? '';
    const payload = payloadOf(pick(fixtures, random) ?? '', { repo, file: `${repo}/src/api/users.ts`, command: 'ls' });
    const odd = pick([text, [text], { [text]: text }, 1e300, null, true, { __proto__: text }], random);
    const replaced = JSON.stringify(payload, (_, value) =>
      typeof value !== 'object' && value !== text && random() < 0.3 ? odd : value,
    );
    yield Buffer.from(random() < 0.1 ? replaced.slice(0, Math.floor(random() * replaced.length)) : replaced);
  }
}
