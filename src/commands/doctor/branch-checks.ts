import type { Config } from '../../config/config.js';
import { CONFIG_FILE } from '../../config/load.js';
import type { Context } from '../../context.js';
import type { State } from '../../domain/model.js';
import { oneLine } from '../../domain/text.js';
import { CoordError } from '../../errors.js';
import { PART_FIELDS, type Part } from '../../store/store.js';
import { asError, type Checked, failed, well, wrong } from './checked.js';

const ALL_PARTS = Object.keys(PART_FIELDS) as Part[];

/** What the coordination branch is like, here and at the remote; `state` is null where it cannot be read. */
export async function branchChecks(
  context: Context,
  config: Config,
): Promise<{ readonly checks: readonly Checked[]; readonly state: State | null }> {
  const { branch, share, remote } = config;
  const store = await context.store();
  const here = await store.read(ALL_PARTS).catch(asError);
  const checks = [
    here instanceof CoordError ? failed('branch', here) : well('branch', 'high', `${branch} can be read`),
  ];
  if (share && !(here instanceof CoordError && here.code === 'usage')) {
    const there = await store.latest(ALL_PARTS).catch(asError);
    const inStep = `${remote} has it, and this clone is in step`;
    checks.push(there instanceof CoordError ? failed('remote', there) : well('remote', 'high', inStep));
  }
  const snapshot = await store.read(ALL_PARTS).catch(() => null);
  const log = snapshot && (await store.readLog().catch(asError));
  if (log instanceof CoordError) checks.push(failed('log', log));
  return { checks, state: snapshot?.state ?? null };
}

export async function shareCheck({ git }: Context, { share, remote }: Config): Promise<Checked> {
  if (share) return well('share', 'low', `claims hold for every clone of ${remote}`);
  const listed = await git(['remote']);
  if (listed.code !== 0) {
    const why = oneLine(listed.stderr.split('\n')[0] ?? '');
    return wrong(
      'share',
      'low',
      `git cannot tell what remotes there are: ${why}`,
      'mend the configuration of git, then repeat',
    );
  }
  const remotes = listed.stdout
    .toString('utf8')
    .split('\n')
    .filter((name) => name !== '');
  const local = 'claims hold for the worktrees of this clone';
  if (remotes.length === 0) return well('share', 'low', local);
  const next = `to share them: "share": true and "remote": "${remotes[0]}" in ${CONFIG_FILE}`;
  return wrong('share', 'low', `${local} only, though it has a remote`, next);
}
