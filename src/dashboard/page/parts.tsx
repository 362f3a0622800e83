import type { ComponentChildren } from 'preact';
import { useId, useState } from 'preact/hooks';
import { oneLine } from '../../domain/text.js';
import { formatDuration, secondsBetween } from '../../domain/time.js';
import { copy } from './browser.js';

/** What others wrote, on one line: always text, and nothing in it is hidden. */
export function said(text: string): string {
  return oneLine(text);
}

const DAY_SECONDS = 86_400;

function inDays(seconds: number): string {
  if (seconds < DAY_SECONDS) return formatDuration(seconds);
  return `${Math.floor(seconds / DAY_SECONDS)}d ${Math.floor((seconds % DAY_SECONDS) / 3_600)}h`;
}

/** The time of day; of another day than today's, that day too. */
export function When({ at, now }: { readonly at: string; readonly now: string }) {
  const [then, today] = [new Date(at), new Date(now)];
  const day = then.toDateString() === today.toDateString() ? '' : `${then.toLocaleDateString('en', DAY)} `;
  return (
    <time dateTime={at}>
      {day}
      {then.toLocaleTimeString('en', { hour12: false })}
    </time>
  );
}

const DAY = { month: 'short', day: 'numeric' } as const;

export function Ago(props: { readonly since: string; readonly now: string; readonly after?: string }) {
  const { since, now, after = '' } = props;
  if (since === '') return null;
  return (
    <time dateTime={since} title={new Date(since).toLocaleString()}>
      {inDays(Math.max(0, Math.floor(secondsBetween(since, now))))}
      {after}
    </time>
  );
}

/** How much is left; what is over says so. */
export function Left({ until, now }: { readonly until: string; readonly now: string }) {
  const seconds = secondsBetween(now, until);
  return (
    <time
      class={seconds <= 0 ? 'over' : seconds < 120 ? 'soon' : ''}
      dateTime={until}
      title={new Date(until).toLocaleString()}
    >
      {seconds > 0 ? `${formatDuration(seconds)} left` : 'over'}
    </time>
  );
}

const HUES = 24;
const hues = new Map<string, number>();

/** Gives each agent the hue that is furthest from those of the others; one that has a hue keeps it. */
export function giveHues(agents: readonly string[]): void {
  for (const agent of agents.filter((one) => !hues.has(one))) {
    const taken = [...hues.values()];
    const first = hashOf(agent);
    let [best, most] = [first % HUES, -1];
    for (let step = 0; step < HUES && taken.length < HUES; step += 1) {
      const slot = (first + step) % HUES;
      const nearest = Math.min(...taken.map((one) => apart(one, slot)));
      if (nearest > most) [best, most] = [slot, nearest];
    }
    hues.set(agent, best);
  }
}

function apart(one: number, other: number): number {
  const between = Math.abs(one - other);
  return Math.min(between, HUES - between);
}

/** It helps the eye; the name always stands beside it. */
export function hueOf(agent: string): number {
  return ((hues.get(agent) ?? hashOf(agent) % HUES) * 360) / HUES;
}

function hashOf(text: string): number {
  let hash = 7;
  for (const one of text) hash = (hash * 31 + (one.codePointAt(0) ?? 0)) % 1_000_003;
  return hash;
}

export function Who({ agent }: { readonly agent: string }) {
  return (
    <span class="who" style={{ '--hue': String(hueOf(agent)) }}>
      {said(agent)}
    </span>
  );
}

/** A command to run in a terminal: a click copies it. */
export function Command({ text }: { readonly text: string }) {
  const [state, setState] = useState<'' | 'copied' | 'select it to copy'>('');
  const click = async () => {
    setState((await copy(text)) ? 'copied' : 'select it to copy');
    setTimeout(() => setState(''), 2_000);
  };
  return (
    <button type="button" class="command" onClick={click} title="copy">
      <code>{said(text)}</code>
      <span class="copied" role="status">
        {state}
      </span>
    </button>
  );
}

export function Section(props: {
  readonly title: string;
  readonly count?: number;
  readonly aside?: ComponentChildren;
  readonly class?: string;
  readonly children: ComponentChildren;
}) {
  const id = useId();
  return (
    <section class={`card ${props.class ?? ''}`} aria-labelledby={id}>
      <header>
        <h2 id={id}>
          {props.title} {props.count !== undefined && <span class="count">{props.count.toLocaleString('en')}</span>}
        </h2>
        {props.aside}
      </header>
      {props.children}
    </section>
  );
}

/** A list that scrolls by itself, with the keyboard too. */
export function Scroll({ label, children }: { readonly label: string; readonly children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached with the keyboard
    <div class="scroll" role="group" aria-label={label} tabIndex={0}>
      {children}
    </div>
  );
}

export function Nothing({ children }: { readonly children: ComponentChildren }) {
  return <p class="nothing">{children}</p>;
}
