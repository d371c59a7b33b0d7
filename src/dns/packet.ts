/**
 * Questions and answers of the DNS as octets (RFC 1035 section 4, RFC 6891, RFC 6840 section 5.7):
 * the one file that knows `dns-packet`.
 *
 * A question asks for recursion and, by its AD bit, to be told whether the answer was validated.
 * Names are judged before they are written: the package cuts no label and refuses none.
 */
import { AUTHENTIC_DATA, RECURSION_DESIRED, decode, encode } from 'dns-packet';

export type RecordType = 'A' | 'AAAA' | 'CAA' | 'CNAME' | 'DS' | 'MX' | 'NS' | 'SOA' | 'SRV' | 'TLSA' | 'TXT';

export interface DnsRecord {
  /** Folded, without the dot at its end; the root is empty. */
  readonly name: string;
  readonly type: string;
  /** Seconds. */
  readonly ttl: number;
  readonly data: unknown;
}

export interface DnsAnswer {
  readonly code: 'NOERROR' | 'NXDOMAIN';
  /** The resolver has validated all of it, also that there is nothing (RFC 4035 section 3.2.3). */
  readonly secure: boolean;
  readonly records: readonly DnsRecord[];
}

/** There is no answer that could be believed; never the same as "there is none". */
export class DnsFailed extends Error {
  override readonly name: string = 'DnsFailed';
}

/** What is taken of one answer by UDP: it passes every network in one piece (DNS flag day 2020). */
const UDP_SIZE = 1232;

/** RFC 1035 section 2.3.4; underscores are for names of services. */
const NAME =
  /^(?=.{1,253}$)(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/;

export const isName = (name: string): boolean => NAME.test(name);

/** Names are compared so; `.` is the root. */
export const foldName = (name: string): string => name.replace(/\.$/, '').toLowerCase();

/** `name`: of host or service, or empty for the root. Throws DnsFailed. */
export function questionOf(id: number, name: string, type: RecordType): Buffer {
  if (name !== '' && !isName(name)) throw new DnsFailed(`"${name.slice(0, 80)}" is not a name that could be looked up`);
  return encode({
    type: 'query',
    id,
    flags: RECURSION_DESIRED | AUTHENTIC_DATA,
    questions: [{ name: name === '' ? '.' : name, type, class: 'IN' }],
    additionals: [{ type: 'OPT', name: '.', udpPayloadSize: UDP_SIZE, flags: 0, options: [] }],
  });
}

/**
 * Undefined: it is no answer to this question, and another one may come. `truncated`: it must be
 * asked for by TCP. Throws DnsFailed if the answer is broken, or is that there is none now
 * (SERVFAIL: among others what a resolver says of what is not validly signed).
 */
export function answerTo(
  id: number,
  name: string,
  type: RecordType,
  octets: Buffer,
): DnsAnswer | 'truncated' | undefined {
  if (octets.length < 12 || octets.readUInt16BE(0) !== id) return undefined;
  const packet = decoded(octets);
  const [question] = packet.questions;
  const asked =
    packet.type === 'response' &&
    packet.questions.length === 1 &&
    question?.type === type &&
    foldName(question.name) === foldName(name);
  if (!asked) return undefined;
  if (packet.flag_tc) return 'truncated';
  const extended = packet.additionals.find((one) => one.type === 'OPT')?.extendedRcode ?? 0;
  const { rcode } = packet;
  if (extended !== 0 || (rcode !== 'NOERROR' && rcode !== 'NXDOMAIN'))
    throw new DnsFailed(`the resolver answered ${extended === 0 ? rcode : `with error ${extended * 16}`}`);
  return {
    code: rcode,
    secure: packet.flag_ad,
    records: packet.answers.map((one) => ({
      name: foldName(one.name),
      type: one.type,
      ttl: one.ttl ?? 0,
      data: one.data,
    })),
  };
}

function decoded(octets: Buffer): ReturnType<typeof decode> {
  try {
    return decode(octets);
  } catch (error) {
    throw new DnsFailed(`the answer is broken (${error instanceof Error ? error.message : String(error)})`);
  }
}
