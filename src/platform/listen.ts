/** A listening socket: of an address and port, or one that the service manager handed over. */
import type { AddressInfo, Server } from 'node:net';
import type { ListenerSpec } from './listener.ts';

/** Resolves with the port in use. Rejects with what the system says, such as EADDRINUSE. */
export const listen = (
  server: Server,
  { address, port, socket: fd }: Pick<ListenerSpec, 'address' | 'port' | 'socket'>,
  backlog: number,
): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(fd === undefined ? { host: address, port, backlog } : { fd }, () => {
      server.removeListener('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
