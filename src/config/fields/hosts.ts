/**
 * Fields that are hosts and networks: names, addresses, web addresses, and tables of host names.
 */
import { isIP } from 'node:net';
import { NetworkSet } from '../../platform/network.ts';
import type { z } from '../zod.ts';
import { type FieldMeta, field, withInitial, writeValue } from './field.ts';
import { SHORT_NAME } from './names.ts';

/**
 * A host name (RFC 1123 section 2.1). It must have a dot or be localhost, since peers compare it
 * with certificates.
 */
const HOST = /^(?=.{1,253}$)(?:(?!-)[A-Za-z0-9-]{1,63}(?<!-)\.)+(?!-)[A-Za-z0-9-]{1,63}(?<!-)$/;

const isHostname = (raw: unknown): raw is string =>
  typeof raw === 'string' && (HOST.test(raw) || raw === 'localhost') && isIP(raw) === 0;

/** Domains that stand after the @ of addresses, in lower case for comparison. Empty if left out. */
export const mailDomains = (about: string): z.ZodType<readonly string[]> =>
  field({ about, expects: 'a list of at most 100 different domains, such as ["example.nl"]', initial: [] }, (raw) => {
    if (!Array.isArray(raw) || raw.length > 100) return undefined;
    const list = raw.flatMap((n) => (typeof n === 'string' && HOST.test(n) && isIP(n) === 0 ? [n.toLowerCase()] : []));
    return list.length === raw.length && new Set(list).size === list.length ? list : undefined;
  });

export const hostname = (about: string): z.ZodType<string> =>
  field({ about, expects: 'a host name with its domain, such as "mail.example.nl"' }, (raw) =>
    isHostname(raw) ? raw.toLowerCase() : undefined,
  );

export const webFolder = (about: string): z.ZodType<string> =>
  field({ about, expects: 'an http address, such as "http://crl.example.nl/sluis"' }, (raw) =>
    typeof raw === 'string' &&
    raw.length <= 200 &&
    /^https?:\/\/[A-Za-z0-9.-]+(:\d{1,5})?(\/[A-Za-z0-9._~/-]*)?$/.test(raw)
      ? raw
      : undefined,
  );

/** A web address. It must be https, since people type secrets there. */
export const webPage = (about: string): z.ZodType<string> =>
  field({ about, expects: 'an https address, such as "https://code.example.nl/"' }, (raw) =>
    typeof raw === 'string' &&
    raw.length <= 200 &&
    /^https:\/\/[A-Za-z0-9.-]+(:\d{1,5})?(\/[A-Za-z0-9._~/-]*)?$/.test(raw)
      ? raw
      : undefined,
  );

export const ipAddress = (about: string, initial?: string): z.ZodType<string> =>
  field(
    withInitial({ about, expects: 'an IP address, such as "0.0.0.0" or "::" for every one of this machine' }, initial),
    (raw) => (typeof raw === 'string' && isIP(raw) !== 0 ? raw : undefined),
  );

export const isLoopback = (host: string): boolean => host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));

/** An address that can be reached only from this machine. */
export const loopback = (about: string, initial: string): z.ZodType<string> =>
  field(
    {
      about,
      expects:
        'a loopback address, such as "127.0.0.1" or "::1": whoever reaches it needs no login; for others put a proxy of your own in front',
      initial,
    },
    (raw) => (typeof raw === 'string' && isLoopback(raw) ? raw : undefined),
  );

export const networks = (about: string): z.ZodType<readonly string[]> =>
  field({ about, expects: 'a list of networks, such as ["192.0.2.0/24", "2001:db8::/48"]', initial: [] }, (raw) => {
    if (!Array.isArray(raw) || raw.length > 1000) return undefined;
    const list = raw.filter((n): n is string => typeof n === 'string');
    try {
      new NetworkSet(list);
    } catch {
      return undefined;
    }
    return list.length === raw.length ? list : undefined;
  });

/** Most names of one table. */
const MOST_NAMES = 32;

/** A table of short names, with what each stands for. Empty if left out. */
function table<T>(
  meta: Omit<FieldMeta, 'initial'>,
  read: (raw: unknown) => T | undefined,
): z.ZodType<ReadonlyMap<string, T>> {
  const written = (value: ReadonlyMap<string, T>): string =>
    `{ ${[...value].map(([name, one]) => `${name} = ${writeValue(one)}`).join(', ')} }`;
  const schema = field<ReadonlyMap<string, T>>({ ...meta, written }, (raw) => {
    if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return undefined;
    const entries = Object.entries(raw).flatMap(([name, value]) => {
      const known = SHORT_NAME.test(name) ? read(value) : undefined;
      return known === undefined ? [] : [[name, known] as const];
    });
    const all = Object.keys(raw).length;
    return entries.length === all && all <= MOST_NAMES ? new Map(entries) : undefined;
  });
  return schema;
}

/** Host names by the short names of sites. */
export const hostsByName = (about: string): z.ZodType<ReadonlyMap<string, string>> =>
  table(
    { about, expects: 'a table of short names and host names, such as { noord = "mail-noord.example.nl" }' },
    (raw) => (isHostname(raw) ? raw.toLowerCase() : undefined),
  );

/** Short names by short names. */
export const namesByName = (about: string): z.ZodType<ReadonlyMap<string, string>> =>
  table({ about, expects: 'a table of short names, such as { db2 = "zuid" }' }, (raw) =>
    typeof raw === 'string' && SHORT_NAME.test(raw) ? raw : undefined,
  );
