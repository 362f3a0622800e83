// Puts the types of what the package exports into dist/types: those of src/api/index.ts, and of the files that it names.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { importsIn } from './layers.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const all = mkdtempSync(join(root, 'dist', 'types-'));
try {
  // Below the root, so that what is named from node_modules is found.
  const settings = { extends: '../../tsconfig.json', include: [], files: ['../../src/api/index.ts'] };
  const compilerOptions = {
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    outDir: '.',
    rootDir: '../../src',
  };
  writeFileSync(join(all, 'tsconfig.json'), JSON.stringify({ ...settings, compilerOptions }));
  const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');
  const { status, stdout } = spawnSync(process.execPath, [compiler, '-p', all], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stdout);
  const types = join(root, 'dist', 'types');
  rmSync(types, { recursive: true, force: true });
  for (const file of reachable('api/index.d.ts')) cpSync(join(all, file), join(types, file));
} finally {
  rmSync(all, { recursive: true, force: true });
}

/** The file, and all that it names, and so on. */
function reachable(first) {
  const found = new Set([first]);
  for (const file of found) {
    const named = importsIn(readFileSync(join(all, file), 'utf8')).filter((name) => name?.startsWith('.'));
    for (const name of named) found.add(posix.join(dirname(file), name).replace(/\.js$/, '.d.ts'));
  }
  return found;
}
