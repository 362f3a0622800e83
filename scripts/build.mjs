// Bundles the program into one CommonJS file: cold start is what an agent pays for at each call.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));

const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: ['src/main.ts'],
  outfile: 'dist/coord.cjs',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  minify: true,
  legalComments: 'none',
  define: { __COORD_VERSION__: JSON.stringify(version) },
  write: false,
  logLevel: 'warning',
});

const { text } = outputFiles[0];
// The fingerprint ties the code cache to this very text: V8 itself compares no more than its length.
const fingerprint = createHash('sha256').update(text).digest('hex').slice(0, 16);
mkdirSync(`${root}dist`, { recursive: true });
const temporary = `${root}dist/coord.cjs.${process.pid}.tmp`;
writeFileSync(temporary, `/*${fingerprint}*/${text}`);
renameSync(temporary, `${root}dist/coord.cjs`);

// In a process of its own, whose exit code is no exit code of the build.
execFileSync(process.execPath, [`${root}scripts/code-cache.mjs`], { stdio: 'inherit' });
for (const name of readdirSync(`${root}dist`)) {
  if (name.endsWith('.cache') && !name.includes(fingerprint)) rmSync(`${root}dist/${name}`, { force: true });
}
