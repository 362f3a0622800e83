import { oneLine } from '../../domain/text.js';
import type { Changes, Picture } from '../picture.js';

/** How the page stands to the program that serves it. */
export type Link =
  | { readonly kind: 'live' }
  /** Nothing has come since; `ended`: the program said good-bye. */
  | { readonly kind: 'lost'; readonly since: string; readonly ended: boolean }
  /** A file: nothing keeps it current. */
  | { readonly kind: 'file' };

/** The time of this browser; a file stands still at the time when it was made. */
export function now(picture: Picture): string {
  return picture.about.madeAt ?? new Date(Date.now()).toISOString();
}

/** The picture that the page was served with. */
export function firstPicture(): Picture {
  return JSON.parse(document.getElementById('picture')?.textContent ?? '{}');
}

/** Takes the token out of the address: what is left there opens nothing for others. */
export function forgetToken(): void {
  if (location.search !== '') history.replaceState(null, '', location.pathname);
}

/** Follows the program: each message has what has changed. A file follows nothing. */
export function follow(take: (changes: Changes) => void, tell: (link: Link) => void): void {
  const version = document.getElementById('page')?.dataset.version;
  if (version === undefined) {
    tell({ kind: 'file' });
    return;
  }
  const source = new EventSource(`events?after=${version}`);
  const lost = (ended: boolean) => tell({ kind: 'lost', since: new Date(Date.now()).toISOString(), ended });
  source.onopen = () => tell({ kind: 'live' });
  source.onmessage = ({ data }) => take(JSON.parse(data));
  source.onerror = () => lost(source.readyState === EventSource.CLOSED);
  source.addEventListener('end', () => {
    source.close();
    lost(true);
  });
}

const TAB_COLOURS = { none: '#2a9d5c', some: '#c77d0a', urgent: '#c62f25', lost: '#8a93a1' } as const;

/** What the tab says while another one is looked at: how many rows need somebody, and the worst of them by a colour. */
export function showInTab(repository: string, needs: number, state: keyof typeof TAB_COLOURS): void {
  const sign = state === 'lost' ? '✕ ' : needs > 0 ? `(${needs}) ` : '';
  document.title = `${sign}${oneLine(repository)} · coord`;
  const dot = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7" fill="${TAB_COLOURS[state]}"/></svg>`;
  document.querySelector('link[rel=icon]')?.setAttribute('href', `data:image/svg+xml,${encodeURIComponent(dot)}`);
}

/** @returns whether it could be copied */
export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

export type Theme = 'auto' | 'light' | 'dark';
const THEME = 'coord-theme';

export function storedTheme(): Theme {
  try {
    const stored = localStorage.getItem(THEME);
    return stored === 'light' || stored === 'dark' ? stored : 'auto';
  } catch {
    return 'auto';
  }
}

export function wear(theme: Theme): void {
  document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem(THEME, theme);
  } catch {
    // A file that was opened from a disk may have no storage.
  }
}

/** Calls back every few seconds: times that are left go down, though nothing is sent. */
export function everySeconds(seconds: number, tick: () => void): () => void {
  const timer = setInterval(tick, seconds * 1000);
  return () => clearInterval(timer);
}
