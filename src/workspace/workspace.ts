import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Config, policyFor } from '../config/config.js';
import type { NeededWork } from '../domain/claims/work.js';
import type { Policy } from '../domain/request.js';
import { asTyped, type Standpoint } from '../domain/suggestion.js';
import { oneLine, printable } from '../domain/text.js';
import { epochMs, type Instant, instantOf } from '../domain/time.js';
import { hasWorkOtherwise, withHistory } from '../git/has-work.js';
import { type ObjectDatabase, openObjects } from '../git/objects.js';
import { type RemoteCommand, type RemoteGit, remoteGit } from '../git/porcelain.js';
import { Paced, withTrace } from '../git/rate-limit.js';
import { type Head, isAncestor, readHead } from '../git/refs.js';
import { discoverRepository, needsWorktree, type Repository } from '../git/repository.js';
import { type Environment, type Git, type GitStream, gitIn, gitStreamIn } from '../git/run.js';
import { makeShared } from '../programs/umask.js';
import { agentOfSession, LocalSessions } from '../store/cache/local-sessions.js';
import { ClaimPlaces, LastTime, Observations, SeenNotices } from '../store/cache/observations.js';
import type { Effects } from '../store/swap/transact.js';
import { type Authority, configInForce, type ProtectedConfig, readAuthority } from './authority.js';
import type { Host } from './host.js';
import { withProgress } from './host.js';
import { type Identity, identityIfKnown, isNamedInHarness, type Recorded, resolveIdentity } from './identity.js';

/** A remote that has not answered by then is out of reach. */
const REMOTE_TIMEOUT_MS = 30_000;

export interface GlobalFlags {
  readonly json: boolean;
  readonly agent: string | undefined;
  readonly requestId?: string | undefined;
}

/** The sessions that are recorded in a repository; those of this worktree are read when they are asked for. */
export function recordedIn(repository: Repository): Recorded {
  return {
    get here() {
      return new LocalSessions(repository).list();
    },
    agentOf: (session) => agentOfSession(repository, session),
  };
}

/** This checkout, and who works in it: each part is made when it is first asked for. */
export class Workspace {
  /** Whether this run is a guard: it says what it makes of a change, renews nothing, and tells nothing else. */
  isGuard = false;
  /** Whether it only looks on, so that nothing is renewed on the way, and no notice is told. */
  looksOn = false;
  /** Whether it keeps nothing for the next command, since coord has just been removed. */
  leavesNothing = false;
  /** Settled once it was seen where the main branch stands now, where that was asked. */
  askedMain: Promise<void> | undefined;
  protected repositoryFound: Repository | undefined;
  protected authorityRead: Promise<Authority> | undefined;
  protected configLoaded: Promise<Config> | undefined;
  /** What of the configuration protects against the agent itself, where that is known already. */
  protectedKnown: ProtectedConfig | undefined;
  private identified: Identity | undefined;
  private headRead: Promise<Head> | undefined;
  private objectsOpened: ObjectDatabase | undefined;
  private readonly paced = new Map<string, Paced>();

  constructor(
    readonly host: Host,
    readonly flags: GlobalFlags,
  ) {}

  now(): Instant {
    return instantOf(this.host.now());
  }

  /** Unique, and later ids sort after earlier ones. */
  newId(): string {
    const chance = () =>
      Math.floor(this.host.random() * 2 ** 40)
        .toString(32)
        .padStart(8, '0');
    return `${this.host.now().toString(32)}${chance()}${chance()}`;
  }

  get repository(): Repository {
    if (this.repositoryFound === undefined) {
      this.repositoryFound = discoverRepository(this.host.cwd, this.host.env);
      makeShared(this.repositoryFound.sharedBits, this.localDirectory);
    }
    // A guard judges what the file system does, with or without git's consent.
    if (!this.isGuard) needsWorktree(this.repositoryFound);
    return this.repositoryFound;
  }

  /** Whether typed paths are relative to the root; so too where there is no repository. */
  get atRoot(): boolean {
    // Git runs hooks and aliases at the root, and says where it was called from.
    if ((this.host.env.GIT_PREFIX ?? '') !== '') return false;
    try {
      return realpathSync(this.host.cwd) === this.repository.root;
    } catch {
      return true;
    }
  }

  /** How what is suggested to this caller has to be written. */
  get standpoint(): Standpoint {
    return { atRoot: this.atRoot, agent: this.flags.agent };
  }

  /** Tells whoever runs this a line at once, beside the answer: commands in it as they can be pasted. */
  tell(line: string, coloured = false): void {
    this.host.stderr.write(`${printable(asTyped(line, this.standpoint), coloured)}\n`);
  }

  get git(): Git {
    return gitIn(this.repository, this.host.env);
  }

  /** Standard output of a git command, as it comes. */
  get gitStream(): GitStream {
    return gitStreamIn(this.repository, this.host.env);
  }

  get objects(): ObjectDatabase {
    this.objectsOpened ??= openObjects(this.repository, this.git);
    return this.objectsOpened;
  }

  /** The machine-local part of coord's state: shared by the worktrees of this clone, and free to delete. */
  get localDirectory(): string {
    return join(this.repository.commonDir, 'coord');
  }

  get sessions(): LocalSessions {
    // Who asks for them may change who acts.
    this.identified = undefined;
    return new LocalSessions(this.repository);
  }

  /** Where the claims of this clone were made. */
  get places(): ClaimPlaces {
    return new ClaimPlaces(join(this.localDirectory, 'places'));
  }

  private get observations(): Observations {
    return new Observations(join(this.localDirectory, 'observed.json'), this.host.monotonic);
  }

  /** The losses that an agent was told of already. */
  seenNotices(agent: string): SeenNotices {
    return new SeenNotices(join(this.localDirectory, 'seen-notices', `${agent}.json`));
  }

  /** Who decides, and what judges, in whatever checkout this is. */
  authority(): Promise<Authority> {
    this.authorityRead ??= readAuthority(this);
    return this.authorityRead;
  }

  /** After the main branch was fetched: what was read of it before is not so any more. */
  forgetAuthority(): void {
    this.authorityRead = undefined;
    this.configLoaded = undefined;
    this.protectedKnown = undefined;
  }

  /** The configuration that is in force. */
  config(): Promise<Config> {
    this.configLoaded ??= this.authority().then((authority) => configInForce(this, authority));
    return this.configLoaded;
  }

  head(): Promise<Head> {
    this.headRead ??= readHead(this.repository, this.git);
    return this.headRead;
  }

  /** Forgets where HEAD stood, since a program has run; unless that removed the very worktree. */
  lookAgain(): void {
    if (existsSync(this.repository.gitDir)) this.headRead = undefined;
  }

  get remoteGit(): RemoteGit {
    return this.remoteGitWithin(REMOTE_TIMEOUT_MS);
  }

  /**
   * The network commands, each stopped after this many milliseconds.
   * @param env added to what git and its hooks are given
   */
  remoteGitWithin(timeoutMs: number, env: Environment = {}): RemoteGit {
    const open = (more: Environment) =>
      remoteGit(this.repository, { ...this.host.env, ...env, ...more }, { timeoutMs });
    const door = open({});
    const told =
      (what: string, name: keyof RemoteGit): RemoteCommand =>
      (remote, ...rest) =>
        withProgress(this.host, `${what} ${oneLine(remote)}`, () =>
          this.pacedFor(remote).run((traced) =>
            traced
              ? withTrace(this.localDirectory, (more) => open(more)[name](remote, ...rest))
              : door[name](remote, ...rest),
          ),
        );
    return {
      fetch: told('fetching from', 'fetch'),
      push: told('pushing to', 'push'),
      lsRemote: told('asking', 'lsRemote'),
    };
  }

  /** Leaves a remote alone that asked for it, in this run and the next ones. */
  private pacedFor(remote: string): Paced {
    const known = this.paced.get(remote);
    if (known) return known;
    const memory = new LastTime(join(this.localDirectory, 'left-alone', `${encodeURIComponent(remote)}.json`));
    const paced = new Paced({
      now: () => this.host.now(),
      random: () => this.host.random(),
      pause: (ms) => delay(ms),
      tell: (seconds) => {
        const until = `${Math.ceil(seconds)}s`;
        this.host.stderr.write(`${oneLine(remote)} asks for fewer requests: waiting ${until}, then asking again\n`);
      },
      memory: {
        read: () => {
          const until = memory.read();
          return until === null ? null : epochMs(until);
        },
        write: (untilMs) => memory.record(instantOf(untilMs)),
      },
      hurried: this.isGuard,
    });
    this.paced.set(remote, paced);
    return paced;
  }

  /** Who acts. @throws CoordError `usage` when it is not known. */
  identity(): Identity {
    this.identified ??= resolveIdentity(this.flags.agent, this.host.env, this.recorded());
    return this.identified;
  }

  identityIfKnown(): Identity | null {
    this.identified ??= identityIfKnown(this.flags.agent, this.host.env, this.recorded()) ?? undefined;
    return this.identified ?? null;
  }

  /** Who is named once in the run of a harness is who acts in it from then on, in whichever of its shells. */
  protected rememberName({ agent, session }: Identity): void {
    if (session === null || !isNamedInHarness(this.host.env, { agent, session })) return;
    if (agentOfSession(this.repository, session) === null) this.sessions.add({ agent, session });
  }

  private recorded(): Recorded {
    return recordedIn(this.repository);
  }

  /** What the configuration decides for commands that only read: it demands no session. */
  async policy(agent: string): Promise<Policy> {
    return policyFor(await this.config(), agent, this.repository.foldsCase);
  }

  get effects(): Effects {
    return {
      now: () => this.now(),
      random: () => this.host.random(),
      watch: (claims) => this.observations.watch(claims),
      pause: (ms) => delay(ms),
      claimed: (claims) => {
        // Where there is but one worktree, there is nothing to remember.
        if (!existsSync(join(this.repository.commonDir, 'worktrees'))) return;
        for (const { id, kind } of claims) if (kind !== 'resource') this.places.add(id, this.repository.root);
      },
      hasWork: (head, work) => this.answerWork(head, work),
    };
  }
  /** Whether `head` has each work, by its key: as one of its ancestors, or otherwise. */
  private async answerWork(
    head: string | null,
    work: readonly NeededWork[],
  ): Promise<Readonly<Record<string, boolean>>> {
    const { repository, git, host } = this;
    const contained = await Promise.all(
      work.map(async ({ commit }) => head !== null && (await isAncestor(git, commit, head)) === true),
    );
    const answers = Object.fromEntries(work.map(({ key }, index) => [key, contained[index] === true]));
    const open = work.filter(({ key }) => !answers[key]);
    if (head === null || open.length === 0) return answers;
    const ask = async () => {
      const found: [string, boolean][] = [];
      for (const one of open) {
        const has =
          (await isAncestor(git, one.commit, head)) || (await hasWorkOtherwise(repository, git, host.env, head, one));
        found.push([one.key, has]);
      }
      return found;
    };
    const { share, mainRemote: remote } = await this.config();
    const isSettled = (found: Awaited<ReturnType<typeof ask>>) => !share || found.every(([, has]) => has);
    const found = await withHistory({ repository, git, door: this.remoteGit, remote }, ask, isSettled);
    return { ...answers, ...Object.fromEntries(found) };
  }
}
