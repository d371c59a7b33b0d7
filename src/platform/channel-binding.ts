/**
 * What a login can be bound to, so that it is worth nothing on any other TLS session than that of
 * the client.
 */
import type { Socket } from 'node:net';
import { openTls } from './tls-line.ts';

/**
 * Channel binding `tls-exporter` (RFC 9266), 32 octets; undefined before TLS 1.3.
 *
 * TLS 1.2 is not bound: its `tls-unique` can be made equal on two sessions (the triple handshake
 * attack) and OpenSSL does not tell whether the extended master secret that would prevent it is in
 * use. `tls-server-end-point` would bind to the certificate alone.
 */
export function tlsExporter(socket: Socket | undefined): Buffer | undefined {
  const tls = openTls(socket);
  return canBind(tls) ? tls?.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0)) : undefined;
}

export const canBind = (socket: Socket | undefined): boolean => openTls(socket)?.getProtocol() === 'TLSv1.3';
