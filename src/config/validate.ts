import * as v from 'valibot';
import { canonicalPattern } from '../domain/ground/patterns.js';
import { oneLine } from '../domain/text.js';
import type { Config } from './config.js';
import { deploysOf, mapValues, seconds, signerFiles } from './deploys.js';
import { ConfigSchema, DEFAULT_TTL, type FilledConfig, type RawConfig } from './keys.js';

/** The configuration that says no more than this. @throws ValiError where that is no configuration. */
export function withDefaults(raw: RawConfig): Config {
  return configOf(v.parse(ConfigSchema, raw));
}

/** The configuration in the form in which it is used. */
export function configOf(filled: FilledConfig): Config {
  const {
    ttl,
    roles,
    mainBranch,
    mainRemote,
    pushesPerMinute,
    wait,
    land,
    skewTolerance,
    surface,
    resources,
    signers,
    gates,
    deploy,
    store,
    $schema,
    ...rest
  } = filled;
  const maxSeconds = seconds(ttl.max);
  return {
    ...rest,
    mainBranch: mainBranch ?? null,
    pushesPerMinute: pushesPerMinute ?? null,
    mainRemote: mainRemote ?? rest.remote,
    store: store?.etcd ?? null,
    ttl: {
      defaultSeconds: ttl.default ? seconds(ttl.default) : Math.min(seconds(DEFAULT_TTL), maxSeconds),
      maxSeconds,
    },
    skewSeconds: seconds(skewTolerance),
    waitSeconds: seconds(wait.max),
    land: { check: land.check ?? null, turnSeconds: seconds(land.turn) },
    surface: surface.map(canonicalPattern),
    resources: mapValues(resources, ({ ttl }) => ({ ttlSeconds: ttl ? seconds(ttl) : null })),
    scratch: roles.worker.scratch.map(canonicalPattern),
    signers: signerFiles(signers),
    ...deploysOf({ gates, deploy }),
  };
}

/** All problems of a parsed configuration as `path: what is wrong`, or the configuration with its defaults. */
export function validateConfig(
  value: unknown,
): { readonly config: FilledConfig } | { readonly problems: readonly string[] } {
  if (Array.isArray(value)) return { problems: ['(root): must be a record'] };
  const unknown = namesSkipped(value);
  const rest: unknown = structuredClone(value);
  // The library names one unknown key of a record and stops there: it is noted, taken out, and the rest looked at again.
  for (;;) {
    const result = v.safeParse(ConfigSchema, rest);
    if (result.success) return unknown.length === 0 ? { config: result.output } : { problems: unknown };
    const unknownKeys = result.issues.filter(isUnknownKey);
    if (unknownKeys.length === 0) return { problems: [...unknown, ...result.issues.map(describeIssue)] };
    for (const issue of unknownKeys) {
      unknown.push(describeIssue(issue));
      const last = issue.path?.at(-1);
      if (last) Reflect.deleteProperty(last.input as object, last.key as string);
    }
  }
}

/** The keys that hold records whose names the project chooses. */
const NAMING = new Set(['gates', 'deploy']);
const SKIPPED = ['__proto__', 'prototype', 'constructor'];

/** Gates and targets of these names the library would leave out without a word. */
function namesSkipped(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, record]) =>
    NAMING.has(key) && typeof record === 'object' && record !== null
      ? SKIPPED.filter((one) => Object.hasOwn(record, one)).map((one) => `${key}.${one}: cannot be a name`)
      : [],
  );
}

function isUnknownKey(issue: v.BaseIssue<unknown>): boolean {
  return issue.type === 'strict_object' && issue.expected === 'never';
}

function describeIssue(issue: v.BaseIssue<unknown>): string {
  const path = oneLine(v.getDotPath(issue) ?? '(root)');
  if (isUnknownKey(issue)) return `${path}: unknown key`;
  if (issue.type === 'strict_object' && issue.input === undefined) return `${path}: is missing`;
  if (issue.type === 'strict_object') return `${path}: must be a record`;
  return `${path}: ${issue.message}`;
}
