/** A folder or a file of the repository, as the map draws it. */
export interface Folder {
  readonly name: string;
  /** From the root; `''` is the root itself. */
  readonly path: string;
  /** How many files there are in it; 1 for a file. */
  readonly files: number;
  readonly isFile: boolean;
  /** What is drawn inside; empty: it is drawn as one. */
  readonly children: readonly Folder[];
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
