import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** What the model says next: words, or calls of tools in the client's own names. */
export type Step = { readonly text: string } | { readonly tools: readonly ToolCall[] };

export interface ToolCall {
  readonly name: string;
  /** Of tools that a server brings, for clients that keep them apart. */
  readonly namespace?: string;
  readonly args?: Readonly<Record<string, unknown>>;
  /** The input of a tool that takes text. */
  readonly custom?: string;
}

/** What the user says to a client; a sub-agent of it does not hear of this. */
export const PROMPT = 'go on with the main work';

/** What the model says. */
export interface Script {
  readonly steps: readonly Step[];
  /** What it says to a sub-agent. */
  readonly delegated?: readonly Step[];
  /** How many tokens of input it says that the second request had: a client makes room when they are many. */
  readonly tokens?: number;
  /** Whether it says nothing after the last step, to a client that is to be killed before its turn ends. */
  readonly endsSilent?: boolean;
}

/** A stand-in for a model that clients talk to in the language of their provider. */
export interface StandIn {
  /** On loopback, without a slash at its end. */
  readonly url: string;
  /** The bodies of the requests that took a step, in their order. */
  readonly asked: readonly string[];
  /** When each of them came, in milliseconds. */
  readonly times: readonly number[];
  /** Those of a sub-agent. */
  readonly askedByDelegate: readonly string[];
}

/**
 * Starts a stand-in for a model. Each request that offers tools takes the next step, and the last of them is a word that ends
 * the turn; a request without tools (a title, a summary) takes none.
 */
export async function standIn({ steps, delegated = [], tokens, endsSilent }: Script): Promise<StandIn> {
  const asked: string[] = [];
  const times: number[] = [];
  const askedByDelegate: string[] = [];
  const next: Next = async (body, offersTools) => {
    if (!offersTools) return { text: 'ok' };
    const isMain = body.includes(PROMPT);
    const [all, told] = isMain ? [steps, asked] : [delegated, askedByDelegate];
    told.push(body);
    if (isMain) times.push(performance.now());
    const step = all[told.length - 1];
    if (isMain && endsSilent && step === undefined) return new Promise<Step>(() => undefined);
    return step ?? { text: 'done' };
  };
  let isTold = false;
  /** What is said of the second request is not said of the summary that it leads to. */
  const used = () => {
    if (asked.length !== 2 || isTold) return 10;
    isTold = true;
    return tokens ?? 10;
  };
  const server = createServer((request, response) => void answer(request, response, next, used));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, times, askedByDelegate };
}

/** Answers in the language of the request. @param tokens of input, as the answer says */
type Next = (body: string, offersTools: boolean) => Promise<Step>;

// biome-ignore lint/suspicious/noExplicitAny: what clients send is theirs
type Body = any;

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  next: Next,
  usedTokens: () => number,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  const body: Body = parsed(text);
  const url = request.url ?? '';
  if (/count_?tokens/i.test(url)) return json(response, { input_tokens: 10, totalTokens: 10 });
  if (url.includes('/responses')) return responses(response, await next(text, offersTools(body)), usedTokens());
  if (url.includes('/chat/completions')) return chat(response, body, await next(text, offersTools(body)), usedTokens());
  if (/generateContent/i.test(url)) {
    const offers = body?.tools?.some((tool: Body) => tool.functionDeclarations?.length > 0);
    return gemini(
      response,
      url,
      await next(text, Boolean(offers) && !body?.generationConfig?.responseJsonSchema),
      usedTokens(),
    );
  }
  if (url.includes('/v1/messages')) return anthropic(response, body, await next(text, offersTools(body)), usedTokens());
  response.writeHead(404, { 'content-type': 'application/json' });
  response.end('{"error":{"message":"not here","type":"not_found"}}');
}

function parsed(text: string): Body {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function offersTools(body: Body): boolean {
  return body?.tools?.length > 0;
}

function json(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

/** Server-sent events, each under the name of its type where it has one. */
function events(response: ServerResponse, all: readonly (object | string)[]): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const event of all) {
    const type = typeof event === 'object' && 'type' in event ? `event: ${event.type}\n` : '';
    response.write(`${type}data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`);
  }
  response.end();
}

let made = 0;
const id = (kind: string) => {
  made += 1;
  return `${kind}_${made}`;
};

function responses(response: ServerResponse, step: Step, tokens: number): void {
  const output =
    'text' in step
      ? [
          {
            type: 'message',
            id: id('msg'),
            role: 'assistant',
            content: [{ type: 'output_text', text: step.text, annotations: [] }],
          },
        ]
      : step.tools.map(({ name, namespace, args, custom }) =>
          custom === undefined
            ? {
                type: 'function_call',
                id: id('fc'),
                call_id: id('call'),
                name,
                ...(namespace ? { namespace } : {}),
                arguments: JSON.stringify(args ?? {}),
              }
            : { type: 'custom_tool_call', id: id('ctc'), call_id: id('call'), name, input: custom },
        );
  const usage = {
    input_tokens: tokens,
    output_tokens: 5,
    input_tokens_details: null,
    output_tokens_details: null,
    total_tokens: tokens + 5,
  };
  const whole = { id: id('resp'), output, usage };
  events(response, [
    { type: 'response.created', response: { id: whole.id } },
    ...output.map((item, index) => ({ type: 'response.output_item.done', output_index: index, item })),
    { type: 'response.completed', response: whole },
  ]);
}

function chat(response: ServerResponse, body: Body, step: Step, tokens: number): void {
  const delta =
    'text' in step
      ? { role: 'assistant', content: step.text }
      : {
          role: 'assistant',
          tool_calls: step.tools.map(({ name, args }, index) => ({
            index,
            id: id('call'),
            type: 'function',
            function: { name, arguments: JSON.stringify(args ?? {}) },
          })),
        };
  const reason = 'text' in step ? 'stop' : 'tool_calls';
  const base = { id: id('chat'), created: 1, model: body?.model };
  const usage = { prompt_tokens: tokens, completion_tokens: 5, total_tokens: tokens + 5 };
  const chunk = (choice: object) => ({ ...base, object: 'chat.completion.chunk', choices: [{ index: 0, ...choice }] });
  events(response, [
    chunk({ delta, finish_reason: null }),
    { ...chunk({ delta: {}, finish_reason: reason }), usage },
    '[DONE]',
  ]);
}

function gemini(response: ServerResponse, url: string, step: Step, tokens: number): void {
  const parts =
    'text' in step
      ? [{ text: step.text }]
      : step.tools.map(({ name, args }) => ({ functionCall: { name, args: args ?? {} } }));
  const chunk = {
    candidates: [{ content: { role: 'model', parts }, finishReason: 'STOP', index: 0 }],
    usageMetadata: { promptTokenCount: tokens, candidatesTokenCount: 5, totalTokenCount: tokens + 5 },
    modelVersion: 'stand-in',
  };
  if (url.includes('stream')) events(response, [chunk]);
  else json(response, chunk);
}

function anthropic(response: ServerResponse, body: Body, step: Step, tokens: number): void {
  const blocks =
    'text' in step
      ? [{ type: 'text', text: step.text }]
      : step.tools.map(({ name, args }) => ({ type: 'tool_use', id: id('toolu'), name, input: args ?? {} }));
  const reason = 'text' in step ? 'end_turn' : 'tool_use';
  const usage = { input_tokens: tokens, output_tokens: 5 };
  const message = { id: id('msg'), type: 'message', role: 'assistant', model: body?.model, stop_sequence: null, usage };
  if (!body?.stream) {
    json(response, { ...message, content: blocks, stop_reason: reason });
    return;
  }
  events(response, [
    { type: 'message_start', message: { ...message, content: [], stop_reason: null } },
    ...blocks.flatMap((block, index) => [
      {
        type: 'content_block_start',
        index,
        content_block: 'text' in block ? { ...block, text: '' } : { ...block, input: {} },
      },
      {
        type: 'content_block_delta',
        index,
        delta:
          'text' in block
            ? { type: 'text_delta', text: block.text }
            : { type: 'input_json_delta', partial_json: JSON.stringify('input' in block ? block.input : {}) },
      },
      { type: 'content_block_stop', index },
    ]),
    { type: 'message_delta', delta: { stop_reason: reason, stop_sequence: null }, usage },
    { type: 'message_stop' },
  ]);
}
