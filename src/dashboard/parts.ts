import { type Changes, LISTS, type List, type ListChange, type Part, type Picture } from './picture.js';

/** A text, with the version in which it changed last. */
interface Versioned {
  readonly json: string;
  readonly version: number;
}

/** So many rows that are gone are remembered: a page that has missed more is sent the whole list. */
const MOST_GONE = 20_000;

/** A picture as it is sent: each part, and each row of the lists, in JSON, with the version in which it changed last. */
export class Parts {
  /** Grows with each change of any part. */
  version = 0;
  private readonly known = new Map<Part, Versioned>();
  private readonly lists = new Map<List, KnownList>(LISTS.map((list) => [list, new KnownList()]));
  private shown: Picture | null = null;

  get picture(): Picture | null {
    return this.shown;
  }

  /** @returns whether anything has changed */
  take(picture: Picture): boolean {
    this.shown = picture;
    const next = this.version + 1;
    let changed = false;
    for (const part of Object.keys(picture) as Part[]) {
      const list = this.lists.get(part as List);
      if (list) {
        if (list.take(picture[part as List], next)) changed = true;
        continue;
      }
      const json = JSON.stringify(picture[part]);
      if (json === this.known.get(part)?.json) continue;
      this.known.set(part, { json, version: next });
      changed = true;
    }
    if (changed) this.version = next;
    return changed;
  }

  /** What changed after a version, as one JSON object in one line: {@link Changes}. */
  since(version: number): string {
    const parts = [...this.known].filter(([, part]) => part.version > version).map(([part, { json }]) => [part, json]);
    const lists = [...this.lists].flatMap(([name, list]) => {
      const json = list.since(version);
      return json === null ? [] : [[name, json]];
    });
    return `{"parts":${objectOf(parts)},"lists":${objectOf(lists)}}`;
  }
}

function objectOf(entries: readonly (readonly string[])[]): string {
  return `{${entries.map(([name, json]) => `"${name}":${json}`).join(',')}}`;
}

class KnownList {
  private rows = new Map<string, Versioned>();
  /** In which version each row went that is no more. */
  private gone = new Map<string, number>();
  /** Rows that went up to this version may be forgotten. */
  private forgotten = 0;

  take(rows: readonly { readonly id: string }[], version: number): boolean {
    const now = new Map<string, Versioned>();
    let changed = false;
    for (const row of rows) {
      const json = JSON.stringify(row);
      const before = this.rows.get(row.id);
      if (before?.json === json) now.set(row.id, before);
      else {
        now.set(row.id, { json, version });
        this.gone.delete(row.id);
        changed = true;
      }
    }
    for (const id of this.rows.keys()) {
      if (now.has(id)) continue;
      this.gone.set(id, version);
      changed = true;
    }
    this.rows = now;
    if (this.gone.size > MOST_GONE) [this.gone, this.forgotten] = [new Map(), version];
    return changed;
  }

  /** null: nothing has changed. */
  since(version: number): string | null {
    const isAll = version < this.forgotten || version === 0;
    const rows = [...this.rows.values()].filter((row) => isAll || row.version > version).map(({ json }) => json);
    const gone = isAll ? [] : [...this.gone].filter(([, went]) => went > version).map(([id]) => id);
    if (!isAll && rows.length + gone.length === 0) return null;
    return `{"isAll":${isAll},"gone":${JSON.stringify(gone)},"rows":[${rows.join(',')}]}`;
  }
}

/** The picture with what has changed in it. */
export function changed(before: Picture, { parts, lists }: Changes): Picture {
  const after: Record<string, unknown> = { ...before, ...parts };
  for (const name of LISTS) {
    const change: ListChange<{ readonly id: string }> | undefined = lists[name];
    if (change) after[name] = listAfter(before[name], change);
  }
  return after as unknown as Picture;
}

/** Rows that stay keep their place. */
function listAfter<Row extends { readonly id: string }>(before: readonly Row[], change: ListChange<Row>): Row[] {
  if (change.isAll) return [...change.rows];
  const gone = new Set(change.gone);
  const fresh = new Map(change.rows.map((row) => [row.id, row]));
  const stayed = before.flatMap((row) => {
    if (gone.has(row.id)) return [];
    const now = fresh.get(row.id) ?? row;
    fresh.delete(row.id);
    return [now];
  });
  return [...stayed, ...fresh.values()];
}
