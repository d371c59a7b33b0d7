/** Why a listener cannot be opened, in words for the person who starts the gateway. */
import { ListenerRefused, type ListenerSpec } from '../platform/listener.ts';

/**
 * A socket of the service manager stays open when its process has died. Connections to it would
 * wait, although other units could take them.
 */
export function refuseHanded(name: string): never {
  throw new ListenerRefused(
    `Cannot use the socket that the service manager opened for listener "${name}": with cluster.share-ports each unit opens its own, so that the others take its place; disable the socket units, or set share-ports = "no"`,
  );
}

/**
 * Throws ListenerRefused, which says why a port could not be opened and what to do. Throws an error
 * that it does not know as it is.
 */
export function refusedPort(spec: ListenerSpec, error: unknown): never {
  const { code } = error as NodeJS.ErrnoException;
  const where = `Cannot open listener "${spec.name}" on ${spec.address} port ${spec.port}`;
  if (code === 'EADDRINUSE')
    throw new ListenerRefused(
      `${where}: another program listens there; stop it (is another gateway running?) or choose another port${spec.shared === true ? '; a unit that shares it runs as the same user and has cluster.share-ports = "yes" too' : ''}`,
      { cause: error },
    );
  if (code === 'EACCES')
    throw new ListenerRefused(
      `${where}: this user may not open ports below 1024; give the service CAP_NET_BIND_SERVICE, or choose a higher port and redirect to it`,
      { cause: error },
    );
  if (spec.shared === true && (code === 'ENOTSUP' || code === 'EINVAL'))
    throw new ListenerRefused(`${where}: this system does not share ports; set share-ports = "no" in [cluster]`, {
      cause: error,
    });
  if (code === 'EADDRNOTAVAIL')
    throw new ListenerRefused(`${where}: this machine does not have that address; correct it`, { cause: error });
  throw error;
}
