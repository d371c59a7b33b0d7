// The one address for clients: HAProxy with the file of docs/examples where it is installed, else a plain splitter.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ABOVE, MAIL, SITES } from './plan.mjs';
import { ROOT } from './programs.mjs';

const FILE = join(ROOT, 'docs', 'examples', 'two-sites', 'haproxy.cfg');
const STANDARD = { submission: 587, submissions: 465, pop3: 110, pop3s: 995 };

export function startHaproxy(plan, programs) {
  const file = join(plan.folder, 'haproxy.cfg');
  writeFileSync(file, fitted(plan, readFileSync(FILE, 'utf8')));
  plan.pids.front = programs.start('front', ['haproxy', '-db', '-f', file]);
}

/** With the ports of the demo, without the user that only root can become, without the API, which it does not have. */
function fitted({ ports, gateways }, text) {
  let changed = text
    .replaceAll(/^ +(user|group) haproxy\n/gm, '')
    .replaceAll(/maxconn \d+/g, 'maxconn 500')
    .replace(/^frontend health\n(?: .*\n)+/m, '')
    .replace(/^frontend https\n(?: .*\n)+/m, '')
    .replace(/^backend https\n(?: .*(?:\n|$))+/m, '');
  for (const name of MAIL) {
    changed = changed.replace(new RegExp(`bind :${STANDARD[name]}$`, 'm'), `bind 127.0.0.1:${ports[name]}`);
    for (const [n, site] of SITES.entries()) {
      const { base } = gateways[site];
      changed = changed.replace(
        new RegExp(`server ${site} 192\\.0\\.2\\.${n + 1}1:${STANDARD[name]}$`, 'm'),
        `server ${site} 127.0.0.1:${base + ABOVE[name]} port ${base + ABOVE.http}`,
      );
    }
  }
  return changed;
}

export function startSplitter(plan, programs) {
  const { ports, gateways } = plan;
  const routes = MAIL.map(
    (name) => `${ports[name]}=${SITES.map((site) => gateways[site].base + ABOVE[name]).join(',')}`,
  );
  const asked = SITES.map((site) => gateways[site].base + ABOVE.http).join(',');
  const command = [process.execPath, join(ROOT, 'scripts', 'two-sites', 'tcp.mjs'), ...routes, '--ready', asked];
  plan.pids.front = programs.start('front', command);
}
