import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * The program as one CommonJS text: cold start is what an agent pays for at each call. It begins with a comment that holds
 * its fingerprint, which ties the code cache to this very text: V8 itself compares no more than its length.
 *
 * @param {import('esbuild').Plugin[]} plugins of esbuild; tests plant bugs by one
 * @returns {Promise<{ text: string, fingerprint: string }>}
 */
export async function bundle(plugins = []) {
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
    plugins,
    write: false,
    logLevel: 'warning',
  });
  const { text } = outputFiles[0];
  const fingerprint = createHash('sha256').update(text).digest('hex').slice(0, 16);
  return { text: `/*${fingerprint}*/${text}`, fingerprint };
}
