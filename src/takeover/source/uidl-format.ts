/**
 * How a Dovecot wrote its UIDLs, in the words of its setting `pop3_uidl_format`: `%08Xu%08Xv` (the
 * default until 2.3) and `%{uid | hex(8)}%{uidvalidity | hex(8)}` (since 2.4) say the same.
 * Variables: u (uid), v (uidvalidity), f (filename), g (guid).
 */
import { SourceError } from './source.ts';

export interface UidlFacts {
  readonly uid: number;
  readonly uidvalidity: number;
  readonly filename: string;
  readonly guid: string;
}

export const DOVECOT_FORMAT = '%08Xu%08Xv';

const NAMES = { u: 'uid', v: 'uidvalidity', f: 'filename', g: 'guid' } as const;
/** `%08Xu`, or `%{uid | hex(8)}`. */
const VARIABLE = /%(?:(0?)(\d*)(X?)([uvfg])|\{\s*(uid|uidvalidity|filename|guid)\s*(?:\|\s*hex(?:\((\d+)\))?\s*)?\})/g;

export type UidlFormat = (facts: UidlFacts) => string;

/** Reads a format. Throws SourceError for one that it cannot write. */
export function uidlFormat(format: string): UidlFormat {
  if (format.replace(VARIABLE, '').includes('%') || !/[%]/.test(format))
    throw new SourceError(
      `Cannot write UIDLs as "${format}": expected a pop3_uidl_format of Dovecot with the variables u, v, f and g, such as "${DOVECOT_FORMAT}" or "%{uid | hex(8)}%{uidvalidity | hex(8)}"`,
    );
  return (facts) =>
    format.replace(
      VARIABLE,
      (
        whole,
        zero: string,
        width: string,
        hex: string,
        letter?: keyof typeof NAMES,
        name?: keyof UidlFacts,
        digits?: string,
      ) => {
        const value = facts[name ?? NAMES[letter ?? 'u']];
        if (typeof value === 'string') return value;
        if (name === undefined)
          return (hex === 'X' ? value.toString(16) : String(value)).padStart(Number(width), zero || ' ');
        return whole.includes('hex') ? value.toString(16).padStart(Number(digits ?? 0), '0') : String(value);
      },
    );
}
