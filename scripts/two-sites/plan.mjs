// What the demo has: three places with a server of PostgreSQL each, a gateway at two of them, and the ports of all. It is written into its folder, where the
// commands that the demo prints find it.
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

export const SERVERS = ['noord-1', 'zuid-1', 'derde-1'];
export const SITES = ['noord', 'zuid'];
export const placeOf = (name) => name.split('-')[0];
/** Each pair of places has one line. */
export const LINES = [
  ['noord', 'zuid'],
  ['noord', 'derde'],
  ['zuid', 'derde'],
];
/** Ports of a gateway above its base, as `sluis init --port-base` gives them. */
export const ABOVE = { submission: 587, submissions: 465, pop3: 110, pop3s: 995, http: 80 };
export const MAIL = ['submission', 'submissions', 'pop3', 'pop3s'];
const FIRST_BASE = 3000;

/** `base`: of the one address for clients; the others lie above it. `free`: anywhere. */
export async function planOf(folder, { free }) {
  const bases = free ? await freeBases() : [FIRST_BASE, FIRST_BASE + 1000, FIRST_BASE + 2000];
  const [front, noord, zuid] = bases;
  const gateways = { noord: { base: noord }, zuid: { base: zuid } };
  for (const gateway of Object.values(gateways)) gateway.channel = gateway.base + 1;
  const servers = Object.fromEntries(SERVERS.map((name, n) => [name, front + 30 + n]));
  // As what is at a place reaches a server at another.
  const links = {};
  let port = front + 40;
  for (const name of SERVERS)
    for (const other of SERVERS) if (other !== name) links[`${placeOf(other)}>${name}`] = port++;
  // As the gateways reach each other.
  for (const site of SITES) for (const other of SITES) if (other !== site) links[`${site}>gw-${other}`] = port++;
  const ports = Object.fromEntries(MAIL.map((name) => [name, front + ABOVE[name]]));
  return { folder, ports, gateways, servers, links, pids: {} };
}

/** The port by which what is at `place` reaches this server. */
export const portFrom = ({ servers, links }, place, name) =>
  place === placeOf(name) ? servers[name] : links[`${place}>${name}`];

export const writePlan = (plan) => writeFileSync(join(plan.folder, 'demo.json'), JSON.stringify(plan, null, 2));
export const readPlan = (folder) => JSON.parse(readFileSync(join(folder, 'demo.json'), 'utf8'));

/** Ports that somebody has already, of all that the demo takes. */
export async function taken({ ports, gateways, servers, links }) {
  const all = [...Object.values(ports), ...Object.values(servers), ...Object.values(links)];
  for (const { base, channel } of Object.values(gateways))
    all.push(channel, ...Object.values(ABOVE).map((n) => base + n));
  const found = [];
  for (const port of all) if (!(await isFree(port))) found.push(port);
  return found;
}

const isFree = (port) =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

/** Below the ports that the system gives to connections. */
async function freeBases() {
  for (let tries = 0; tries < 50; tries += 1) {
    const front = 9000 + 10 * Math.floor(Math.random() * 2000);
    const plan = [front, front + 1000, front + 2000];
    const ports = plan.flatMap((base) => [base + 1, ...Object.values(ABOVE).map((n) => base + n)]);
    for (let n = 30; n < 50; n += 1) ports.push(front + n);
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) return plan;
  }
  throw new Error('No free ports in fifty tries');
}
