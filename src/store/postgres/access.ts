/**
 * Where a server of PostgreSQL is, and how we log in: over verified TLS, with a password or a
 * client certificate from a file.
 */
import { isIP } from 'node:net';
import { type ConnectionOptions, checkServerIdentity } from 'node:tls';
import { ConnectProblem, type ConnectFailure } from './connect-problem.ts';

export interface Server {
  /** A name, an address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
}

/** Secrets are read when a connection is made, so that replaced ones are used. */
export interface Access {
  readonly database: string;
  readonly user: string;
  readonly password?: () => string;
  /** Absent: without TLS, which is refused to another machine but for `plainText`. */
  readonly tls?: () => TlsFiles;
  readonly plainText?: boolean;
}

/** Texts in PEM. */
export interface TlsFiles {
  /** Authorities; absent: those that Node trusts. */
  readonly ca?: string;
  /** The name in the server's certificate, if it is not the host. */
  readonly servername?: string;
  readonly certificate?: string;
  readonly key?: string;
}

export const placeOf = ({ host, port }: Server): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

/** Whether a connection to that host stays on this machine. */
const isHere = (host: string): boolean =>
  host.startsWith('/') || host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));

const NO_PASSWORD: ConnectFailure = [
  'authentication',
  'it asks for a password, and none is configured',
  'give "password-file" in [store], or a client certificate that it accepts',
];
const IN_THE_CLEAR: ConnectFailure = [
  'plain-text',
  'mail would go in the clear to another machine',
  'give "ca" in [store] and have the server offer TLS, or allow it with "plain-text = true"',
];

/** The password for a server. Throws ConnectProblem. */
export function passwordFor(server: Server, { password }: Access): string {
  if (password === undefined) throw new ConnectProblem(placeOf(server), NO_PASSWORD);
  return password();
}

/** TLS options for a server; false: without TLS. Throws ConnectProblem. */
export function tlsFor(server: Server, { tls, plainText }: Access): false | ConnectionOptions {
  if (tls === undefined) {
    if (plainText === true || isHere(server.host)) return false;
    throw new ConnectProblem(placeOf(server), IN_THE_CLEAR);
  }
  const { ca, servername = server.host, certificate, key } = tls();
  return {
    ca,
    cert: certificate,
    key,
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true,
    // Where the host is an address `pg` leaves this as it is; RFC 6066 section 3 allows no address
    // here.
    ...(isIP(servername) === 0 ? { servername } : {}),
    checkServerIdentity: (_host, peer) => checkServerIdentity(servername, peer),
  };
}
