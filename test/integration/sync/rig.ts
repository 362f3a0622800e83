import { expect } from 'vitest';
import { judgeSync, type SyncFacts, type SyncRefusal, type SyncReport } from '../../../src/domain/sync/sync.js';
import { remoteGit } from '../../../src/git/porcelain.js';
import { discoverRepository } from '../../../src/git/repository.js';
import { gitIn } from '../../../src/git/run.js';
import { gatherSyncFacts, type SyncRequest } from '../../../src/git/upstream.js';
import type { Sandbox } from '../../support/sandbox.js';

export const NOW = '2026-11-21T14:02:00.000Z';

export interface CheckOptions extends Partial<Omit<SyncRequest, 'now'>> {
  readonly timeoutMs?: number;
}

export function facts(box: Sandbox, cwd: string, options: CheckOptions = {}): Promise<SyncFacts> {
  const { timeoutMs, ...request } = options;
  const repository = discoverRepository(cwd);
  const door = remoteGit(repository, box.env, timeoutMs === undefined ? {} : { timeoutMs });
  return gatherSyncFacts(repository, gitIn(cwd, box.env), door, {
    remote: 'origin',
    requireClean: false,
    covers: () => true,
    ...request,
    now: () => NOW,
  });
}

/** The report of a check that must find HEAD in sync. */
export async function inSync(box: Sandbox, cwd: string, options: CheckOptions = {}): Promise<SyncReport> {
  const verdict = judgeSync(await facts(box, cwd, options));
  expect(verdict).toMatchObject({ ok: true, report: { inSync: true } });
  return verdict.report;
}

/** The refusal of a check that must not pass. */
export async function refused(box: Sandbox, cwd: string, options: CheckOptions = {}): Promise<SyncRefusal> {
  const verdict = judgeSync(await facts(box, cwd, options));
  expect(verdict).toMatchObject({ ok: false, report: { inSync: false } });
  if (verdict.ok) throw new Error('unreachable');
  return verdict;
}
