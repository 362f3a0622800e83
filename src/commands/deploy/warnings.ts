import type { Case } from './case.js';

/** What a deploy cannot promise where no remote decides between clones. */
export function shareWarnings({ authority, config }: Pick<Case, 'authority' | 'config'>): string[] {
  return [
    ...(authority.config.share
      ? []
      : ['"share" is false: other clones neither see this deploy nor wait for it, and what runs is known here only']),
    ...(config.verify === null ? ['no "verify" is configured: nobody has looked whether it runs'] : []),
  ];
}
