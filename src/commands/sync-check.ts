import { matches } from '../domain/ground/index.js';
import { patternTarget } from '../domain/patterns.js';
import { judgeSync } from '../domain/sync.js';
import { CoordError } from '../errors.js';
import { recordLastFetch } from '../git/last-fetch.js';
import { gatherSyncFacts } from '../git/upstream.js';
import { inSyncLine, missingLines } from '../render/sync.js';
import type { Verb } from './verb.js';

export const syncCheck: Verb = {
  options: [['--require-clean', 'refuse uncommitted and untracked files of the surface, too']],
  examples: [
    ['coord sync-check && ./deploy.sh', 'deploy only when HEAD is known to contain all of the main branch'],
    ['coord sync-check --require-clean', 'and when no surface file has uncommitted changes'],
  ],
  notes: ['Exit 0 only when it knows. Exit 5: out of sync, with what is missing. Exit 7: cannot know, and why.'],
  async run(context, input) {
    const { remote, mainBranch, surface } = await context.config();
    const patterns = surface.map(patternTarget);
    const options = { foldCase: context.repository.foldsCase };
    const facts = await gatherSyncFacts(context.repository, context.git, context.remoteGit, {
      remote,
      mainBranch: mainBranch ?? undefined,
      requireClean: input.flag('requireClean'),
      covers: (path) => patterns.length === 0 || patterns.some((pattern) => matches(pattern, path, options)),
      now: () => context.now(),
    });
    if (facts.upstream.kind === 'fetched') {
      const { branch, commit, fetchedAt: at } = facts.upstream;
      recordLastFetch(context.repository, { remote, branch, commit, at });
    }
    const verdict = judgeSync(facts);
    if (!verdict.ok) {
      const { code, message, hint, reason, report } = verdict;
      const listed = [message, ...missingLines(report)].join('\n');
      return new CoordError(code, listed, { hint, details: { reason, ...report } });
    }
    return { data: verdict.report, text: (style) => inSyncLine(verdict.report, style) };
  },
};
