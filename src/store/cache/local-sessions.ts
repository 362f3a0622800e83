import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { namesIn } from '../../git/if-there.js';
import { type Repository, SESSIONS_FOLDER } from '../../git/repository.js';

/** A session that was started in one worktree of this clone. */
export interface LocalSession {
  readonly agent: string;
  readonly session: string;
  /** The process of the harness that runs it, where a hook of that has told: see `starterMark`. */
  readonly process?: string;
}

/**
 * Who works in a worktree: a file an agent, so that two that start at once do not undo each other. They stand in the git
 * directory of that worktree, which goes with it, under the inode of its folder: a copy has another one, and a new worktree
 * under an old name has another git directory. Not in coord's own folder: who one is is no cache.
 */
export class LocalSessions {
  private readonly folder: string;
  private readonly root: string;

  constructor({ gitDir, root }: Pick<Repository, 'gitDir' | 'root'>) {
    this.folder = join(gitDir, SESSIONS_FOLDER);
    this.root = root;
  }

  /** Sorted by agent. */
  list(): readonly LocalSession[] {
    const names = namesIn(this.folder);
    if (names.length === 0) return [];
    const mark = this.mark();
    return names
      .filter((name) => name.startsWith(mark))
      .sort()
      .flatMap((name) => readSession(join(this.folder, name)) ?? []);
  }

  add(session: LocalSession): void {
    mkdirSync(this.folder, { recursive: true });
    const path = this.pathOf(session.agent);
    const temporary = `${path}.${session.session}.tmp`;
    writeFileSync(temporary, `${JSON.stringify(session)}\n`);
    renameSync(temporary, path);
  }

  remove(agent: string): void {
    rmSync(this.pathOf(agent), { force: true });
  }

  private pathOf(agent: string): string {
    return join(this.folder, `${this.mark()}${agent}.json`);
  }

  /** What makes this worktree the same: it stays when the folder is moved. */
  private mark(): string {
    return `${statSync(this.root, { bigint: true }).ino}-`;
  }
}

/** The agent whose session was started under this id, here or in another worktree of the clone; null: none was. */
export function agentOfSession(repository: Pick<Repository, 'gitDir' | 'commonDir'>, session: string): string | null {
  const { gitDir, commonDir } = repository;
  const linked = namesIn(join(commonDir, 'worktrees')).map((name) => join(commonDir, 'worktrees', name));
  const found = [gitDir, commonDir, ...linked].flatMap((directory) => {
    const folder = join(directory, SESSIONS_FOLDER);
    return [...namesIn(folder)].sort().flatMap((name) => readSession(join(folder, name)) ?? []);
  });
  return found.find((one) => one.session === session)?.agent ?? null;
}

/** null: it is damaged, or not finished. */
function readSession(path: string): LocalSession | null {
  if (!path.endsWith('.json')) return null;
  try {
    const { agent, session, process } = JSON.parse(readFileSync(path, 'utf8')) as Partial<LocalSession>;
    if (typeof agent !== 'string' || typeof session !== 'string') return null;
    return { agent, session, ...(typeof process === 'string' ? { process } : {}) };
  } catch {
    return null;
  }
}
