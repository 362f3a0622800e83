/** Absolute path of a Chromium on this machine; null when there is none. */
export declare function chromiumPath(): string | null;
