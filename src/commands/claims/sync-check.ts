import { judgeSync } from '../../domain/sync/sync.js';
import { inSyncLine } from '../../render/land.js';
import { asideLines } from '../../workspace/asides.js';
import { syncError, syncFacts } from '../../workspace/sync-facts.js';
import type { Fields, Verb } from '../verb.js';

const SYNC = {
  inSync: 'boolean',
  ahead: 'number | null',
  behind: 'number | null',
  head: 'commit | null',
  upstream: 'text | null',
  upstreamCommit: 'commit | null',
  fetchedAt: 'instant | null',
  missing: ['Commit[]', 'the newest that HEAD lacks'],
  branch: 'text | null',
  rewritten: ['boolean', 'the upstream dropped commits that HEAD has'],
  dropped: 'Commit[]',
  dirty: 'text[]',
  submodules: 'object[]',
} as const satisfies Fields;

export const syncCheck: Verb = {
  options: [['--require-clean', 'refuse uncommitted and untracked files of the surface, too']],
  examples: [
    ['coord sync-check && ./deploy.sh', 'deploy only when HEAD is known to contain all of the main branch'],
    ['coord sync-check --require-clean', 'and when no surface file has uncommitted changes'],
  ],
  notes: ['Exit 0 only when it knows. Exit 5: out of sync, with what is missing. Exit 7: cannot know, and why.'],
  answers: SYNC,
  refusals: { reason: 'text', ...SYNC },
  async run(context, input) {
    const config = await context.config();
    const verdict = judgeSync(await syncFacts(context, { ...config, requireClean: input.flag('requireClean') }));
    if (!verdict.ok) return syncError(verdict);
    const warnings = await asideLines(context, ['fork']);
    return { data: verdict.report, text: (style) => inSyncLine(verdict.report, style), warnings };
  },
};
