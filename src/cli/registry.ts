import type { VerbEntry } from '../commands/verb.js';
import { Catalogue } from './catalogue.js';

const ENTRIES: readonly VerbEntry[] = [
  { name: 'init', summary: 'set a repository up', load: async () => (await import('../commands/setup/init.js')).init },
  {
    name: 'claim',
    summary: 'claim paths before you change them',
    writes: true,
    load: async () => (await import('../commands/claims/claim.js')).claim,
  },
  {
    name: 'renew',
    summary: 'extend your claims',
    writes: true,
    load: async () => (await import('../commands/claims/renew.js')).renew,
  },
  {
    name: 'release',
    summary: 'give claims back, with the commit that has your work',
    writes: true,
    load: async () => (await import('../commands/claims/release.js')).release,
  },
  {
    name: 'once',
    summary: 'run a program until it succeeds once',
    takesCommand: true,
    load: async () => (await import('../commands/claims/once.js')).once,
  },
  {
    name: 'sync-check',
    summary: 'prove that your copy is current',
    load: async () => (await import('../commands/claims/sync-check.js')).syncCheck,
  },
  {
    name: 'gate list',
    summary: 'which gates a deploy target needs',
    isDefault: true,
    load: async () => (await import('../commands/gates/check.js')).gateList,
  },
  {
    name: 'gate show',
    summary: 'one gate, and the signatures that are here; or one check',
    load: async () => (await import('../commands/gates/check.js')).gateShow,
  },
  {
    name: 'gate check',
    summary: 'check the gates of a target, now',
    load: async () => (await import('../commands/gates/check.js')).gateCheck,
  },
  {
    name: 'gate request',
    summary: 'print what a person must run to sign',
    load: async () => (await import('../commands/gates/sign.js')).gateRequest,
  },
  {
    name: 'gate sign',
    summary: 'sign a commit for a gate, as a person',
    load: async () => (await import('../commands/gates/sign.js')).gateSign,
  },
  {
    name: 'deploy',
    summary: 'deploy without silently undoing work',
    takesCommand: true,
    load: async () => (await import('../commands/deploy/deploy.js')).deploy,
  },
  {
    name: 'deploy list',
    summary: 'what runs where, by whom, and since when',
    load: async () => (await import('../commands/deploy/list.js')).deployList,
  },
  {
    name: 'deploy show',
    summary: 'the evidence of a deploy: coordination and authorisation, apart',
    load: async () => (await import('../commands/deploy/list.js')).deployShow,
  },
  {
    name: 'deploy verify',
    summary: 'check whether the live URL of a deploy target shows the commit',
    load: async () => (await import('../commands/deploy/verify.js')).deployVerify,
  },
  {
    name: 'run',
    summary: 'hold paths while a program runs',
    takesCommand: true,
    load: async () => (await import('../commands/claims/run.js')).run,
  },
  {
    name: 'land',
    summary: 'push to main and release your claims, both or neither',
    load: async () => (await import('../commands/land/land.js')).land,
  },
  {
    name: 'handoff',
    summary: 'offer your claims to another agent',
    writes: true,
    load: async () => (await import('../commands/claims/handoff.js')).handoff,
  },
  {
    name: 'handoff accept',
    summary: 'take claims that are offered to you',
    writes: true,
    load: async () => (await import('../commands/claims/handoff.js')).accept,
  },
  {
    name: 'handoff decline',
    summary: 'turn down claims that are offered to you',
    writes: true,
    load: async () => (await import('../commands/claims/handoff.js')).decline,
  },
  {
    name: 'verify-token',
    summary: 'check a fencing token',
    load: async () => (await import('../commands/claims/verify-token.js')).verifyToken,
  },
  {
    name: 'session scratch',
    summary: 'a directory of your own, to write in',
    writes: true,
    load: async () => (await import('../commands/session/scratch.js')).scratch,
  },
  {
    name: 'submit',
    summary: 'hand in changes without a commit',
    writes: true,
    load: async () => (await import('../commands/submissions/submit.js')).submit,
  },
  {
    name: 'integrate',
    summary: 'apply what workers submitted',
    load: async () => (await import('../commands/submissions/integrate.js')).integrate,
  },
  {
    name: 'agent list',
    isDefault: true,
    summary: 'who works here, what each does and holds',
    load: async () => (await import('../commands/agents/agents.js')).agents,
  },
  {
    name: 'agent kill',
    summary: 'revoke an agent’s claims, and let it only read',
    writes: true,
    load: async () => (await import('../commands/agents/agents.js')).agentKill,
  },
  {
    name: 'agent revive',
    summary: 'let a stopped agent act again',
    writes: true,
    load: async () => (await import('../commands/agents/agents.js')).agentRevive,
  },
  {
    name: 'agent state',
    summary: 'say what you are doing',
    writes: true,
    load: async () => (await import('../commands/agents/agents.js')).state,
  },
  {
    name: 'status',
    summary: 'who holds what, and until when',
    load: async () => (await import('../commands/claims/status.js')).status,
  },
  {
    name: 'dashboard',
    summary: 'all of it, live in the browser',
    load: async () => (await import('../dashboard/dashboard.js')).dashboard,
  },
  {
    name: 'conflicts',
    summary: 'whose work would conflict with yours',
    load: async () => (await import('../commands/conflicts/conflicts.js')).conflicts,
  },
  {
    name: 'session start',
    summary: 'start a session: load the rules, and see what to do next',
    writes: true,
    load: async () => (await import('../commands/session/start.js')).sessionStart,
  },
  {
    name: 'session end',
    summary: 'end your session, and release your claims',
    writes: true,
    load: async () => (await import('../commands/session/end.js')).sessionEnd,
  },
  {
    name: 'rules list',
    summary: 'the rules in force, with their digest',
    isDefault: true,
    load: async () => (await import('../commands/rules/rules.js')).rulesList,
  },
  { name: 'rules show', summary: 'one rule', load: async () => (await import('../commands/rules/rules.js')).rulesShow },
  {
    name: 'rules lint',
    summary: 'check the rules that you are editing',
    load: async () => (await import('../commands/rules/rules.js')).rulesLint,
  },
  {
    name: 'note',
    summary: 'write into the log',
    writes: true,
    load: async () => (await import('../commands/log/note.js')).note,
  },
  {
    name: 'ack',
    summary: 'acknowledge a note',
    writes: true,
    load: async () => (await import('../commands/log/note.js')).ack,
  },
  {
    name: 'log',
    summary: 'read the log',
    load: async () => (await import('../commands/log/log.js')).log,
  },
  { name: 'inbox', summary: 'notes to you', load: async () => (await import('../commands/log/log.js')).inbox },
  {
    name: 'events',
    summary: 'what happened, event by event',
    load: async () => (await import('../commands/events/events.js')).events,
  },
  {
    name: 'task list',
    summary: 'what there is to do, who does it, and how far along it is',
    isDefault: true,
    load: async () => (await import('../commands/tasks/tasks.js')).taskList,
  },
  {
    name: 'task add',
    summary: 'give out work, one task or many',
    writes: true,
    load: async () => (await import('../commands/tasks/add.js')).taskAdd,
  },
  {
    name: 'task show',
    summary: 'everything known about a task',
    load: async () => (await import('../commands/tasks/tasks.js')).taskShow,
  },
  {
    name: 'task take',
    summary: 'take the next task, with its paths claimed',
    writes: true,
    load: async () => (await import('../commands/tasks/take.js')).taskTake,
  },
  {
    name: 'task done',
    summary: 'end a task, with what proves it',
    writes: true,
    load: async () => (await import('../commands/tasks/done.js')).taskDone,
  },
  {
    name: 'task return',
    summary: 'give a task back unfinished',
    writes: true,
    load: async () => (await import('../commands/tasks/done.js')).taskReturn,
  },
  {
    name: 'task edit',
    summary: 'change a task, or let a stuck one be taken again',
    writes: true,
    load: async () => (await import('../commands/tasks/add.js')).taskEdit,
  },
  {
    name: 'task drop',
    summary: 'drop a task for good',
    writes: true,
    load: async () => (await import('../commands/tasks/add.js')).taskDrop,
  },
  {
    name: 'task report',
    summary: 'the results, as Markdown or JSON',
    load: async () => (await import('../commands/tasks/tasks.js')).taskReport,
  },
  {
    name: 'metrics',
    summary: 'how well the agents work together',
    load: async () => (await import('../commands/events/metrics.js')).metrics,
  },
  {
    name: 'doctor',
    summary: 'check the set-up, and fix it',
    load: async () => (await import('../commands/doctor/doctor.js')).doctor,
  },
  {
    name: 'audit',
    summary: 'prove that each change was made under a claim',
    load: async () => (await import('../commands/audit/audit.js')).audit,
  },
  {
    name: 'guard status',
    summary: 'whether the guards are live, in each worktree',
    isDefault: true,
    load: async () => (await import('../commands/guard/status.js')).guardStatus,
  },
  {
    name: 'guard install',
    summary: 'put the guards into the git hooks and the harnesses, beside what is there',
    load: async () => (await import('../commands/guard/install.js')).guardInstall,
  },
  {
    name: 'guard uninstall',
    summary: 'remove the guards, and restore what was there',
    load: async () => (await import('../commands/guard/install.js')).guardUninstall,
  },
  {
    name: 'guard run',
    summary: 'what a git hook runs: judge a commit or a push',
    load: async () => (await import('../commands/guard/run.js')).guardRun,
  },
  {
    name: 'guard hook',
    summary: 'what an agent harness runs: judge an edit or a command, open and close a session',
    load: async () => (await import('../commands/guard/hook.js')).guardHook,
  },
  {
    name: 'completion',
    summary: 'a completion script for your shell',
    load: async () => (await import('./completion.js')).completionOf(CATALOGUE),
  },
  {
    name: 'mcp',
    summary: 'serve agents over the Model Context Protocol',
    load: async () => (await import('../mcp/mcp.js')).mcp,
  },
  {
    name: 'help',
    summary: 'about a command, or the exit codes',
    load: async () => (await import('./help.js')).helpOf(CATALOGUE),
  },
];

/** The option of every command that writes. */
const REQUEST_ID_OPTION = [
  '--request-id <id>',
  'repeating an id within a day gives the same answer and has no second effect',
] as const;

/** The verb with that option, if it writes. */
function takingRequestId(entry: VerbEntry): VerbEntry {
  if (!entry.writes) return entry;
  return {
    ...entry,
    async load() {
      const verb = await entry.load();
      return { ...verb, options: [...(verb.options ?? []), REQUEST_ID_OPTION] };
    },
  };
}

/** Every verb; the subjects say in which order the help lists them. */
export const VERBS: readonly VerbEntry[] = ENTRIES.map(takingRequestId);

export const CATALOGUE = new Catalogue(VERBS);
