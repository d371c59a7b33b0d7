/** Facts of a connection's TLS, and when they can be asked. */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/**
 * Undefined without TLS, and once the connection is gone.
 *
 * Where the socket below TLS was destroyed first, Node tells of the close while the handle still
 * stands and its SSL is freed. A question that comes then, such as getProtocol(), ends the process
 * (SIGSEGV, tried on Node 22.23.3). So every question to TLS goes by here; the linter holds it.
 */
export function openTls(socket: Socket | false | null | undefined): TLSSocket | undefined {
  return socket instanceof TLSSocket && !socket.destroyed ? socket : undefined;
}

/**
 * For a library that asks when the connection ends: which version it was is null then, as for any
 * socket without a handle.
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
