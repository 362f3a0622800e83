import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { CoordError } from '../../src/errors.js';
import { readGround, readTarget, type TargetPlace } from '../../src/workspace/targets.js';
import { type Sandbox, sandbox } from '../support/sandbox.js';

let box: Sandbox;
let root: string;

beforeEach(() => {
  box = sandbox();
  root = box.path('repository');
  mkdirSync(root);
});

function read(text: string, place: Partial<TargetPlace> = {}) {
  const { kind, text: canonical } = readTarget(text, { root, cwd: root, ...place });
  return `${kind} ${canonical}`;
}

function refusal(text: string, place: Partial<TargetPlace> = {}): CoordError {
  try {
    read(text, place);
  } catch (error) {
    if (error instanceof CoordError) return error;
    throw error;
  }
  throw new Error('was read');
}

describe('a path', () => {
  it('has one name, whatever the current directory and the way there', () => {
    box.write(root, 'src/api/users.ts', '');
    const cwd = join(root, 'src', 'api');
    for (const text of [
      'users.ts',
      './users.ts',
      '../api/users.ts',
      '../../src//api/./users.ts',
      join(cwd, 'users.ts'),
    ]) {
      expect(read(text, { cwd })).toBe('path src/api/users.ts');
    }
  });

  it('need not be there yet; a directory is told from a file by what is there, or by the slash at its end', () => {
    mkdirSync(join(root, 'src'));
    expect(read('new/file.ts')).toBe('path new/file.ts');
    expect(read('new/folder/')).toBe('directory new/folder/**');
    expect(read('src')).toBe('directory src/**');
    expect(read('src/')).toBe('directory src/**');
    expect(read('.')).toBe('directory **');
  });

  it('may lie below what is a file today, since a change may make a folder of it', () => {
    box.write(root, 'plain', '');
    for (const as of [undefined, 'literal'] as const) expect(read('plain/new.ts', { as })).toBe('path plain/new.ts');
    expect(readGround('plain/new.ts', { root, cwd: root })).toEqual([{ kind: 'path', text: 'plain/new.ts' }]);
  });

  it('is NFC, also where the file system has it otherwise', () => {
    box.write(root, 'cafe\u0301/e\u0301.txt', '');
    expect(read('cafe\u0301/e\u0301.txt')).toBe('path caf\u00e9/\u00e9.txt');
    expect(read('new e\u0301.txt')).toBe('path new \u00e9.txt');
    expect(read('e\u0301/*.txt')).toBe('glob \u00e9/*.txt');
  });

  it.each([
    'with space.txt',
    '"quoted" \'name\'.txt',
    'line\nbreak.txt',
    'tab\there.txt',
    '🎉 👩‍👩‍👧.txt',
    '-dash.txt',
    '--json',
    '__proto__',
    'constructor',
    'app/[slug]/page.tsx',
    '@types/x.d.ts',
    '@deploy/prod',
    'what?.txt',
    'star*.txt',
    '{a,b}.txt',
    'back\\slash.txt',
    '[',
    '**',
    ' leading and trailing ',
    'x'.repeat(255),
    `${`${'d'.repeat(200)}/`.repeat(15)}f.txt`,
  ])('that is there is that path, whatever characters it has: %j', (name) => {
    box.write(root, name, '');
    expect(read(name)).toBe(`path ${name}`);
    expect(read(name, { as: 'literal' })).toBe(`path ${name}`);
  });

  it('resolves symbolic links up to the last existing parent', () => {
    mkdirSync(join(root, 'real'));
    symlinkSync('real', join(root, 'link'));
    expect(read('link/new/file.ts')).toBe('path real/new/file.ts');
    expect(read('link')).toBe('directory real/**');
    expect(read('link/*.ts')).toBe('glob real/*.ts');
    symlinkSync('nowhere', join(root, 'dangling'));
    expect(read('dangling')).toBe('path dangling');
  });

  it('is read from a directory that is reached by a link', () => {
    mkdirSync(join(root, 'src'));
    symlinkSync(root, box.path('alias'));
    expect(read('a.ts', { cwd: join(box.path('alias'), 'src') })).toBe('path src/a.ts');
  });

  it.each([
    ['', 'empty'],
    ['   ', 'empty'],
    ['a\0b', 'NUL'],
    ['bad\uFFFDbytes', 'UTF-8'],
    ['..', 'outside the repository'],
    ['../beside', 'outside the repository'],
    ['/etc/passwd', 'outside the repository'],
    ['src/../../x', 'outside the repository'],
    ['.git', 'inside .git'],
    ['.git/config', 'inside .git'],
    ['sub/.git/config', 'inside .git'],
    ['.GIT/config', 'inside .git'],
    [`${'a/'.repeat(2_048)}b`, 'longer than 4096 bytes'],
    ['é'.repeat(2_049), 'longer than 4096 bytes'],
  ])('%j is a usage error', (text, why) => {
    const error = refusal(text);
    expect([error.code, error.message]).toEqual(['usage', expect.stringContaining(why)]);
    expect(error.hint).toBeTruthy();
  });

  it('that a link leads out of the repository is a usage error', () => {
    symlinkSync(box.directory, join(root, 'out'));
    expect(refusal('out/home').message).toContain('outside the repository');
    symlinkSync('loop', join(root, 'loop'));
    expect(refusal('loop/x').message).toContain('leads to itself');
  });
});

describe('a glob', () => {
  it('is relative to the root, and says `directory` where it covers one', () => {
    mkdirSync(join(root, 'src'));
    expect(read('*.ts', { cwd: join(root, 'src') })).toBe('glob src/*.ts');
    expect(read('../*.ts', { cwd: join(root, 'src') })).toBe('glob *.ts');
    expect(read('./src/./**/{a,b}.ts')).toBe('glob src/**/{a,b}.ts');
    expect(read('src/**')).toBe('directory src/**');
    expect(read('**')).toBe('directory **');
  });

  it('is one where --glob says so, even if a file has that name', () => {
    box.write(root, 'star*.txt', '');
    expect(read('star*.txt', { as: 'glob' })).toBe('glob star*.txt');
  });

  it('takes folders that are there as they are, so that a new file beside others is that file', () => {
    box.write(root, 'app/[slug]/page.tsx', '');
    expect(read('app/[slug]/layout.tsx')).toBe('path app/[slug]/layout.tsx');
    expect(read('[slug]/new/layout.tsx', { cwd: join(root, 'app') })).toBe('path app/[slug]/new/layout.tsx');
    expect(read('app/[slug]/*.tsx')).toBe('glob app/\\[slug\\]/*.tsx');
    expect(read('app/[slug]/layout.tsx', { as: 'glob' })).toBe('glob app/[slug]/layout.tsx');
    expect(read('app/[id]/layout.tsx')).toBe('glob app/[id]/layout.tsx');
  });

  it.each(['[', '{a', 'src/[z-a].ts', 'a/*/../b'])('%j is refused', (text) => {
    expect(refusal(text).code).toBe('usage');
  });
});

describe('a resource', () => {
  it('is a name that begins with @ and is no path', () => {
    expect(read('@deploy/prod')).toBe('resource @deploy/prod');
    expect(read('@deploy/prod/')).toBe('resource @deploy/prod');
    expect(read('@deploy/prod', { cwd: box.write(root, 'src/x', '').replace(/\/x$/, '') })).toBe(
      'resource @deploy/prod',
    );
  });

  it('is not taken for one where a folder has that name: a new file in it is that file', () => {
    box.write(root, '@types/old.d.ts', '');
    expect(read('@types/new.d.ts')).toBe('path @types/new.d.ts');
    expect(read('./@deploy/prod')).toBe('path @deploy/prod');
    expect(read('@deploy/prod', { as: 'literal' })).toBe('path @deploy/prod');
  });

  it.each(['@', '@/', '@a//b', '@a b', '@a*', '@(a|b)', '@deploy/+(a)'])('%j is refused', (text) => {
    expect(refusal(text).code).toBe('usage');
  });
});
