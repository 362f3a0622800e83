type Paint = (text: string) => string;

/** How text is set off; each is the identity where there is no colour. */
export interface Style {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly good: Paint;
  readonly bad: Paint;
  readonly warn: Paint;
  readonly target: Paint;
}

const same: Paint = (text) => text;
const PLAIN: Style = { bold: same, dim: same, good: same, bad: same, warn: same, target: same };

/** The library that colours is loaded only where there is colour. */
export async function loadStyle(colour: boolean): Promise<Style> {
  if (!colour) return PLAIN;
  const { Chalk } = await import('chalk');
  const chalk = new Chalk({ level: 1 });
  return {
    bold: chalk.bold,
    dim: chalk.dim,
    good: chalk.green,
    bad: chalk.red,
    warn: chalk.yellow,
    target: chalk.cyan,
  };
}

/** Colour only on a terminal; `FORCE_COLOR` and `NO_COLOR` (any non-empty value, see no-color.org) override. */
export function wantsColour(env: Readonly<Record<string, string | undefined>>, isTerminal: boolean): boolean {
  if (env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== '') return env.FORCE_COLOR !== '0';
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return false;
  return isTerminal && env.TERM !== 'dumb';
}
