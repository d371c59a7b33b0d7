/**
 * Which addresses a webhook may be at: those of the public internet. Whoever registers a URL must
 * not have the gateway speak to what only the gateway can reach: itself, its neighbours, the
 * metadata service of a cloud. The operator's list allows what is wanted all the same.
 *
 * What is not known to be public is refused (IANA's registries of special-purpose addresses, RFC
 * 6890): of IPv6 only 2000::/3 without what leads elsewhere or is documentation. So addresses that
 * hold an IPv4 address inside (mapped, NAT64, 6to4, Teredo) are refused as a whole.
 */
import { isIP } from 'node:net';
import { NetworkSet } from '../platform/network.ts';

const NOT_PUBLIC_4 = new NetworkSet([
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.0.2.0/24', '192.31.196.0/24', '192.52.193.0/24', '192.88.99.0/24', '192.168.0.0/16', '192.175.48.0/24'],
  ...['198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'],
]);
const PUBLIC_6 = new NetworkSet(['2000::/3']);
/** Teredo, ORCHID and benchmarks; documentation (twice); 6to4. */
const NOT_PUBLIC_6 = new NetworkSet(['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20']);

/** `address`: as a resolver or a URL gives it. Whatever is no plain address is not allowed. */
export function mayBeCalled(address: string, allowed: NetworkSet): boolean {
  const family = isIP(address);
  // An address with a zone belongs to one link.
  if (family === 0 || address.includes('%')) return false;
  // NetworkSet reads a mapped address as the IPv4 address inside; here only the operator may allow
  // one.
  if (allowed.has(address)) return true;
  return family === 4
    ? !NOT_PUBLIC_4.has(address)
    : !address.toLowerCase().startsWith('::') && PUBLIC_6.has(address) && !NOT_PUBLIC_6.has(address);
}
