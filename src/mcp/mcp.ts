import type { Answer, Coord } from '../api/index.js';
import { openFrom } from '../api/open.js';
import type { Verb } from '../commands/verb.js';
import { CoordError } from '../errors.js';
import { starterMark } from '../git/process-mark.js';
import { agentOfSession } from '../store/cache/local-sessions.js';
import type { Context } from '../workspace/context.js';
import { checkAgentId, identityIfKnown } from '../workspace/identity.js';
import type { CallToolResult } from './sdk.js';
import { type CallTerms, listedTools, problemsIn, TOOLS } from './tools.js';

declare const __COORD_VERSION__: string;

const INSTRUCTIONS =
  'coord lets several agents change one git repository without undoing each other’s work. Call start first. ' +
  'Claim what you change before you change it, or take a task, which claims its paths.';

export const mcp: Verb = {
  examples: [
    ['coord mcp', 'serve the Model Context Protocol on standard input and output'],
    ['claude mcp add coord -- coord mcp', 'register it with Claude Code'],
  ],
  notes: [
    `The tools: ${Object.keys(TOOLS).join(', ')}. Each does what the verb of that name does, and is refused`,
    'as that is. Who acts is said by --agent or the environment, else by the argument of start. Nothing here deploys,',
    'stops an agent, or opens a gate.',
  ],
  answers: {},
  async run(context) {
    await serve(context);
    return { data: {}, text: () => [], streamed: true, exit: 0 };
  },
};

/** Serves one client, until it goes or the process is asked to stop; what was begun is ended first. */
async function serve(context: Context): Promise<void> {
  const { Server, StdioServerTransport, serveStdio } = await import('./sdk.js');
  const desk = new Desk(context);
  const transport = new StdioServerTransport();
  const handle = serveStdio(
    () => {
      const server = new Server(
        { name: 'coord', version: __COORD_VERSION__ },
        { capabilities: { tools: {} }, instructions: INSTRUCTIONS },
      );
      server.setRequestHandler('tools/list', () => ({ tools: listedTools() }));
      server.setRequestHandler('tools/call', ({ params }, { mcpReq: { signal } }) =>
        desk.call(params.name, params.arguments ?? {}, signal),
      );
      return server;
    },
    { transport },
  );
  await new Promise<void>((resolve) => {
    const closed = transport.onclose;
    transport.onclose = () => {
      closed?.();
      resolve();
    };
    context.host.onStop(() => void handle.close().then(resolve));
  });
  await desk.settled();
}

/** Answers the calls of one client. */
class Desk {
  /** Who acts, as the client has said at its start. */
  private said: string | null = null;
  private readonly running = new Set<Promise<unknown>>();
  /** What tells the calls of this process from those of others. */
  private readonly connection: string;
  private count = 0;
  /** The client, as its hooks have recorded it if they have. */
  private readonly starter = starterMark();

  constructor(private readonly context: Context) {
    this.connection = context.newId();
  }

  async call(name: string, given: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<CallToolResult> {
    this.count += 1;
    const answer = this.answer(name, given, { signal, requestId: `mcp-${this.connection}-${this.count}` });
    this.running.add(answer);
    try {
      return resultOf(await answer);
    } catch (error) {
      return failed(error instanceof CoordError ? error : new CoordError('fault', (error as Error).message));
    } finally {
      this.running.delete(answer);
    }
  }

  /** Resolves once nothing runs any more. */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.running]);
  }

  private async answer(
    name: string,
    { agent, ...given }: Readonly<Record<string, unknown>>,
    terms: CallTerms,
  ): Promise<Answer<object>> {
    const tool = Object.hasOwn(TOOLS, name) ? TOOLS[name] : undefined;
    if (!tool) throw new CoordError('usage', `no such tool: ${JSON.stringify(name.slice(0, 80))}`);
    const problems = problemsIn(tool, agent === undefined ? given : { agent, ...given });
    if (problems.length > 0) throw new CoordError('usage', `${name}: ${problems.join('; ')}`);
    return tool.call(this.coordFor(typeof agent === 'string' ? agent : null), given, terms);
  }

  /** @throws CoordError `usage` where nobody has said who acts, or two are named */
  private coordFor(named: string | null): Coord {
    const { host, flags, repository, sessions } = this.context;
    // A session that is recorded for this worktree may be another client's, unless the process that began it began this one.
    const begun = sessions.list().filter(({ process }) => process !== undefined && process === this.starter);
    const here = begun.length === 1 ? begun : [];
    const recorded = { here, agentOf: (session: string) => agentOfSession(repository, session) };
    const exported = identityIfKnown(flags.agent, host.env, recorded)?.agent ?? null;
    if (named !== null && exported !== null && named !== exported)
      throw new CoordError('usage', `this session belongs to ${exported}, and the call names ${named}`, {
        hint: 'omit agent',
      });
    if (named !== null) this.said = checkAgentId(named);
    const agent = flags.agent ?? (exported === null ? this.said : undefined);
    if (agent === null)
      throw new CoordError('usage', 'no agent id: coord does not guess who you are', {
        hint: 'call start with agent, or export COORD_AGENT for this server',
      });
    const [own] = here;
    const env = own !== undefined && own.agent === exported ? { ...host.env, COORD_SESSION: own.session } : host.env;
    const place = { directory: host.cwd, env };
    return openFrom(host.packageRoot, agent === undefined ? place : { ...place, agent });
  }
}

function resultOf(answer: Answer<object>): CallToolResult {
  const notices = answer.notices.map((notice) => `notice: ${notice}`);
  if (!answer.ok) {
    const { message, hint, details } = answer.refusal;
    const other = details.alternative as { readonly why: string; readonly command: string } | undefined;
    const next = hint === null ? [] : [`next: ${hint}`];
    const or = other === undefined ? [] : [`or ${other.why}: ${other.command}`];
    const lines = [message, ...next, ...or, ...notices];
    return { content: [{ type: 'text', text: lines.join('\n') }], structuredContent: { ...answer }, isError: true };
  }
  const { text, data, warnings } = answer;
  const lines = [text, ...warnings.map((warning) => `warning: ${warning}`), ...notices];
  return {
    content: [{ type: 'text', text: lines.join('\n') }],
    structuredContent: { ok: true, data },
  };
}

function failed({ code, exit, message, hint, details }: CoordError): CallToolResult {
  const refusal = { code, exit, message, hint: hint ?? null, details: { ...details } };
  return resultOf({ ok: false, refusal, notices: [] });
}
