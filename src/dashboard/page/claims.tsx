import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { ClaimRow, WaiterRow } from '../picture.js';
import { Ago, Left, Nothing, Section, said, Who } from './parts.js';

type Row = { readonly claim: ClaimRow } | { readonly waiter: WaiterRow };

const ORDERS = {
  target: (a: ClaimRow, b: ClaimRow) => compare(a.target, b.target),
  holder: (a: ClaimRow, b: ClaimRow) => compare(a.agent, b.agent) || compare(a.target, b.target),
  left: (a: ClaimRow, b: ClaimRow) => compare(a.expiresAt, b.expiresAt),
  since: (a: ClaimRow, b: ClaimRow) => compare(a.acquiredAt, b.acquiredAt),
};
type Order = keyof typeof ORDERS;

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const WIDE_ROW = 32;
const NARROW_ROW = 56;
/** Rows beyond the edge that are there already when one scrolls. */
const SPARE_ROWS = 8;
const NARROW = '(max-width: 640px)';

/** All claims with their waiters below them; only the rows in sight are there. */
export function Claims(props: {
  readonly claims: readonly ClaimRow[];
  readonly waiters: readonly WaiterRow[];
  readonly now: string;
  readonly find: string;
  /** Whether a remote arbitrates. */
  readonly isShared: boolean;
}) {
  const { claims, waiters, now, find, isShared } = props;
  const [order, setOrder] = useState<Order>('target');
  const rows = useMemo(() => rowsOf(claims, waiters, order, find), [claims, waiters, order, find]);
  const isNarrow = useNarrow();
  const rowHeight = isNarrow ? NARROW_ROW : WIDE_ROW;
  const body = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 400 });
  useEffect(() => {
    const element = body.current;
    if (!element) return;
    const look = () => setView({ top: element.scrollTop, height: element.clientHeight });
    const observer = new ResizeObserver(look);
    observer.observe(element);
    element.addEventListener('scroll', look, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', look);
    };
  }, []);
  const first = Math.max(0, Math.floor(view.top / rowHeight) - SPARE_ROWS);
  const shown = rows.slice(first, first + Math.ceil(view.height / rowHeight) + 2 * SPARE_ROWS);
  const heads: readonly (readonly [Order, string])[] = [
    ['target', 'Target'],
    ['holder', 'Holder'],
    ['left', 'Left'],
    ['since', 'For'],
  ];
  return (
    <Section title="Claims" count={claims.length} aside={<span class="aside">{waiters.length} waiting</span>}>
      {claims.length + waiters.length === 0 && <Nothing>Nobody holds anything: coord claim PATH</Nothing>}
      {/* biome-ignore lint/a11y/useSemanticElements: of a real table all rows would have to be there */}
      <div class="table" role="table" aria-label="Claims, with who waits below each" aria-rowcount={rows.length + 1}>
        {/* biome-ignore lint/a11y/useSemanticElements: see above */}
        {/* biome-ignore lint/a11y/useFocusableInteractive: the buttons in it are focused */}
        <div class="row head" role="row" aria-rowindex={1}>
          {heads.map(([name, text]) => (
            // biome-ignore lint/a11y/useFocusableInteractive: the button in it is focused
            // biome-ignore lint/a11y/useSemanticElements: see above
            <div key={name} role="columnheader" aria-sort={order === name ? 'ascending' : 'none'}>
              <button type="button" onClick={() => setOrder(name)}>
                {text}
              </button>
            </div>
          ))}
          {/* biome-ignore lint/a11y/useFocusableInteractive: there is nothing to do with it */}
          {/* biome-ignore lint/a11y/useSemanticElements: see above */}
          <div role="columnheader">Why</div>
        </div>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached with the keyboard */}
        {/* biome-ignore lint/a11y/useSemanticElements: see above */}
        <div class="rows" role="rowgroup" ref={body} tabIndex={0}>
          <div class="spacer" style={{ height: `${rows.length * rowHeight}px` }} role="presentation">
            {shown.map((row, index) => (
              <ClaimLine
                key={'claim' in row ? row.claim.id : row.waiter.id}
                row={row}
                at={first + index}
                height={rowHeight}
                isShared={isShared}
                now={now}
              />
            ))}
          </div>
        </div>
      </div>
    </Section>
  );
}

function ClaimLine({
  row,
  at,
  height,
  now,
  isShared,
}: {
  readonly row: Row;
  readonly at: number;
  readonly height: number;
  readonly now: string;
  readonly isShared: boolean;
}) {
  const isClaim = 'claim' in row;
  const place = { top: `${at * height}px`, height: `${height}px` };
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: rows are read, not acted upon
    // biome-ignore lint/a11y/useSemanticElements: see above
    <div class={isClaim ? 'row' : 'row waiter'} role="row" aria-rowindex={at + 2} style={place}>
      {isClaim ? (
        <ClaimCells claim={row.claim} now={now} isShared={isShared} />
      ) : (
        <WaiterCells waiter={row.waiter} now={now} />
      )}
    </div>
  );
}

function ClaimCells({
  claim: { target, mode, agent, expiresAt, acquiredAt, reason, reach },
  now,
  isShared,
}: {
  readonly claim: ClaimRow;
  readonly now: string;
  readonly isShared: boolean;
}) {
  return (
    <>
      <Cell class="target" title={target}>
        <code>{said(target)}</code>
        {mode === 'shared' && <span class="tag"> shared</span>}
        {reach === 'clone' && isShared && <span class="tag"> only in one clone</span>}
      </Cell>
      <Cell>
        <Who agent={agent} />
      </Cell>
      <Cell>
        <Left until={expiresAt} now={now} />
      </Cell>
      <Cell>
        <Ago since={acquiredAt} now={now} />
      </Cell>
      <Cell class="why" title={reason ?? ''}>
        {said(reason ?? '')}
      </Cell>
    </>
  );
}

function WaiterCells({
  waiter: { agent, targets, since, reason, suspected },
  now,
}: {
  readonly waiter: WaiterRow;
  readonly now: string;
}) {
  const texts = targets.map(({ text }) => said(text)).join(' ');
  return (
    <>
      <Cell class="target" title={texts}>
        <span class="waits">◷ waits for</span> <code>{texts}</code>
      </Cell>
      <Cell>
        <Who agent={agent} />
      </Cell>
      <Cell>{suspected ? <span class="tag bad">stuck?</span> : 'in the queue'}</Cell>
      <Cell>
        <Ago since={since} now={now} />
      </Cell>
      <Cell class="why">{said(reason ?? '')}</Cell>
    </>
  );
}

function Cell(props: {
  readonly class?: string;
  readonly title?: string;
  readonly children: preact.ComponentChildren;
}) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: see above
    <div role="cell" class={props.class} title={props.title}>
      {props.children}
    </div>
  );
}

function rowsOf(claims: readonly ClaimRow[], waiters: readonly WaiterRow[], order: Order, find: string): Row[] {
  const below = new Map<string, WaiterRow[]>();
  for (const waiter of waiters) below.set(waiter.below ?? '', [...(below.get(waiter.below ?? '') ?? []), waiter]);
  const sorted = [...claims].sort(ORDERS[order]);
  const rows = [
    ...sorted.flatMap((claim): Row[] => [{ claim }, ...(below.get(claim.id) ?? []).map((waiter) => ({ waiter }))]),
    ...(below.get('') ?? []).map((waiter) => ({ waiter })),
  ];
  return find === '' ? rows : rows.filter((row) => textOf(row).includes(find));
}

function textOf(row: Row): string {
  const { agent, reason } = 'claim' in row ? row.claim : row.waiter;
  const targets = 'claim' in row ? row.claim.target : row.waiter.targets.map(({ text }) => text).join(' ');
  return `${targets} ${agent} ${reason ?? ''}`.toLowerCase();
}

function useNarrow(): boolean {
  const [isNarrow, setNarrow] = useState(() => matchMedia(NARROW).matches);
  useEffect(() => {
    const query = matchMedia(NARROW);
    const look = () => setNarrow(query.matches);
    query.addEventListener('change', look);
    return () => query.removeEventListener('change', look);
  }, []);
  return isNarrow;
}
