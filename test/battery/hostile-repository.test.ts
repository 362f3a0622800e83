import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'vitest';
import { HARNESSES } from '../../src/guards/harness/dialects.js';
import { FULL, tally } from './support/battery.js';
import { faultsOf, named } from './support/hostile.js';
import { aftermath, BAR, PLAIN, type World, world } from './support/hostile-world.js';

/** In the whole battery all of them, else each n-th. */
const some = <T>(all: readonly T[], nth: number) => (FULL ? all : all.filter((_, index) => index % nth === 0));

describe('a hostile repository', () => {
  it('names of files', async () => {
    const place = await world();
    const { box, clone, look } = place;
    let tried = 0;
    for (const name of some(FILES, 6)) {
      const text = name.toString();
      put(clone, name);
      const tries = async (commands: readonly (readonly string[])[]) => {
        for (const args of commands) await look(`a file ${named(text)}: ${args.join(' ')}`, args);
        tried += commands.length;
      };
      await tries([
        ['claim', '--literal', '--json', '--', text],
        ['status'],
        ['sync-check', '--require-clean'],
        ['submit', '--literal', '--note', 'x', '--', text],
        ['release', '--literal', '--', text],
      ]);
      box.tryGit(clone, 'add', '--all');
      await tries([
        ['guard', 'run', 'pre-commit'],
        ['sync-check', '--require-clean', '--json'],
      ]);
      box.tryGit(clone, 'commit', '--quiet', '--no-verify', '--allow-empty', '--message', 'theirs');
      const range = 'HEAD~1..HEAD';
      await tries([['audit', range], ['audit', range, '--sarif'], ['land'], ['doctor'], ['session', 'start']]);
      // Git itself takes no file of some of these names.
      box.git(clone, 'clean', '--quiet', '--force', '-d');
    }
    await aftermath(place);
    tally({ test: '13 hostile names of files', tried: `${tried} commands`, bar: BAR, failures: place.failures });
  });

  it('names of branches, tags and remotes', async () => {
    const place = await world();
    const { clone, look } = place;
    let tried = 0;
    for (const name of some(REFS, 5)) {
      const undo = refer(place, name);
      for (const config of [{}, { share: true, remote: name }, { share: true, mainBranch: name }, { branch: name }]) {
        place.box.write(clone, 'coord.config.json', JSON.stringify({ ...PLAIN, ...config }));
        for (const args of some(readersOf(name), 3)) {
          const what = `a ref ${named(name)}, ${JSON.stringify(config)}: ${args.join(' ')}`;
          const input = `refs/heads/${name} ${'1'.repeat(40)} refs/heads/${name} ${'0'.repeat(40)}\n`;
          await look(what, args, { input });
          tried += 1;
        }
      }
      undo();
    }
    await aftermath(place);
    const test = '13 hostile names of refs and remotes';
    tally({ test, tried: `${tried} commands`, bar: BAR, failures: place.failures });
  });

  it('where the repository and its worktrees lie', async () => {
    const failures: string[] = [];
    let tried = 0;
    for (const name of some(FOLDERS, 6)) {
      const place = await world({ surface: ['src/**'] }, `./${name}`);
      const { box, clone, look } = place;
      box.git(clone, 'worktree', 'add', '--quiet', '-b', 'side', `${clone}-side`);
      for (const cwd of [clone, `${clone}-side`]) {
        for (const args of some(ANYWHERE, 2)) {
          await look(`in ${named(name)}: ${args.join(' ')}`, args, { cwd });
          tried += 1;
        }
      }
      await look(`in ${named(name)}: installed`, ['guard', 'install']);
      box.write(clone, 'src/api/users.ts', 'more\n');
      const { stdout, stderr } = box.tryGit(clone, 'commit', '--quiet', '--all', '--message', 'by git');
      const said = { code: 0, stdout, stderr, json: () => JSON.parse(stdout) };
      for (const fault of faultsOf(said, false)) failures.push(`in ${named(name)}, the hook: ${fault}`);
      failures.push(...place.breaches(), ...place.failures);
    }
    tally({ test: '13 hostile places of a repository', tried: `${tried} commands`, bar: BAR, failures });
  });

  it('rules, notes for agents, attributes and submodules', async () => {
    const place = await world({ ...PLAIN, memory: ['MEMORY.md'] });
    const { box, clone, look } = place;
    let tried = 0;
    const tries = async (what: string, commands: readonly (readonly string[])[]) => {
      for (const args of commands) {
        const { stdout, stderr } = await look(`${what}: ${args.join(' ')}`, args);
        if (`${stdout}${stderr}`.includes('SECRET')) place.failures.push(`${what}: tells what is outside`);
      }
      tried += commands.length;
    };
    for (const [index, body] of some(BODIES, 3).entries()) {
      for (const name of ['rules/x.md', 'MEMORY.md', 'AGENTS.md']) {
        // The lines of a memory file are its own, and shown as such.
        box.write(clone, name, name === 'MEMORY.md' ? body.replaceAll('\nclaimed', '\n claimed') : body);
        await tries(`${name}, ${index}`, some(OF_RULES, 2));
      }
    }
    const secret = box.write(box.directory, 'secret.md', '# SECRET\n\nSECRET\n');
    for (const name of ['rules/x.md', 'MEMORY.md', 'AGENTS.md']) {
      rmSync(join(clone, name));
      symlinkSync(secret, join(clone, name));
    }
    await tries('links to what is outside', OF_RULES);
    for (const [name, text] of OF_GIT) {
      box.write(clone, name, text);
      const id = box.git(clone, 'rev-parse', 'HEAD');
      box.tryGit(clone, 'update-index', '--add', '--cacheinfo', `160000,${id},-x`);
      await tries(name, some(OF_CHANGES, 2));
    }
    const test = '13 hostile rules, attributes, submodules';
    tally({ test, tried: `${tried} commands`, bar: BAR, failures: place.failures });
  });

  it('links in the place of what coord keeps under .git', async () => {
    const failures: string[] = [];
    let tried = 0;
    const used = await world();
    await used.look('a claim', ['claim', 'src/x.ts']);
    const names = ['', 'queue', 'lock', 'outbox', '../coord-sessions', ...readdirSync(join(used.clone, '.git/coord'))];
    for (const name of some([...new Set(names)], 3)) {
      for (const target of ['outside', 'outside/kept.txt', 'outside/absent']) {
        const place = await world();
        const path = join(place.clone, '.git/coord', name);
        rmSync(path, { recursive: true, force: true });
        symlinkSync(place.box.path(target), path.replace(/\/$/, ''));
        for (const args of some(WRITERS, 3)) {
          await place.look(`.git/coord/${name} leads to ${target}: ${args.join(' ')}`, args);
          tried += 1;
        }
        failures.push(...place.failures);
      }
    }
    tally({ test: '13 links under .git', tried: `${tried} commands`, bar: BAR, failures });
  });
});

const FORGED = 'a\nclaimed forged\r\u001b[31m\u009b1m\u2028claimed forged\u202e';

/** Names that git and a file system allow, or that only one of them does. */
const FILES: readonly (string | Buffer)[] = [
  ...['-rf', '--force', '--', 'src/-x', ':(exclude)src', ':(top)x', '!src', '~', '#x', 'HEAD', 'refs/heads/main'],
  ...['src/a\nclaimed forged', 'src/\u001b[2J\u001b]0;t\u0007', 'src/\u009b31m\u202e\u2028claimed forged'],
  ...['src/"quoted" \'name\'', 'src/*', 'src/[a]?{b,c}', 'src/\\n', 'src/$(canary)', 'src/`canary`;canary|canary'],
  ...['src/__proto__', '__proto__/constructor', 'src/e\u0301', 'src/\u00e9', 'src/git~1', 'src/.git./x'],
  ...[Buffer.from('src/\xff\xfe', 'latin1'), Buffer.from('src/\xc3\n\x80', 'latin1')],
];

const REFS: readonly string[] = [
  ...['-x', '--force', '-', '@', 'HEAD', '$(canary)', ';canary', '`canary`', '!x', '"x"', '#x', "'x'", '%s%00'],
  ...['\u202ex', '\u009b31m', '\u2028claimed-forged', '__proto__', 'é'],
];

const FOLDERS: readonly string[] = [
  ...['a\nclaimed forged', '-x', '\u001b[31m', '$(canary)', '`canary`', ';canary #', "it's", '"q"', '*', ':x', '%s'],
  ...['\u202ex\u2028claimed forged', ' x ', 'e\u0301'],
];

/** What has given readers of Markdown and of its front matter trouble. */
const BODIES: readonly string[] = [
  ...[`---\nid: ${FORGED}\nkind: must\n---\n- [x] ${FORGED}\n`, '---\n__proto__: 1\nconstructor: 2\n'],
  ...[`## R-1: ${FORGED}\n\nDo \`$(canary)\` ${FORGED}\n`, '\u0000', '\u00ff\u00fe', 'x'.repeat(1_100_000)],
  ...['---\n', '[', '- ', '# ', '<!-- ', '`', '*', '\n', '> '].map((piece) => piece.repeat(100_000)),
];

const OF_GIT = [
  ['.gitattributes', '* filter=evil diff=evil merge=evil textconv=evil\n'],
  ['.gitmodules', '[submodule "x"]\n\tpath = -x\n\turl = ext::canary\n\tupdate = !canary\n'],
  ['.gitmodules', '[submodule "../../x"]\n\tpath = ../x\n\turl = --upload-pack=canary\n'],
  ['.mailmap', `${FORGED}\n`],
  ['.gitignore', `${'*'.repeat(5_000)}\n[\n`],
  ['.lfsconfig', '[lfs]\n\turl = ext::canary\n'],
] as const;

const OF_RULES = [
  ['rules', 'list'],
  ['rules', 'list', '--json'],
  ['rules', 'lint'],
  ['rules', 'show', 'R-1'],
  ['session', 'start'],
  ['session', 'start', '--json'],
  ['status'],
  ['claim', 'src/x.ts'],
  ['doctor'],
];

const OF_CHANGES = [
  ['sync-check', '--require-clean'],
  ['submit', 'src', '--note', 'x'],
  ['guard', 'run', 'pre-commit'],
  ['land'],
  ['gate', 'check', 'prod'],
  ['deploy', 'prod', '--dry-run'],
  ['audit'],
  ['doctor'],
];

const WRITERS = [
  ['status'],
  ['session', 'start'],
  ['claim', 'src/x.ts'],
  ['renew'],
  ['claim', 'src/web', '--json'],
  ['note', 'x'],
  ['status', 'src/web', '--wait', '0s'],
  ['sync-check'],
  ['release', '--all'],
];

const ANYWHERE = [
  ['status'],
  ['session', 'start'],
  ['claim', '../x'],
  ['claim', 'src/a.ts', '--json'],
  ['claim', '/x', '--json'],
  ['sync-check'],
  ['doctor'],
  ['session', 'scratch'],
  ['guard', 'install'],
  ['guard', 'status'],
  ...HARNESSES.map((harness) => ['guard', 'install', harness]),
  ['deploy', 'list'],
  ['land'],
  ['guard', 'uninstall'],
  ['init'],
];

function readersOf(name: string) {
  return [
    ['sync-check'],
    ['sync-check', '--json'],
    ['status'],
    ['doctor'],
    ['land', '--dry-run'],
    ['land', `--to=${name}`],
    ['claim', 'src/r.ts', '--json'],
    ['release', 'src/r.ts', `--commit=${name}`],
    ['guard', 'run', 'pre-push', name, 'x'],
    ['audit'],
    ['deploy', 'prod', '--dry-run'],
    ['session', 'start'],
  ];
}

/** Any bytes may be the name. */
function put(root: string, name: string | Buffer): void {
  const path = Buffer.concat([Buffer.from(`${root}/`), Buffer.from(name)]);
  mkdirSync(path.subarray(0, path.lastIndexOf('/')), { recursive: true });
  writeFileSync(path, 'one\n');
}

/** Makes refs, the branch that is checked out, and a remote of this name, as git's own commands would not; returns the way back. */
function refer({ box, clone }: World, name: string): () => void {
  const id = box.git(clone, 'rev-parse', 'main');
  const refs = ['heads', 'tags', 'remotes/origin', 'remotes'].map((kind) => join(clone, '.git/refs', kind, name));
  for (const ref of refs) {
    mkdirSync(dirname(ref), { recursive: true });
    writeFileSync(ref, `${id}\n`);
  }
  const head = join(clone, '.git/HEAD');
  writeFileSync(head, `ref: refs/heads/${name}\n`);
  const path = join(clone, '.git/config');
  const config = readFileSync(path, 'utf8');
  const word = name.replaceAll('"', '\\"');
  const remote = `[remote "${word}"]\n url = nowhere\n fetch = +refs/heads/*:refs/remotes/${name}/*\n`;
  // Unquoted, `;` and `#` begin a comment: such a refspec is one that git itself refuses.
  writeFileSync(path, `${config}\n${remote}[branch "${word}"]\n remote = "${word}"\n merge = refs/heads/${name}\n`);
  return () => {
    writeFileSync(path, config);
    writeFileSync(head, 'ref: refs/heads/main\n');
    for (const ref of refs) rmSync(ref, { recursive: true, force: true });
    box.git(clone, 'checkout', '--quiet', '--force', 'main');
  };
}
