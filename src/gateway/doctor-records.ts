/** Compares the records that the gateway should have in the DNS with those that are there. */
import { getServers } from 'node:dns';
import type { Config } from '../config/schema.ts';
import type { DnsAnswer, RecordType } from '../dns/packet.ts';
import type { Dns } from '../dns/resolver.ts';
import { type CheckedRecord, NO_SERVICE, type PublishedRecord, type WantedRecord } from '../domain/dns-record.ts';
import type { Clock } from '../domain/effects.ts';
import { seconds } from '../domain/units.ts';

/** Asks the DNS; undefined if there is no answer. */
export type Ask = (name: string, type: RecordType) => Promise<DnsAnswer | undefined>;

/**
 * Asks the resolver of `delivery.dane-resolver`, else the first DNS server of this machine. Its
 * answers are only shown; nothing is trusted because of them.
 */
export async function askOf({ delivery }: Pick<Config, 'delivery'>, clock: Clock): Promise<Ask> {
  const { Resolver } = await import('../dns/resolver.ts');
  const at = delivery['dane-resolver'] ?? firstServer();
  return at === undefined
    ? () => Promise.resolve(undefined)
    : asking(new Resolver({ at, clock, patience: seconds(2) }));
}

/**
 * Asks each question once, and no more questions once the resolver did not answer: an operator
 * waits.
 */
export function asking(dns: Dns): Ask {
  const known = new Map<string, Promise<DnsAnswer | undefined>>();
  let away = false;
  const ask: Ask = async (name, type) => {
    try {
      return away ? undefined : await dns.ask(name, type);
    } catch (error) {
      away ||= error instanceof Error && error.name === 'NoAnswer';
      return undefined;
    }
  };
  return (name, type) => {
    const key = `${type} ${name}`;
    const asked = known.get(key) ?? ask(name, type);
    known.set(key, asked);
    return asked;
  };
}

/** `192.0.2.1`, `192.0.2.1:5353`, `[2001:db8::1]:53`. */
function firstServer(): { readonly host: string; readonly port: number } | undefined {
  const [first] = getServers();
  if (first === undefined) return undefined;
  const [, bracketed, four, port = '53'] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(first) ?? [];
  return { host: bracketed ?? four ?? first, port: Number(port) };
}

/** Most questions at the same time: a hundred domains have nine records each. */
const AT_ONCE = 20;

export async function checkRecords(wanted: readonly WantedRecord[], ask: Ask): Promise<readonly CheckedRecord[]> {
  const all: CheckedRecord[] = [];
  for (let n = 0; n < wanted.length; n += AT_ONCE)
    all.push(...(await Promise.all(wanted.slice(n, n + AT_ONCE).map(async (one) => await checked(one, wanted, ask)))));
  return all;
}

/** How a text of each kind begins: other texts may stand at the same name. */
const BEGINS: Readonly<Record<WantedRecord['kind'], RegExp>> = {
  tlsa: /^/,
  'mta-sts': /^v=STSv1\b/,
  spf: /^v=spf1(?: |$)/i,
  dkim: /^/,
  dmarc: /^v=DMARC1\b/,
  setup: /^/,
};

async function checked(one: WantedRecord, all: readonly WantedRecord[], ask: Ask): Promise<CheckedRecord> {
  const answer = await ask(one.name.slice(0, -1), one.type);
  if (answer === undefined)
    return { ...one, state: 'unknown', remedy: 'the DNS gave no answer; try again, or see whether the resolver works' };
  const found = textsOf(answer, one.type).filter((text) => BEGINS[one.kind].test(text));
  if (found.length === 0)
    return {
      ...one,
      state: 'missing',
      remedy: one.type === 'CNAME' ? 'publish it, or addresses of the same host' : 'publish it',
    };
  const problem = problemOf(one, found, all);
  const shown = found.join(' | ').slice(0, 500);
  if (problem === undefined) return { ...one, state: 'published', ...(shown === one.value ? {} : { found: shown }) };
  return { ...one, state: 'differs', found: shown, remedy: problem };
}

/** The texts of the records of a type, as a zone file has them. */
export function textsOf({ records }: DnsAnswer, type: PublishedRecord['type']): readonly string[] {
  return records.filter((record) => record.type === type).map(({ data }) => TEXTS[type](data));
}

function tlsaText(data: unknown): string {
  const { usage, selector, matchingType, certificate } = data as Record<string, unknown>;
  const hex = Buffer.isBuffer(certificate) ? certificate.toString('hex') : '';
  return [usage, selector, matchingType, hex].map(String).join(' ');
}

const srvText = (data: unknown): string => {
  const { priority, weight, port, target } = data as Record<string, unknown>;
  return [priority, weight, port, dotted(target)].map(String).join(' ');
};

const dotted = (name: unknown): string => `${String(name).replace(/\.$/, '').toLowerCase()}.`;

/** The strings of a TXT record, joined (RFC 7208 section 3.3, RFC 6376 section 3.6.2.2). */
const txtText = (data: unknown): string =>
  (Array.isArray(data) ? (data as unknown[]) : [data])
    .map((part) => (Buffer.isBuffer(part) ? part.toString('utf8') : String(part)))
    .join('');

const TEXTS: Readonly<Record<PublishedRecord['type'], (data: unknown) => string>> = {
  TLSA: tlsaText,
  TXT: txtText,
  SRV: srvText,
  CNAME: dotted,
};

/** The tags of `name=value; ...`, with folded names. */
export const tagsOf = (text: string): ReadonlyMap<string, string> =>
  new Map(
    text.split(';').flatMap((tag) => {
      const [, name, value] = /^\s*([A-Za-z0-9_]+)\s*=\s*(.*?)\s*$/.exec(tag) ?? [];
      return name === undefined ? [] : [[name.toLowerCase(), value ?? ''] as const];
    }),
  );

/** True if the SPF record makes mail from elsewhere fail, or refers to another record. */
export const spfEnds = (text: string): boolean => /(?:^| )[-~]all(?: |$)/i.test(text) || /(?:^| )redirect=/i.test(text);

/**
 * What is wrong with the records that were found; undefined if they do what they should, in these
 * words or others.
 */
function problemOf(one: WantedRecord, found: readonly string[], all: readonly WantedRecord[]): string | undefined {
  const tag = (name: string): string | undefined => tagsOf(found[0] ?? '').get(name);
  switch (one.kind) {
    case 'tlsa': {
      if (found.includes(one.value)) return undefined;
      const others = all.filter(({ kind, name }) => kind === 'tlsa' && name === one.name);
      return others.some(({ value }) => found.includes(value))
        ? 'publish this one too: the listener has two certificates, and whoever gets this one finds no record of it'
        : 'publish it now: mail servers that look (DANE) send nothing here';
    }
    case 'mta-sts':
      return found.length > 1 ? 'one such record may be there; remove the other' : undefined;
    case 'spf':
      if (found.length > 1) return 'one such record may be there, or none counts; make one of them';
      return spfEnds(found[0] ?? '') ? undefined : 'end it with -all, so that mail from elsewhere fails';
    case 'dkim': {
      const keys = found.map((text) => tagsOf(text).get('p')?.replace(/\s/g, ''));
      return keys.includes(tagsOf(one.value).get('p'))
        ? undefined
        : 'it is another key; publish this one, or sign by that';
    }
    case 'dmarc':
      if (found.length > 1) return 'one such record may be there, or none counts; remove the other';
      return /^(?:quarantine|reject)$/i.test(tag('p') ?? '') ? undefined : 'set p=reject, or p=quarantine at first';
    case 'setup':
      // If another service of the kind exists, its record stands there in place of NO_SERVICE.
      return one.value === NO_SERVICE || found.includes(one.value.toLowerCase())
        ? undefined
        : 'it leads mail programs elsewhere; publish this one';
  }
}
