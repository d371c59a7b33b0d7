/** Turns a partner's record into what the courier takes: with opened secrets and with defaults. */
import { defined } from '../domain/defined.ts';
import type { Partner, PartnerSecrets } from '../domain/partner.ts';
import type { Destination } from './courier.ts';

/** Makes the destination of a partner. `hostname`: the gateway's own. */
export function destinationOf({ id, server }: Partner, secrets: PartnerSecrets, hostname: string): Destination {
  const { serverName, authorities, pins, dane, dkim, certificate, user } = server;
  const { password, privateKey } = secrets;
  return {
    partner: id,
    host: server.host,
    port: server.port,
    tls: server.tls,
    helo: server.helo ?? hostname,
    connections: server.connections,
    ...defined({ certificateName: serverName, dane, dkim }),
    ...(authorities === undefined ? {} : { authorities: [authorities] }),
    ...(pins === undefined || pins.length === 0 ? {} : { pins }),
    ...(certificate === undefined || privateKey === undefined
      ? {}
      : { clientCertificate: { key: privateKey, certificate } }),
    ...(user === undefined || password === undefined ? {} : { login: { name: user, password } }),
  };
}
