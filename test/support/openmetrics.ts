const NAME = '[a-z_]+';
const LABELS = String.raw`\{[a-z]+="(?:[^"\\\n]|\\[\\"n])*"\}`;
const META = new RegExp(`^# (?:TYPE ${NAME} (?:counter|gauge|summary)|UNIT ${NAME} seconds|HELP ${NAME} .+)$`);
const SAMPLE = new RegExp(`^(${NAME})(${LABELS})? (\\d+(?:\\.\\d+)?)$`);
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: ['_total'],
  gauge: [''],
  summary: ['', '_count', '_sum'],
};
const END = '\n# EOF\n';

/** What is wrong with a text by the rules of OpenMetrics 1.0.0 that matter to coord. */
export function openMetricsProblems(text: string): string[] {
  const ends = text.endsWith(END);
  const reader = new Reader();
  const lines = (ends ? text.slice(0, -END.length) : text.trimEnd()).split('\n');
  const problems = lines.flatMap((line) => reader.read(line) ?? []);
  return ends ? problems : [...problems, 'does not end in # EOF'];
}

class Reader {
  private family = '';
  private type = '';
  private readonly families = new Set<string>();
  private readonly samples = new Set<string>();

  read(line: string): string | null {
    return line.startsWith('#') ? this.metadata(line) : this.sample(line);
  }

  private metadata(line: string): string | null {
    const [, kind, name = '', type = ''] = line.split(' ');
    if (!META.test(line)) return `no metadata: ${line}`;
    if (kind === 'UNIT' && !name.endsWith('_seconds')) return `its unit is not in its name: ${name}`;
    if (kind !== 'TYPE') return name === this.family ? null : `out of its family: ${line}`;
    if (this.families.has(name)) return `a family twice: ${name}`;
    this.families.add(name);
    this.family = name;
    this.type = type;
    return null;
  }

  private sample(line: string): string | null {
    const [, name = '', labels = ''] = SAMPLE.exec(line) ?? [];
    const suffix = name.slice(this.family.length);
    if (!name.startsWith(this.family) || !SUFFIXES[this.type]?.includes(suffix)) return `no sample: ${line}`;
    if (this.samples.has(name + labels)) return `a sample twice: ${line}`;
    this.samples.add(name + labels);
    return null;
  }
}
