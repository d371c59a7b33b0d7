/** What a login can be bound to, so that it is worth nothing on another TLS session than the client's own. */
import type { TLSSocket } from 'node:tls';

/**
 * Channel binding `tls-exporter` (RFC 9266), 32 octets; undefined before TLS 1.3.
 *
 * TLS 1.2 is not bound: its `tls-unique` can be made equal on two sessions (the triple handshake attack) and OpenSSL does not tell whether
 * the extended master secret that would prevent it is in use. `tls-server-end-point` would bind to the certificate alone.
 */
export function tlsExporter(socket: TLSSocket): Buffer | undefined {
  if (!canBind(socket)) return undefined;
  return socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0));
}

export const canBind = (socket: TLSSocket): boolean => socket.getProtocol() === 'TLSv1.3';
