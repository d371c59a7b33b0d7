/**
 * What three places with podman need before a server can run there: a network that they share, and
 * certificates for each.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CARRIED, type PodmanPlace } from './podman-place.ts';

/** A container reaches the server on its own machine from its address in podman's networks. */
const HBA = `local all postgres peer
hostssl replication postgres 192.0.2.0/24 scram-sha-256
hostssl all all 192.0.2.0/24 scram-sha-256
hostssl sluis sluis,sluis_owner 10.88.0.0/15 scram-sha-256
`;

/** One network segment for all places. Its switch is at the last place, which is never lost. */
export function linkPlaces(places: readonly PodmanPlace[], names: Readonly<Record<string, string>>): void {
  const last = places.at(-1);
  if (last === undefined) return;
  last.machine.does('ip link add switch type bridge && ip link set switch up');
  const hosts = Object.entries(names).map(([name, address]) => `${address} ${name}\\n`);
  for (const [n, { machine, address }] of places.entries()) {
    last.machine.does(
      `ip link add to${n} type veth peer name site0 netns ${machine.pid} && ip link set to${n} master switch up`,
    );
    // It also has the address of the gateway at this place: in docs/two-sites.md that is the one
    // before the server's.
    const gateway = address.replace(/2$/, '1');
    machine.does(
      `ip address add ${address}/24 dev site0 && ip address add ${gateway}/24 dev site0 && ip link set site0 up
      printf '${hosts.join('')}' >> /etc/hosts`,
    );
  }
}

/**
 * One authority for the servers' certificates. Each place gets what it needs in its /etc/postgres.
 * Returns the authority.
 */
export function giveCertificates(folder: string, places: readonly PodmanPlace[]): string {
  const at = (name: string): string => join(folder, name);
  const openssl = (...words: readonly string[]): void => void execFileSync('openssl', words, { stdio: 'pipe' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const ca = ['-keyout', at('db-ca.key'), '-out', at('db-ca.pem'), '-days', '30', '-subj', '/CN=Databases'];
  openssl('req', '-x509', ...newKey, ...ca, '-addext', 'keyUsage=critical,keyCertSign,cRLSign');
  const password = 'superuser-of-the-test';
  writeFileSync(at('password'), `${password}\n`);
  writeFileSync(at('pgpass'), `*:*:*:postgres:${password}\n`, { mode: 0o600 });
  writeFileSync(at('pg_hba.conf'), HBA);
  for (const place of places) {
    const { name, address, machine } = place;
    const [key, request, certificate] = ['key', 'csr', 'pem'].map((kind) => at(`${name}.${kind}`));
    if (key === undefined || request === undefined || certificate === undefined) continue;
    openssl('req', ...newKey, '-keyout', key, '-new', '-out', request, '-subj', `/CN=${place.server}`);
    writeFileSync(at('ext'), `subjectAltName=IP:${address}\n`);
    const signed = ['-in', request, '-CA', at('db-ca.pem'), '-CAkey', at('db-ca.key'), '-days', '30'];
    openssl('x509', '-req', ...signed, '-extfile', at('ext'), '-out', certificate);
    machine.does(
      `mkdir ${CARRIED} && cd ${CARRIED} && cp ${certificate} server.pem && cp ${key} server-key.pem && cp ${at('db-ca.pem')} ca.pem
      cp -p ${at('password')} ${at('pgpass')} ${at('pg_hba.conf')} .
      chown ${place.owner} *`,
    );
  }
  return at('db-ca.pem');
}
