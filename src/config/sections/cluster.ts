/** Several gateways on one store, and the probe that measures each site. */
import { count } from '../fields/amounts.ts';
import { optional, section } from '../fields/field.ts';
import { files, path } from '../fields/files.ts';
import { listenAt, servers } from '../fields/host-ports.ts';
import { hostsByName } from '../fields/hosts.ts';
import { choice, mailAddress, shortName } from '../fields/names.ts';

/** Most other gateways that one store can have. */
const MOST_PEERS = 31;

export const cluster = section({
  node: optional(
    shortName(
      'What this gateway is called among those that share the database. Needed with store.engine = "postgres".',
    ),
  ),
  site: optional(shortName('The site that it stands at. Needed with store.engine = "postgres".')),
  listen: optional(
    listenAt(
      'Where the other gateways reach this one, to agree on day keys, erasures and TLS ticket keys. Open it to them alone. Without it this gateway agrees with nobody, and makes each day key by itself.',
    ),
  ),
  peers: servers(
    'All other gateways of this store, at every site, by the host name that is in their certificate and the port of their listen. Day keys are made ahead only while all of them answer: take out one that is gone for good.',
    MOST_PEERS,
  ),
  ca: optional(
    path(
      "PEM file with the authority of these gateways' certificates: one of their own, which vouches for nobody else.",
    ),
  ),
  certificate: optional(
    path(
      'Certificate of this gateway from that authority, PEM, for the host name that the others have in peers; for server and client. Read again before each use.',
    ),
  ),
  key: optional(path('Its private key, PEM, mode 0600.')),
  'share-ports': optional(
    choice(
      'Whether several gateways on this machine listen on the same ports, so that it uses more cores: the system spreads connections over them. Each has a configuration of its own with another node, data and key folder, http.port and listen; all run as one user. sluis drain closes the ports of one. Default: no.',
      ['no', 'yes'],
    ),
  ),
});

export const probe = section({
  sites: optional(
    hostsByName(
      'The sites that are probed once a minute, by the host name that clients of that site use: a message is submitted, fetched and erased. Default: none.',
    ),
  ),
  address: optional(
    mailAddress('Address and login name of the probe account (sluis probe add). Default: probe at the host name.'),
  ),
  'smtp-port': count('Where submission is tried, with TLS from the first octet.', 465, 1, 65_535),
  'pop3-port': count('Where pickup is tried, with TLS from the first octet.', 995, 1, 65_535),
  authorities: files(
    'PEM files with the authorities that the certificates of the probed hosts must lead to. Default: those that Node knows.',
  ),
});
