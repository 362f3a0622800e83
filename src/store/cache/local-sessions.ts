import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A session that was started in one worktree of this clone. */
export interface LocalSession {
  readonly agent: string;
  readonly session: string;
}

/**
 * Who works in which worktree of this clone: a file an agent, so that two that start at once do not undo each other.
 * Deleting it costs no claim, only the convenience of not naming oneself.
 */
export class LocalSessions {
  private readonly folder: string;

  constructor(directory: string, worktreeId: string) {
    this.folder = join(directory, worktreeId);
  }

  /** Sorted by agent. */
  list(): readonly LocalSession[] {
    return namesIn(this.folder)
      .filter((name) => name.endsWith('.json'))
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
    return join(this.folder, `${agent}.json`);
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function readSession(path: string): LocalSession | null {
  try {
    const { agent, session } = JSON.parse(readFileSync(path, 'utf8')) as Partial<LocalSession>;
    return typeof agent === 'string' && typeof session === 'string' ? { agent, session } : null;
  } catch {
    return null;
  }
}
