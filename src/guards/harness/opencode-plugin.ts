/** What every version of a file that coord has written says of itself. */
export const WRITTEN_BY =
  'written by "coord setup", taken away by "coord setup --remove"; take this line out to keep your own';

/**
 * The plugin that asks coord, in OpenCode, before a tool runs. A plugin stops a tool by throwing.
 * @param command the program and its arguments that run the hook
 */
export function openCodePlugin(command: readonly string[]): string {
  return `// ${WRITTEN_BY}
import { spawn } from 'node:child_process';

const COMMAND = ${JSON.stringify([...command, 'hook', 'opencode']).replaceAll('","', '", "')};

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

export const Coord = async ({ directory, worktree }) => {
  const place = directory ?? worktree ?? '.';
  const openings = new Map();

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

  return {
    event: async ({ event }) => {
      const session = event.properties?.info?.id ?? event.properties?.sessionID;
      if (!session) return;
      if (event.type === 'session.created') await opening(session);
      if (event.type === 'session.compacted') openings.set(session, open(session, 'session.compacted'));
      if (event.type === 'session.deleted') await ask(place, { hook_event_name: event.type, session_id: session });
    },
    'experimental.chat.system.transform': async (input, output) => {
      if (!input?.sessionID) return;
      const { context } = await opening(input.sessionID);
      if (context) output.system.push(context);
    },
    'shell.env': async (input, output) => {
      if (input?.sessionID) Object.assign(output.env, (await opening(input.sessionID)).env);
    },
    'tool.execute.before': async (input, output) => {
      const { code, stderr } = await ask(place, {
        hook_event_name: 'tool.execute.before',
        session_id: input.sessionID,
        tool_name: input.tool,
        tool_input: output.args,
      });
      if (code === 2) throw new Error(stderr.trim() || 'coord: refused');
    },
  };
};
`;
}
