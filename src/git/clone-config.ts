import { join } from 'node:path';
import { textOf } from './if-there.js';

/** Where the configuration of a clone stands. */
interface Clone {
  readonly commonDir: string;
}

/** One setting of a configuration file of git. */
export interface Setting {
  /** In lower case. */
  readonly section: string;
  /** As written; null: the section has none. */
  readonly subsection: string | null;
  /** In lower case. */
  readonly key: string;
  /** `true` where the key stands alone. */
  readonly value: string;
}

/**
 * The settings that stand in the configuration file of a clone itself, in their order, read without a git process. What it
 * includes, and what the user or the machine set, only git can tell. An unreadable file has none.
 */
export function cloneSettings({ commonDir }: Clone): readonly Setting[] {
  return parseSettings(textOf(join(commonDir, 'config')));
}

/** The last value of a setting, which is the one that counts for git; null: there is none. */
export function settingOf(settings: readonly Setting[], name: string, subsection: string | null = null): string | null {
  const at = name.indexOf('.');
  const [section, key] = [name.slice(0, at).toLowerCase(), name.slice(at + 1).toLowerCase()];
  const found = settings.findLast((one) => one.section === section && one.subsection === subsection && one.key === key);
  return found?.value ?? null;
}

/** Whether the clone's own configuration defines a remote of this name. */
export function isRemoteOf(repository: Clone, remote: string): boolean {
  return cloneSettings(repository).some(({ section, subsection }) => section === 'remote' && subsection === remote);
}

/** Whether a value of git's stands for true. */
export function isTrue(value: string | null): boolean {
  return value !== null && /^(?:true|yes|on|[1-9]\d*)$/i.test(value);
}

const HEADER = /^\[\s*([\w.-]+)(?:\s+"((?:[^"\\]|\\.)*)")?\s*\]/;
const ENTRY = /^([A-Za-z][\w-]*)\s*(?:=\s*)?/;

/** The settings in a text of git's syntax (git-config(1), CONFIGURATION FILE). */
export function parseSettings(text: string): Setting[] {
  const settings: Setting[] = [];
  let [section, subsection] = ['', null as string | null];
  // A backslash at the end of a line goes on with the next one.
  for (let line of text
    .replace(/^\uFEFF/, '')
    .replace(/\\\r?\n/g, '')
    .split(/\r?\n/)) {
    line = line.trim();
    const header = HEADER.exec(line);
    if (header) {
      section = (header[1] ?? '').toLowerCase();
      subsection = header[2]?.replace(/\\(.)/g, '$1') ?? null;
      line = line.slice(header[0].length).trim();
    }
    const entry = ENTRY.exec(line);
    if (!entry) continue;
    const key = (entry[1] ?? '').toLowerCase();
    const value = entry[0].includes('=') ? unquoted(line.slice(entry[0].length)) : 'true';
    settings.push({ section, subsection, key, value });
  }
  return settings;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', b: '\b' };

/** Quotes taken away, escapes resolved, and what stands behind a comment mark left out. */
function unquoted(written: string): string {
  let [value, quoted, end] = ['', false, 0];
  for (let at = 0; at < written.length; at += 1) {
    const character = written.charAt(at);
    if (character === '\\') {
      at += 1;
      value += ESCAPES[written.charAt(at)] ?? written.charAt(at);
    } else if (character === '"') quoted = !quoted;
    else if (!quoted && (character === '#' || character === ';')) break;
    else value += character;
    if (quoted || !/\s/.test(character)) end = value.length;
  }
  return value.slice(0, end);
}
