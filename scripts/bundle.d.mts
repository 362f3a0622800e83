import type { Plugin } from 'esbuild';

export function bundle(plugins?: Plugin[]): Promise<{ text: string; fingerprint: string }>;
