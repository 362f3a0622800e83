/** What every version of a file that coord has written says of itself. */
export const WRITTEN_BY =
  'written by "coord guard install", removed by "coord guard uninstall"; take this line out to keep your own';

/**
 * The plugin that asks coord, in OpenCode, before a tool runs. A plugin stops a tool by throwing.
 * @param command the program and its arguments that run the hook
 */
export function openCodePlugin(command: readonly string[]): string {
  return `// ${WRITTEN_BY}
import { spawn } from 'node:child_process';

const COMMAND = ${JSON.stringify([...command, 'guard', 'hook', 'opencode']).replaceAll('","', '", "')};

/** Resolves to what coord answers; where it cannot be run, to an answer that stops nothing. */
function ask(directory, payload) {
  return new Promise((resolve) => {
    const child = spawn(COMMAND[0], COMMAND.slice(1), { cwd: directory, stdio: ['pipe', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (data) => (stdout += data));
    child.stderr.on('data', (data) => (stderr += data));
    child.on('error', () => resolve({ code: null, stdout: '', stderr: '' }));
    child.on('close', (code) => resolve({ code, stdout, stderr }));
    child.stdin.on('error', () => undefined);
    child.stdin.end(JSON.stringify({ ...payload, cwd: directory }));
  });
}

export const Coord = async ({ client, directory, worktree }) => {
  const place = directory ?? worktree ?? '.';
  const openings = new Map();
  const parents = new Map();

  /** A sub-agent works in a session of its own, for the one that it was begun in. */
  async function rootOf(session) {
    if (!parents.has(session)) {
      // Where the client cannot say, each session stands for itself.
      const look = async () => client.session.get({ path: { id: session } });
      const found = await look().catch(() => undefined);
      parents.set(session, found?.data?.parentID);
    }
    const parent = parents.get(session);
    return parent ? rootOf(parent) : session;
  }

  async function open(session, event) {
    const { stdout } = await ask(place, { hook_event_name: event, session_id: session });
    try {
      return JSON.parse(stdout);
    } catch {
      return { context: '', env: {} };
    }
  }

  function opening(session) {
    if (!openings.has(session)) openings.set(session, open(session, 'session.created'));
    return openings.get(session);
  }

  async function close(session) {
    openings.delete(session);
    await ask(place, { hook_event_name: 'session.deleted', session_id: session });
  }

  return {
    event: async ({ event }) => {
      const session = event.properties?.info?.id ?? event.properties?.sessionID;
      if (!session) return;
      if (event.properties.info) parents.set(session, event.properties.info.parentID);
      if ((await rootOf(session)) !== session) return;
      if (event.type === 'session.created') await opening(session);
      if (event.type === 'session.compacted') openings.set(session, open(session, 'session.compacted'));
      if (event.type === 'session.deleted') await close(session);
    },
    // A run that ends tells of no deleted session.
    dispose: async () => {
      for (const session of [...openings.keys()]) await close(session);
    },
    'experimental.chat.system.transform': async (input, output) => {
      if (!input?.sessionID) return;
      const { context } = await opening(await rootOf(input.sessionID));
      if (context) output.system.push(context);
    },
    'shell.env': async (input, output) => {
      if (input?.sessionID) Object.assign(output.env, (await opening(await rootOf(input.sessionID))).env);
    },
    'tool.execute.before': async (input, output) => {
      const { code, stderr } = await ask(place, {
        hook_event_name: 'tool.execute.before',
        session_id: await rootOf(input.sessionID),
        tool_name: input.tool,
        tool_input: output.args,
      });
      if (code === 2) throw new Error(stderr.trim() || 'coord: refused');
    },
  };
};
`;
}

/** Where Claude Code finds what a skill teaches. */
export const SKILL_FILE = '.claude/skills/coord/SKILL.md';

/** The loop, for an agent that has never heard of it. */
export const SKILL = `---
name: coord
description: Work beside other agents and people in this repository without undoing each other's changes. Use before you edit shared files, when an edit or a commit is refused by coord, before a deploy, and when you hand work over.
---

<!-- ${WRITTEN_BY} -->

# Working beside others: coord

Several agents and people change this repository at once. \`coord\` keeps them from undoing each other's work. The rules
and who holds what have been in your context since the session began; \`coord session start\` prints them again.

## The loop

1. **Claim** what you will change, before you open it: \`coord claim src/api --reason "pagination"\`. Files, directories,
   globs and resources (\`@db/main\`); all are granted, or none.
2. **Work.** Your commands and edits keep the claim alive. An edit of a path that another holds is refused.
3. **Commit**, then **release**: \`coord release src/api\`. The next holder gets your commit.
4. Before a deploy: \`coord sync-check\`. Anything but exit 0 means: do not deploy.

## Where work is given out

\`coord task take\` gives you the next task that is ready and free, with its paths claimed: claim nothing else. Do it,
commit, then \`coord land\`: the task ends with what lands. Then take another. \`coord task return --reason "why"\` gives a
task back, \`coord task done --result "…"\` ends one that changes nothing, and \`coord submit PATH --note "…"\` hands in the
result of a worker. \`coord task list\` shows all of them.

## When something is refused

Read the whole message: it says who holds what, until when, what is free, and after \`next:\` the one command to run.

| exit | what it means | what you do |
|---|---|---|
| 3 | another holds it | take the free paths that it names, or wait: \`coord claim PATH --wait\` |
| 4 | your claim is over | stop changing those paths; claim them again |
| 5 | your copy is behind, or has uncommitted work | bring in what it names, look at your change again |
| 6 | you may not | do not bypass it: ask an orchestrator or a person |
| 7 | it cannot be known now | nothing was changed; repeat later |

Never bypass a guard (\`--no-verify\`, another \`core.hooksPath\`, writing by a script what the edit tool refused): the
change would be found by the audit, and may undo the work of somebody else.

## Telling others

\`coord note "users are paginated" --to noor\` tells; \`coord inbox\` is what they told you; \`coord status\` is who holds
what. Notes grant nothing. \`coord help\` lists the rest; \`--json\` works with every command.
`;
