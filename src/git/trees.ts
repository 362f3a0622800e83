/** One entry of a git tree. */
export interface TreeEntry {
  /** Octal mode as git writes it: `100644` for a file, `40000` for a folder. */
  readonly mode: string;
  readonly id: string;
}

/** Name → entry of a tree object's body. */
export function parseTree(body: Buffer, idBytes: number): Map<string, TreeEntry> {
  const entries = new Map<string, TreeEntry>();
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(0x20, at);
    const end = body.indexOf(0, space);
    const mode = body.toString('latin1', at, space);
    const id = body.toString('hex', end + 1, end + 1 + idBytes);
    entries.set(body.toString('utf8', space + 1, end), { mode, id });
    at = end + 1 + idBytes;
  }
  return entries;
}

/** The body of a tree object; git wants folders sorted as if their names ended in `/`. */
export function treeBody(entries: ReadonlyMap<string, TreeEntry>): Buffer {
  const sortKey = ([name, entry]: readonly [string, TreeEntry]) =>
    Buffer.from(entry.mode === '40000' ? `${name}/` : name);
  const sorted = [...entries].sort((a, b) => Buffer.compare(sortKey(a), sortKey(b)));
  return Buffer.concat(
    sorted.flatMap(([name, entry]) => [Buffer.from(`${entry.mode} ${name}\0`), Buffer.from(entry.id, 'hex')]),
  );
}
