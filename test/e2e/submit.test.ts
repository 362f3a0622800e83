import { chmodSync, existsSync, lstatSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { localFleet } from '../support/fleet.js';
import { submitted, treeOf, type Workshop, workshop } from '../support/workers.js';

/** Claims all of the surface as the orchestrator, and integrates. */
async function integrate({ maya }: Workshop, id: string, ...options: string[]) {
  expect((await maya('claim', 'src')).code).toBe(0);
  return maya('integrate', id, ...options, '--json');
}

describe('coord submit and coord integrate', () => {
  it('carry a change from a worker’s clone to the orchestrator’s, without a commit of the worker', async () => {
    const shop = await workshop();
    const { box, boss, bench, maya, w1 } = shop;
    const standing = () => [box.git(bench, 'rev-parse', 'HEAD'), box.git(bench, 'status', '--porcelain')];
    box.write(bench, 'src/api/users.ts', 'users\nand pages\n');
    box.write(bench, 'src/api/pages.ts', 'pages\n');
    const before = standing();
    const result = await w1('submit', 'src', '--note', 'paginate users');
    expect([result.code, result.stdout]).toEqual([
      0,
      expect.stringMatching(
        /^submitted 2 files to the orchestrators · (\S+)\n {2}\+ src\/api\/pages.ts\n {2}~ src\/api\/users.ts\n$/,
      ),
    ]);
    expect(standing()).toEqual(before);

    const { submissions } = (await maya('integrate', '--json')).json().data;
    expect(submissions).toMatchObject([{ agent: 'w1', to: null, text: 'paginate users', commit: before[0] }]);
    const [{ id }] = submissions;
    expect((await maya('inbox', '--json')).json().data.notes).toMatchObject([
      { id, kind: 'handoff', text: `paginate users · 2 files: coord integrate ${id}` },
    ]);
    const unclaimed = await maya('integrate', id, '--json');
    expect([unclaimed.code, unclaimed.json().error.details.reason]).toEqual([4, 'unclaimed']);
    expect(unclaimed.json().error.hint).toBe(`coord claim src/api/pages.ts src/api/users.ts && coord integrate ${id}`);
    expect(box.git(boss, 'status', '--porcelain')).toBe('');

    const claimed = (await maya('claim', 'src/api', '--json')).json().data.claims[0];
    const applied = await maya('integrate', id, '--json');
    expect(applied.json().data).toMatchObject({
      applied: true,
      files: [
        { path: 'src/api/pages.ts', change: 'added', how: 'as-submitted', added: 1, deleted: 0 },
        { path: 'src/api/users.ts', change: 'modified', how: 'as-submitted', added: 1, deleted: 0 },
      ],
      submission: { id, closed: null, integrated: { by: 'maya', paths: ['src/api/pages.ts', 'src/api/users.ts'] } },
    });
    expect(treeOf(boss, 'src')).toEqual(treeOf(bench, 'src'));
    expect(box.git(boss, 'diff', '--cached')).toBe('');
    // It is kept until it has landed: what is thrown away can be had again.
    box.git(boss, 'checkout', '--quiet', '--', '.');
    box.git(boss, 'clean', '--quiet', '--force');
    expect((await maya('integrate', id, '--patch')).stdout).toContain('+and pages');
    expect((await maya('integrate', id, '--json')).json().data).toMatchObject({ applied: true, again: true });
    expect(treeOf(boss, 'src')).toEqual(treeOf(bench, 'src'));
    expect((await maya('integrate')).stdout).toContain('integrated by maya');
    box.git(boss, 'add', '--all');
    box.git(boss, 'commit', '--quiet', '--message', 'paginate users');
    expect((await maya('land')).code).toBe(0);
    expect((await maya('integrate')).stdout).toBe('nothing is submitted\n');
    expect(box.git(boss, 'ls-tree', '--name-only', 'coord/state')).not.toMatch(/^submissions$/m);
    expect((await w1('inbox', '--json')).json().data.notes).toMatchObject([
      { agent: 'maya', text: `integrated ${id}` },
    ]);
    const { events } = (await maya('events', '--type', 'work', '--json')).json().data;
    expect(events).toMatchObject([
      { type: 'work.submitted', agent: 'w1', submission: id, paths: 2, commit: before[0] },
      { type: 'work.integrated', agent: 'maya', author: 'w1', submission: id, paths: 2, claims: [claimed.id] },
      { type: 'work.integrated', agent: 'maya', author: 'w1', submission: id, paths: 2, claims: [claimed.id] },
      { type: 'work.landed', agent: 'maya', commit: box.git(boss, 'rev-parse', 'HEAD'), paths: 2 },
      { type: 'work.done', agent: 'maya', author: 'w1', submission: id },
    ]);
  });

  it('go between two agents of one worktree too, and find that the work stands there already', async () => {
    const { box, clone, as } = await localFleet();
    await as('maya', ['session', 'start', '--role', 'orchestrator']);
    await as('w1', ['session', 'start', '--role', 'worker']);
    box.write(clone, 'src/api/users.ts', 'more\n');
    const sent = await as('w1', ['submit', 'src/api/users.ts', '--note', 'x', '--json']);
    const { id } = sent.json().data.submission;
    await as('maya', ['claim', 'src']);
    const { data } = (await as('maya', ['integrate', id, '--json'])).json();
    expect(data).toMatchObject({ applied: true, files: [{ change: 'modified' }] });
    expect(box.git(clone, 'diff', '--name-only')).toBe('src/api/users.ts');
  });

  it('keep contents byte for byte, whatever the names, with modes and deletions', async () => {
    const shop = await workshop();
    const { box, boss, bench } = shop;
    const NAMES = [
      'a b.ts',
      "it's",
      'n\nl',
      'tab\there',
      '-x',
      ':(top)x',
      '[id]/{a}*?.ts',
      'ü 🙂',
      '.gitmodules',
      'back\\slash',
    ];
    for (const name of NAMES) box.write(bench, `src/${name}`, `content of ${name}\r\n`);
    writeFileSync(join(bench, 'src/binary'), Buffer.from([0, 1, 255, 13, 10, 0]));
    writeFileSync(join(bench, 'src/empty'), '');
    box.write(bench, 'src/run.sh', '#!/bin/sh\n');
    chmodSync(join(bench, 'src/run.sh'), 0o755);
    rmSync(join(bench, 'src/api/users.ts'));
    const id = await submitted(shop, 'src');
    const result = await integrate(shop, id);
    expect(result.json().data.files).toHaveLength(NAMES.length + 4);
    expect(treeOf(boss, 'src')).toEqual(treeOf(bench, 'src'));
    expect(lstatSync(join(boss, 'src/run.sh')).mode & 0o111).not.toBe(0);
    expect(existsSync(join(boss, 'src/api/users.ts'))).toBe(false);
    expect(box.git(boss, 'fsck', '--strict', '--no-dangling')).toBe('');
  });

  it('let git turn line ends as each clone has them', async () => {
    const shop = await workshop();
    const { box, boss, bench } = shop;
    box.git(bench, 'config', 'core.autocrlf', 'true');
    box.write(bench, 'src/api/users.ts', 'users\r\nmore\r\n');
    const id = await submitted(shop, 'src/api/users.ts');
    expect((await integrate(shop, id)).code).toBe(0);
    expect(treeOf(boss, 'src')).toMatchObject({ 'src/api/users.ts': 'users\nmore\n' });
    expect(box.git(boss, 'diff', '--numstat')).toBe('1\t0\tsrc/api/users.ts');
  });
});

describe('what is handed over', () => {
  it.each([
    ['nothing at all', [], 'nothing to submit'],
    ['no change', ['src'], 'no changes there'],
    ['a file that was never there', ['src/nope.ts'], 'no such file: src/nope.ts'],
    ['a resource', ['@db'], 'not a file or folder'],
  ])('%s is refused', async (_, paths, words) => {
    const { w1 } = await workshop();
    const result = await w1('submit', ...paths, '--note', 'x');
    expect([result.code, result.stderr]).toEqual([2, expect.stringContaining(words)]);
  });

  it('is a deletion too, however it was made, alone or with its folder', async () => {
    const { box, bench, w1 } = await workshop();
    const filesOf = async (...words: string[]) => {
      const { data } = (await w1('submit', ...words, '--note', words.join(), '--json')).json();
      return data.submission.files.map(({ path, blob }: { path: string; blob: string | null }) => [path, blob]);
    };
    box.git(bench, 'rm', '--quiet', 'src/api/users.ts');
    expect(await filesOf('src')).toEqual([['src/api/users.ts', null]]);
    expect(await filesOf('src/api/users.ts')).toEqual([['src/api/users.ts', null]]);
    box.git(bench, 'reset', '--quiet');
    expect(await filesOf('.')).toEqual([['src/api/users.ts', null]]);
  });

  it('leaves out what a sparse checkout left out', async () => {
    const { box, bench, w1 } = await workshop();
    box.git(bench, 'sparse-checkout', 'set', 'rules');
    box.write(bench, 'rules/own.md', '## be-kind: Be kind\n\nAnswer.\n');
    const { data } = (await w1('submit', '.', '--note', 'x', '--json')).json();
    expect(data.submission.files.map(({ path }: { path: string }) => path)).toEqual(['rules/own.md']);
  });

  it('can be a change that was committed, from a base that is named', async () => {
    const shop = await workshop();
    const { box, bench, w1 } = shop;
    box.commit(bench, 'src/api/users.ts', 'committed\n');
    expect((await w1('submit', 'src', '--note', 'x')).code).toBe(2);
    expect((await w1('submit', 'src', '--note', 'x', '--base', 'nope')).code).toBe(2);
    const id = await submitted(shop, 'src', '--base', 'origin/main');
    expect((await integrate(shop, id)).json().data.files).toMatchObject([
      { path: 'src/api/users.ts', change: 'modified' },
    ]);
  });

  it('is said in a note, and to nobody but who can take it', async () => {
    const { box, bench, w1 } = await workshop();
    box.write(bench, 'src/x', 'x');
    const without = await w1('submit', 'src');
    expect([without.code, without.stderr]).toEqual([2, expect.stringContaining('--note is empty')]);
    for (const [to, words] of [
      ['w1', 'is you'],
      ['nobody', 'unknown agent'],
    ] as const) {
      const result = await w1('submit', 'src', '--note', 'x', '--to', to);
      expect([result.code, result.stderr]).toEqual([2, expect.stringContaining(words)]);
    }
  });

  it('needs an orchestrator, or a name', async () => {
    const { box, clone, as } = await localFleet();
    box.write(clone, 'src/x', 'x');
    const alone = await as('w1', ['submit', 'src', '--note', 'x']);
    // Whoever pastes it must not become the orchestrator of its own work.
    expect(alone.stderr).toContain('coord session start --agent lead --role orchestrator');
    await as('noor', ['claim', '@db']);
    const nobody = await as('w1', ['submit', 'src', '--note', 'x']);
    expect([nobody.code, nobody.stderr]).toEqual([2, expect.stringContaining('name one of these with --to: noor')]);
    expect((await as('w1', ['submit', 'src', '--note', 'x', '--to', 'noor'])).code).toBe(0);
  });

  it('is bounded, and says by what', async () => {
    const { box, bench, w1, maya } = await workshop();
    const size = 1024 * 1024;
    box.write(bench, 'src/big', 'x'.repeat(size + 1));
    const big = await w1('submit', 'src', '--note', 'x');
    expect([big.code, big.stderr]).toEqual([
      2,
      expect.stringMatching(/larger than 1 MB\n {2}src\/big\nnext: commit it/),
    ]);
    box.write(bench, 'src/big', 'x'.repeat(size));
    for (let n = 0; n < 5; n += 1) box.write(bench, `src/${n}`, `${n}`.repeat(size));
    const together = await w1('submit', 'src', '--note', 'x');
    expect([together.code, together.stderr]).toEqual([2, expect.stringContaining('6.0 MB, and at most 5 MB')]);
    rmSync(join(bench, 'src/big'));
    expect((await w1('submit', 'src', '--note', 'x')).code).toBe(0);
    for (let n = 0; n < 501; n += 1) box.write(bench, `many/${n}`, `${n}`);
    const many = await w1('submit', 'many', '--note', 'x');
    expect([many.code, many.stderr]).toEqual([2, expect.stringContaining('501 files, and at most 500')]);
    expect((await maya('integrate', '--json')).json().data.submissions).toHaveLength(1);
  });

  it('is no link, no submodule, no pointer of Git LFS, and nothing behind a link', async () => {
    const { box, bench, w1 } = await workshop();
    const refused = async (...paths: string[]) => (await w1('submit', ...paths, '--note', 'x')).stderr;
    symlinkSync('api', join(bench, 'src/link'));
    expect(await refused('src')).toMatch(/a symbolic link\n {2}src\/link\n/);
    rmSync(join(bench, 'src/link'));
    box.git(bench, 'init', '--quiet', 'src/inner');
    box.commit(join(bench, 'src/inner'), 'x', 'x');
    expect(await refused('src')).toMatch(/a repository inside this one.*\n {2}src\/inner\/\n/);
    rmSync(join(bench, 'src/inner'), { recursive: true });
    box.write(bench, 'src/movie', 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n');
    expect(await refused('src')).toMatch(/kept by Git LFS/);
    rmSync(join(bench, 'src/movie'));
    renameSync(join(bench, 'src/api'), join(bench, 'elsewhere'));
    symlinkSync('../elsewhere', join(bench, 'src/api'));
    expect(await refused('src')).toMatch(/symbolic link/);
  });

  it('takes ignored files when they are named or in the scratch, and never with a folder', async () => {
    const shop = await workshop();
    const { box, bench, w1 } = shop;
    box.write(bench, '.git/info/exclude', '*.log\n/scratch/\n');
    box.write(bench, 'src/a.log', 'log');
    box.write(bench, 'src/a.ts', 'a');
    const pathsOf = async (...words: string[]) => {
      const { data } = (await w1('submit', ...words, '--note', words.join(), '--json')).json();
      return data.submission.files.map(({ path }: { path: string }) => path);
    };
    expect(await pathsOf('src')).toEqual(['src/a.ts']);
    expect(await pathsOf('src/a.log')).toEqual(['src/a.log']);
    await w1('scratch');
    box.write(bench, 'scratch/w1/deep/report.md', 'found it');
    expect(await pathsOf('scratch/w1')).toEqual(['scratch/w1/deep/report.md']);
  });

  it('from the scratch that its author holds is no other’s ground for the integrator', async () => {
    const shop = await workshop();
    const { box, bench, boss, maya } = shop;
    await shop.w1('scratch');
    box.write(bench, 'scratch/w1/report.md', 'found it');
    const id = await submitted(shop, 'scratch/w1/report.md');
    expect((await maya('integrate', id)).code).toBe(0);
    expect(treeOf(boss, 'scratch')).toEqual({ 'scratch/w1/report.md': 'found it' });
  });

  it('is the same when it is submitted again, and can be taken back', async () => {
    const shop = await workshop();
    const { box, bench, w1, maya } = shop;
    box.write(bench, 'src/x', 'x');
    const id = await submitted(shop, 'src');
    expect(await submitted(shop, 'src')).toBe(id);
    expect((await maya('integrate', '--json')).json().data.submissions).toHaveLength(1);
    expect((await w1('submit', '--take-back', id)).stdout).toBe(`withdrawn ${id}\n`);
    const late = await maya('integrate', id);
    expect([late.code, late.stderr]).toEqual([
      4,
      expect.stringMatching(/of w1 was withdrawn by w1 at .*nothing was done/),
    ]);
    expect((await w1('submit', '--take-back', id)).stdout).toBe(`already withdrawn: ${id}\n`);
  });

  it('is no more than twenty open submissions', async () => {
    const { box, bench, w1 } = await workshop();
    box.write(bench, 'src/x', 'x');
    for (let n = 0; n < 20; n += 1) expect((await w1('submit', 'src', '--note', `${n}`)).code).toBe(0);
    const more = await w1('submit', 'src', '--note', 'more');
    expect([more.code, more.stderr]).toEqual([2, expect.stringContaining('coord submit --take-back')]);
  });
});
