// `node scripts/two-sites/promote.mjs SERVER FOLDER`: what a person does who promotes by hand (docs/two-sites.md, "Promotion by hand"). Every server is asked,
// "sluis site promote --check" judges, and only the one that may is promoted.
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { factsOf, listOf, promote } from './postgres.mjs';
import { SERVERS, SITES, readPlan, writePlan } from './plan.mjs';
import { configOf, readiness } from './gateways.mjs';
import { sluis, until } from './programs.mjs';

const [, , name, folder] = process.argv;
if (!SERVERS.includes(name) || folder === undefined) {
  console.error(
    `Cannot promote "${name ?? ''}": expected one of ${SERVERS.join(', ')}, and the folder of the demo behind it`,
  );
  process.exit(2);
}
const plan = readPlan(folder);
const servers = await factsOf(plan);
const file = join(folder, 'servers.json');
writeFileSync(file, JSON.stringify({ list: plan.list, servers }, null, 2));
const check = ['site', 'promote', name, '--check', '--facts', file, '--config', configOf(plan, SITES[0])];
const code = sluis(check, { quiet: false });
if (code !== 0) process.exit(code ?? 1);
const begun = performance.now();
const others = servers.filter((one) => one.role === 'standby' && one.name !== name).map((one) => one.name);
await promote(plan, name, others);
writePlan({ ...plan, list: listOf(name) });
const since = () => `${((performance.now() - begun) / 1000).toFixed(1)} s after that began`;
console.log(`\n${name} is the primary, ${since()}; ${others.join(' and ')} follows it.`);
await until('a gateway is ready', async () => {
  const all = await Promise.all(SITES.map((site) => readiness(plan, site, 'submit')));
  return all.includes(200);
});
await until('mail is taken at the one address', () => greets(plan.ports.submission));
console.log(`Mail is taken again, ${since()}.`);

function greets(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.setTimeout(2000, () => socket.destroy());
    socket.once('data', () => socket.destroy(void resolve(true)));
    socket.once('error', () => resolve(false)).once('close', () => resolve(false));
  });
}
