// Puts the programs and libraries that bin/coord.js knows into dist/, with the licences of what others wrote in them.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BUNDLES, bundle, bundlePage } from './bundle.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const LICENCES = 'licences.txt';

mkdirSync(`${root}dist`, { recursive: true });
const [page, ...built] = await Promise.all([bundlePage(), ...BUNDLES.map((name) => bundle(name))]);
const files = new Map([...page.files, ...built.map(({ text }, index) => [`${BUNDLES[index]}.cjs`, text])]);
files.set(LICENCES, licences(new Set([page, ...built].flatMap(({ packages }) => packages))));
for (const [name, text] of files) {
  const temporary = `${root}dist/${name}.${process.pid}.tmp`;
  writeFileSync(temporary, text);
  renameSync(temporary, `${root}dist/${name}`);
}
// Also the code caches of the programs that were there: they fit no longer.
for (const { name } of readdirSync(`${root}dist`, { withFileTypes: true }).filter((entry) => entry.isFile())) {
  if (!files.has(name)) rmSync(`${root}dist/${name}`, { force: true });
}

/** @param {Set<string>} packages folders under the root */
function licences(packages) {
  return [...packages]
    .sort()
    .map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(`${root}${folder}/package.json`, 'utf8'));
      const file = readdirSync(root + folder).find((entry) => /^licen[cs]e/i.test(entry));
      return `${name} ${version} (${license})\n\n${file ? readFileSync(`${root}${folder}/${file}`, 'utf8').trim() : ''}\n`;
    })
    .join(`\n${'-'.repeat(80)}\n\n`);
}
