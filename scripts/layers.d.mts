export const LAYERS: Readonly<Record<string, readonly string[]>>;
export function importsIn(source: string): (string | null)[];
export function problemsIn(sources: ReadonlyMap<string, string>): string[];
export function sourcesBelow(root: string, folder?: string): Map<string, string>;
