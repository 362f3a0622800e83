import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A session that was started in one worktree of this clone. */
export interface LocalSession {
  readonly agent: string;
  readonly session: string;
}

/** Who works in which worktree of this clone. Deleting it costs no claim, only the convenience of not naming oneself. */
export class LocalSessions {
  private readonly path: string;

  constructor(
    private readonly directory: string,
    worktreeId: string,
  ) {
    this.path = join(directory, `${worktreeId}.json`);
  }

  list(): readonly LocalSession[] {
    try {
      const value: unknown = JSON.parse(readFileSync(this.path, 'utf8'));
      return Array.isArray(value) ? value.filter(isSession) : [];
    } catch {
      return [];
    }
  }

  add(session: LocalSession): void {
    this.write([...this.list().filter((known) => known.agent !== session.agent), session]);
  }

  remove(agent: string): void {
    this.write(this.list().filter((known) => known.agent !== agent));
  }

  private write(sessions: readonly LocalSession[]): void {
    mkdirSync(this.directory, { recursive: true });
    const temporary = `${this.path}.tmp`;
    writeFileSync(temporary, `${JSON.stringify(sessions)}\n`);
    renameSync(temporary, this.path);
  }
}

function isSession(value: unknown): value is LocalSession {
  const record = value as Partial<LocalSession> | null;
  return typeof record?.agent === 'string' && typeof record.session === 'string';
}
