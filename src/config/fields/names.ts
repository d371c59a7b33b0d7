/** Fields that are words: one of a list, names, texts for people, addresses and login names. */
import { foldLogin } from '../../domain/registry.ts';
import { type Address, parseAddress } from '../../domain/address.ts';
import type { z } from '../zod.ts';
import { field, withInitial } from './field.ts';

export function choice<const C extends string>(about: string, of: readonly C[], initial?: C): z.ZodType<C> {
  return field(withInitial({ about, expects: of.map((c) => `"${c}"`).join(' or ') }, initial), (raw) =>
    of.find((c) => c === raw),
  );
}

/** Any of these words, each once. Empty if left out. */
export const choices = <const C extends string>(about: string, of: readonly C[]): z.ZodType<readonly C[]> =>
  field({ about, expects: `a list of any of ${of.map((c) => `"${c}"`).join(', ')}`, initial: [] }, (raw) => {
    if (!Array.isArray(raw) || new Set(raw).size !== raw.length) return undefined;
    const list = raw.flatMap((word) => of.filter((c) => c === word));
    return list.length === raw.length ? list : undefined;
  });

export const SHORT_NAME = /^[a-z0-9][a-z0-9-]{0,31}$/;

export const shortName = (about: string): z.ZodType<string> =>
  field({ about, expects: 'a name of 1 to 32 characters a-z, 0-9 and -' }, (raw) =>
    typeof raw === 'string' && SHORT_NAME.test(raw) ? raw : undefined,
  );

/** A text for people, on one line. */
export const words = (about: string, max: number, example: string, initial?: string): z.ZodType<string> =>
  field(
    withInitial({ about, expects: `a line of 1 to ${max} characters, such as ${JSON.stringify(example)}` }, initial),
    (raw) => {
      const text = typeof raw === 'string' ? raw.trim() : '';
      return text !== '' && text.length <= max && !/[\p{C}\p{Zl}\p{Zp}]/u.test(text) ? text : undefined;
    },
  );

/** Texts that other people chose, such as names of groups. Empty if left out. */
export const texts = (about: string, example: string): z.ZodType<readonly string[]> =>
  field({ about, expects: `a list of at most 50 texts, such as [${JSON.stringify(example)}]`, initial: [] }, (raw) => {
    if (!Array.isArray(raw) || raw.length > 50) return undefined;
    const list = raw.filter((n): n is string => typeof n === 'string' && /^[^\p{C}\p{Zl}\p{Zp}]{1,200}$/u.test(n));
    return list.length === raw.length ? list : undefined;
  });

/** An address of the closed group. Whether it is registered is not known here. */
export const mailAddress = (about: string): z.ZodType<Address> =>
  field({ about, expects: 'an address, such as "beheer@example.nl"' }, (raw) => {
    const parsed = typeof raw === 'string' ? parseAddress(raw) : undefined;
    return parsed?.ok === true ? parsed.value : undefined;
  });

/** Login names, folded for comparison. */
export const logins = (about: string): z.ZodType<readonly string[]> =>
  field({ about, expects: 'a list of login names, such as ["practice@example.nl"]', initial: [] }, (raw) => {
    if (!Array.isArray(raw) || raw.length > 1000) return undefined;
    const list = raw.flatMap((n) => (typeof n === 'string' ? (foldLogin(n) ?? []) : []));
    return list.length === raw.length ? list : undefined;
  });
