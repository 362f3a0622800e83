// Puts the bundled program into dist/, with its code cache.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

const { text, fingerprint } = await bundle();
mkdirSync(`${root}dist`, { recursive: true });
const temporary = `${root}dist/coord.cjs.${process.pid}.tmp`;
writeFileSync(temporary, text);
renameSync(temporary, `${root}dist/coord.cjs`);

// In a process of its own, whose exit code is no exit code of the build.
execFileSync(process.execPath, [`${root}scripts/code-cache.mjs`], { stdio: 'inherit' });
for (const name of readdirSync(`${root}dist`)) {
  if (name.endsWith('.cache') && !name.includes(fingerprint)) rmSync(`${root}dist/${name}`, { force: true });
}
