import { quotedForScript } from '../../domain/suggestion.js';
import { usage } from '../../errors.js';
import { type Ask, type Payload, patchPaths, recordIn, textIn, textsIn } from './payload.js';

/** The harnesses whose hooks coord answers. */
export const HARNESSES = ['claude-code', 'codex', 'gemini', 'cursor', 'opencode'] as const;

export type Harness = (typeof HARNESSES)[number];

/** Where each is told to ask coord, relative to the root of the worktree. */
export const SETTINGS_FILES: Readonly<Record<Harness, string>> = {
  'claude-code': '.claude/settings.json',
  codex: '.codex/hooks.json',
  gemini: '.gemini/settings.json',
  cursor: '.cursor/hooks.json',
  opencode: '.opencode/plugin/coord.js',
};

/** @param also Names that are taken too, where it is asked. @throws CoordError `usage` for a name that is not one of them. */
export function readHarness(name: string, also: readonly string[] = []): Harness {
  const harness = HARNESSES.find((known) => known === name);
  if (harness) return harness;
  throw usage(`no such harness: ${JSON.stringify(name.slice(0, 80))}`, `one of: ${[...HARNESSES, ...also].join(', ')}`);
}

/** One call of a hook. */
export interface HarnessCall {
  /** The event in the harness's own words; null when it was not named. */
  readonly event: string | null;
  /** The id of the session, as sent; null when none was. */
  readonly session: string | null;
  /** Where the harness works; null when it was not sent. */
  readonly directory: string | null;
  readonly ask: Ask;
}

/** What the hook says to the harness. */
export interface Answer {
  readonly stdout: string;
  readonly stderr: string;
  /** 2 blocks what was asked about, in every harness; 0 leaves it to the harness. */
  readonly exit: 0 | 2;
}

/** Not a permission: what the harness asks its user, it still asks. */
export const SILENCE: Answer = { stdout: '', stderr: '', exit: 0 };

/** What a session is told at its start. */
export interface Opening {
  readonly text: string;
  readonly agent: string | null;
  readonly session: string | null;
}

/** How one harness asks and is answered. */
export interface Dialect {
  readonly harness: Harness;
  read(payload: Payload): HarnessCall;
  /** Stops what was asked about. */
  deny(reason: string): Answer;
  /** Puts a text before the model at the start of a session. */
  open(opening: Opening): Answer;
  /** Tells the user something, and stops nothing. */
  tell(text: string): Answer;
}

/** Events in which a guard has no part, in the words of Claude Code and of Codex, which took them over. */
const CLAUDE_EVENTS = [
  ...[
    'PostToolUse',
    'PostToolUseFailure',
    'PostToolBatch',
    'PermissionRequest',
    'PermissionDenied',
    'UserPromptSubmit',
  ],
  ...['UserPromptExpansion', 'Stop', 'StopFailure', 'SubagentStart', 'SubagentStop', 'PreCompact', 'PostCompact'],
  ...['Notification', 'Setup', 'TaskCreated', 'TeammateIdle', 'ConfigChange', 'InstructionsLoaded'],
  ...['CwdChanged', 'FileChanged', 'WorktreeCreate', 'WorktreeRemove', 'Elicitation', 'ElicitationResult'],
];
const GEMINI_EVENTS = [
  ...['AfterTool', 'BeforeAgent', 'AfterAgent', 'BeforeModel', 'AfterModel', 'BeforeToolSelection', 'Notification'],
  ...['PreCompress'],
];
const CURSOR_EVENTS = [
  ...['postToolUse', 'postToolUseFailure', 'afterShellExecution', 'beforeMCPExecution', 'afterMCPExecution'],
  ...['beforeReadFile', 'beforeTabFileRead', 'beforeSubmitPrompt', 'afterAgentResponse', 'afterAgentThought', 'stop'],
  ...['subagentStart', 'subagentStop', 'preCompact', 'workspaceOpen'],
];
const OPENCODE_EVENTS = ['tool.execute.after', 'session.idle'];

function claudeCall(payload: Payload): HarnessCall {
  const event = textIn(payload, 'hook_event_name');
  return { ...common(payload), event, ask: claudeAsk(event, payload) };
}

function claudeAsk(event: string | null, payload: Payload): Ask {
  if (event === 'SessionStart') return { kind: 'session-start' };
  if (event === 'SessionEnd') return { kind: 'session-end' };
  if (event === 'PreToolUse') return askOfTool(textIn(payload, 'tool_name') ?? '', recordIn(payload, 'tool_input'));
  if (event === 'TaskCompleted') {
    const [subject, description] = [textIn(payload, 'task_subject'), textIn(payload, 'task_description')];
    return { kind: 'task-completed', subject: subject ?? '', description: description ?? '' };
  }
  return nothingOr(event, CLAUDE_EVENTS);
}

function common(payload: Payload): Pick<HarnessCall, 'session' | 'directory'> {
  return { session: textIn(payload, 'session_id'), directory: textIn(payload, 'cwd') };
}

function nothingOr(event: string | null, known: readonly string[]): Ask {
  return { kind: event !== null && known.includes(event) ? 'nothing' : 'unknown' };
}

/** Exit code 2 blocks where a JSON answer was once not heard, and the other way round; so both say the same. */
function denied(answer: object, reason: string): Answer {
  return { stdout: `${JSON.stringify(answer)}\n`, stderr: `${reason}\n`, exit: 2 };
}

function onStderr(text: string): Answer {
  return { stdout: '', stderr: text === '' ? '' : `${text}\n`, exit: 0 };
}

function inJson(answer: object): Answer {
  return { stdout: `${JSON.stringify(answer)}\n`, stderr: '', exit: 0 };
}

function deniedToolUse(reason: string): Answer {
  const decision = {
    hookEventName: 'PreToolUse',
    permissionDecision: 'deny',
    permissionDecisionReason: reason,
  };
  return denied({ hookSpecificOutput: decision }, reason);
}

function sessionContext({ text }: Opening): Answer {
  return inJson({ hookSpecificOutput: { hookEventName: 'SessionStart', additionalContext: text } });
}

const CLAUDE_CODE: Dialect = {
  harness: 'claude-code',
  read: claudeCall,
  deny: deniedToolUse,
  // Plain text becomes context as it is.
  open: ({ text }) => ({ stdout: `${text}\n`, stderr: '', exit: 0 }),
  tell: onStderr,
};

const CODEX: Dialect = {
  harness: 'codex',
  read: claudeCall,
  deny: deniedToolUse,
  open: sessionContext,
  tell: onStderr,
};

const GEMINI: Dialect = {
  harness: 'gemini',
  read: (payload) => {
    const event = textIn(payload, 'hook_event_name');
    const isTool = event === 'BeforeTool';
    const ask: Ask =
      event === 'SessionStart'
        ? { kind: 'session-start' }
        : event === 'SessionEnd'
          ? { kind: 'session-end' }
          : isTool
            ? askOfTool(textIn(payload, 'tool_name') ?? '', recordIn(payload, 'tool_input'))
            : nothingOr(event, GEMINI_EVENTS);
    return { ...common(payload), event, ask };
  },
  deny: (reason) => denied({ decision: 'deny', reason }, reason),
  open: sessionContext,
  tell: (text) => (text === '' ? onStderr('') : inJson({ systemMessage: text })),
};

const CURSOR: Dialect = {
  harness: 'cursor',
  read: (payload) => {
    const event = textIn(payload, 'hook_event_name');
    return {
      event,
      session: textIn(payload, 'conversation_id', 'session_id'),
      directory: textIn(payload, 'cwd') ?? textsIn(payload, 'workspace_roots')[0] ?? null,
      ask: cursorAsk(event, payload),
    };
  },
  deny: (reason) => denied({ permission: 'deny', user_message: reason, agent_message: reason }, reason),
  open: ({ text, agent, session }) =>
    inJson({
      ...(agent === null || session === null ? {} : { env: { COORD_AGENT: agent, COORD_SESSION: session } }),
      additional_context: text,
    }),
  tell: onStderr,
};

function cursorAsk(event: string | null, payload: Payload): Ask {
  switch (event) {
    case 'sessionStart':
      return { kind: 'session-start' };
    case 'sessionEnd':
      return { kind: 'session-end' };
    case 'preToolUse':
      return askOfTool(textIn(payload, 'tool_name') ?? '', recordIn(payload, 'tool_input'));
    case 'beforeShellExecution': {
      const command = textIn(payload, 'command');
      return command === null ? { kind: 'nothing' } : { kind: 'shell', command, directory: null };
    }
    case 'afterFileEdit':
    case 'afterTabFileEdit': {
      const paths = pathsIn(payload);
      return paths.length > 0 ? { kind: 'edit', paths, done: true } : { kind: 'nothing' };
    }
    default:
      return nothingOr(event, CURSOR_EVENTS);
  }
}

/** What the plugin that coord writes for OpenCode sends and understands. */
const OPENCODE: Dialect = {
  harness: 'opencode',
  read: (payload) => {
    const event = textIn(payload, 'hook_event_name');
    const ask: Ask =
      event === 'session.created' || event === 'session.compacted'
        ? { kind: 'session-start' }
        : event === 'session.deleted'
          ? { kind: 'session-end' }
          : event === 'tool.execute.before'
            ? askOfTool(textIn(payload, 'tool_name') ?? '', recordIn(payload, 'tool_input'))
            : nothingOr(event, OPENCODE_EVENTS);
    return { ...common(payload), event, ask };
  },
  deny: (reason) => denied({ decision: 'deny', reason }, reason),
  open: ({ text, agent, session }) =>
    inJson({
      context: text,
      env: agent === null || session === null ? {} : { COORD_AGENT: agent, COORD_SESSION: session },
    }),
  tell: onStderr,
};

const DIALECTS: Readonly<Record<Harness, Dialect>> = {
  'claude-code': CLAUDE_CODE,
  codex: CODEX,
  gemini: GEMINI,
  cursor: CURSOR,
  opencode: OPENCODE,
};

export function dialectOf(harness: Harness): Dialect {
  return DIALECTS[harness];
}

/** Tools that run a shell command, by their names without capitals and signs. */
const SHELLS = new Set([
  ...['bash', 'shell', 'localshell', 'execcommand', 'unifiedexec', 'containerexec'],
  ...['runshellcommand', 'runterminalcmd', 'runterminalcommand'],
]);
const PATCHES = new Set(['applypatch', 'patch']);
/** Tools that edit files, where the name alone does not show it. */
const EDITS = new Set([
  'notebookedit',
  'editnotebook',
  'multiedit',
  'strreplace',
  'searchreplace',
  'tabwrite',
  'update',
]);
const EDITING = /write|edit|replace|patch|create|delete|remove|move|rename|insert/;
const ONE_PATH = [
  ...['file_path', 'filePath', 'path', 'notebook_path', 'notebookPath', 'absolute_path', 'target_file', 'targetFile'],
  ...['target_notebook', 'relative_workspace_path'],
];
const FURTHER_PATHS = ['source', 'destination', 'source_path', 'destination_path', 'old_path', 'new_path'];

/**
 * What a harness asks before it uses a tool. A tool that is not known is taken by its name: one that seems to edit, and
 * names a file, edits it.
 * @param tool its name, such as `Edit`, `apply_patch` or `run_shell_command`
 */
export function askOfTool(tool: string, input: Payload): Ask {
  const name = tool.toLowerCase().replace(/[^a-z0-9]/g, '');
  if (SHELLS.has(name)) return askOfShell(input);
  if (PATCHES.has(name)) {
    const paths = patchPaths(textIn(input, 'command', 'patchText', 'patch', 'input') ?? '');
    return paths.length > 0 ? { kind: 'edit', paths, done: false } : byPaths(tool, input, true);
  }
  const isEdit = EDITS.has(name) || name === 'edit' || name === 'write' || name === 'writefile' || name === 'replace';
  if (isEdit || EDITING.test(name)) return byPaths(tool, input, isEdit);
  return { kind: 'nothing' };
}

function byPaths(tool: string, input: Payload, isEdit: boolean): Ask {
  const paths = pathsIn(input);
  if (paths.length > 0) return { kind: 'edit', paths, done: false };
  return isEdit ? { kind: 'unreadable', tool } : { kind: 'nothing' };
}

/** The files that a tool's input names. */
function pathsIn(input: Payload): string[] {
  const one = textIn(input, ...ONE_PATH);
  const further = FURTHER_PATHS.flatMap((name) => textIn(input, name) ?? []);
  return [
    ...new Set([...(one === null ? [] : [one]), ...further, ...textsIn(input, 'paths'), ...textsIn(input, 'files')]),
  ];
}

/** The command is a script, or as some versions send it, a list of words. */
function askOfShell(input: Payload): Ask {
  const words = [...textsIn(input, 'command'), ...textsIn(input, 'cmd')];
  const command = textIn(input, 'command', 'cmd') ?? words.map(quotedForScript).join(' ');
  const directory = textIn(input, 'workdir', 'cwd', 'working_directory', 'dir_path', 'directory');
  return command === '' ? { kind: 'nothing' } : { kind: 'shell', command, directory };
}
