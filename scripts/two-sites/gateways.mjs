// A gateway at each of two sites, over one store in PostgreSQL.
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

/** The first gateway makes the store, the second has a copy of its certificate and keys. */
export function makeGateways(plan) {
  const { folder, gateways } = plan;
  const [first, second] = SITES;
  const hosts = SERVERS.flatMap((name) => ['--host', `127.0.0.1:${portFrom(plan, first, name)}`]);
  sluis([
    ...[
      'init',
      '--config',
      configOf(plan, first),
      '--hostname',
      'localhost',
      '--dev-certificates',
      '--postgres',
      ...hosts,
    ],
    ...['--port-base', String(gateways[first].base), '--node', `gw-${first}`, '--site', first],
    ...['--password-file', join(folder, 'sluis.password')],
    ...['--owner-password-file', join(folder, 'sluis_owner.password')],
  ]);
  mkdirSync(join(folder, second));
  for (const name of ['certs-dev', 'keys', 'master.key'])
    cpSync(join(folder, first, name), join(folder, second, name), { recursive: true });
  const text = readFileSync(configOf(plan, first), 'utf8');
  writeFileSync(configOf(plan, second), secondOf(plan, text, first, second));
}

/** The same configuration but for what is its own. */
function secondOf(plan, text, first, second) {
  const { gateways } = plan;
  let changed = text;
  const replace = (from, to) => {
    if (!changed.includes(from)) throw new Error(`The configuration has no ${from}`);
    changed = changed.replaceAll(from, to);
  };
  replace(`node = "gw-${first}"`, `node = "gw-${second}"`);
  replace(`site = "${first}"`, `site = "${second}"`);
  for (const above of Object.values(ABOVE))
    replace(`port = ${gateways[first].base + above}`, `port = ${gateways[second].base + above}`);
  for (const name of SERVERS)
    replace(`127.0.0.1:${portFrom(plan, first, name)}"`, `127.0.0.1:@${portFrom(plan, second, name)}"`);
  return changed.replaceAll('127.0.0.1:@', '127.0.0.1:');
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

/** Passwords by log-in name. */
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
