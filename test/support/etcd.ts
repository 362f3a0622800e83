import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { EtcdClient } from '../../src/store/etcd/client.js';

/** Whether the real server is here (Debian: `etcd-server`); without it, what needs it is not run. */
export const HAS_ETCD = spawnSync('etcd', ['--version']).status === 0;
if (!HAS_ETCD) console.warn('etcd is not installed (etcd-server): what needs it is not run');

/** Files in PEM for what clients and servers show each other. */
export interface Certificates {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface EtcdOptions {
  /** How many there are. */
  readonly members?: number;
  /** Bytes after which it raises the alarm NOSPACE. */
  readonly quota?: number;
  /** Clients are spoken to over TLS, and must show a certificate of the same authority. */
  readonly tls?: Certificates;
}

interface Member {
  readonly name: string;
  readonly client: string;
  readonly peer: string;
  process: ChildProcess | null;
}

/** A cluster of real servers on this machine, which lasts until `stop`. */
export class EtcdCluster {
  private readonly directory = mkdtempSync(join(tmpdir(), 'coord-etcd-'));
  private members: Member[] = [];

  private constructor(readonly options: EtcdOptions) {}

  static async start(options: EtcdOptions = {}): Promise<EtcdCluster> {
    const cluster = new EtcdCluster(options);
    const count = options.members ?? 1;
    const ports = await freePorts(2 * count);
    const scheme = options.tls ? 'https' : 'http';
    cluster.members = Array.from({ length: count }, (_, index) => ({
      name: `m${index}`,
      client: `${scheme}://127.0.0.1:${ports[2 * index]}`,
      peer: `http://127.0.0.1:${ports[2 * index + 1]}`,
      process: null,
    }));
    for (const index of cluster.members.keys()) cluster.run(index);
    await cluster.ready();
    return cluster;
  }

  /** Where its members are asked. */
  get endpoints(): string {
    return this.members.map(({ client }) => client).join(',');
  }

  /** A client of it, without a user. */
  client(): EtcdClient {
    const { ca = null, cert = null, key = null } = this.options.tls ?? {};
    const access = { endpoints: this.endpoints.split(','), user: null, password: null, ca, cert, key };
    return new EtcdClient(access, null, (ms) => delay(ms));
  }

  /** Its id, as a decimal number. */
  async id(): Promise<string> {
    return (await this.client().health()).cluster;
  }

  /** Starts a member, again where it has been killed. */
  run(index: number): void {
    const member = this.at(index);
    const { tls, quota } = this.options;
    const args = [
      ...['--name', member.name, '--data-dir', join(this.directory, member.name)],
      ...['--listen-client-urls', member.client, '--advertise-client-urls', member.client],
      ...['--listen-peer-urls', member.peer, '--initial-advertise-peer-urls', member.peer],
      ...['--initial-cluster', this.members.map(({ name, peer }) => `${name}=${peer}`).join(',')],
      ...['--heartbeat-interval', '100', '--election-timeout', '1000', '--logger', 'zap', '--log-level', 'error'],
      ...(quota === undefined ? [] : ['--quota-backend-bytes', String(quota)]),
      ...(tls
        ? ['--cert-file', tls.cert, '--key-file', tls.key, '--trusted-ca-file', tls.ca, '--client-cert-auth']
        : []),
    ];
    member.process = spawn('etcd', args, { stdio: 'ignore' });
  }

  /** As a power cut does. */
  kill(index: number): void {
    this.at(index).process?.kill('SIGKILL');
  }

  /** Cuts it off from everybody, without its knowledge. */
  pause(index: number): void {
    this.at(index).process?.kill('SIGSTOP');
  }

  resume(index: number): void {
    this.at(index).process?.kill('SIGCONT');
  }

  /** Which of them leads. */
  async leader(): Promise<number> {
    const answers = await Promise.all(
      this.members.map(async ({ client }) => {
        const asked = await fetch(`${client}/v3/maintenance/status`, { method: 'POST', body: '{}' }).catch(() => null);
        const status = (await asked?.json()) as { header: { member_id: string }; leader: string } | undefined;
        return status !== undefined && status.header.member_id === status.leader;
      }),
    );
    return answers.indexOf(true);
  }

  /** Waits until it answers, all of it. */
  async ready(): Promise<void> {
    const { ca = null, cert = null, key = null } = this.options.tls ?? {};
    for (const { client } of this.members) {
      const one = new EtcdClient({ endpoints: [client], user: null, password: null, ca, cert, key }, null, (ms) =>
        delay(ms),
      );
      for (let attempt = 0; ; attempt += 1) {
        const isUp = await one.health().then(
          ({ hasLeader }) => hasLeader,
          (error) => error.details?.reason === 'etcd-login',
        );
        if (isUp) break;
        if (attempt === 60) throw new Error(`etcd does not come up at ${client}`);
        await delay(250);
      }
    }
  }

  stop(): void {
    for (const { process } of this.members) {
      process?.kill('SIGCONT');
      process?.kill('SIGKILL');
    }
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }

  private at(index: number): Member {
    const member = this.members[index];
    if (member === undefined) throw new Error(`there is no member ${index}`);
    return member;
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve) => {
          const server = createServer().listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
