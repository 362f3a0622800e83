import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { oneLine } from '../domain/text.js';
import type { Picture } from './picture.js';

/** What the build made of `src/dashboard/page/`. */
export interface Assets {
  readonly script: string;
  readonly style: string;
}

export function readAssets(packageRoot: string): Assets {
  const read = (name: string) => readFileSync(join(packageRoot, 'dist', name), 'utf8');
  return { script: read('page.js'), style: read('page.css') };
}

/** The page as it is served: script and style are asked for beside it, and nothing in it is run. */
export function servedDocument(picture: Picture, version: number): string {
  const head = '<link rel="stylesheet" href="page.css"><script src="page.js" defer></script>';
  return documentWith(picture, head, `data-version="${version}"`);
}

/** What may be loaded by the page that is served. */
export const SERVED_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The same page as one file: it loads nothing, and runs only the script that it was made with. */
export function fileDocument(picture: Picture, { script, style }: Assets): string {
  const policy = `default-src 'none'; script-src '${hashOf(script)}'; style-src '${hashOf(style)}'; img-src data:; base-uri 'none'; form-action 'none'`;
  const meta = `<meta http-equiv="Content-Security-Policy" content="${policy}">`;
  return documentWith(picture, `${meta}<style>${style}</style>`, '', `<script>${script}</script>`);
}

function documentWith(picture: Picture, head: string, attributes: string, end = ''): string {
  const title = escaped(oneLine(`${picture.about.repository} · coord`));
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">${head}</head>
<body><div id="page" ${attributes}></div>
<script type="application/json" id="picture">${dataOf(picture)}</script>${end}</body></html>
`;
}

/** JSON that ends no element, whatever stands in it. */
function dataOf(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`);
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
