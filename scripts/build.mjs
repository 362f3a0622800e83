// Puts the programs and libraries that bin/load.js knows into dist/, each with its code cache.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BUNDLES, bundle } from './bundle.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

mkdirSync(`${root}dist`, { recursive: true });
const current = await Promise.all(
  BUNDLES.map(async (name) => {
    const { text, fingerprint } = await bundle(name);
    const temporary = `${root}dist/${name}.cjs.${process.pid}.tmp`;
    writeFileSync(temporary, text);
    renameSync(temporary, `${root}dist/${name}.cjs`);
    return [`${name}.cjs`, `${fingerprint}.cache`];
  }),
);
// In processes of their own, whose exit codes are no exit code of the build.
for (const name of BUNDLES) {
  execFileSync(process.execPath, [`${root}scripts/code-cache.mjs`, name], { stdio: 'inherit' });
}
for (const name of readdirSync(`${root}dist`)) {
  if (/\.(?:cjs|cache)$/.test(name) && !current.flat().includes(name)) rmSync(`${root}dist/${name}`, { force: true });
}
