import { oneLine } from '../../domain/text.js';
import { CoordError } from '../../errors.js';

/** Which etcd, and where in it: what the state itself names. Its addresses are each clone's own. */
export interface EtcdPlace {
  /** The cluster's id, as a decimal number. */
  readonly cluster: string;
  /** What every key begins with. */
  readonly prefix: string;
}

/** As the last commit that another one took names it. */
export function textOf({ cluster, prefix }: EtcdPlace): string {
  return `etcd ${cluster} ${prefix}`;
}

/** @throws CoordError `corrupt` where a text names no such place. */
export function placeOf(text: string): EtcdPlace {
  const [, cluster, prefix] = /^etcd (\d{1,20}) (\/?[\w.-]+(?:\/[\w.-]+)*)$/.exec(text) ?? [];
  if (cluster !== undefined && prefix !== undefined) return { cluster, prefix };
  throw new CoordError('corrupt', `the state is kept in a store that this coord does not know: ${oneLine(text)}`, {
    hint: 'upgrade coord',
    details: { reason: 'store', problems: [`store: ${oneLine(text)}`] },
  });
}

/** What the head key holds. */
export interface Head {
  readonly commit: string;
  /** How many changes came before it in etcd. */
  readonly seq: number;
  /** Of the key, for the comparison. */
  readonly revision: string;
}

/** The names of the keys. */
export class Keys {
  private readonly base: string;

  constructor(prefix: string) {
    this.base = prefix.replace(/\/*$/, '/');
  }

  get head(): string {
    return `${this.base}head`;
  }

  /** What the mirror has. */
  get mirror(): string {
    return `${this.base}mirror`;
  }

  /** After the last change. */
  get end(): string {
    return `${this.base}log0`;
  }

  /** Before the first key of the change that comes after this one. */
  after(seq: number): string {
    return `${this.base}log/${numbered(seq + 1)}/`;
  }

  change(seq: number, commit: string): string {
    return `${this.after(seq - 1)}${commit}`;
  }

  record(seq: number, commit: string, index: number): string {
    return `${this.change(seq, commit)}/${numbered(index)}`;
  }
}

/** So that keys are in the order of their numbers. */
export const numbered = (value: number) => String(value).padStart(12, '0');
