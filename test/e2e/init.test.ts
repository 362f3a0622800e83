import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sharedFleet } from '../support/fleet.js';
import { inProcess } from '../support/in-process.js';
import { type Sandbox, sandbox } from '../support/sandbox.js';
import { usersPart } from '../support/snapshot.js';

const WRITTEN = ['AGENTS.md', 'DECISIONS.md', 'LESSONS.md', 'STATE.md', 'coord.config.json'];
const SCHEMA = '.coord/coord.config.schema.json';

const PACKAGE = new URL('../..', import.meta.url).pathname;

function init(box: Sandbox, cwd: string, ...args: string[]) {
  return inProcess(box).run(null, cwd, ['init', '--json', ...args]);
}

function refs(box: Sandbox, directory: string): string {
  return box.git(directory, 'for-each-ref', '--format=%(refname) %(objectname)');
}

describe('coord init', () => {
  it('in an empty repository writes the state, the configuration, the rules and the block, and nothing else', async () => {
    const box = sandbox();
    const clone = box.repository();
    const result = await init(box, clone);
    expect(result.code).toBe(0);
    expect(result.json().data).toMatchObject({
      ref: 'refs/coord/state',
      outcome: 'created',
      share: false,
      changed: true,
    });
    for (const file of WRITTEN) expect(existsSync(join(clone, file))).toBe(true);
    expect(box.git(clone, 'ls-tree', '--name-only', 'coord/state').split('\n')).toEqual(
      expect.arrayContaining(['agents.json', 'claims.json', 'log.jsonl']),
    );
    expect(box.git(clone, 'rev-list', '--count', 'coord/state')).toBe('1');
    expect(box.tryGit(clone, 'rev-parse', '--verify', '--quiet', 'HEAD').code).toBe(1);
    const untracked = box.git(clone, 'status', '--porcelain').split('\n');
    expect(untracked).toEqual(['.coord/', ...WRITTEN, 'rules/'].map((path) => `?? ${path}`));
    const config = JSON.parse(readFileSync(join(clone, 'coord.config.json'), 'utf8'));
    expect(config).toMatchObject({ ref: 'refs/coord/state', share: false, mainBranch: 'main' });
  });

  it('again changes nothing and says so', async () => {
    const box = sandbox();
    const clone = box.clone(box.bareRemote());
    await init(box, clone);
    const before = [usersPart(box, clone), refs(box, clone)];
    const again = await init(box, clone);
    expect([again.code, again.json().data.changed]).toEqual([0, false]);
    expect((await inProcess(box).run(null, clone, ['init'])).stdout).toContain('nothing to do');
    expect([usersPart(box, clone), refs(box, clone)]).toEqual(before);
  });

  it('again in a clone with several remotes goes by the configuration', async () => {
    const box = sandbox();
    const clone = box.repository();
    for (const name of ['one', 'two']) box.git(clone, 'remote', 'add', name, box.bareRemote());
    await init(box, clone, '--remote', 'two');
    expect((await init(box, clone)).json().data).toMatchObject({ changed: false, remote: 'two' });
    expect((await init(box, clone, '--remote', 'two', '--ref', 'refs/coord/state')).json().data.changed).toBe(false);
    for (const args of [['--remote', 'one'], ['--local']]) {
      const result = await init(box, clone, ...args);
      expect([args, result.code, result.json().error.hint]).toEqual([
        args,
        2,
        expect.stringContaining('coord.config.json'),
      ]);
    }
  });

  it('leaves the index, the history, and what the user has, as they are', async () => {
    const box = sandbox();
    const clone = box.repository();
    box.commit(clone, 'AGENTS.md', 'Ours, without a newline at its end');
    box.commit(clone, 'rules/own.md', '# Our own rule\n');
    box.write(clone, 'staged.txt', 'staged');
    box.git(clone, 'add', 'staged.txt');
    const before = usersPart(box, clone);
    const { code, stdout } = await box.coord(clone, ['init']);
    expect([code, stdout]).toEqual([0, expect.stringContaining('kept rules/, which has rules: no starter rules')]);
    const { files: filesBefore, ...restBefore } = before;
    const { files, ...rest } = usersPart(box, clone);
    expect(rest).toEqual(restBefore);
    const changed = Object.keys(files).filter((name) => files[name] !== filesBefore[name]);
    expect(changed.sort()).toEqual([SCHEMA, ...WRITTEN]);
    const agents = readFileSync(join(clone, 'AGENTS.md'), 'utf8');
    expect(agents.startsWith('Ours, without a newline at its end\n\n<!-- coord:begin -->\n')).toBe(true);
  });

  it('shows the surface that it guessed from the files, each pattern of which matches some', async () => {
    const box = sandbox();
    const clone = box.repository();
    box.commit(clone, 'src/api/users.ts', 'users');
    box.commit(clone, '.gitignore', 'lib/\n');
    box.write(clone, 'lib/made.js', 'made');
    mkdirSync(join(clone, 'packages'));
    const { stdout } = await inProcess(box).run(null, clone, ['init']);
    expect(stdout).toContain('surface src/** rules/** AGENTS.md coord.config.json: changing these needs a claim');
    const config = JSON.parse(readFileSync(join(clone, 'coord.config.json'), 'utf8'));
    expect(config).toMatchObject({
      surface: ['src/**', 'rules/**', 'AGENTS.md', 'coord.config.json'],
      autoClaim: true,
    });
  });

  it('creates the memory files that it names with a heading each, and leaves those that are there', async () => {
    const box = sandbox();
    const clone = box.repository();
    box.write(clone, 'LESSONS.md', 'ours');
    await init(box, clone);
    for (const [name, title] of [
      ['STATE.md', '# State\n'],
      ['DECISIONS.md', '# Decisions\n'],
    ] as const) {
      expect(readFileSync(join(clone, name), 'utf8').startsWith(title)).toBe(true);
    }
    expect(readFileSync(join(clone, 'LESSONS.md'), 'utf8')).toBe('ours');
  });

  it.each([
    ['installed for the machine', false],
    ['linked into the project', true],
  ])('names a schema that is there, %s', async (_, isLinked) => {
    const box = sandbox();
    const clone = box.repository();
    if (isLinked) {
      mkdirSync(join(clone, 'node_modules'));
      symlinkSync(PACKAGE, join(clone, 'node_modules/git-coord'));
    }
    await init(box, clone);
    const { $schema } = JSON.parse(readFileSync(join(clone, 'coord.config.json'), 'utf8'));
    const schema = JSON.parse(readFileSync(join(clone, $schema), 'utf8'));
    expect(schema.properties).toHaveProperty('surface');
    expect(existsSync(join(clone, SCHEMA))).toBe(!isLinked);
  });

  it.each([
    ['nothing', '', '.', []],
    ['nothing, from a folder', '', 'src', []],
    ['AGENTS.md', 'AGENTS.md\n', '.', ['AGENTS.md']],
    ['all Markdown', '*.md\n', '.', ['AGENTS.md', 'DECISIONS.md', 'LESSONS.md', 'STATE.md']],
    ['all JSON and what begins with a dot', '*.json\n.*\n', 'src', [SCHEMA]],
  ] as const)('prints a next command that works where git ignores %s, and says what stays here', async (...row) => {
    const [, ignored, folder, left] = row;
    const box = sandbox();
    const clone = box.repository();
    box.write(clone, '.gitignore', ignored);
    box.git(clone, 'add', '-f', '.gitignore');
    box.commit(clone, 'src/a.ts', 'a');
    const cwd = join(clone, folder);
    const { stdout } = await inProcess(box).run(null, cwd, ['init']);
    const next = /^next: read them, then (.+)$/m.exec(stdout)?.[1] ?? '';
    expect(spawnSync('sh', ['-c', next], { cwd, env: box.env, encoding: 'utf8' })).toMatchObject({ status: 0 });
    expect(box.git(clone, 'status', '--porcelain')).toBe('');
    const committed = box.git(clone, 'ls-files').split('\n');
    const all = [...WRITTEN, SCHEMA, 'rules/core.md'];
    expect(all.filter((path) => !committed.includes(path)).sort()).toEqual([...left].sort());
    for (const path of left) expect(stdout).toContain(`ignored ${path}, by .gitignore:`);
  });

  it.each(['\n', '\r\n'])('keeps the line ends of a file that it adds to (%j)', async (end) => {
    const box = sandbox();
    const clone = box.repository();
    box.commit(clone, 'AGENTS.md', `ours${end}still ours${end}`);
    expect((await box.coord(clone, ['init'], { env: { COORD_AGENT: 'maya' } })).code).toBe(0);
    const text = readFileSync(join(clone, 'AGENTS.md'), 'utf8');
    expect(text.split('\n').length).toBeGreaterThan(5);
    expect([...text.matchAll(/\r?\n/g)].every(([found]) => found === end)).toBe(true);
  });

  it.each(['rules', 'AGENTS.md'])('writes nothing where %s is a link that leads nowhere', async (name) => {
    const box = sandbox();
    const clone = box.repository();
    symlinkSync(box.path('absent'), join(clone, name));
    expect(await box.coord(clone, ['init'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('leads nowhere'),
    });
    expect(existsSync(box.path('absent'))).toBe(false);
  });

  it.each([
    ['a subdirectory', (box: Sandbox, clone: string) => join(box.write(clone, 'deep/er/x', ''), '..')],
    ['a linked worktree', (box: Sandbox, clone: string) => box.worktree(clone)],
  ])('from %s sets the worktree of that place up, and the branch for all', async (_, make) => {
    const box = sandbox();
    const clone = box.repository();
    box.commit(clone, 'a', 'a');
    const cwd = make(box, clone);
    expect((await init(box, cwd)).code).toBe(0);
    const root = box.git(cwd, 'rev-parse', '--show-toplevel');
    for (const file of WRITTEN) expect(existsSync(join(root, file))).toBe(true);
    expect(existsSync(join(cwd, 'coord.config.json'))).toBe(root === cwd);
    expect((await inProcess(box).run('maya', clone, ['claim', 'a'])).code).toBe(0);
    expect((await inProcess(box).run('noor', cwd, ['claim', join(root, 'a')])).code).toBe(3);
  });
});

describe('coord init with a remote', () => {
  it('shares through it; a second clone adopts the branch', async () => {
    const box = sandbox();
    const remote = box.bareRemote();
    const [one, two] = [box.clone(remote), box.clone(remote)];
    const begun = await inProcess(box).run(null, one, ['init']);
    expect(begun.stdout).toContain(
      'public paths, names and reasons in the state can be read by whoever can read origin',
    );
    expect(begun.stdout).toContain('state refs/coord/state created, shared through origin');
    expect((await init(box, two)).json().data).toMatchObject({ outcome: 'adopted', share: true });
    expect(box.git(one, 'rev-parse', 'coord/state')).toBe(box.git(two, 'rev-parse', 'coord/state'));
    expect(box.git(remote, 'branch', '--format=%(refname:short)').split('\n')).toEqual(['main']);
  });

  it('says what the main branch decides, where the working copy says otherwise', async () => {
    const { box, clone } = await sharedFleet();
    box.write(clone, 'coord.config.json', '{"share":false}');
    const again = await box.coord(clone, ['init', '--json'], { env: { COORD_AGENT: 'maya' } });
    expect(again.json().data).toMatchObject({ share: true, remote: 'origin' });
    const [claim] = (await box.coord(clone, ['claim', 'docs', '--json'], { env: { COORD_AGENT: 'maya' } })).json().data
      .claims;
    expect(claim.reach).toBe('remote');
  });

  it('writes nothing where the configuration of the main branch is broken', async () => {
    const { box, clone, remote } = await sharedFleet();
    box.git(remote, 'update-ref', '-d', 'refs/coord/state');
    box.commit(clone, 'coord.config.json', '{"share": tru');
    box.git(clone, 'push', '--quiet', 'origin', 'main');
    const other = box.clone(remote);
    box.write(other, 'coord.config.json', '{"share":true}');
    const result = await box.coord(other, ['init', '--json'], { env: { COORD_AGENT: 'maya' } });
    expect([result.code, result.json().error.message]).toEqual([2, expect.stringContaining('coord.config.json')]);
    expect(box.git(remote, 'for-each-ref', 'refs/coord')).toBe('');
  });

  it('shares with none when --local says so', async () => {
    const box = sandbox();
    const remote = box.bareRemote();
    const clone = box.clone(remote);
    expect((await init(box, clone, '--local')).json().data).toMatchObject({ share: false, remote: null });
    expect(box.git(remote, 'branch', '--format=%(refname:short)')).toBe('main');
  });

  it('takes origin among several, else the only one, else asks', async () => {
    const box = sandbox();
    const remote = box.bareRemote();
    const clone = box.clone(remote);
    box.git(clone, 'remote', 'add', 'backup', remote);
    expect((await init(box, clone)).json().data.remote).toBe('origin');

    const other = box.repository();
    box.git(other, 'remote', 'add', 'upstream', box.bareRemote());
    expect((await init(box, other)).json().data.remote).toBe('upstream');

    const third = box.repository();
    for (const name of ['one', 'two']) box.git(third, 'remote', 'add', name, box.bareRemote());
    const asked = await init(box, third);
    expect([asked.code, asked.json().error.hint]).toEqual([2, expect.stringMatching(/^coord init --remote \w+$/)]);
    expect(existsSync(join(third, 'coord.config.json'))).toBe(false);
    expect((await init(box, third, '--remote', 'two')).json().data.remote).toBe('two');
    expect((await init(box, box.repository(), '--remote', 'nope')).code).toBe(2);
    expect((await init(box, box.repository(), '--remote', 'x', '--local')).code).toBe(2);
  });

  it('out of reach is exit 7, and nothing is written', async () => {
    const box = sandbox();
    const clone = box.repository();
    box.git(clone, 'remote', 'add', 'origin', box.path('nowhere.git'));
    const result = await init(box, clone);
    expect([result.code, result.json().error.code]).toEqual([7, 'unavailable']);
    expect(box.git(clone, 'status', '--porcelain')).toBe('');
    expect(refs(box, clone)).toBe('');
  });

  it('that the configuration names but the repository lacks is exit 2', async () => {
    const box = sandbox();
    const clone = box.repository();
    box.write(clone, 'coord.config.json', '{"share":true,"remote":"hub"}');
    const result = await init(box, clone);
    expect([result.code, result.json().error.hint]).toEqual([2, 'git remote -v']);
  });
});

describe('a state ref that is somebody’s own', () => {
  it.each([
    ['here', (box: Sandbox, clone: string) => box.git(clone, 'update-ref', 'refs/coord/state', 'HEAD')],
    [
      'here, and not on the remote',
      (box: Sandbox, clone: string) => box.git(clone, 'update-ref', 'refs/coord/state', 'HEAD'),
    ],
    [
      'on the remote',
      (box: Sandbox, clone: string) => box.git(clone, 'push', '--quiet', 'origin', 'main:refs/coord/state'),
    ],
  ])('%s is refused with another name to choose, and is left alone', async (_, make) => {
    const box = sandbox();
    const remote = box.bareRemote();
    const clone = box.clone(remote);
    make(box, clone);
    const before = [
      refs(box, clone)
        .replace(/refs\/coord-local\/.*/g, '')
        .trim(),
      refs(box, remote),
    ];
    const result = await init(box, clone);
    expect([result.code, result.json().error.hint]).toEqual([
      2,
      expect.stringContaining('coord init --ref refs/coord/claims'),
    ]);
    expect([
      refs(box, clone)
        .replace(/refs\/coord-local\/.*/g, '')
        .trim(),
      refs(box, remote),
    ]).toEqual(before);
    expect(box.git(clone, 'status', '--porcelain')).toBe('');
    const other = await init(box, clone, '--ref', 'refs/coord/other');
    expect(other.json().data).toMatchObject({ ref: 'refs/coord/other', outcome: 'created' });
  });

  it.each(['refs/a b', '-x', 'refs/coord/a..b', 'refs/coord/x.lock', '', '@{-1}'])(
    'the name %j is refused',
    async (name) => {
      const box = sandbox();
      const clone = box.repository();
      expect((await init(box, clone, `--ref=${name}`)).code).toBe(2);
      expect(box.git(clone, 'status', '--porcelain')).toBe('');
    },
  );
});
