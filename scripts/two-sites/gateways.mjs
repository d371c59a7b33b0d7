// A gateway at each of two sites, over one store in PostgreSQL.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { ABOVE, SERVERS, SITES, portFrom } from './plan.mjs';
import { MAIN, sluis, until } from './programs.mjs';

export const ACCOUNTS = ['uitslagen@lab.test', 'assistente@praktijk.test'];
const ORGANISATIONS = [
  ['laboratorium', 'Demo laboratorium'],
  ['praktijk', 'Demo huisartsenpraktijk'],
];

export const configOf = ({ folder }, site) => join(folder, site, 'sluis.toml');

/** By which the gateways reach each other. */
const CHANNEL_HOST = 'localhost';

/** The first gateway makes the store, the second joins it: a person carries the master key over, and the certificate of the service name. */
export function makeGateways(plan) {
  const { folder } = plan;
  const [first, second] = SITES;
  makeChannelCertificates(folder);
  init(plan, first, ['--dev-certificates', '--owner-password-file', join(folder, 'sluis_owner.password')]);
  const certificate = join(folder, second, 'tls');
  mkdirSync(certificate, { recursive: true });
  for (const name of ['server-key.pem', 'server.pem'])
    cpSync(join(folder, first, 'certs-dev', name), join(certificate, name));
  const carried = join(folder, second, 'master.key');
  cpSync(join(folder, first, 'master.key'), carried);
  init(plan, second, ['--join', '--master-key-file', carried, '--listen', '127.0.0.1']);
}

function init(plan, site, how) {
  const { folder, gateways, links } = plan;
  const [other] = SITES.filter((one) => one !== site);
  const words = {
    config: configOf(plan, site),
    hostname: 'localhost',
    'port-base': String(gateways[site].base),
    node: `gw-${site}`,
    site,
    'password-file': join(folder, 'sluis.password'),
    'cluster-listen': `127.0.0.1:${gateways[site].channel}`,
    peer: `${CHANNEL_HOST}:${links[`${site}>gw-${other}`]}`,
    'cluster-ca': join(folder, 'cluster-ca.pem'),
    'cluster-certificate': join(folder, 'cluster.pem'),
    'cluster-key': join(folder, 'cluster.key'),
  };
  const hosts = SERVERS.flatMap((name) => ['--host', `127.0.0.1:${portFrom(plan, site, name)}`]);
  const given = Object.entries(words).flatMap(([name, value]) => [`--${name}`, value]);
  sluis(['init', '--postgres', ...hosts, ...given, ...how]);
}

/** As docs/configuration.md makes them, section cluster. Both gateways are at this machine, so one certificate will do. */
function makeChannelCertificates(folder) {
  const at = (name) => join(folder, name);
  const openssl = (...words) => {
    const done = spawnSync('openssl', words, { encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`openssl ${words[0]} ended with ${done.status}: ${done.stderr}`);
  };
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const ca = [
    '-days',
    '30',
    '-keyout',
    at('cluster-ca.key'),
    '-out',
    at('cluster-ca.pem'),
    '-subj',
    '/CN=Sluis cluster',
  ];
  openssl('req', '-x509', ...newKey, ...ca, '-addext', 'keyUsage=critical,keyCertSign,cRLSign');
  openssl(
    'req',
    ...newKey,
    '-keyout',
    at('cluster.key'),
    '-new',
    '-out',
    at('cluster.csr'),
    '-subj',
    `/CN=${CHANNEL_HOST}`,
  );
  writeFileSync(at('cluster.ext'), `subjectAltName=DNS:${CHANNEL_HOST}\nextendedKeyUsage=serverAuth,clientAuth\n`);
  const signed = ['-in', at('cluster.csr'), '-CA', at('cluster-ca.pem'), '-CAkey', at('cluster-ca.key'), '-days', '30'];
  openssl('x509', '-req', ...signed, '-extfile', at('cluster.ext'), '-out', at('cluster.pem'));
}

/** Behind HAProxy each connection begins with a header that says whose it is. */
export function expectProxy(plan) {
  for (const site of SITES) {
    const file = configOf(plan, site);
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replaceAll(/^\[\[listener\]\]$/gm, '[[listener]]\nproxy = ["127.0.0.1"]'));
  }
}

export async function serve(plan, programs) {
  for (const site of SITES)
    plan.pids[`gw-${site}`] = programs.start(`gw-${site}`, [
      process.execPath,
      MAIN,
      'serve',
      '--config',
      configOf(plan, site),
    ]);
  for (const site of SITES)
    await until(`the gateway at ${site} is ready`, async () => {
      if (!programs.runs(`gw-${site}`)) throw new Error(`gw-${site} has ended: ${programs.lastLines(`gw-${site}`)}`);
      return (await readiness(plan, site)) === 200;
    });
}

/** The status of `/ready`, of a role or of all; 0: nobody answers. */
export const readiness = ({ gateways }, site, role) =>
  new Promise((resolve) => {
    const port = gateways[site].base + ABOVE.http;
    const path = role === undefined ? '/ready' : `/ready?role=${role}`;
    const request = get({ host: '127.0.0.1', port, path, timeout: 2000 }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on('timeout', () => request.destroy()).on('error', () => resolve(0));
  });

/** Passwords by login name. */
export function makeAccounts(plan) {
  const config = ['--config', configOf(plan, SITES[0])];
  const passwords = ACCOUNTS.map(() => randomBytes(9).toString('base64url'));
  for (const [name, title] of ORGANISATIONS) sluis(['organisation', 'add', name, '--title', title, ...config]);
  const file = join(plan.folder, 'accounts.csv');
  const lines = ACCOUNTS.map((login, n) => `${login},${login},${ORGANISATIONS[n][0]},${passwords[n]}`);
  writeFileSync(file, `login,address,organisation,password\n${lines.join('\n')}\n`, { mode: 0o600 });
  sluis(['account', 'import', file, ...config]);
  return new Map(ACCOUNTS.map((login, n) => [login, passwords[n]]));
}
