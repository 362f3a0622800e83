import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { AuditReport } from '../../src/render/audit.js';
import { type InProcess, inProcess } from './in-process.js';
import { type CoordResult, type Sandbox, sandbox } from './sandbox.js';

export interface CommitChanges {
  /** Path → new text; null: the path is removed. */
  readonly files: Readonly<Record<string, string | null>>;
  readonly message?: string;
  /** Milliseconds since the epoch that the committer's date says; by default the clock's. */
  readonly date?: number;
  readonly author?: string;
}

export interface Audited extends CoordResult {
  readonly report: AuditReport;
  /** `path verdict agent` of each judged path, oldest commit first. */
  readonly verdicts: readonly string[];
}

export interface AuditRig {
  readonly box: Sandbox;
  readonly host: InProcess;
  /** A clone with a surface of `src/**` on its main branch, which the remote has. */
  readonly clone: string;
  /** The commit that set this up. */
  readonly start: string;
  /** A linked worktree on a branch of its own. */
  worktree(name: string): string;
  /** Runs coord; it must succeed. */
  run(agent: string | null, cwd: string, ...args: string[]): Promise<CoordResult>;
  /** Commits with the clock of the rig, past all hooks; returns the commit. */
  commit(cwd: string, changes: CommitChanges | string): string;
  git(cwd: string, ...args: string[]): string;
  audit(cwd: string, ...args: string[]): Promise<Audited>;
}

/** A remote, a clone of it with a surface, and a clock that coord and the commits share. */
export async function auditRig({ surface = ['src/**'], shared = true } = {}): Promise<AuditRig> {
  const box = sandbox();
  const host = inProcess(box);
  const remote = box.bareRemote();
  const clone = box.clone(remote);
  const dated = (
    cwd: string,
    args: readonly string[],
    ms = host.clock.ms,
    author = 'Some Body <some@body.example>',
  ) => {
    const date = `${Math.floor(ms / 1000)} +0000`;
    const env = { ...box.env, GIT_COMMITTER_DATE: date, GIT_AUTHOR_DATE: date };
    const result = spawnSync('git', [...(args[0] === 'commit' ? [...args, `--author=${author}`] : args)], {
      ...{ cwd, env, encoding: 'utf8' },
    });
    if (result.status !== 0) throw new Error(`git ${args.join(' ')}: ${result.stderr}`);
    return result.stdout.replace(/\n$/, '');
  };
  const commit = (cwd: string, changes: CommitChanges | string) => {
    const { files, message, date, author } =
      typeof changes === 'string'
        ? { files: { [changes]: `${changes} ${host.clock.ms} ${Math.random()}\n` } }
        : changes;
    for (const [path, text] of Object.entries(files)) {
      if (text === null) rmSync(join(cwd, path));
      else box.write(cwd, path, text);
    }
    box.git(cwd, 'add', '--all');
    dated(
      cwd,
      ['commit', '--quiet', '--no-verify', '--message', message ?? `change ${Object.keys(files)[0]}`],
      date,
      author,
    );
    return box.git(cwd, 'rev-parse', 'HEAD');
  };
  const config = { surface: [...surface, 'coord.config.json'], share: shared, mainBranch: 'main' };
  box.write(clone, 'coord.config.json', JSON.stringify(config));
  const start = commit(clone, { files: { 'src/a.ts': 'a\n', 'src/b.ts': 'b\n' }, message: 'set up' });
  box.git(clone, 'push', '--quiet', 'origin', 'main');
  const run = async (agent: string | null, cwd: string, ...args: string[]) => {
    const result = await host.run(agent, cwd, args);
    if (result.code !== 0) throw new Error(`coord ${args.join(' ')}: exit ${result.code}\n${result.stderr}`);
    return result;
  };
  await run('maya', clone, 'init', ...(shared ? [] : ['--local']));
  box.git(clone, 'checkout', '--quiet', '.');
  box.git(clone, 'clean', '-fdq');
  host.clock.pass(3600);
  return {
    ...{ box, host, clone, start, run, commit },
    worktree: (name) => box.worktree(clone, name),
    git: (cwd, ...args) => dated(cwd, args),
    audit: async (cwd, ...args) => {
      const result = await host.run(null, cwd, ['audit', '--json', ...args]);
      const envelope = result.json();
      const report: AuditReport = envelope.ok ? envelope.data : envelope.error.details;
      const verdicts = [...(report.commits ?? [])]
        .reverse()
        .flatMap(({ paths }) => paths.map(({ path, verdict, agent }) => `${path} ${verdict} ${agent ?? '-'}`));
      return { ...result, report, verdicts };
    },
  };
}
