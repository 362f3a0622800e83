import { successEnvelope } from './render/envelope.js';
import { type Host, processHost } from './workspace/host.js';

declare const __COORD_VERSION__: string;

/**
 * Runs the command line of this process. `packageRoot` is the folder of the installed package.
 * @param input what of standard input was read already
 */
export function run(packageRoot: string, input: readonly Buffer[] = []): Promise<number> {
  return main(processHost(packageRoot, input));
}

/**
 * Runs one command line; the version is told without loading anything.
 * @returns the exit code: of the exit table, or of the program that the command ran.
 */
export async function main(host: Host): Promise<number> {
  const version = __COORD_VERSION__;
  const words = host.argv.filter((word) => word !== '--json');
  if (words.length === 1 && (words[0] === '--version' || words[0] === '-V')) {
    const json = words.length < host.argv.length;
    host.stdout.write(json ? successEnvelope('version', { version }, []) : `${version}\n`);
    return 0;
  }
  const { runCommandLine } = await import('./cli/command-line.js');
  return runCommandLine(host, version);
}
