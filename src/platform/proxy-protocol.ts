/**
 * The header that a load balancer puts in front of a connection: PROXY protocol, versions 1 and 2.
 *
 * https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt, sections 2.1 and 2.2. Pure: it reads
 * only what has come. The header is believed, so it may only be read from a listed address
 * (`proxy-gate.ts`).
 */
import { SocketAddress, isIP } from 'node:net';

export type ProxyHeader =
  /** The header is not whole yet. */
  | { readonly kind: 'more' }
  /** The client's address; the header took `length` octets. */
  | { readonly kind: 'proxied'; readonly address: string; readonly length: number }
  /**
   * The balancer speaks for itself (a health check), or knows no address: the address of the
   * connection itself counts.
   */
  | { readonly kind: 'local'; readonly length: number }
  | { readonly kind: 'wrong'; readonly why: string };

/** Section 2.1: the longest line of version 1, with its CRLF. */
const LONGEST_V1 = 107;
/**
 * Addresses take 36 octets; the rest is for TLVs, which are skipped. The protocol would allow
 * 65,535.
 */
const LONGEST_V2 = 2048;
/** Longest header that is read here, in octets. */
export const LONGEST_HEADER = 16 + LONGEST_V2;

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const V1 = Buffer.from('PROXY ', 'latin1');

const wrong = (why: string): ProxyHeader => ({ kind: 'wrong', why });

/** Reads the header at the start of `octets`. */
export function readProxyHeader(octets: Buffer): ProxyHeader {
  if (startsLike(octets, SIGNATURE)) return octets.length < 16 ? { kind: 'more' } : readV2(octets);
  if (startsLike(octets, V1)) return readV1(octets);
  return wrong('there is no PROXY header');
}

/** True while `octets` can still become something that starts with `start`. */
const startsLike = (octets: Buffer, start: Buffer): boolean => {
  const length = Math.min(octets.length, start.length);
  return octets.compare(start, 0, length, 0, length) === 0;
};

function readV1(octets: Buffer): ProxyHeader {
  const end = octets.subarray(0, LONGEST_V1).indexOf('\r\n', 0, 'latin1');
  if (end < 0) return octets.length < LONGEST_V1 ? { kind: 'more' } : wrong('the line of version 1 is too long');
  const length = end + 2;
  const [, protocol, source = '', destination = '', ...ports] = octets.toString('latin1', 0, end).split(' ');
  // Whatever follows UNKNOWN is to be ignored.
  if (protocol === 'UNKNOWN') return { kind: 'local', length };
  const family = protocol === 'TCP4' ? 4 : protocol === 'TCP6' ? 6 : undefined;
  if (family === undefined) return wrong('version 1 with a protocol that is neither TCP4, TCP6 nor UNKNOWN');
  // Node takes an address with a zone index, which means nothing on another machine.
  if (source.includes('%') || isIP(source) !== family || isIP(destination) !== family)
    return wrong('version 1 with a wrong address');
  if (ports.length !== 2 || !ports.every(isPort)) return wrong('version 1 with wrong ports');
  return { kind: 'proxied', address: plainAddress(source), length };
}

const isPort = (text: string): boolean => /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535;

function readV2(octets: Buffer): ProxyHeader {
  const [command = 0, family = 0] = octets.subarray(12, 14);
  const rest = octets.readUInt16BE(14);
  if (command >> 4 !== 2) return wrong('a version that is neither 1 nor 2');
  if ((command & 0x0f) > 1) return wrong('version 2 with an unknown command');
  if (rest > LONGEST_V2) return wrong('the header of version 2 is too long');
  const length = 16 + rest;
  // Octets that do not matter must have come as well, or they would count as sent by the client.
  if (octets.length < length) return { kind: 'more' };
  const isLocal = (command & 0x0f) === 0;
  if (isLocal || family === 0x00) return { kind: 'local', length };
  const body = octets.subarray(16, length);
  if (family === 0x11 && rest >= 12) return { kind: 'proxied', address: body.subarray(0, 4).join('.'), length };
  if (family === 0x21 && rest >= 36) return { kind: 'proxied', address: ipv6(body.subarray(0, 16)), length };
  return wrong(family === 0x11 || family === 0x21 ? 'version 2 with too few octets' : 'version 2 without TCP over IP');
}

const ipv6 = (octets: Buffer): string =>
  plainAddress(Array.from({ length: 8 }, (_, i) => octets.readUInt16BE(2 * i).toString(16)).join(':'));

/** The address as sockets write it: in short form, and an IPv4 address in IPv6 as plain IPv4. */
function plainAddress(address: string): string {
  if (isIP(address) !== 6) return address;
  const { address: short } = new SocketAddress({ address, family: 'ipv6' });
  return short.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');
}
