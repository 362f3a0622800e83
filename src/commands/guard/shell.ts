import { resolve } from 'node:path';
import type { Ban } from '../../domain/guard/judge.js';
import { CoordError } from '../../errors.js';
import { type StatusEntry, statusEntries } from '../../git/changes.js';
import { gitIn } from '../../git/run.js';
import { readStaged } from '../../git/staged.js';
import { type Answer, type Dialect, SILENCE } from '../../guards/harness/dialects.js';
import type { Ask } from '../../guards/harness/payload.js';
import { GUARDED_HOOKS } from '../../guards/hook-script.js';
import { guardsAmong, guardsBySetting } from '../../guards/own-guards.js';
import { type GitAct, HOOKS_PATH_WORDS, type ShellFindings, type Write, writeOf } from '../../guards/shell/findings.js';
import { readShell } from '../../guards/shell/read.js';
import { shellPattern } from '../../guards/shell/search.js';
import type { ProtectedConfig } from '../../workspace/authority.js';
import type { Context } from '../../workspace/context.js';
import { protectedConfig } from '../../workspace/main-branch.js';
import { asCoordError } from '../perform.js';
import { type Actor, contextAt, repositoryAt } from './actor.js';
import { answerAbout, answerTo, judgeAll } from './edit.js';
import { excusedPaths, judgePushCommand } from './git-acts.js';
import { banned, coordinationOf, groundOfPaths, type Question } from './judge.js';
import { locate } from './locate.js';
import { listed, lookedUp, mayName, notClaimedFirst, patched, removedWorktrees } from './looked-up.js';

/** Judges a shell command by what can be recognised in it; the rest is left to the guards of the commit and the push. */
export async function judgeShell(
  actor: Actor,
  ownDialect: Dialect,
  { command, directory }: Extract<Ask, { kind: 'shell' }>,
): Promise<Answer> {
  const start = directory === null ? actor.directory : resolve(actor.directory, directory);
  const findings = await readCommand(actor, command, start);
  const dialect = findings.claims ? withClaimAdvice(ownDialect) : ownDialect;
  const forbidden = await judgeCommands(actor, dialect, start, findings);
  if (forbidden.exit === 2) return forbidden;
  const removed = findings.writes.map(removedWorktrees);
  const located = [
    ...findings.writes.flatMap((write, index) =>
      removed[index]?.includes(resolve(write.directory, write.path)) ? [] : notClaimedFirst(locate(write), write),
    ),
    ...findings.patches.flatMap(patched),
    ...findings.git.flatMap((act) => (act.kind === 'listed' ? notClaimedFirst(listed(act), act) : [])),
  ];
  const acts = [...findings.git, ...removed.flat().map(discardOfAll)];
  const written = await judgeAll(actor, dialect, located, 'command');
  if (written.exit === 2) return written;
  let warnings = written.stderr;
  for (const act of acts) {
    const answer = await judgeGit(actor, dialect, act, findings).catch(undecided);
    if (answer.exit === 2) return answer;
    warnings += answer.stderr;
  }
  return { ...SILENCE, stderr: warnings };
}

/** What a command does; the aliases of git are asked for where it has a word that may be one. */
async function readCommand({ host }: Actor, command: string, directory: string): Promise<ShellFindings> {
  const rootOf = (place: string) => repositoryAt(place)?.root ?? null;
  const shell = { directory, home: host.env.HOME ?? null, rootOf };
  const findings = readShell(command, shell);
  const root = findings.asksAliases.length === 0 ? null : rootOf(directory);
  if (root === null) return findings;
  const { code, stdout } = await gitIn(root, host.env)(['config', '--null', '--get-regexp', '^alias\\.']);
  if (code !== 0) return findings;
  const aliases = stdout
    .toString()
    .split('\0')
    .flatMap((entry): [string, string][] => {
      const [, name, meaning] = /^alias\.([^\n]+)\n([\s\S]*)$/.exec(entry) ?? [];
      return name === undefined || meaning === undefined ? [] : [[name, meaning]];
    });
  return readShell(command, { ...shell, aliases: new Map(aliases) });
}

/** A script that claims something is stopped for what it does before, or whatever the claim says. */
function withClaimAdvice(dialect: Dialect): Dialect {
  const advice =
    'claim in a command of its own, or join the two by &&: what the claim will say is not known before it runs';
  return { ...dialect, deny: (reason) => dialect.deny(`${reason}\n${advice}`) };
}

function discardOfAll(directory: string): GitAct {
  const untracked = { folders: true, ignored: 'kept' } as const;
  const to = { commit: 'HEAD' };
  return { kind: 'discard', to, mayBePath: false, untracked, paths: null, directory, claimed: [] };
}

/** Git itself could not be asked; it will say so when the command runs. */
function undecided(thrown: unknown): Answer {
  return { ...SILENCE, stderr: `coord: the guard could not look at this command: ${asCoordError(thrown).message}\n` };
}

/** Commands that bypass a guard, and those that deploy; only where somebody coordinates. */
async function judgeCommands(
  actor: Actor,
  dialect: Dialect,
  directory: string,
  findings: ShellFindings,
): Promise<Answer> {
  const { commands, writes } = findings;
  const somethingSeen = findings.bypasses.length + commands.length + writes.length > 0;
  const repository = somethingSeen ? repositoryAt(directory) : null;
  if (repository === null) return SILENCE;
  const unhooked = findings.unhooks && guardsBySetting(repository) ? [HOOKS_PATH_WORDS] : [];
  const ways = [
    ...new Set([...findings.bypasses, ...unhooked, ...guardsAmong(repository, [...writes, ...sweptHooks(findings)])]),
  ];
  const context = contextAt(actor, repository.root);
  const read = commands.length === 0 || ways.length > 0 ? null : await protectedConfig(context).catch(asCoordError);
  const ban: Ban | null = ways.length > 0 ? { reason: 'bypass', ways } : deployIn(commands, read);
  if (ban === null || (await coordinationOf(context).catch(asCoordError)) === null) return SILENCE;
  return answerTo(actor, dialect, context, 'command', banned(ban));
}

/** What searches would find among the hooks of git, which git itself lists nowhere. */
function sweptHooks({ git }: ShellFindings): Write[] {
  return git.flatMap((act) => {
    if (act.kind !== 'search') return [];
    const namesHook = act.names.every((group) =>
      group.some(({ pattern, ignoresCase, wholePath }) => {
        const expression = shellPattern(pattern, ignoresCase);
        return wholePath || GUARDED_HOOKS.some((hook) => expression.test(hook));
      }),
    );
    const starts = namesHook ? act.starts.filter(({ opaque }) => !opaque) : [];
    return starts
      .filter(({ text }) => resolve(act.directory, text).split('/').includes('.git'))
      .map(({ text, pattern }) => ({ ...writeOf(pattern ?? text, act.directory), isPattern: pattern !== null }));
  });
}

/** The first command that the configuration names as one that deploys. */
function deployIn(
  commands: readonly (readonly string[])[],
  read: ProtectedConfig | CoordError | null,
): Extract<Ban, { reason: 'deploy' }> | null {
  if (read === null || read instanceof CoordError) return null;
  for (const [target, { commands: lines }] of Object.entries(read.config.deploy)) {
    const words = commands.find((one) => lines.some((line) => begins(one, line)));
    if (words) return { reason: 'deploy', target, words };
  }
  return null;
}

/** `./deploy.sh` and `bash deploy.sh` are one. */
function begins(words: readonly string[], line: string): boolean {
  const plain = (word: string | undefined) => word?.replace(/^\.\//, '');
  const wanted = line.trim().split(/\s+/);
  const isShell = /^(?:\/.*\/)?(?:ba|da|z|k)?sh$/.test(words[0] ?? '');
  const from = isShell && plain(wanted[0]) !== words[0] ? 1 : 0;
  return wanted.every((word, index) => plain(words[from + index]) === plain(word));
}

async function judgeGit(actor: Actor, dialect: Dialect, act: GitAct, findings: ShellFindings): Promise<Answer> {
  const root = repositoryAt(act.directory)?.root;
  if (root === undefined || act.kind === 'stage' || act.kind === 'listed') return SILENCE;
  const context = contextAt(actor, root);
  if ((await coordinationOf(context).catch(asCoordError)) === null) return SILENCE;
  if (act.kind === 'push') {
    return answerTo(actor, dialect, context, 'push', await judgePushCommand(context, act.push));
  }
  const question = act.kind === 'commit' ? await committing(context, act, findings) : await changing(context, act);
  return question === null ? SILENCE : answerAbout(actor, dialect, context, 'command', question);
}

async function changing(
  context: Context,
  act: Extract<GitAct, { kind: 'discard' | 'search' | 'again' }>,
): Promise<Question | null> {
  const { root } = context.repository;
  const paths = await lookedUp(context, act);
  const located = groundOfPaths(paths).map((target) => ({ root, target }));
  const ground = notClaimedFirst(located, act).map(({ target }) => target);
  return ground.length === 0 ? null : { ground, kind: 'change' };
}

/** What a commit takes: what is staged, and what this command stages before it or names. */
async function committing(
  context: Context,
  act: Extract<GitAct, { kind: 'commit' }>,
  { git }: ShellFindings,
): Promise<Question | null> {
  const staged = await readStaged(context.repository, context.git, {}, context.repository.root);
  const stagings = git.flatMap((one) => (one.kind === 'stage' && one.directory === act.directory ? [one] : []));
  const specs = [act, ...stagings].flatMap(({ paths }) => paths);
  const entries = act.all || specs.length > 0 ? await statusEntries(context.git) : [];
  const { root } = context.repository;
  const further = entries.filter(
    (entry) => (act.all && entry.isTracked) || specs.some((spec) => mayName(spec, nameOf(entry), act.directory, root)),
  );
  const added = further.map(nameOf);
  const paths = [...new Set([...staged.paths, ...added])];
  if (paths.length === 0) return null;
  const located = groundOfPaths(paths).map((target) => ({ root, target }));
  return {
    ground: notClaimedFirst(located, act).map(({ target }) => target),
    kind: 'change',
    excused: async (read) => {
      const excused = await excusedPaths(context, staged, read);
      return new Set([...excused].filter((path) => !added.includes(path)));
    },
  };
}

function nameOf({ path }: StatusEntry): string {
  return path.normalize('NFC');
}
