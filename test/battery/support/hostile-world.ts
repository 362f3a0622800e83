import { coordInProcess } from '../../support/in-process.js';
import { cage, faultsOf, named } from './hostile.js';

/** No command has a reason to take longer. */
const LONGEST_MS = 20_000;
export const PLAIN = { surface: ['src/**'], deploy: { prod: {} } };
export const BAR = 'nothing executed, nothing written outside, one record a line, no fault';

export interface Given {
  readonly agent?: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Buffer;
}

/** A repository in use, and who runs coord in it. */
export async function world(config: object = PLAIN, name?: string) {
  const held = cage();
  const { box } = held;
  const clone = box.repository(name);
  box.commit(clone, 'src/api/users.ts', 'users\n');
  const failures: string[] = [];
  const run = async (args: readonly string[], { agent = 'maya', cwd = clone, env = {}, input = '' }: Given = {}) => {
    const ran = coordInProcess(box, cwd, args, { env: { ...held.env, COORD_AGENT: agent, ...env }, input });
    return Promise.race([ran, late(args)]);
  };
  /** Runs it, and notes what is wrong with what it did or said. */
  const look = async (what: string, args: readonly string[], given: Given = {}) => {
    const result = await run(args, given);
    for (const fault of faultsOf(result, args.includes('--json'))) failures.push(`${what}: ${fault}`);
    const breaches = held.breaches();
    for (const breach of breaches) failures.push(`${what}: ${breach}`);
    if (breaches.length > 0) throw new Error(`${what}: ${breaches}`);
    return result;
  };
  /** Runs what must succeed, to set something up. */
  const done = async (args: readonly string[], given: Given = {}) => {
    const { code, stdout, stderr } = await run(args, given);
    if (code !== 0) throw new Error(`coord ${args.join(' ')}: exit ${code}: ${stdout}${stderr}`);
  };
  await done(['init', '--local']);
  box.write(clone, 'coord.config.json', JSON.stringify(config));
  box.git(clone, 'add', '.');
  box.git(clone, 'commit', '--quiet', '--message', 'set up');
  await done(['session', 'start'], { agent: 'noor' });
  await done(['claim', 'src/web', '--reason', 'pages'], { agent: 'noor' });
  return { ...held, clone, failures, run, look, done };
}

export type World = Awaited<ReturnType<typeof world>>;

function late(args: readonly string[]): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`no end: coord ${args.map(named).join(' ')}`)), LONGEST_MS).unref();
  });
}

/** Whether the repository is still good for work, whatever it was given. */
export async function aftermath({ box, clone, run, failures }: World): Promise<void> {
  const found = box.tryGit(clone, 'fsck', '--strict', '--no-dangling');
  if (found.code !== 0) failures.push(`git fsck finds damage: ${found.stderr}`);
  const { code, stderr } = await run(['status'], { agent: 'zoe' });
  if (code !== 0) failures.push(`status afterwards: exit ${code}: ${stderr}`);
}
