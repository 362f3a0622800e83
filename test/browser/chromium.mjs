// Where there is a Chromium on this machine: the program itself, never a browser that a package downloads.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** @returns {string | null} its absolute path; null when there is none */
export function chromiumPath() {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const candidates = [
    process.env.COORD_CHROMIUM ?? '',
    ...folders.flatMap((folder) => NAMES.map((name) => join(folder, name))),
  ];
  return candidates.find((path) => path !== '' && isProgram(path)) ?? null;
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
