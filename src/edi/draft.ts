/** An interchange while it is being read: counts messages and deviations, up to limits. */
import { type Hash, createHash } from 'node:crypto';
import type { EdiFormat, EdiParty, EdiRemarkKind, Interchange } from '../domain/interchange.ts';
import { visible } from '../domain/visible.ts';
import type { Inside } from './inside.ts';

/** Most characters of one envelope field that are kept; EDIFACT allows 35, HL7 227. */
const MAX_FIELD = 70;
const MAX_TYPES = 20;

export const NOBODY: EdiParty = { id: '', qualifier: '' };

/**
 * Text of an envelope field, cut to a limit and fit to be shown. `text` has one character an octet,
 * and is UTF-8 or Latin-1.
 */
export function fieldText(text: string | undefined): string {
  if (text === undefined || text === '') return '';
  const octets = Buffer.from(text.slice(0, 4 * MAX_FIELD), 'latin1');
  const utf8 = octets.toString('utf8');
  return visible((utf8.includes('\ufffd') ? octets.toString('latin1') : utf8).trim(), MAX_FIELD);
}

export class Draft {
  readonly #remarks = new Map<EdiRemarkKind, number>();
  readonly #types = new Map<string, { readonly type: string; readonly version: string; count: number }>();
  #lastKey: string | undefined;
  #last: { count: number } | undefined;
  fields: Omit<
    Interchange,
    'part' | 'format' | 'messages' | 'digest' | 'eightBit' | 'controls' | 'remarks' | 'inside' | 'seen'
  > = {
    syntax: '',
    sender: NOBODY,
    recipient: NOBODY,
    reference: '',
    preparedAt: '',
    application: '',
    test: false,
    acknowledge: false,
  };
  eightBit = false;
  readonly digest = new Digest();
  readonly inside: Inside | undefined;

  constructor(inside?: Inside) {
    this.inside = inside;
  }

  remark(kind: EdiRemarkKind): void {
    this.#remarks.set(kind, (this.#remarks.get(kind) ?? 0) + 1);
  }

  /**
   * Counts a message; `type` and `version` as they stand in it. Each kind is made fit to be shown
   * once, since an interchange has thousands of messages of one kind.
   */
  message(type: string | undefined, version: string | undefined): void {
    const key = `${type} ${version}`;
    if (key !== this.#lastKey) {
      this.#lastKey = key;
      this.#last = this.#kind(fieldText(type), fieldText(version));
    }
    this.again();
  }

  /** Counts another message of the same kind as the last. */
  again(): void {
    if (this.#last === undefined) this.remark('types');
    else this.#last.count += 1;
  }

  #kind(type: string, version: string): { count: number } | undefined {
    const key = `${type} ${version}`;
    const seen = this.#types.get(key);
    if (seen !== undefined || this.#types.size >= MAX_TYPES) return seen;
    const kind = { type, version, count: 0 };
    this.#types.set(key, kind);
    return kind;
  }

  /** `counted`: the interchange has control totals. */
  finish(part: string, format: EdiFormat, counted: boolean): Interchange {
    const remarks = Array.from(this.#remarks, ([kind, count]) => ({ kind, count }));
    const wrong = remarks.some(({ kind }) => /-(?:count|reference|missing|length|end)$/.test(kind));
    return {
      part,
      format,
      ...this.fields,
      messages: [...this.#types.values()],
      digest: this.digest.finish(),
      eightBit: this.eightBit,
      controls: wrong ? 'wrong' : counted ? 'right' : 'none',
      remarks,
      ...(this.inside !== undefined && { inside: this.inside.finish() }),
    };
  }
}

export interface EdiReader {
  /** Octets in order; read before this returns. */
  write(data: Buffer): void;
  end(): void;
}

/** Called for each interchange; false: no more are wanted. */
export type OnInterchange = (interchange: Interchange) => boolean;

/** 128 bits: enough that two interchanges never share it by chance. */
const DIGITS = 32;

/**
 * Identifies the messages of an interchange, whatever envelope they come in: SHA-256 over the
 * octets between its first segment and its last, wherever the slices are cut.
 */
class Digest {
  #hash: Hash | undefined;

  update(data: Buffer, from: number, to: number): void {
    if (to > from) (this.#hash ??= createHash('sha256')).update(data.subarray(from, to));
  }

  /** The digest in hexadecimal digits; empty if there were no octets. */
  finish(): string {
    return this.#hash?.digest('hex').slice(0, DIGITS) ?? '';
  }
}
