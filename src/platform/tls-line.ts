/** Facts about the TLS of a connection, asked only when that is safe. */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/**
 * The TLS socket; undefined without TLS, or once the connection has gone.
 *
 * If the socket below TLS is destroyed first, Node reports the close when the handle still exists
 * but its SSL is freed. A question at that moment, such as getProtocol(), ends the process
 * (SIGSEGV, tried on Node 22.23.3). So every question to TLS passes here; the linter checks that.
 */
export function openTls(socket: Socket | false | null | undefined): TLSSocket | undefined {
  return socket instanceof TLSSocket && !socket.destroyed ? socket : undefined;
}

/**
 * Protects a socket from a library that asks for the version when the connection ends: it gets null
 * then, as from any socket without a handle.
 */
export function safeToAsk(socket: TLSSocket): void {
  const ask = socket.getProtocol.bind(socket);
  socket.getProtocol = () => (socket.destroyed ? null : ask());
}

export interface TlsLine {
  /** `TLSv1.3`. */
  readonly tls: string;
  /** Cipher by its IANA name. */
  readonly cipher: string;
}

export function tlsLine(socket: Socket | false | null | undefined): TlsLine | undefined {
  const open = openTls(socket);
  return open === undefined ? undefined : { tls: open.getProtocol() ?? 'TLS', cipher: open.getCipher().standardName };
}
