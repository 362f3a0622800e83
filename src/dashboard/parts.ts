import type { Part, Picture } from './picture.js';

/** A picture as it is sent: each part in JSON, with the version in which it changed last. */
export class Parts {
  /** Grows with each change of any part. */
  version = 0;
  private readonly known = new Map<Part, { readonly json: string; readonly version: number }>();
  private shown: Picture | null = null;

  get picture(): Picture | null {
    return this.shown;
  }

  /** @returns whether anything has changed */
  take(picture: Picture): boolean {
    this.shown = picture;
    const changed = (Object.keys(picture) as Part[]).flatMap((part) => {
      const json = JSON.stringify(picture[part]);
      return json === this.known.get(part)?.json ? [] : [[part, json] as const];
    });
    if (changed.length === 0) return false;
    this.version += 1;
    for (const [part, json] of changed) this.known.set(part, { json, version: this.version });
    return true;
  }

  /** The parts that changed after a version, as one JSON object in one line. */
  since(version: number): string {
    const changed = [...this.known].filter(([, part]) => part.version > version);
    return `{${changed.map(([name, { json }]) => `"${name}":${json}`).join(',')}}`;
  }
}
