import type { Plugin } from 'esbuild';

export const BUNDLES: readonly string[];
export const PROGRAMS: readonly string[];
export function bundle(name: string, plugins?: readonly Plugin[]): Promise<{ text: string; fingerprint: string }>;
