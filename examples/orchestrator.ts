// Plans work, starts three agents in worktrees of their own, follows what happens, and prints what was brought:
// node orchestrator.js, in a clone that was set up with `coord init`. The agents are scripts here (agent.sh).
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Answer, open } from 'git-coord';

const coord = open({ agent: 'lead' });
const AGENT = join(import.meta.dirname, 'agent.sh');

/** What was asked for; a refusal ends the program with its way on. */
function got<T>(answer: Answer<T>): T {
  if (answer.ok) return answer.data;
  const { message, hint, exit } = answer.refusal;
  console.error(`${message}\nnext: ${hint}`);
  process.exit(exit);
}

/** Runs an agent in a new worktree until it finds nothing more to do. */
function runAgent(name: string): Promise<number | null> {
  const worktree = join(mkdtempSync(join(tmpdir(), 'agent-')), name);
  execFileSync('git', ['worktree', 'add', '--quiet', '-b', `work/${name}`, worktree, 'origin/main']);
  const env = { ...process.env, COORD_AGENT: name };
  const agent = spawn('sh', [AGENT], { cwd: worktree, env, stdio: ['ignore', 'inherit', 'inherit'] });
  return new Promise((resolve) => agent.on('exit', resolve));
}

/** Prints each event of the tasks until the work is over. */
async function follow(signal: AbortSignal): Promise<void> {
  for await (const event of coord.events({ type: ['task'], limit: 1, signal })) {
    console.log(`${event.at.slice(11, 19)} ${event.type} ${event.task} by ${event.agent}`);
  }
}

got(await coord.session.start({ role: 'orchestrator' }));
const api = got(await coord.tasks.add('list users in pages', { scope: ['src/api/users.ts'] })).tasks[0];
got(await coord.tasks.add('log each request', { scope: ['src/api/log.ts'] }));
got(await coord.tasks.add('document pages', { scope: ['docs/users.md'], after: [api.id] }));
got(await coord.tasks.add('link to the next page', { scope: ['src/web/page.ts'], after: [api.id], priority: 1 }));

const over = new AbortController();
const following = follow(over.signal);
const exits = await Promise.all(['ann', 'ben', 'cy'].map(runAgent));
over.abort();
await following;

const report = await coord.tasks.report();
got(report);
if (report.ok) console.log(report.text);
got(await coord.session.end());
process.exitCode = exits.some((code) => code !== 0) ? 1 : 0;
