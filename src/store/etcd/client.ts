import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { coord } from '../../domain/suggestion.js';
import { plural } from '../../domain/text.js';
import { CoordError, type ErrorCode, usage } from '../../errors.js';

/** How this clone reaches it: from its git configuration (`coord.etcd.…`) or the environment (`COORD_ETCD_…`). */
export interface EtcdAccess {
  readonly endpoints: readonly string[];
  readonly user: string | null;
  readonly password: string | null;
  /** Files in PEM: the certificate of its authority, and this clone's own with its key. */
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
}

/** What one key held. Revisions are decimal numbers of 64 bits, so they stay texts. */
export interface Entry {
  readonly key: string;
  readonly value: Buffer;
  readonly revision: string;
}

/** One step of a transaction. */
export type Step =
  | { readonly put: string; readonly value: Buffer }
  | { readonly remove: string; readonly to: string }
  | { readonly get: string; readonly to?: string; readonly limit?: number };

/** What a transaction came to. */
export interface Outcome {
  /** Whether what was compared held. */
  readonly held: boolean;
  /** What each `get` found, in their order. */
  readonly found: readonly (readonly Entry[])[];
  /** The revision of the store after it. */
  readonly revision: string;
}

/** A server that has not answered by then is taken for silent: a change of leaders takes a second or two. */
const ANSWER_MS = 5_000;
const ROUNDS = 3;
const PAUSE_MS = 150;
const TXN = 'kv/txn';
const ALARMS = 'maintenance/alarm';

interface Answer {
  readonly header?: { readonly cluster_id?: string; readonly revision?: string };
  readonly succeeded?: boolean;
  readonly token?: string;
  readonly alarms?: readonly { readonly alarm?: string }[];
  readonly dbSize?: string;
  readonly leader?: string;
  readonly version?: string;
  readonly responses?: readonly { readonly response_range?: { readonly kvs?: readonly RawEntry[] } }[];
}

interface RawEntry {
  readonly key: string;
  readonly value?: string;
  readonly mod_revision: string;
}

/** Connections of this process, which are kept while it lives: one that serves many agents does not begin anew for each. */
const AGENTS = new Map<string, http.Agent>();

/** Etcd through the JSON gateway that every member serves (v3 API, server 3.4 or newer), without a library. */
export class EtcdClient {
  private token: string | null = null;

  /**
   * @param cluster that must answer; null: whichever it is
   * @param at the number of the endpoint that is asked first
   * @param remember called with the number of the one that answered when others had not
   */
  constructor(
    private readonly access: EtcdAccess,
    private readonly cluster: string | null,
    private readonly pause: (ms: number) => Promise<void>,
    private at = 0,
    private readonly remember?: (at: number) => void,
  ) {}

  /**
   * A transaction: the steps are taken together if the key still has this revision ("0": if it is not there).
   * @throws CoordError `unavailable`; `details.maybe` is true where it may have been carried out, or may be yet
   */
  async transact(
    steps: readonly Step[],
    compare?: { readonly key: string; readonly revision: string },
  ): Promise<Outcome> {
    const answer = await this.ask(TXN, {
      compare: compare && [
        { key: encode(compare.key), target: 'MOD', result: 'EQUAL', mod_revision: compare.revision },
      ],
      success: steps.map(requestOf),
    });
    const found = (answer.responses ?? []).flatMap(({ response_range: range }) =>
      range ? [(range.kvs ?? []).map(entryOf)] : [],
    );
    return { held: answer.succeeded === true, found, revision: answer.header?.revision ?? '0' };
  }

  /** What the servers say of themselves. */
  async health(): Promise<{ cluster: string; version: string; bytes: number; hasLeader: boolean; isFull: boolean }> {
    const status = await this.ask('maintenance/status', {});
    const { alarms = [] } = await this.ask(ALARMS, { action: 'GET' });
    return {
      cluster: status.header?.cluster_id ?? '',
      version: status.version ?? '',
      bytes: Number(status.dbSize ?? 0),
      hasLeader: (status.leader ?? '0') !== '0',
      isFull: alarms.some(({ alarm }) => alarm === 'NOSPACE'),
    };
  }

  /** Asks one endpoint after the other, some rounds, until one gives an answer that counts. */
  private async ask(path: string, body: object): Promise<Answer> {
    const { endpoints } = this.access;
    // What may have been carried out is looked for before it is asked for once more.
    const isOnce = path === TXN && isWrite(body);
    let maybe = false;
    for (let attempt = 1; endpoints.length > 0; attempt += 1) {
      const answer = await this.askOne(endpoints[this.at] ?? '', path, body).catch(asTrouble);
      if (!(answer instanceof EtcdTrouble)) {
        if (attempt > 1) this.remember?.(this.at);
        return answer;
      }
      maybe ||= answer.maybe;
      this.at = (this.at + 1) % endpoints.length;
      // Silence is waited for once.
      const rounds = answer.kind === 'silent' ? 1 : ROUNDS;
      if (answer.isFinal || (maybe && isOnce) || attempt >= rounds * endpoints.length)
        throw answer.told(endpoints, maybe);
      if (attempt % endpoints.length === 0) await this.pause(PAUSE_MS * attempt);
    }
    throw noAddress();
  }

  private async askOne(endpoint: string, path: string, body: object): Promise<Answer> {
    if (this.access.user !== null && this.token === null) await this.logIn(endpoint);
    try {
      return this.checked(path, await this.post(endpoint, path, body));
    } catch (error) {
      // A token ends with its time, or with the member that gave it.
      if (!(error instanceof EtcdTrouble) || error.kind !== 'token') throw error;
      await this.logIn(endpoint);
      return this.checked(path, await this.post(endpoint, path, body));
    }
  }

  private async logIn(endpoint: string): Promise<void> {
    const { user, password } = this.access;
    this.token = null;
    this.token = (await this.post(endpoint, 'auth/authenticate', { name: user, password })).token ?? null;
  }

  private checked(path: string, answer: Answer): Answer {
    const seen = answer.header?.cluster_id ?? '';
    // Of alarms, where there are none, an answer says nothing at all.
    if (path !== ALARMS && this.cluster !== null && seen !== this.cluster) throw otherCluster(this.cluster, seen);
    return answer;
  }

  private post(endpoint: string, path: string, body: object): Promise<Answer> {
    const url = new URL(`/v3/${path}`, endpoint);
    const door = url.protocol === 'https:' ? https : http;
    const text = JSON.stringify(body);
    return new Promise((resolve, reject) => {
      let sent = false;
      const request = door.request(
        url,
        {
          method: 'POST',
          agent: this.agentFor(endpoint, url),
          headers: {
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(text),
            ...(this.token === null ? {} : { authorization: this.token }),
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', (error) => reject(new EtcdTrouble('silent', error.message, true)));
          response.on('end', () => {
            const answer = parsed(Buffer.concat(chunks).toString('utf8'));
            if (response.statusCode === 200 && answer !== null && !('error' in answer)) resolve(answer as Answer);
            else reject(troubleOf(response.statusCode ?? 0, answer));
          });
        },
      );
      request.setTimeout(ANSWER_MS, () => request.destroy(new Error('it did not answer in time')));
      request.on('socket', (socket) => {
        sent = !socket.connecting;
        if (socket.connecting)
          socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => (sent = true));
      });
      request.on('error', (error: NodeJS.ErrnoException) => reject(notAnswered(error, sent)));
      request.end(text);
    });
  }

  private agentFor(endpoint: string, { protocol }: URL): http.Agent {
    const { ca, cert, key } = this.access;
    const name = [endpoint, ca, cert, key].join(' ');
    const known = AGENTS.get(name);
    if (known) return known;
    const file = (path: string | null) => (path === null ? undefined : readPem(path));
    const agent =
      protocol === 'https:'
        ? new https.Agent({ keepAlive: true, ca: file(ca), cert: file(cert), key: file(key) })
        : new http.Agent({ keepAlive: true });
    AGENTS.set(name, agent);
    return agent;
  }
}

function isWrite(body: object): boolean {
  return 'success' in body && (body.success as readonly object[]).some((one) => !('request_range' in one));
}

const encode = (text: string | Buffer) => Buffer.from(text).toString('base64');

function requestOf(one: Step): object {
  if ('put' in one) return { request_put: { key: encode(one.put), value: encode(one.value) } };
  if ('remove' in one) return { request_delete_range: { key: encode(one.remove), range_end: encode(one.to) } };
  const { get, to, limit } = one;
  return { request_range: { key: encode(get), ...(to === undefined ? {} : { range_end: encode(to) }), limit } };
}

function entryOf({ key, value = '', mod_revision }: RawEntry): Entry {
  return {
    key: Buffer.from(key, 'base64').toString('utf8'),
    value: Buffer.from(value, 'base64'),
    revision: mod_revision,
  };
}

function parsed(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}

function readPem(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    throw usage(
      `the file ${path} for etcd cannot be read`,
      'check coord.etcd.ca, coord.etcd.cert and coord.etcd.key in git config',
    );
  }
}

type Kind = keyof typeof REMEDIES;

/** What is wrong, by a stable code: a clause, what to do, and the exit. */
const REMEDIES = {
  unreached: ['nothing answers there', 'check the network, and the addresses: git config --get coord.etcd.endpoints'],
  silent: ['it gave no answer in time', 'check the load, the disk and the network of its members, then repeat'],
  leaderless: [
    'it has no leader: less than half of its members reach each other',
    'bring its members back, then repeat',
  ],
  full: [
    'its database is full (alarm NOSPACE)',
    'have it compacted, defragmented and disarmed: etcdctl compact, etcdctl defrag, etcdctl alarm disarm',
  ],
  busy: ['it is overloaded', 'check the load on its members, then repeat'],
  certificate: [
    'its certificate is not trusted, or it does not trust this clone’s',
    'name the files: git config coord.etcd.ca FILE (coord.etcd.cert, coord.etcd.key)',
  ],
  login: [
    'it does not know this user, or the password is wrong',
    'set coord.etcd.user and coord.etcd.password in git config, or COORD_ETCD_USER and COORD_ETCD_PASSWORD',
  ],
  token: ['it rejects the token that it gave out', 'repeat the command'],
  forbidden: [
    'this user may not write there',
    'have its role granted readwrite on the prefix: etcdctl role grant-permission',
    'closed',
  ],
  compacted: ['what was asked for was compacted meanwhile', 'repeat the command'],
  refused: ['it refused what was asked', 'it must be etcd 3.4 or newer, asked at an address for clients'],
} as const satisfies Record<string, readonly [string, string, ErrorCode?]>;

/** By the words of etcd and of TLS: they choose what is said; whether something was written is found out by reading. */
const SIGNS: readonly (readonly [RegExp, Kind])[] = [
  [/database space exceeded/i, 'full'],
  [/no leader|leader changed|leadership/i, 'leaderless'],
  [/too many requests/i, 'busy'],
  [/request timed out|deadline|timed? ?out|did not answer/i, 'silent'],
  [/invalid auth token|auth revision/i, 'token'],
  [/authentication failed|user name is empty|invalid user ?name|authentication is not enabled/i, 'login'],
  [/permission denied/i, 'forbidden'],
  [/has been compacted/i, 'compacted'],
  [/certificate|self.signed|altname|ssl|tls|EPROTO|wrong version number/i, 'certificate'],
];
/** Nothing of it is carried out after one of these. */
const SURE: readonly Kind[] = ['full', 'busy', 'token', 'login', 'forbidden', 'compacted', 'certificate'];
/** No other member would answer otherwise. */
const FINAL: readonly Kind[] = ['full', 'login', 'forbidden', 'refused'];

class EtcdTrouble extends Error {
  constructor(
    readonly kind: Kind,
    message: string,
    /** Whether it may have been carried out. */
    readonly maybe: boolean,
  ) {
    super(message);
  }

  get isFinal(): boolean {
    return FINAL.includes(this.kind);
  }

  told(endpoints: readonly string[], maybe: boolean): CoordError {
    const [what, todo, code = 'unavailable'] = REMEDIES[this.kind] as readonly [string, string, ErrorCode?];
    const hosts = endpoints.map(hostOf).join(', ');
    return new CoordError(code, `etcd (${hosts}): ${what}`, {
      hint: maybe ? todo : `nothing was changed; ${todo}`,
      ...(code === 'unavailable'
        ? { alternative: { why: 'see what this clone knows', command: coord('status --no-fetch') } }
        : {}),
      details: {
        reason: `etcd-${this.kind}`,
        endpoints: endpoints.map(hostOf),
        said: this.message.slice(0, 300),
        maybe,
      },
    });
  }
}

function asTrouble(error: unknown): EtcdTrouble {
  if (error instanceof EtcdTrouble) return error;
  throw error;
}

function troubleOf(status: number, answer: object | null): EtcdTrouble {
  const said = String((answer as { error?: unknown; message?: unknown } | null)?.error ?? `HTTP ${status}`);
  const kind = SIGNS.find(([sign]) => sign.test(said))?.[1] ?? (status >= 500 ? 'silent' : 'refused');
  return new EtcdTrouble(kind, said, !SURE.includes(kind) && kind !== 'refused');
}

function notAnswered(error: NodeJS.ErrnoException, sent: boolean): EtcdTrouble {
  const said = `${error.code ?? ''} ${error.message}`;
  const sign = SIGNS.find(([pattern]) => pattern.test(said))?.[1];
  const kind = sign ?? (sent ? 'silent' : 'unreached');
  return new EtcdTrouble(kind, said, sent && kind !== 'certificate');
}

/** Host and port, without a name or password that somebody wrote into the address. */
function hostOf(endpoint: string): string {
  try {
    return new URL(endpoint).host;
  } catch {
    return 'not an address';
  }
}

/** @throws CoordError `usage` where an address is none. */
export function mustBeEndpoints(endpoints: readonly string[]): void {
  const bad = endpoints.filter((one) => !/^https?:\/\/[^/\s]+\/?$/.test(one) || !URL.canParse(one));
  if (bad.length === 0) return;
  throw usage(
    `${plural(bad.length, 'address')} of etcd cannot be used`,
    'write http://HOST:PORT or https://HOST:PORT, separated by commas, in coord.etcd.endpoints or COORD_ETCD_ENDPOINTS',
    { reason: 'etcd-address' },
  );
}

function noAddress(): CoordError {
  return new CoordError('unavailable', 'the state is kept in etcd, and this clone has no address of it', {
    hint: 'git config coord.etcd.endpoints https://HOST:2379',
    alternative: { why: 'see what the mirror has', command: coord('status --no-fetch') },
    details: { reason: 'etcd-no-address' },
  });
}

function otherCluster(wanted: string, seen: string): CoordError {
  return usage(
    `the state is kept in the etcd cluster ${wanted}, but the addresses of this clone lead to ${seen === '' ? 'none' : seen}`,
    'correct them: git config coord.etcd.endpoints https://HOST:2379',
    { reason: 'etcd-cluster', wanted, seen },
  );
}
