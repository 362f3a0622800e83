import { memo } from 'preact/compat';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { plural } from '../../domain/text.js';
import { type ClaimRow, type Folder, type Place as Marks, MOST_INSIDERS } from '../picture.js';
import { hueOf, Nothing, Section, said } from './parts.js';
import { type Box, squarify } from './treemap.js';

const HEADER = 20;
const GAP = 2;
/** Smaller folders are drawn as one. */
const NARROWEST = 84;
const LOWEST = 52;
/** In square pixels: what is inside must be worth reading. */
const LEAST_AREA = 2_600;
const MOST_NAMES = 3;

/** A place as it is drawn. */
interface Area {
  readonly folder: Folder;
  readonly box: Box;
  readonly depth: number;
  readonly isOpen: boolean;
}

interface MapProps {
  readonly tree: Folder;
  readonly places: readonly Marks[];
  readonly claims: readonly ClaimRow[];
  /** Why it is not the map of the main branch; null: it is. */
  readonly problem: string | null;
  /** What is looked for, in lower case: places of other agents are faded; `''`: everything. */
  readonly find: string;
}

function nothingAt(path: string): Marks {
  return { path, whole: [], inside: 0, insiders: [], waiting: 0, stops: 0 };
}

/** The repository as a map: who holds what, and where it is hot. */
export const RepositoryMap = memo(({ tree, places, claims, problem, find }: MapProps) => {
  const frame = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  const [path, setPath] = useState('');
  const [focus, setFocus] = useState(0);
  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const measure = () => setSize({ width: element.clientWidth, height: element.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);
  const marks = useMemo(() => new Map(places.map((place) => [place.path, place])), [places]);
  const shown = folderAt(tree, path) ?? tree;
  const areas = useMemo(() => areasOf(shown, size.width, size.height), [shown, size.width, size.height]);
  const open = (folder: Folder) => {
    if (folder.children.length === 0) return;
    setPath(folder.path);
    setFocus(0);
  };
  const move = (event: KeyboardEvent) => {
    if (event.key === 'Escape' || event.key === 'Backspace') {
      setPath(path.slice(0, Math.max(0, path.lastIndexOf('/'))));
      return;
    }
    const next = nextArea(areas, focus, event.key);
    if (next === null) return;
    event.preventDefault();
    setFocus(next);
    frame.current?.querySelectorAll('button')[next]?.focus();
  };
  return (
    <Section title="Who is where" class="map-card" aside={<Crumbs tree={tree} path={shown.path} go={setPath} />}>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms */}
      <div
        class="map"
        ref={frame}
        role="group"
        aria-label="Map of the repository; arrow keys move, Enter opens, Escape leaves"
        onKeyDown={move}
      >
        {areas.map((area, index) => (
          <Place
            key={area.folder.path}
            area={area}
            marks={marks.get(area.folder.path) ?? nothingAt(area.folder.path)}
            above={coveredBy(marks, area.folder.path)}
            find={find}
            isFocus={index === Math.min(focus, areas.length - 1)}
            open={open}
          />
        ))}
      </div>
      {problem !== null && <Nothing>{said(problem)}</Nothing>}
      <Resources claims={claims} />
      <p class="legend">
        <span>
          <span class="key whole">coloured</span> held as a whole
        </span>
        <span>
          <span class="key part">edge</span> held in part
        </span>
        <span>
          <span class="key shared">hatched</span> shared
        </span>
        <span>
          <span class="hot">▲3</span> refused or kept waiting 3 times this week
        </span>
        <span>
          <span class="waits">◷2</span> 2 waiting
        </span>
      </p>
    </Section>
  );
});

function Crumbs({
  tree,
  path,
  go,
}: {
  readonly tree: Folder;
  readonly path: string;
  readonly go: (path: string) => void;
}) {
  const steps = path === '' ? [] : path.split('/');
  return (
    <nav class="crumbs" aria-label="Part of the repository that is shown">
      <button type="button" onClick={() => go('')} disabled={path === ''}>
        {said(tree.name)}
      </button>
      {steps.map((step, index) => (
        <span key={step}>
          {' / '}
          <button
            type="button"
            disabled={index === steps.length - 1}
            onClick={() => go(steps.slice(0, index + 1).join('/'))}
          >
            {said(step)}
          </button>
        </span>
      ))}
    </nav>
  );
}

interface PlaceProps {
  readonly area: Area;
  readonly marks: Marks;
  /** Whose claim on a folder above covers it; null: nobody's. */
  readonly above: { readonly agent: string; readonly mode: string } | null;
  readonly find: string;
  readonly isFocus: boolean;
  readonly open: (folder: Folder) => void;
}

function Place({ area: { folder, box, depth, isOpen }, marks, above, find, isFocus, open }: PlaceProps) {
  const holder = marks.whole[0] ?? above;
  const names = namesOf(marks, above);
  const [lead] = names;
  // Of many that are inside, not all names are known here.
  const isMeant =
    marks.insiders.length === MOST_INSIDERS ||
    [folder.path, ...names].some((text) => text.toLowerCase().includes(find));
  const kind = [
    ...(isMeant ? [] : ['faded']),
    isOpen ? 'group' : 'leaf',
    holder ? 'whole' : marks.inside > 0 ? 'part' : 'free',
    ...(holder?.mode === 'shared' ? ['shared'] : []),
    ...(marks.stops > 0 && !isOpen ? ['is-hot'] : []),
  ];
  const label = labelOf(folder, marks, holder ? 'whole' : 'part', names);
  return (
    <button
      type="button"
      class={`place ${kind.join(' ')}`}
      style={{
        ...{ left: `${box.x}px`, top: `${box.y}px`, width: `${box.width}px`, height: `${box.height}px` },
        ...{ zIndex: depth, ...(lead === undefined ? {} : { '--hue': String(hueOf(lead)) }) },
      }}
      title={label.map(said).join('\n')}
      tabIndex={isFocus ? 0 : -1}
      onClick={() => open(folder)}
    >
      <span class="unseen">{label.map(said).join(', ')}</span>
      <span class="name" aria-hidden="true">
        {said(folder.name)}
      </span>
      <Facts
        // What is covered by a claim on a folder around it is named there.
        names={marks.whole.length === 0 && above ? [] : names}
        inside={holder ? 0 : marks.inside}
        marks={marks}
        roomy={box.height > LOWEST}
      />
    </button>
  );
}

/** Who holds the place, or who holds something in it. */
function namesOf(marks: Marks, above: PlaceProps['above']): readonly string[] {
  if (marks.whole.length > 0) return [...new Set(marks.whole.map(({ agent }) => agent))];
  return above ? [above.agent] : marks.insiders;
}

function labelOf(folder: Folder, marks: Marks, how: 'whole' | 'part', names: readonly string[]): string[] {
  const who = names.join(', ');
  const held =
    how === 'whole'
      ? `held by ${who}`
      : marks.inside > 0
        ? `${plural(marks.inside, 'claim')} inside, by ${who}`
        : 'free';
  return [
    folder.path === '' ? folder.name : folder.path,
    ...(folder.children.length > 0 ? [plural(folder.files, 'file')] : []),
    held,
    ...(marks.waiting > 0 ? [`${marks.waiting} waiting`] : []),
    ...(marks.stops > 0 ? [`refused or kept waiting ${plural(marks.stops, 'time')}`] : []),
  ];
}

function Facts({
  names,
  inside,
  marks,
  roomy,
}: {
  readonly names: readonly string[];
  readonly inside: number;
  readonly marks: Marks;
  readonly roomy: boolean;
}) {
  const more =
    names.length > MOST_NAMES ? `+${names.length - MOST_NAMES}${names.length === MOST_INSIDERS ? ' or more' : ''}` : '';
  const many = inside > names.length ? `${more === '' || roomy ? '' : '· '}${inside.toLocaleString('en')} claims` : '';
  return (
    <span class={roomy ? 'facts roomy' : 'facts'} aria-hidden="true">
      {marks.stops > 0 && <span class="hot">▲{marks.stops}</span>}
      {marks.waiting > 0 && <span class="waits">◷{marks.waiting}</span>}
      {names.slice(0, MOST_NAMES).map((name) => (
        <span key={name} class="chip" style={{ '--hue': String(hueOf(name)) }}>
          {said(name)}
        </span>
      ))}
      {more !== '' && <span class="more">{more}</span>}
      {many !== '' && <span class="more">{many}</span>}
    </span>
  );
}

const MOST_RESOURCES = 12;

function Resources({ claims }: { readonly claims: readonly ClaimRow[] }) {
  const resources = claims.filter(({ kind }) => kind === 'resource');
  if (resources.length === 0) return null;
  return (
    <ul class="resources" aria-label="Resources that are held">
      {resources.slice(0, MOST_RESOURCES).map(({ id, target, agent }) => (
        <li key={id} style={{ '--hue': String(hueOf(agent)) }}>
          <code>{said(target)}</code> {said(agent)}
        </li>
      ))}
      {resources.length > MOST_RESOURCES && <li class="rest">and {resources.length - MOST_RESOURCES} more</li>}
    </ul>
  );
}

function coveredBy(marks: ReadonlyMap<string, Marks>, path: string): PlaceProps['above'] {
  for (let above = path; above !== ''; ) {
    above = above.slice(0, Math.max(0, above.lastIndexOf('/')));
    const claim = marks.get(above)?.whole[0];
    if (claim) return claim;
  }
  return null;
}

function folderAt(tree: Folder, path: string): Folder | null {
  let folder: Folder | null = tree;
  while (folder !== null && folder.path !== path) {
    const above: Folder = folder;
    folder = above.children.find((child) => path === child.path || path.startsWith(`${child.path}/`)) ?? null;
  }
  return folder;
}

const MOST_DEPTH = 4;

function isWorthOpening({ children }: Folder, { width, height }: Box): boolean {
  if (children.length === 0 || width < NARROWEST || height < LOWEST) return false;
  return (width * height) / children.length > LEAST_AREA;
}

/** From outside to inside, so that what is inside is drawn above. */
function areasOf(folder: Folder, width: number, height: number): Area[] {
  if (width === 0 || height === 0) return [];
  const areas: Area[] = [];
  const divide = (parent: Folder, box: Box, depth: number) => {
    const { children } = parent;
    // By less than its files, so that a small folder can still be seen beside a large one.
    const boxes = squarify(
      children.map(({ files }) => files ** 0.75),
      box,
    );
    for (const [index, child] of children.entries()) {
      const outer = boxes[index] as Box;
      const own = {
        x: outer.x,
        y: outer.y,
        width: Math.max(0, outer.width - GAP),
        height: Math.max(0, outer.height - GAP),
      };
      const inner = { x: own.x + GAP, y: own.y + HEADER, width: own.width - GAP, height: own.height - HEADER - GAP };
      const isOpen = depth < MOST_DEPTH && isWorthOpening(child, inner);
      areas.push({ folder: child, box: own, depth, isOpen });
      if (isOpen) divide(child, inner, depth + 1);
    }
  };
  divide(folder, { x: 0, y: 0, width, height }, 1);
  return areas;
}

/** The nearest place in the direction of an arrow key; null for any other key, or where there is none. */
function nextArea(areas: readonly Area[], from: number, key: string): number | null {
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
  const start = areas[from];
  if (!step || !start) return null;
  const [dx = 0, dy = 0] = step;
  let best: number | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const [index, { box }] of areas.entries()) {
    const along = (box.x - start.box.x) * dx + (box.y - start.box.y) * dy;
    const aside = Math.abs((box.x - start.box.x) * dy) + Math.abs((box.y - start.box.y) * dx);
    if (index === from || along <= 0 || along + 2 * aside >= least) continue;
    least = along + 2 * aside;
    best = index;
  }
  return best;
}
