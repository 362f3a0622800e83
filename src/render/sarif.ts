import type { Verdict } from '../domain/audit/judge.js';
import { isFinding } from '../domain/audit/judge.js';
import { asMarkdown, shorten } from '../domain/text.js';
import type { AuditReport } from './audit.js';

type FindingVerdict = Exclude<Verdict, 'covered'> | 'unsigned-coordination';

interface Rule {
  readonly id: FindingVerdict;
  readonly name: string;
  readonly level: 'error' | 'warning';
  readonly short: string;
  readonly help: string;
}

const RULES: readonly Rule[] = [
  {
    id: 'unclaimed',
    name: 'UnclaimedChange',
    level: 'error',
    short: 'A path of the surface was changed while nobody held it',
    help: 'Claim the path (coord claim), look at the change again, and commit it again.',
  },
  {
    id: 'claimed-by-another',
    name: 'ChangeOfClaimedGround',
    level: 'error',
    short: 'A path was changed while another agent held it',
    help: 'Ask the holder, whose work may be undone by it. A holder ties its own work by coord land or coord release.',
  },
  {
    id: 'late',
    name: 'LateClaim',
    level: 'warning',
    short: 'A path was changed before its claim was granted, or after it was over',
    help: 'Claim first, then change. Look whether anybody else changed the path in between.',
  },
  {
    id: 'unknown',
    name: 'UnknownCover',
    level: 'warning',
    short: 'The history does not reach far enough to tell',
    help: 'Fetch what is missing (fetch-depth: 0), or have a person look at the commit.',
  },
  {
    id: 'unsigned-coordination',
    name: 'UnsignedCoordination',
    level: 'error',
    short: 'A commit of the state ref has no signature that counts',
    help: 'Look at the commit and at who pushed it. "signers" in coord.config.json says whose keys count.',
  },
];

const CONFIG_FILE = 'coord.config.json';
const SCHEMA = 'https://json.schemastore.org/sarif-2.1.0.json';
const LONGEST_SUBJECT = 200;

/**
 * The findings as a SARIF 2.1.0 document.
 * @param prints of the findings, in their order: the same in each run
 * @see https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
 */
export function sarif(report: AuditReport, prints: readonly string[], version: string): string {
  const findings = report.commits.flatMap((commit) =>
    commit.paths.filter(({ verdict }) => isFinding(verdict)).map((path) => ({ commit, path })),
  );
  const results = findings.map(({ commit, path }, index) => {
    const ruleIndex = RULES.findIndex(({ id }) => id === path.verdict);
    const subject = shorten(commit.subject, LONGEST_SUBJECT);
    return {
      ruleId: path.verdict,
      ruleIndex,
      level: RULES[ruleIndex]?.level ?? 'error',
      message: {
        text: `${commit.commit.slice(0, 7)} (${asMarkdown(subject)}): ${asMarkdown(path.why)}. Next: ${asMarkdown(path.next ?? '')}`,
      },
      locations: [locationOf(path.path)],
      partialFingerprints: { 'coordFinding/v1': prints[index] ?? '' },
      properties: { commit: commit.commit, claim: path.claim, agent: path.agent, reason: path.reason },
    };
  });
  const run = {
    tool: {
      driver: {
        name: 'coord',
        version,
        rules: RULES.map(({ id, name, level, short, help }) => ({
          id,
          name,
          shortDescription: { text: short },
          help: { text: help },
          defaultConfiguration: { level },
        })),
      },
    },
    columnKind: 'utf16CodeUnits',
    originalUriBaseIds: { '%SRCROOT%': { description: { text: 'The root of the repository.' } } },
    results: [...results, ...signatureResults(report)],
  };
  return `${JSON.stringify({ $schema: SCHEMA, version: '2.1.0', runs: [run] }, null, 2)}\n`;
}

/** Findings about signatures are of no file but the one that asks for them. */
function signatureResults({ coordination }: AuditReport) {
  const ruleId = 'unsigned-coordination';
  const ruleIndex = RULES.findIndex(({ id }) => id === ruleId);
  const unknown = coordination?.problem ? [{ commit: '', reason: 'unknown', why: coordination.problem }] : [];
  return [...unknown, ...(coordination?.findings ?? [])].map(({ commit, reason, why }) => ({
    ruleId,
    ruleIndex,
    level: RULES[ruleIndex]?.level ?? 'error',
    message: { text: asMarkdown(commit === '' ? why : `coordination commit ${commit.slice(0, 7)} ${why}`) },
    locations: [locationOf(CONFIG_FILE)],
    partialFingerprints: { 'coordFinding/v1': `${commit}:${reason}` },
    properties: { commit, claim: null, agent: null, reason },
  }));
}

function locationOf(path: string) {
  return {
    physicalLocation: {
      artifactLocation: { uri: uriOf(path), uriBaseId: '%SRCROOT%' },
      region: { startLine: 1 },
    },
  };
}

/** A path as a relative URI reference: each segment encoded, so that no character of it is taken for another part. */
function uriOf(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}
