import type { OutOfSyncReason, Submodule, SyncFacts, UnfinishedOperation, UnknownReason } from './sync.js';
import { oneLine, plural, shellWord, shorten } from './text.js';

interface Words {
  readonly message: string;
  readonly hint: string;
}

const SHORT_ID = 12;
const LISTED_PATHS = 3;

const UNFINISHED: Readonly<Record<UnfinishedOperation, Words>> = {
  rebase: { message: 'a rebase', hint: 'git rebase --continue, or git rebase --abort' },
  merge: { message: 'a merge', hint: 'git merge --continue, or git merge --abort' },
  'cherry-pick': { message: 'a cherry-pick', hint: 'git cherry-pick --continue, or git cherry-pick --abort' },
  revert: { message: 'a revert', hint: 'git revert --continue, or git revert --abort' },
  bisect: { message: 'a bisect', hint: 'git bisect reset' },
  am: { message: 'a git am', hint: 'git am --continue, or git am --abort' },
};

/** What is wrong, in a sentence, and the next thing to do. */
export function refusalText(facts: SyncFacts, reason: UnknownReason | OutOfSyncReason): Words {
  return WORDS[reason](facts);
}

const WORDS: Readonly<Record<UnknownReason | OutOfSyncReason, (facts: SyncFacts) => Words>> = {
  unborn: ({ remote }) => ({
    message: 'cannot know: HEAD has no commit yet',
    hint: `git pull ${shellWord(remote)}, or make the first commit, then repeat`,
  }),
  interrupted: ({ unfinished }) => {
    const { message, hint } = UNFINISHED[unfinished ?? 'merge'];
    return { message: `cannot know: ${message} is unfinished in this worktree`, hint: `${hint}, then repeat` };
  },
  'no-remote': ({ remote }) => ({
    message: `cannot know: there is no remote ${oneLine(remote)}`,
    hint: `git remote add ${shellWord(remote)} URL, or set "remote" in coord.config.json`,
  }),
  'no-branch': noBranch,
  'fetch-failed': ({ remote, upstream }) => ({
    message: `cannot know: ${oneLine(remote)} could not be fetched${upstream.kind === 'fetch-failed' ? `: ${brief(upstream.reason)}` : ''}`,
    hint: `git fetch ${shellWord(remote)} shows why; repeat when it works`,
  }),
  shallow: ({ remote, upstream }) => ({
    message: `cannot know: this clone is shallow, and its history ends before it meets ${nameOf(remote, upstream)}`,
    hint: `git fetch --unshallow ${shellWord(remote)}, then repeat`,
  }),
  unrelated: ({ remote, upstream }) => ({
    message: `cannot know: HEAD and ${nameOf(remote, upstream)} share no history`,
    hint: `git remote get-url ${shellWord(remote)}: is that the right repository?`,
  }),
  rewound: (facts) => dropped(facts, 'went back'),
  rewritten: (facts) => dropped(facts, 'was rewritten'),
  diverged: ({ remote, upstream }) => {
    const ahead = upstream.kind === 'fetched' ? upstream.ahead : 0;
    return behind(remote, upstream, `, and has ${plural(ahead, 'commit')} of its own`);
  },
  behind: ({ remote, upstream }) => behind(remote, upstream, ''),
  submodule: ({ submodules }) => ({
    message: `${submodules.map(offPin).join('; ')}`,
    hint: 'git submodule update --init --recursive, then repeat',
  }),
  dirty: ({ dirty }) => ({
    message: `not clean: ${pathList(dirty)} ${dirty.length === 1 ? 'is' : 'are'} not committed`,
    hint: 'git status; commit them, or git stash --include-untracked, then repeat',
  }),
};

function noBranch({ remote, upstream }: SyncFacts): Words {
  const branch = upstream.kind === 'no-branch' ? upstream.branch : null;
  if (branch === null) {
    return {
      message: `cannot know: ${oneLine(remote)} does not say which branch is its main one`,
      hint: 'set "mainBranch" in coord.config.json, then repeat',
    };
  }
  const other = upstream.kind === 'no-branch' ? upstream.defaultBranch : null;
  return {
    message: `cannot know: ${oneLine(remote)} has no branch ${oneLine(branch)}`,
    hint:
      other === null
        ? 'set "mainBranch" in coord.config.json to a branch that is there, then repeat'
        : `set "mainBranch": ${JSON.stringify(other)} in coord.config.json, then repeat`,
  };
}

function behind(remote: string, upstream: SyncFacts['upstream'], addition: string): Words {
  const count = upstream.kind === 'fetched' ? upstream.behind : 0;
  return {
    message: `behind: HEAD lacks ${plural(count, 'commit')} of ${nameOf(remote, upstream)}${addition}`,
    hint: `git pull --rebase ${shellWord(remote)} ${shellWord(branchOf(upstream))}, look at your change again, then repeat`,
  };
}

/**
 * A plain rebase would carry the dropped commits along again, so the hint names the newest of them as the point after
 * which HEAD's own work begins.
 */
function dropped({ remote, upstream }: SyncFacts, what: string): Words {
  const name = nameOf(remote, upstream);
  if (upstream.kind !== 'fetched' || upstream.dropped === null) return { message: `${name} ${what}`, hint: '' };
  const { count, newest } = upstream.dropped;
  const onto = `${upstream.commit.slice(0, SHORT_ID)} ${newest[0]?.commit.slice(0, SHORT_ID) ?? ''}`;
  return {
    message: `${name} ${what}: HEAD still holds ${plural(count, 'commit')} that it dropped`,
    hint: `git rebase --onto ${onto} takes them out; if they belong there, push them again; then repeat`,
  };
}

function offPin({ path, pin, at }: Submodule): string {
  const where = at === null ? 'is not checked out' : `is at ${at.slice(0, SHORT_ID)}`;
  return `submodule ${oneLine(path)} ${where}, its pin is ${pin.slice(0, SHORT_ID)}`;
}

function pathList(paths: readonly string[]): string {
  const rest = paths.length - LISTED_PATHS;
  const named = paths.slice(0, LISTED_PATHS).map(oneLine).join(', ');
  return rest > 0 ? `${named} and ${rest} more` : named;
}

function nameOf(remote: string, upstream: SyncFacts['upstream']): string {
  return oneLine(`${remote}/${branchOf(upstream)}`);
}

function branchOf(upstream: SyncFacts['upstream']): string {
  return ('branch' in upstream ? upstream.branch : null) ?? 'HEAD';
}

function brief(text: string): string {
  return shorten(oneLine(text.trim().split('\n')[0] ?? ''), 200);
}
