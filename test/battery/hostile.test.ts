import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { VERBS } from '../../src/cli/registry.js';
import { configKeys } from '../../src/config/keys.js';
import { HARNESSES } from '../../src/guards/harness/dialects.js';
import { hookPayloads } from '../support/harness.js';
import { commitFiles, fileOn } from '../support/plumbing.js';
import { generator, pick, type Random } from '../support/random.js';
import { FULL, sized, tally } from './support/battery.js';
import { type Cage, faultsOf, type HostileLine, hostileLines, named } from './support/hostile.js';
import { aftermath, BAR, PLAIN, world } from './support/hostile-world.js';

/** A failure names it; COORD_HOSTILE_SEED plays it again. */
const SEED = Number(process.env.COORD_HOSTILE_SEED ?? (FULL ? Date.now() % 1_000_000 : 13));
const SHORT = 150;
/** Texts that a process can be given as an argument. */
function typable({ texts }: Cage): string[] {
  return texts.filter((text) => !text.includes('\0') && Buffer.from(text).toString() === text);
}

/** What stands after `--` is another program's, and after `--agent` an agent; so would `--json` be, after such a text. */
function withJson(words: readonly string[], text: string): readonly string[] {
  const at = words.indexOf('--');
  if (text === '--' || text === '--agent') return words;
  return at < 0 ? [...words, '--json'] : [...words.slice(0, at), '--json', ...words.slice(at)];
}

/** In the whole battery each of all combinations, else some. */
function* combined(lines: readonly HostileLine[], texts: readonly string[], random: Random) {
  if (!FULL) {
    for (let count = 0; count < SHORT; count += 1) {
      yield [pick(lines, random) as HostileLine, pick(texts, random) as string] as const;
    }
    return;
  }
  for (const line of lines) for (const text of texts) yield [line, text] as const;
}

describe('hostile input', () => {
  it('in any place of any command line', async () => {
    const lines = await hostileLines();
    for (const { name } of VERBS) expect([name, lines.some(({ verb }) => verb === name)]).toEqual([name, true]);
    const random = generator(SEED);
    let tried = 0;
    const failures: string[] = [];
    // Anew now and then: some of what is typed ends sessions, stops agents, or changes the set-up.
    for (const part of FULL ? lines.map((line) => [line]) : [lines]) {
      const place = await world();
      for (const [line, text] of combined(part, typable(place), random)) {
        const args = tried % 2 === 0 ? withJson(line.take(text), text) : line.take(text);
        await place.look(`${line.place}: ${named(text)}`, args, { input: text });
        tried += 1;
      }
      await aftermath(place);
      failures.push(...place.failures);
    }
    const test = `13 hostile texts in command lines, seed ${SEED}`;
    tally({ test, tried: `${tried} lines of ${VERBS.length} commands`, bar: BAR, failures });
  });

  it('in the environment', async () => {
    const place = await world();
    const names = ['COORD_AGENT', 'COORD_SESSION', 'COORD_GUARD', 'GIT_DIR', 'GIT_INDEX_FILE', 'GIT_PREFIX', 'TERM'];
    const git = ['GIT_WORK_TREE', 'GIT_EXTERNAL_DIFF', 'GIT_CONFIG_PARAMETERS', 'GIT_TRACE', 'GIT_EXEC_PATH_X'];
    const texts = typable(place).filter((text) => text.length < 100_000);
    let tried = 0;
    for (const name of [...names, ...git]) {
      for (const text of FULL ? texts : texts.filter((_, index) => index % 9 === 0)) {
        // Git itself writes where it is told to trace.
        if (name === 'GIT_TRACE' && text.startsWith('/')) continue;
        const args = ['claim', 'src/env.ts', '--json'];
        await place.look(`${name}: ${named(text)}`, args, { env: { [name]: text } });
        tried += 1;
      }
    }
    await aftermath(place);
    tally({ test: '13 hostile environment', tried: `${tried} commands`, bar: BAR, failures: place.failures });
  });

  it('in the configuration', async () => {
    const place = await world();
    const { box, clone, look, texts } = place;
    const random = generator(SEED);
    const keys = configKeys().filter(({ key }) => key !== '$schema');
    let tried = 0;
    for (let count = 0; count < sized(30, 1_500); count += 1) {
      const key = pick(keys, random)?.key ?? '';
      const text = pick(texts, random) ?? '';
      const value = random() < 0.5 ? text : [text];
      const config = { ...PLAIN, ...nested(key.split('.'), value, text) };
      box.write(clone, 'coord.config.json', JSON.stringify(config));
      for (const args of [['status'], ['claim', 'src/x.ts', '--json'], ['sync-check'], ['gate', 'check', 'prod']]) {
        await look(`${key} ${named(text)}: ${args[0]}`, args);
        tried += 1;
      }
      await look(`${key} ${named(text)}: session`, ['session', 'start']);
    }
    box.write(clone, 'coord.config.json', JSON.stringify(PLAIN));
    await aftermath(place);
    tally({ test: '13 hostile configuration', tried: `${tried} commands`, bar: BAR, failures: place.failures });
  });

  it('in what a harness sends', async () => {
    const place = await world();
    const random = generator(SEED);
    let tried = 0;
    for (const harness of HARNESSES) {
      for (const input of hookPayloads(harness, place.clone, place.texts, random, sized(25, 600))) {
        const result = await place.run(['guard', 'hook', harness], { input });
        const what = `${harness}: ${named(input.toString())}`;
        for (const fault of faultsOf(result, false)) place.failures.push(`${what}: ${fault}`);
        if (![0, 2].includes(result.code)) place.failures.push(`${what}: exit ${result.code}`);
        place.failures.push(...place.breaches());
        tried += 1;
      }
    }
    await aftermath(place);
    tally({ test: '13 hostile payloads of harnesses', tried: `${tried} payloads`, bar: BAR, failures: place.failures });
  });

  it('in state that another wrote', async () => {
    const place = await world();
    const { box, clone, look, texts } = place;
    await look('a note', ['note', 'hello']);
    const claims = JSON.parse(fileOn(box, clone, 'claims.json').toString());
    const agents = JSON.parse(fileOn(box, clone, 'agents.json').toString());
    const [head = '', note = ''] = fileOn(box, clone, 'log.jsonl').toString().split('\n');
    const readers = [
      ['status'],
      ['status', '--json'],
      ['agent', 'list'],
      ['log'],
      ['inbox'],
      ['claim', 'src/web/a.ts'],
      ['metrics'],
    ];
    let tried = 0;
    for (const text of FULL ? texts : texts.filter((_, index) => index % 5 === 0)) {
      const fields = { agent: text, target: text, reason: text, id: text };
      const hostile = { ...claims, claims: claims.claims.map((claim: object) => ({ ...claim, ...fields })) };
      commitFiles(box, clone, {
        'claims.json': Buffer.from(JSON.stringify(hostile)),
        'agents.json': Buffer.from(
          JSON.stringify({ ...agents, agents: [{ ...agents.agents[0], id: text, state: text }] }),
        ),
        'log.jsonl': Buffer.from(`${head}\n${JSON.stringify({ ...JSON.parse(note), agent: text, text })}\n`),
      });
      for (const args of readers) {
        await look(`${named(text)} in the state: ${args}`, args);
        tried += 1;
      }
    }
    tally({ test: '13 hostile state', tried: `${tried} commands`, bar: BAR, failures: place.failures });
  });

  it('as the name or address of a remote', async () => {
    const place = await world();
    const { box, clone, look } = place;
    box.commit(clone, 'coord.config.json', JSON.stringify({ ...PLAIN, share: true }));
    let tried = 0;
    for (const text of typable(place).filter((one) => one.length < 10_000)) {
      box.tryGit(clone, 'config', '--unset-all', 'remote.origin.url');
      box.git(clone, 'config', '--add', 'remote.origin.url', text);
      for (const args of [['claim', 'src/r.ts', '--json'], ['sync-check'], ['doctor']].slice(0, sized(1, 3))) {
        await look(`remote ${named(text)}: ${args}`, args);
        tried += 1;
      }
    }
    tally({ test: '13 hostile remotes', tried: `${tried} commands`, bar: BAR, failures: place.failures });
  });

  it('as a link that leads outside, in the place of a file or folder that coord writes', async () => {
    const places = ['.claude', '.codex', '.gemini', '.cursor', '.opencode', 'rules', 'scratch', 'schema'];
    const files = ['AGENTS.md', 'CLAUDE.md', 'coord.config.json', '.gitignore', 'STATE.md', '.claude/settings.json'];
    const commands = [
      ['init', '--local'],
      ['session', 'start'],
      ['session', 'scratch'],
      ...HARNESSES.map((harness) => ['guard', 'install', harness]),
      ['guard', 'install'],
    ];
    let tried = 0;
    const failures: string[] = [];
    for (const [index, name] of [...places, ...files].entries()) {
      const place = await world();
      rmSync(join(place.clone, name), { recursive: true, force: true });
      const target = places[index] === undefined ? 'outside/kept.txt' : 'outside';
      place.box.write(place.clone, `${name}.beside`, '');
      symlinkSync(place.box.path(target), join(place.clone, name));
      for (const args of commands) {
        await place.look(`${name} leads outside: ${args.join(' ')}`, args);
        tried += 1;
      }
      failures.push(...place.failures);
    }
    tally({ test: '13 links that lead outside', tried: `${tried} commands`, bar: BAR, failures });
  });
});

/** `{a: {b: value}}` of `a.b`; a name that the project chooses is the text. */
function nested([first = '', ...rest]: readonly string[], value: unknown, text: string): object {
  const key = first === 'NAME' ? text : first;
  return Object.fromEntries([[key, rest.length === 0 ? value : nested(rest, value, text)]]);
}
