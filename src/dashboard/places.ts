import { groundOf } from '../domain/claims/conflicts.js';
import { contains, matches, overlaps } from '../domain/ground/index.js';
import { patternTarget } from '../domain/ground/patterns.js';
import { directoryPath, directoryTarget, type Target } from '../domain/ground/targets.js';
import type { Claim, Waiter } from '../domain/model.js';
import { type Folder, type Hot, MOST_INSIDERS, type Place } from './picture.js';

/** Where a target meets the map. */
interface Hit {
  readonly path: string;
  /** Whether the target covers all of the place; else some of what is inside. */
  readonly isWhole: boolean;
}

/** What a claim is, as far as its place on the map hangs on it. */
type Held = Pick<Claim, 'id' | 'kind' | 'target' | 'agent' | 'mode'>;

interface Known {
  readonly ground: Target;
  readonly hits: readonly Hit[];
}

/**
 * Who is where on the map, and who waits for whom, by the engine of overlaps that decides the claims themselves. What a
 * claim or a waiter meets is found out once, when it comes.
 */
export class Places {
  private tree: Folder | null = null;
  private claims = new Map<string, Known>();
  /** By the id of a waiter, the ids of the claims that it waits for. */
  private waiters = new Map<string, ReadonlySet<string>>();

  constructor(private readonly foldCase: boolean) {}

  /** Takes what is held and waited for now. */
  take(tree: Folder, claims: readonly Held[], waiters: readonly Waiter[]): void {
    if (this.tree !== tree) this.claims = new Map();
    this.tree = tree;
    const known = new Map<string, Known>();
    const fresh: Held[] = [];
    for (const claim of claims) {
      const before = this.claims.get(claim.id);
      if (before === undefined) fresh.push(claim);
      known.set(claim.id, before ?? { ground: groundOf(claim), hits: this.hitsOf(groundOf(claim)) });
    }
    const waiting = new Map<string, ReadonlySet<string>>();
    for (const waiter of waiters) {
      const before = this.waiters.get(waiter.id);
      const asked = before === undefined ? claims : fresh;
      const met = asked.filter((claim) =>
        waiter.targets.some((target) => overlaps(groundOf(claim), target, { foldCase: this.foldCase })),
      );
      const still = [...(before ?? [])].filter((id) => known.has(id));
      waiting.set(waiter.id, new Set([...still, ...met.map(({ id }) => id)]));
    }
    this.claims = known;
    this.waiters = waiting;
  }

  /** The ids of the claims that this waiter waits for. */
  waitedFor({ id }: Pick<Waiter, 'id'>): ReadonlySet<string> {
    return this.waiters.get(id) ?? new Set();
  }

  /** Every place of the map of which there is something to tell. */
  places(claims: readonly Held[], waiters: readonly Waiter[], hot: readonly Hot[]): Place[] {
    const found = new Map<string, Mutable>();
    const at = (path: string) => placeAt(found, path);
    for (const { id, agent, mode } of claims) {
      for (const { path, isWhole } of this.claims.get(id)?.hits ?? []) {
        if (isWhole) at(path).whole.push({ agent, mode });
        else addInsider(at(path), agent);
      }
    }
    for (const { targets } of waiters) {
      const paths = targets.flatMap((target) => this.hitsOf(target).map(({ path }) => path));
      for (const path of new Set(paths)) at(path).waiting += 1;
    }
    for (const { target, refusals, waits } of hot) {
      for (const { path } of this.hitsOf(patternTarget(target))) at(path).stops += refusals + waits;
    }
    return [...found.values()];
  }

  /** From outside to inside; a place that is covered as a whole speaks for all in it. */
  private hitsOf(target: Target): Hit[] {
    if (this.tree === null || target.kind === 'resource') return [];
    const options = { foldCase: this.foldCase };
    const literal = this.foldCase ? null : literalPath(target);
    const hits: Hit[] = [];
    const visit = (folder: Folder, depth: number): void => {
      const ground = directoryTarget(folder.path);
      const isWhole = folder.isFile ? matches(target, folder.path, options) : contains(target, ground, options);
      if (!isWhole && (folder.isFile || !overlaps(target, ground, options))) return;
      hits.push({ path: folder.path, isWhole });
      if (isWhole) return;
      // Of what is inside, a literal path can meet only what has its next name.
      const next = literal?.[depth];
      for (const child of folder.children) if (next === undefined || child.name === next) visit(child, depth + 1);
    };
    visit(this.tree, 0);
    return hits;
  }
}

type Mutable = { -readonly [Key in keyof Place]: Place[Key] extends readonly (infer Item)[] ? Item[] : Place[Key] };

function placeAt(places: Map<string, Mutable>, path: string): Mutable {
  const known = places.get(path);
  if (known) return known;
  const made: Mutable = { path, whole: [], inside: 0, insiders: [], waiting: 0, stops: 0 };
  places.set(path, made);
  return made;
}

function addInsider(place: Mutable, agent: string): void {
  place.inside += 1;
  if (place.insiders.length < MOST_INSIDERS && !place.insiders.includes(agent)) place.insiders.push(agent);
}

/** The names of a path that is written out; null: it has patterns. */
function literalPath(target: Target): string[] | null {
  if (target.kind === 'path') return target.text.split('/');
  return target.kind === 'directory' && target.text !== '**' ? directoryPath(target).split('/') : null;
}

/** So many areas can still be told apart on a screen. */
const MOST_AREAS = 400;

interface Node {
  readonly name: string;
  readonly path: string;
  files: number;
  readonly children: Map<string, Node>;
}

/**
 * The repository as areas of a map: the largest folders are opened first, until there are as many areas as can be told
 * apart. Files stand for themselves where their folder is opened.
 * @param paths of all files, from the root
 */
export function treeOf(name: string, paths: Iterable<string>): Folder {
  const root = emptyNode(name, '');
  for (const path of paths) {
    root.files += 1;
    let node = root;
    for (const segment of path.split('/')) {
      const inside = node.path === '' ? segment : `${node.path}/${segment}`;
      const child = node.children.get(segment) ?? emptyNode(segment, inside);
      node.children.set(segment, child);
      child.files += 1;
      node = child;
    }
  }
  return cut(root, opened(root));
}

function emptyNode(name: string, path: string): Node {
  return { name, path, files: 0, children: new Map() };
}

function opened(root: Node): ReadonlySet<Node> {
  const open = new Set<Node>();
  let areas = 1;
  const waiting = [root];
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    if (areas + next.children.size > MOST_AREAS && next !== root) continue;
    open.add(next);
    areas += next.children.size;
    waiting.push(...[...next.children.values()].filter(({ children }) => children.size > 0));
    waiting.sort((a, b) => b.files - a.files);
  }
  return open;
}

function cut(node: Node, open: ReadonlySet<Node>): Folder {
  const { name, path, files, children } = node;
  const inside = open.has(node)
    ? [...children.values()].sort((a, b) => b.files - a.files || (a.name < b.name ? -1 : 1))
    : [];
  const isFile = path !== '' && children.size === 0;
  return { name, path, files, isFile, children: inside.slice(0, MOST_AREAS).map((child) => cut(child, open)) };
}
