/**
 * Networks as limits and take-overs of a maildrop count them: an IPv4 address by itself, an IPv6
 * address by its /64, because one IPv6 customer has at least 2^64 addresses to come from.
 */
import { BlockList, isIP } from 'node:net';

/**
 * The range that a network lies in: an IPv4 /24 or an IPv6 /48, which is what one customer of a
 * provider gets at most.
 */
export function rangeOf(address: string): string {
  const network = networkOf(address);
  if (network.endsWith('::/64')) return `${network.split(':').slice(0, 3).join(':')}::/48`;
  return isIP(network) === 4 ? `${network.slice(0, network.lastIndexOf('.'))}.0/24` : network;
}

/**
 * Folds a peer address to its network. `::ffff:192.0.2.1` is 192.0.2.1. Anything that is not an
 * address is a network of its own.
 */
export function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '').replace(/%.*$/, '');
  if (isIP(plain) !== 6) return plain;
  return `${groupsOf(plain)
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`;
}

/** The eight groups of an IPv6 address without a dotted part. */
function groupsOf(address: string): readonly number[] {
  const [head = '', tail] = address.split('::');
  const front = head === '' ? [] : head.split(':');
  const back = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups =
    tail === undefined
      ? front
      : [...front, ...Array<string>(Math.max(0, 8 - front.length - back.length)).fill('0'), ...back];
  return groups.map((group) => Number.parseInt(group, 16) || 0);
}

/**
 * The 4 or 16 octets of an IP address, as certificates have them (RFC 5280 section 4.2.1.6). Throws
 * `RangeError` on anything else.
 */
export function addressOctets(address: string): Buffer {
  const family = isIP(address);
  if (family === 4) return Buffer.from(address.split('.').map(Number));
  if (family === 0 || address.includes('%')) throw new RangeError(`"${address}" is not an IP address without a zone`);
  const hexadecimal = address.replace(/[\d.]+$/, (end) => {
    if (!end.includes('.')) return end;
    const four = addressOctets(end);
    return `${four.readUInt16BE(0).toString(16)}:${four.readUInt16BE(2).toString(16)}`;
  });
  const octets = Buffer.alloc(16);
  groupsOf(hexadecimal).forEach((group, at) => octets.writeUInt16BE(group, 2 * at));
  return octets;
}

/**
 * A set of networks in CIDR notation, for exemptions. Throws `RangeError` for a text that is not a
 * network, and names it.
 */
export class NetworkSet {
  readonly #list = new BlockList();

  constructor(networks: readonly string[]) {
    for (const network of networks) {
      const [address = '', prefix] = network.split('/');
      const family = isIP(address);
      const bits = prefix === undefined ? (family === 6 ? 128 : 32) : Number(prefix);
      if (family === 0 || !Number.isInteger(bits) || bits < 0 || bits > (family === 6 ? 128 : 32))
        throw new RangeError(
          `"${network}" is not a network; expected an address with an optional prefix length, such as 192.0.2.0/24`,
        );
      this.#list.addSubnet(address, bits, family === 6 ? 'ipv6' : 'ipv4');
    }
  }

  has(address: string): boolean {
    const plain = address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '').replace(/%.*$/, '');
    const family = isIP(plain);
    return family !== 0 && this.#list.check(plain, family === 6 ? 'ipv6' : 'ipv4');
  }
}
