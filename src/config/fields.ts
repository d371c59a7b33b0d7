/**
 * The kinds of values that the configuration knows. Each field carries its expectation, its default and its meaning, so that the type, the
 * error text and the reference page come from one line of schema.ts.
 */
import { isAbsolute } from 'node:path';
import { isIP } from 'node:net';
import { foldLogin } from '../domain/registry.ts';
import { type Address, parseAddress } from '../domain/address.ts';
import { formatOctets, parseOctets } from '../domain/octets-text.ts';
import { type Milliseconds, type Octets, minutes, octets } from '../domain/units.ts';
import { NetworkSet } from '../platform/network.ts';
import { formatDuration, parseDuration } from './units.ts';
import { z } from './zod.ts';

export interface FieldMeta {
  readonly about: string;
  readonly expects: string;
  /** As it is written in the file; absent where a value must be given or where leaving it out means something. */
  readonly initial?: Initial;
  readonly optional?: boolean;
  /** A relative path in it starts at the folder of the file. */
  readonly isPath?: true;
  /** A value as the file writes it; left out: as JSON does. Nothing that may be secret is in it. */
  readonly written?: (value: never) => string;
  /** The default as it was read. */
  readonly start?: unknown;
}
type Initial = string | number | boolean | readonly string[];

// zod keeps what is said about a schema in a registry; ours is typed.
export const fieldMeta = z.registry<FieldMeta>();

/** One field: `read` answers undefined for a value that is not what `expects` says. */
function field<T>(meta: FieldMeta, read: (raw: unknown) => T | undefined): z.ZodType<T> {
  const parse = z.unknown().transform((raw, context): T => {
    const value = read(raw);
    if (value !== undefined) return value;
    context.issues.push({ code: 'custom', message: meta.expects, input: raw });
    return z.NEVER;
  });
  const schema = meta.initial === undefined ? parse : parse.prefault(meta.initial);
  fieldMeta.add(schema, meta.initial === undefined ? meta : { ...meta, start: read(meta.initial) });
  return schema;
}

/** A field that may be left out. */
export function optional<T>(inner: z.ZodType<T>): z.ZodOptional<z.ZodType<T>> {
  const schema = inner.optional();
  const meta = fieldMeta.get(inner);
  if (meta !== undefined) fieldMeta.add(schema, { ...meta, optional: true });
  return schema;
}

const withInitial = (meta: FieldMeta, initial: Initial | undefined): FieldMeta =>
  initial === undefined ? meta : { ...meta, initial };

/** A length of time; `initial`, `min` and `max` as they are written. */
export function duration(about: string, initial: string, min: string, max: string): z.ZodType<Milliseconds> {
  return withinTimes(
    { about, initial, expects: `a length of time from ${min} to ${max}, such as "${initial}"` },
    min,
    max,
  );
}

/** One that means something where it is left out. */
export const givenDuration = (about: string, example: string, min: string, max: string): z.ZodType<Milliseconds> =>
  withinTimes({ about, expects: `a length of time from ${min} to ${max}, such as "${example}"` }, min, max);

function withinTimes(meta: FieldMeta, min: string, max: string): z.ZodType<Milliseconds> {
  const [low = 0, high = 0] = [parseDuration(min), parseDuration(max)];
  const written = (value: Milliseconds): string => writeValue(formatDuration(value));
  return field({ ...meta, written }, (raw) => {
    const value = typeof raw === 'string' ? parseDuration(raw) : undefined;
    return value !== undefined && value >= low && value <= high ? value : undefined;
  });
}

/** Lengths of time, each at least as long as the one before. */
export function durations(
  about: string,
  initial: readonly string[],
  min: string,
  max: string,
): z.ZodType<readonly Milliseconds[]> {
  const [low = 0, high = 0] = [parseDuration(min), parseDuration(max)];
  const expects = `a list of 1 to 20 growing lengths of time from ${min} to ${max}, such as ${writeValue(initial)}`;
  const written = (value: readonly Milliseconds[]): string => writeValue(value.map(formatDuration));
  return field({ about, expects, initial, written }, (raw) => {
    if (!Array.isArray(raw) || raw.length === 0 || raw.length > 20) return undefined;
    const read = raw.map((text: unknown) => (typeof text === 'string' ? parseDuration(text) : undefined));
    const grows = read.every(
      (value, i) => value !== undefined && value >= Math.max(low, read[i - 1] ?? low) && value <= high,
    );
    return grows ? read.filter((value) => value !== undefined) : undefined;
  });
}

/** In powers of 1000 where those of 1024 do not fit: 50MB is no whole number of KiB. */
function sizeWritten(value: Octets): string {
  const inThousands = (
    [
      ['GB', 1e9],
      ['MB', 1e6],
      ['KB', 1e3],
    ] as const
  ).find(([, unit]) => value >= unit && value % unit === 0);
  const text = formatOctets(value);
  return writeValue(
    inThousands !== undefined && /\dB$/.test(text) ? `${value / inThousands[1]}${inThousands[0]}` : text,
  );
}

/** A size in octets. */
export function size(about: string, initial: string, min: string, max: string): z.ZodType<Octets> {
  const [low = 0, high = 0] = [parseOctets(min), parseOctets(max)];
  const expects = `a size from ${min} to ${max}, such as "${initial}"`;
  return field({ about, expects, initial, written: sizeWritten }, (raw) => {
    const value = typeof raw === 'string' ? parseOctets(raw) : undefined;
    return value !== undefined && value >= low && value <= high ? octets(value) : undefined;
  });
}

export function count(about: string, initial: number | undefined, min: number, max: number): z.ZodType<number> {
  return field(withInitial({ about, expects: `a whole number from ${min} to ${max}` }, initial), (raw) =>
    typeof raw === 'number' && Number.isInteger(raw) && raw >= min && raw <= max ? raw : undefined,
  );
}

export function choice<const C extends string>(about: string, of: readonly C[], initial?: C): z.ZodType<C> {
  return field(withInitial({ about, expects: of.map((c) => `"${c}"`).join(' or ') }, initial), (raw) =>
    of.find((c) => c === raw),
  );
}

/** Any of these, each once; none when left out. */
export const choices = <const C extends string>(about: string, of: readonly C[]): z.ZodType<readonly C[]> =>
  field({ about, expects: `a list of any of ${of.map((c) => `"${c}"`).join(', ')}`, initial: [] }, (raw) => {
    if (!Array.isArray(raw) || new Set(raw).size !== raw.length) return undefined;
    const list = raw.flatMap((word) => of.filter((c) => c === word));
    return list.length === raw.length ? list : undefined;
  });

const MAX_PATH = 4096;
const isPath = (raw: unknown): raw is string =>
  typeof raw === 'string' && raw !== '' && raw.length <= MAX_PATH && !raw.includes('\0');
/** A file or folder; relative ones start at the folder of the configuration file. */
export const path = (about: string, initial?: string): z.ZodType<string> =>
  field(
    withInitial(
      { about, expects: 'a path in quotes, relative to the folder of this file or absolute', isPath: true },
      initial,
    ),
    (raw) => (isPath(raw) ? raw : undefined),
  );

/** One file, or a list of them. */
export const paths = (about: string): z.ZodType<readonly string[]> =>
  field({ about, expects: 'a path in quotes, or a list of at most 4 paths', isPath: true }, (raw) => {
    const list: unknown[] = Array.isArray(raw) ? raw : [raw];
    const read = list.filter((p): p is string => isPath(p));
    return read.length === list.length && read.length > 0 && read.length <= 4 ? read : undefined;
  });

/** A day, as it is written; it must be one of the calendar. */
export const day = (about: string): z.ZodType<string> =>
  field({ about, expects: 'a day, such as "2027-06-30"' }, (raw) => {
    // TOML has dates of its own, without quotes.
    const text = raw instanceof Date ? raw.toISOString() : raw;
    if (typeof text !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined;
    const at = new Date(`${text}T00:00:00Z`);
    return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text) ? text : undefined;
  });

const timeWritten = (value: Milliseconds): string => {
  const minute = value / 60_000;
  return writeValue([Math.floor(minute / 60), minute % 60].map((n) => String(n).padStart(2, '0')).join(':'));
};

/** A time of day, by the wall clock in Amsterdam; milliseconds since midnight. */
export const timeOfDay = (about: string): z.ZodType<Milliseconds> =>
  field({ about, expects: 'a time of day, such as "02:30"', written: timeWritten }, (raw) => {
    const read = typeof raw === 'string' ? /^([01]\d|2[0-3]):([0-5]\d)$/.exec(raw) : null;
    return read === null ? undefined : minutes(Number(read[1]) * 60 + Number(read[2]));
  });

/** Files; relative ones start at the folder of the configuration file. None when left out. */
export const files = (about: string): z.ZodType<readonly string[]> =>
  field({ about, expects: 'a list of paths, such as ["client-ca.pem"]', initial: [], isPath: true }, (raw) => {
    if (!Array.isArray(raw) || raw.length > 100) return undefined;
    const list = raw.filter((p): p is string => isPath(p));
    return list.length === raw.length ? list : undefined;
  });

/** Its words may hold a secret, so the program alone is shown. */
const programWritten = ([program = '', ...more]: readonly string[]): string =>
  writeValue(more.length === 0 ? [program] : [program, `(not shown: ${more.length})`]);

/** A program by its absolute path, and its arguments: no shell takes part, so nothing in it is expanded. */
export const command = (about: string): z.ZodType<readonly string[]> =>
  field(
    {
      about,
      expects:
        'a list of a program with its absolute path and its arguments, such as ["/usr/bin/systemd-creds", "decrypt", "KEY"]',
      written: programWritten,
    },
    (raw) => {
      if (!Array.isArray(raw) || raw.length === 0 || raw.length > 64) return undefined;
      const words = raw.filter((w): w is string => typeof w === 'string' && !w.includes('\0'));
      return words.length === raw.length && isAbsolute(words[0] ?? '') ? words : undefined;
    },
  );

/** RFC 1123 section 2.1; the name must have a dot or be localhost, since peers compare it with certificates. */
const HOST = /^(?=.{1,253}$)(?:(?!-)[A-Za-z0-9-]{1,63}(?<!-)\.)+(?!-)[A-Za-z0-9-]{1,63}(?<!-)$/;
const isHostname = (raw: unknown): raw is string =>
  typeof raw === 'string' && (HOST.test(raw) || raw === 'localhost') && isIP(raw) === 0;
/** Domains behind the @ of addresses, as they are compared. None when left out. */
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

/** An address in the closed group; whether it is registered is not known here. */
export const mailAddress = (about: string): z.ZodType<Address> =>
  field({ about, expects: 'an address, such as "beheer@example.nl"' }, (raw) => {
    const parsed = typeof raw === 'string' ? parseAddress(raw) : undefined;
    return parsed?.ok === true ? parsed.value : undefined;
  });

export const webFolder = (about: string): z.ZodType<string> =>
  field({ about, expects: 'an http address, such as "http://crl.example.nl/sluis"' }, (raw) =>
    typeof raw === 'string' &&
    raw.length <= 200 &&
    /^https?:\/\/[A-Za-z0-9.-]+(:\d{1,5})?(\/[A-Za-z0-9._~/-]*)?$/.test(raw)
      ? raw
      : undefined,
  );

/** Where people type what must not be read on its way. */
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

/** An address that only this machine reaches. */
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

export const shortName = (about: string): z.ZodType<string> =>
  field({ about, expects: 'a name of 1 to 32 characters a-z, 0-9 and -' }, (raw) =>
    typeof raw === 'string' && SHORT_NAME.test(raw) ? raw : undefined,
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

/** Where something listens: `host:port`, an IPv6 address in brackets. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

const hostPortText = ({ host, port }: HostPort): string => `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
const hostPortWritten = (value: HostPort): string => writeValue(hostPortText(value));

/** Servers in the order in which they are asked; none when left out. */
export const servers = (about: string, most: number): z.ZodType<readonly HostPort[]> =>
  field(
    {
      about,
      expects: `a list of at most ${most} different servers, such as ["db1.example.nl:5432"]`,
      initial: [],
      written: (value: readonly HostPort[]) => writeValue(value.map(hostPortText)),
    },
    (raw) => {
      if (!Array.isArray(raw) || raw.length > most || new Set(raw).size !== raw.length) return undefined;
      const list = raw.flatMap((text) => (typeof text === 'string' ? (hostPortOf(text) ?? []) : []));
      return list.length === raw.length ? list : undefined;
    },
  );

export const server = (about: string): z.ZodType<HostPort> =>
  field({ about, expects: 'a server and its port, such as "db3.example.nl:5432"', written: hostPortWritten }, (raw) =>
    typeof raw === 'string' ? hostPortOf(raw) : undefined,
  );

/** An address of this machine with a port. */
export const listenAt = (about: string): z.ZodType<HostPort> =>
  field(
    {
      about,
      expects: 'an IP address and a port of this machine, such as "0.0.0.0:7443"',
      written: hostPortWritten,
    },
    (raw) => {
      const found = typeof raw === 'string' ? hostPortOf(raw) : undefined;
      return found !== undefined && isIP(found.host) !== 0 ? found : undefined;
    },
  );

/** A Unix socket by its absolute path, or a port that only this machine reaches. */
export type LocalService = { readonly path: string } | HostPort;

const isLoopback = (host: string): boolean => host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));

/** For what neither encrypts nor asks who calls. */
export const localService = (about: string): z.ZodType<LocalService> =>
  field<LocalService>(
    {
      about,
      expects:
        'the absolute path of a Unix socket, or a loopback address with its port, such as "/run/clamav/clamd.ctl" or "127.0.0.1:3310"',
      written: (value: LocalService) => writeValue('path' in value ? value.path : hostPortText(value)),
    },
    (raw) => {
      if (isPath(raw) && isAbsolute(raw)) return { path: raw };
      const found = typeof raw === 'string' ? hostPortOf(raw) : undefined;
      return found !== undefined && isLoopback(found.host) ? found : undefined;
    },
  );

/** For answers that are believed because nobody else can have written them. */
export const localPort = (about: string, example: string): z.ZodType<HostPort> =>
  field(
    { about, expects: `a loopback address with its port, such as "${example}"`, written: hostPortWritten },
    (raw) => {
      const found = typeof raw === 'string' ? hostPortOf(raw) : undefined;
      return found !== undefined && isLoopback(found.host) ? found : undefined;
    },
  );

function hostPortOf(text: string): HostPort | undefined {
  const found = /^(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9.-]{1,253})):(\d{1,5})$/.exec(text);
  const [, inBrackets, plain] = found ?? [];
  const port = Number(found?.[3]);
  if (port < 1 || port > 65_535) return undefined;
  if (inBrackets !== undefined) return isIP(inBrackets) === 6 ? { host: inBrackets, port } : undefined;
  return plain === undefined || plain.startsWith('-') ? undefined : { host: plain.toLowerCase(), port };
}

const SHORT_NAME = /^[a-z0-9][a-z0-9-]{0,31}$/;
/** Most names of one table. */
const MOST_NAMES = 32;

/** Short names, and what each stands for; none when left out. */
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

/** Words for people, on one line. */
export const words = (about: string, max: number, example: string, initial?: string): z.ZodType<string> =>
  field(
    withInitial({ about, expects: `a line of 1 to ${max} characters, such as ${JSON.stringify(example)}` }, initial),
    (raw) => {
      const text = typeof raw === 'string' ? raw.trim() : '';
      return text !== '' && text.length <= max && !/[\p{C}\p{Zl}\p{Zp}]/u.test(text) ? text : undefined;
    },
  );

/** Texts that others have chosen, such as names of groups. None when left out. */
export const texts = (about: string, example: string): z.ZodType<readonly string[]> =>
  field({ about, expects: `a list of at most 50 texts, such as [${JSON.stringify(example)}]`, initial: [] }, (raw) => {
    if (!Array.isArray(raw) || raw.length > 50) return undefined;
    const list = raw.filter((n): n is string => typeof n === 'string' && /^[^\p{C}\p{Zl}\p{Zp}]{1,200}$/u.test(n));
    return list.length === raw.length ? list : undefined;
  });

/** Log-in names, as they are compared. */
export const logins = (about: string): z.ZodType<readonly string[]> =>
  field({ about, expects: 'a list of login names, such as ["practice@example.nl"]', initial: [] }, (raw) => {
    if (!Array.isArray(raw) || raw.length > 1000) return undefined;
    const list = raw.flatMap((n) => (typeof n === 'string' ? (foldLogin(n) ?? []) : []));
    return list.length === raw.length ? list : undefined;
  });

/** Writes a default as the file writes it. */
export const writeValue = (value: unknown): string => JSON.stringify(value);
export { formatDuration, formatOctets };
