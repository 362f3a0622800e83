import { useState } from 'preact/hooks';
import type { TaskView } from '../../domain/tasks/standing.js';
import type { Bucket, Picture } from '../picture.js';
import { Ago, Command, Left, Nothing, Scroll, Section, said, When, Who } from './parts.js';

interface Shown {
  readonly picture: Picture;
  readonly now: string;
  /** What is looked for, in lower case; `''`: everything. */
  readonly find: string;
  /** Looks for something else. */
  readonly look: (find: string) => void;
}

function has(find: string, ...texts: readonly (string | null)[]): boolean {
  return find === '' || texts.some((text) => text?.toLowerCase().includes(find));
}

const KINDS: Readonly<Record<string, string>> = {
  offer: 'offer',
  ack: 'answer owed',
  submission: 'handed over',
  'stuck-task': 'stuck task',
  'unknown-deploy': 'deploy unknown',
  'stuck-waiter': 'long wait',
  'lost-claim': 'lost claim',
  'expired-claim': 'expired',
  conflict: 'conflict ahead',
  'failed-deploy': 'deploy failed',
  'blocked-deploy': 'deploy blocked',
  'stopped-agent': 'stopped',
  clock: 'clock',
};
const URGENT = ['conflict', 'failed-deploy', 'unknown-deploy', 'lost-claim', 'stopped-agent', 'stuck-task'];

/** How many rows are urgent, and how many there are. */
export function urgencyOf({ needs }: Picture): { readonly urgent: number; readonly all: number } {
  return { urgent: needs.filter(({ kind }) => URGENT.includes(kind)).length, all: needs.length };
}

export function Needs({ picture: { needs }, now, find }: Shown) {
  const isUrgent = (kind: string) => URGENT.includes(kind);
  const rows = needs
    .filter(({ what, kind }) => has(find, what, KINDS[kind] ?? kind))
    .sort((a, b) => Number(isUrgent(b.kind)) - Number(isUrgent(a.kind)));
  return (
    <Section title="What needs you" count={needs.length} class="needs">
      {rows.length === 0 && <Nothing>Nothing waits for anybody.</Nothing>}
      <ul>
        {rows.map(({ kind, what, since, next }) => (
          <li key={`${kind} ${what}`} class={isUrgent(kind) ? 'urgent' : ''}>
            <span class="kind">{KINDS[kind] ?? kind}</span>
            <span class="what">
              {said(what)} <Ago since={since} now={now} after=" ago" />
            </span>
            <Command text={next} />
          </li>
        ))}
      </ul>
    </Section>
  );
}

const COLUMNS = ['stuck', 'blocked', 'ready', 'taken', 'submitted', 'done'] as const;
type Column = (typeof COLUMNS)[number];
const MOST_CARDS = 40;

function columnOf({ state, stuck, blockedBy }: TaskView): Column | null {
  if (state === 'dropped') return null;
  if (state !== 'open') return state;
  return stuck ? 'stuck' : blockedBy.length > 0 ? 'blocked' : 'ready';
}

export function Tasks({ picture: { tasks }, now, find }: Shown) {
  if (tasks.length === 0) return null;
  const found = tasks.filter(({ id, title, agent, scope }) => has(find, id, title, agent, scope.join(' ')));
  const open = tasks.filter(({ state }) => state !== 'done' && state !== 'dropped').length;
  return (
    <Section title="Tasks" count={open} aside={<span class="aside">{tasks.length - open} over</span>}>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached with the keyboard */}
      <div class="board" role="group" aria-label="Board of tasks" tabIndex={0}>
        {COLUMNS.map((column) => {
          const own = found.filter((task) => columnOf(task) === column);
          if (own.length === 0 && column === 'stuck') return null;
          return (
            <section key={column} class={`column ${column}`} aria-label={`${column} tasks`}>
              <h3>
                {column} <span class="count">{own.length}</span>
              </h3>
              <ul>
                {(column === 'done' ? own.slice(-MOST_CARDS).reverse() : own.slice(0, MOST_CARDS)).map((task) => (
                  <Card key={task.id} task={task} now={now} />
                ))}
              </ul>
              {own.length > MOST_CARDS && <p class="rest">and {own.length - MOST_CARDS} more</p>}
            </section>
          );
        })}
      </div>
    </Section>
  );
}

function Card({ task, now }: { readonly task: TaskView; readonly now: string }) {
  const { id, title, agent, scope, after, blockedBy, expiresAt, attempts, evidence, priority, since } = task;
  return (
    <li class="task" title={scope.map(said).join('\n')}>
      <p>
        <b>{id}</b> {said(title)}
      </p>
      <p class="small">
        {priority < 2 && <span class="tag">urgent</span>}
        {agent !== null && <Who agent={agent} />}{' '}
        {expiresAt === null ? <Ago since={since} now={now} /> : <Left until={expiresAt} now={now} />}
        {attempts > 0 && <span class="tag bad">{attempts} tries</span>}
        {evidence !== null && <span class="tag">{evidence}</span>}
      </p>
      {after.length > 0 && (
        <p class="small">
          after{' '}
          {after.map((one) => (
            <span key={one} class={blockedBy.includes(one) ? 'tag bad' : 'tag'}>
              {blockedBy.includes(one) ? '' : '✓ '}
              {one}
            </span>
          ))}
        </p>
      )}
    </li>
  );
}

export function Agents({ picture: { agents, claims, waiters, tasks }, now, find, look }: Shown) {
  const holds = countBy(claims, ({ agent }) => agent);
  const waits = countBy(waiters, ({ agent }) => agent);
  const rows = agents
    .filter(({ id, state }) => has(find, id, state))
    .map((agent) => ({
      agent,
      held: holds.get(agent.id) ?? 0,
      task: tasks.find((one) => one.agent === agent.id && one.state === 'taken'),
    }))
    .sort((a, b) => b.held - a.held || (a.agent.lastSeen < b.agent.lastSeen ? 1 : -1));
  return (
    <Section title="Agents" count={agents.length}>
      {agents.length === 0 && <Nothing>Nobody has been here yet.</Nothing>}
      <Scroll label="Agents">
        <ul class="lines">
          {rows.map(({ agent: { id, role, state, lastSeen, killed }, held, task }) => (
            <li key={id}>
              <button
                type="button"
                class="pick"
                aria-pressed={find === id.toLowerCase()}
                title={`show only ${said(id)}`}
                onClick={() => look(find === id.toLowerCase() ? '' : id)}
              >
                <Who agent={id} />
              </button>
              {role !== 'peer' && <span class="tag">{role}</span>}
              {killed !== null && <span class="tag bad">stopped</span>}
              <span class="what">{task ? `${task.id} ${said(task.title)}` : said(state ?? '')}</span>
              <span class="numbers">
                {held > 0 && `${held} held`} {waits.has(id) && `◷${waits.get(id)}`}
              </span>
              <span class="when">
                seen <Ago since={lastSeen} now={now} />
              </span>
            </li>
          ))}
        </ul>
      </Scroll>
    </Section>
  );
}

function countBy<T>(items: readonly T[], key: (item: T) => string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  return counts;
}

export function Deploys({ picture: { deploys }, now, find }: Shown) {
  const { live, attempts } = deploys;
  if (live.length + attempts.length === 0) return null;
  return (
    <Section title="Deploys" count={live.length}>
      <ul class="lines">
        {live.map(({ target, commit, agent, at, mainAhead }) => (
          <li key={target}>
            <b>{said(target)}</b> <code>{commit?.slice(0, 7) ?? 'nothing was seen to run'}</code>
            {agent !== null && <Who agent={agent} />}
            <span class="what">{mainAhead === null || mainAhead === 0 ? '' : `${mainAhead} behind main`}</span>
            {at !== null && <Ago since={at} now={now} />}
          </li>
        ))}
      </ul>
      <Scroll label="Attempts to deploy">
        <ul class="lines">
          {attempts
            .filter(({ target, agent, why }) => has(find, target, agent, why))
            .toReversed()
            .map(({ id, target, outcome, why, agent, startedAt }) => (
              <li key={id}>
                <span class={outcome === 'done' || outcome === 'running' ? 'tag' : 'tag bad'}>{outcome}</span>{' '}
                {said(target)} <Who agent={agent} />
                <span class="what">{said(why ?? '')}</span>
                <Ago since={startedAt} now={now} />
              </li>
            ))}
        </ul>
      </Scroll>
    </Section>
  );
}

export function Contention({ picture: { hours, days, contention }, find }: Shown) {
  const [span, setSpan] = useState<'hours' | 'days'>('hours');
  const buckets = span === 'hours' ? hours : days;
  const hot = contention.filter(({ target }) => has(find, target)).slice(0, 8);
  const total = buckets.reduce((sum, { refusals, waits }) => sum + refusals + waits, 0);
  return (
    <Section
      title="Contention"
      count={total}
      aside={
        <span class="aside">
          {(['hours', 'days'] as const).map((name) => (
            <button key={name} type="button" aria-pressed={span === name} onClick={() => setSpan(name)}>
              {name === 'hours' ? '24 hours' : '7 days'}
            </button>
          ))}
        </span>
      }
    >
      <Chart buckets={buckets} isDays={span === 'days'} />
      <ul class="lines">
        {hot.map(({ target, refusals, waits, agents }) => (
          <li key={target}>
            <span class="hot">▲{refusals + waits}</span> <code>{said(target)}</code>
            <span class="when">
              {refusals} refused, {waits} waited, {agents} {agents === 1 ? 'agent' : 'agents'}
            </span>
          </li>
        ))}
      </ul>
    </Section>
  );
}

const CHART = { width: 340, height: 72 } as const;

/** How often somebody was refused (full) or had to wait (outlined). */
function Chart({ buckets, isDays }: { readonly buckets: readonly Bucket[]; readonly isDays: boolean }) {
  const most = Math.max(4, ...buckets.map(({ refusals, waits }) => refusals + waits));
  const step = CHART.width / Math.max(1, buckets.length);
  const high = (count: number) => (count / most) * CHART.height;
  const sum = (key: 'refusals' | 'waits' | 'grants') => buckets.reduce((total, bucket) => total + bucket[key], 0);
  const when = (from: string) =>
    isDays
      ? new Date(from).toLocaleDateString('en', { weekday: 'short', day: 'numeric' })
      : `${new Date(from).getHours()}:00`;
  return (
    <svg
      class="chart"
      viewBox={`0 0 ${CHART.width} ${CHART.height + 14}`}
      role="img"
      aria-label={`${sum('refusals')} refusals, ${sum('waits')} waits, ${sum('grants')} grants`}
    >
      {buckets.map(({ from, refusals, waits, grants }, index) => (
        <g key={from}>
          <title>{`${when(from)}: ${refusals} refused, ${waits} waited, ${grants} granted`}</title>
          <rect class="catch" x={index * step} y={0} width={step} height={CHART.height} />
          <rect
            class="refusals"
            x={index * step + 1}
            width={step - 3}
            y={CHART.height - high(refusals)}
            height={high(refusals)}
          />
          <rect
            class="queued"
            x={index * step + 1}
            width={step - 3}
            y={CHART.height - high(refusals + waits)}
            height={high(waits)}
          />
          {index % (isDays ? 1 : 6) === 0 && (
            <text x={index * step + 1} y={CHART.height + 12}>
              {when(from)}
            </text>
          )}
        </g>
      ))}
    </svg>
  );
}

export function Log({ picture: { log }, now, find }: Shown) {
  const notes = log.notes
    .filter(({ agent, text, to, target }) => has(find, agent, text, to.join(' '), target))
    .toReversed();
  return (
    <Section title="Log" count={log.notes.length}>
      {notes.length === 0 && <Nothing>Nothing was noted: coord note "…"</Nothing>}
      <Scroll label="Log">
        <ul class="notes">
          {notes.map(({ id, at, agent, kind, text, to, target, pending }) => (
            <li key={id}>
              <p class="small">
                <b>{id}</b> <Who agent={agent} /> {kind !== 'note' && <span class="tag">{kind}</span>}
                {to.length > 0 && <span>to {to.map(said).join(', ')}</span>}{' '}
                {target !== null && <code>{said(target)}</code>}
                {pending.length > 0 && <span class="tag bad">waits for {pending.map(said).join(', ')}</span>}{' '}
                <Ago since={at} now={now} />
              </p>
              <p class="text">{said(text)}</p>
            </li>
          ))}
        </ul>
      </Scroll>
      <p class="small">{log.disclaimer}</p>
    </Section>
  );
}

export function Events({ picture: { events }, now, find }: Shown) {
  const rows = events.filter(({ agent, type, facts }) => has(find, agent, type, facts));
  return (
    <Section title="Events" aside={<span class="aside">the newest {events.length}</span>}>
      {rows.length === 0 && <Nothing>Nothing has happened yet.</Nothing>}
      <Scroll label="Events">
        <ul class="lines events">
          {rows.map(({ id, at, type, agent, facts }) => (
            <li key={id} class={/refused|lost|failed|blocked|deadlock|expired/.test(type) ? 'bad' : ''}>
              <When at={at} now={now} /> <span class="type">{said(type)}</span> <Who agent={agent} />{' '}
              <span class="what">{said(facts)}</span>
            </li>
          ))}
        </ul>
      </Scroll>
    </Section>
  );
}
