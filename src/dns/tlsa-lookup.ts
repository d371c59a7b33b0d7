/**
 * Which TLSA records hold for a server that a partner's record names (RFC 7672 sections 2.1 and
 * 2.2.2: no MX is asked for, the host is given).
 *
 * What an attacker who cannot sign would like is an answer that reads "there are none". So:
 * - whatever is no answer (SERVFAIL, which is what a resolver says of a missing proof and of a bad
 *   signature; time-outs) is DnsFailed and never "none";
 * - records that were not validated count for nothing, and neither does a name that an unsigned
 *   alias led to: else whoever forges the alias would choose the zone whose records are believed;
 * - where the way from a signed alias goes on unsigned, the alias itself may still have records,
 *   and they hold.
 */
import { type DnsAnswer, DnsFailed, foldName, isName } from './packet.ts';
import type { Dns } from './resolver.ts';
import { type Tlsa, usableOf } from './tlsa.ts';

/**
 * Why there are none: no such host in the DNS, not signed, signed but without records, or none of a
 * kind that is used.
 */
export type NoTlsa = 'no-host' | 'insecure' | 'absent' | 'unusable';

export type TlsaFound = { readonly ttl: number } & (
  | {
      readonly kind: 'records';
      /** The name below which the records stand; used for SNI. */ readonly base: string;
      readonly records: readonly Tlsa[];
    }
  | { readonly kind: 'none'; readonly why: NoTlsa }
);

/** Aliases in a row. */
const MOST_ALIASES = 8;
/** Seconds for which the absence of records is remembered: new records are used soon. */
const NONE_FOR = 60;

/** Finds the records. Rejects with DnsFailed. */
export async function findTlsa(dns: Dns, host: string, port: number): Promise<TlsaFound> {
  const bases = await basesOf(dns, foldName(host));
  if (typeof bases === 'string') return none(bases);
  let why: NoTlsa = 'absent';
  for (const base of bases) {
    const answer = await dns.ask(`_${port}._tcp.${base}`, 'TLSA');
    const { name } = follow(answer, `_${port}._tcp.${base}`);
    const found = answer.records.filter((record) => record.type === 'TLSA' && record.name === name);
    if (found.length === 0) continue;
    if (!answer.secure) {
      why = 'insecure';
      continue;
    }
    const records = usableOf(found.map(({ data }) => data));
    const ttl = Math.min(...answer.records.map((record) => record.ttl));
    return records.length === 0 ? { kind: 'none', why: 'unusable', ttl } : { kind: 'records', base, records, ttl };
  }
  return none(why);
}

const none = (why: NoTlsa): TlsaFound => ({ kind: 'none', why, ttl: NONE_FOR });

/** Names below which records may stand, the one that is asked first at first. */
async function basesOf(dns: Dns, host: string): Promise<readonly string[] | NoTlsa> {
  let answer = await dns.ask(host, 'A');
  if (addressesIn(answer, host, 'A') === 0 && answer.code === 'NOERROR') answer = await dns.ask(host, 'AAAA');
  const { name, aliases } = follow(answer, host);
  if (answer.secure) {
    if (answer.code === 'NXDOMAIN') return 'no-host';
    return aliases === 0 ? [host] : [name, host];
  }
  if (aliases === 0) return answer.code === 'NXDOMAIN' ? 'no-host' : 'insecure';
  const alias = await dns.ask(host, 'CNAME');
  return alias.secure ? [host] : 'insecure';
}

const addressesIn = (answer: DnsAnswer, host: string, type: 'A' | 'AAAA'): number => {
  const { name } = follow(answer, host);
  return answer.records.filter((record) => record.type === type && record.name === name).length;
};

/** Where the aliases of an answer lead, beginning at what was asked for. Throws DnsFailed. */
function follow({ records }: DnsAnswer, asked: string): { readonly name: string; readonly aliases: number } {
  let name = foldName(asked);
  for (let aliases = 0; ; aliases++) {
    const alias = records.find((record) => record.type === 'CNAME' && record.name === name);
    if (alias === undefined) return { name, aliases };
    const target = foldName(String(alias.data));
    if (aliases === MOST_ALIASES || !isName(target))
      throw new DnsFailed(`the aliases of ${asked} lead nowhere (more than ${MOST_ALIASES}, or to no name)`);
    name = target;
  }
}
