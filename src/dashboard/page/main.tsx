import { render } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { changed } from '../parts.js';
import type { Changes, Picture } from '../picture.js';
import {
  everySeconds,
  firstPicture,
  follow,
  forgetToken,
  type Link,
  now as nowOf,
  showInTab,
  storedTheme,
  type Theme,
  wear,
} from './browser.js';
import { Claims } from './claims.js';
import { RepositoryMap } from './map.js';
import { Ago, giveHues, said } from './parts.js';
import { Agents, Contention, Deploys, Events, Log, Needs, Tasks, urgencyOf } from './sections.js';

const THEMES: readonly Theme[] = ['auto', 'light', 'dark'];
/** The times on the page are as exact as this. */
const TICK_SECONDS = 5;

function Page({ first }: { readonly first: Picture }) {
  const [picture, setPicture] = useState(first);
  const [link, setLink] = useState<Link>({ kind: first.about.madeAt === null ? 'live' : 'file' });
  const [now, setNow] = useState(nowOf(first));
  const [typed, setTyped] = useState('');
  useEffect(() => {
    const take = (changes: Changes) => {
      setPicture((before) => changed(before, changes));
      setNow(nowOf(first));
    };
    follow(take, setLink);
    return everySeconds(TICK_SECONDS, () => setNow(nowOf(first)));
  }, [first]);
  const { about, claims, waiters, places, tree } = picture;
  useMemo(() => giveHues(picture.agents.map(({ id }) => id)), [picture.agents]);
  const find = typed.trim().toLowerCase();
  const shown = { picture, now, find, look: setTyped };
  const { urgent, all } = urgencyOf(picture);
  const isLost = link.kind === 'lost' || about.stale !== null;
  useEffect(() =>
    showInTab(about.repository, all, isLost ? 'lost' : urgent > 0 ? 'urgent' : all > 0 ? 'some' : 'none'),
  );
  return (
    <>
      <a class="skip" href="#needs">
        To what needs you
      </a>
      <Head picture={picture} link={link} now={now} typed={typed} type={setTyped} />
      <main>
        <div class="wide" id="needs">
          <Needs {...shown} />
          <RepositoryMap tree={tree} places={places} claims={claims} problem={about.noMap} find={find} />
          <Claims claims={claims} waiters={waiters} now={now} find={find} isShared={about.reach === 'remote'} />
          <Tasks {...shown} />
        </div>
        <div class="side">
          <Agents {...shown} />
          <Deploys {...shown} />
          <Contention {...shown} />
          <Log {...shown} />
          <Events {...shown} />
        </div>
      </main>
    </>
  );
}

interface HeadProps {
  readonly picture: Picture;
  readonly link: Link;
  readonly now: string;
  readonly typed: string;
  readonly type: (text: string) => void;
}

function Head({ picture, link, now, typed, type }: HeadProps) {
  const [theme, setTheme] = useState(storedTheme());
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => wear(theme), [theme]);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key !== '/' || event.target instanceof HTMLInputElement) return;
      event.preventDefault();
      field.current?.focus();
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, []);
  const { about, claims, waiters, agents, tasks, hours } = picture;
  const holders = new Set(claims.map(({ agent }) => agent)).size;
  const taken = tasks.filter(({ state }) => state === 'taken').length;
  const refused = hours.reduce((total, { refusals }) => total + refusals, 0);
  const facts: readonly (readonly [number, string])[] = [
    [holders, `of ${agents.length} agents hold something`],
    [claims.length, 'claims'],
    [waiters.length, 'waiting'],
    ...(tasks.length > 0 ? [[taken, 'tasks under way'] as const] : []),
    [refused, 'refused in 24 hours'],
  ];
  return (
    <header class="top">
      <h1>
        {said(about.repository)} <small>coord</small>
      </h1>
      <Standing about={about} link={link} now={now} />
      <dl>
        {facts.map(([count, what]) => (
          <div key={what}>
            <dt>{what}</dt>
            <dd>{count.toLocaleString('en')}</dd>
          </div>
        ))}
      </dl>
      <input
        ref={field}
        type="search"
        placeholder="Find  ( / )"
        aria-label="Find in all lists"
        value={typed}
        onInput={(event) => type(event.currentTarget.value)}
      />
      <button
        type="button"
        class="theme"
        onClick={() => setTheme(THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'auto')}
      >
        {theme === 'auto' ? '◐ auto' : theme === 'light' ? '☀ light' : '☾ dark'}
      </button>
    </header>
  );
}

/** Whether what is shown is what is, and since when it is not. */
function Standing({ about, link, now }: Pick<HeadProps, 'link' | 'now'> & { readonly about: Picture['about'] }) {
  const state = link.kind === 'lost' ? 'lost' : about.stale !== null ? 'stale' : link.kind;
  return (
    <p class={`standing ${state}`} role="status" title={said(about.stale?.why ?? '')}>
      {link.kind === 'lost' && (
        <>
          ✕ {link.ended ? 'the dashboard has ended' : 'not connected'}; as of <Ago since={link.since} now={now} /> ago
        </>
      )}
      {link.kind !== 'lost' && about.stale !== null && (
        <>
          ! stale for <Ago since={about.stale.since} now={now} />: {said(about.stale.why.split(': ')[0] ?? '')}
        </>
      )}
      {state === 'live' && <>● live{about.reach === 'clone' ? ', this clone' : ''}</>}
      {state === 'file' && <>as of {new Date(about.madeAt ?? '').toLocaleString()}</>}
    </p>
  );
}

wear(storedTheme());
forgetToken();
const root = document.getElementById('page');
if (root) render(<Page first={firstPicture()} />, root);
