/**
 * Opens a listening socket: on an address and port, or one that the service manager handed over. If
 * other units share the port, it can be closed and opened again.
 */
import type { AddressInfo, Server } from 'node:net';
import type { ListenerSpec } from './listener.ts';

/** Resolves with the port in use. Rejects with what the system says, such as EADDRINUSE. */
export const listen = (
  server: Server,
  { address, port, socket: fd, shared = false }: Pick<ListenerSpec, 'address' | 'port' | 'socket' | 'shared'>,
  backlog: number,
): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(fd === undefined ? { host: address, port, backlog, reusePort: shared } : { fd }, () => {
      server.removeListener('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });

/** Accepts no more connections. Open ones continue, and `listen` may open the port again. */
export function rest(server: Server): void {
  if (server.listening) server.close();
}
