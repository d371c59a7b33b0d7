/**
 * The image at two sites, as docs/install.md has it: a gateway at each by compose.yaml and
 * compose.site.yaml, servers of PostgreSQL at three places, mail in at one site and out at the
 * other, each site lost once.
 */
import assert from 'node:assert/strict';
import { cpSync, linkSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { TestContext } from 'node:test';
import { commandsOf, root } from '../peers/shell.ts';
import { runs } from '../support/debian-machine.ts';
import { ClusterAuthority } from '../support/nodes.ts';
import type { PodmanMachine } from '../support/podman.ts';
import { type PodmanPlace, postgresImage } from '../support/podman-place.ts';
import { PodmanSites } from '../support/podman-sites.ts';
import { until } from '../support/until.ts';

/**
 * The tarball of a root that has PostgreSQL already, so that trying something does not wait for it.
 */
const READY = process.env.SLUIS_POSTGRES_ROOT;
const PAGE = 'docs/install.md';
const [A, B] = ['a@de-brug.example', 'b@de-brug.example'];
const PASSWORD = 'een-wachtwoord-voor-de-proef';
/** The image's user, to whom what is secret belongs. */
const USER = 975;
const NAMES = { 'gw1.noord.example.nl': '192.0.2.11', 'gw2.zuid.example.nl': '192.0.2.21' };

/** `image`: the tarball of a release. */
export async function twoSites(t: TestContext, folder: string, podman: PodmanMachine, image: string): Promise<void> {
  const packages = join(folder, 'postgres.tar');
  if (READY === undefined)
    runs('mmdebstrap', ['--quiet', '--variant=minbase', '--include=postgresql-17', 'trixie', packages]);
  postgresImage(podman, READY ?? packages);
  const sites = await PodmanSites.start(folder, podman, NAMES);
  t.after(async () => await sites.end());
  const { noord, zuid } = sites.places;
  const begun = performance.now();
  for (const { machine } of [noord, zuid]) linkSync(image, join(machine.home, basename(image)));
  setUp(t, sites);
  for (const { machine } of [noord, zuid]) await untilReady(machine);
  t.diagnostic(`${secondsSince(begun)} s for the printed commands at both sites, until both serve`);
  for (const [address, title] of [
    [A, 'a'],
    [B, 'b'],
  ] as const) {
    if (title === 'a') noord.machine.does(`podman exec sluis sluis organisation add de-brug --title 'De Brug'`);
    noord.machine.does(
      `echo ${PASSWORD} | podman exec -i sluis sluis account add ${address} --organisation de-brug --password-file -`,
    );
  }
  send(noord, 'van-noord');
  assert.match(await fetched(zuid, 'van-noord'), /^Goedemorgen\.\r$/m);
  send(zuid, 'van-zuid');
  await fetched(noord, 'van-zuid');

  // The site with a standby: the third place confirms.
  zuid.lose();
  t.diagnostic(`${await goesOn(noord, 'zonder-zuid')} s to the next message without zuid`);
  await fetched(noord, 'zonder-zuid');
  zuid.comeBack();
  zuid.machine.does('podman start postgres');
  await sites.untilFollowed('noord', 2);
  zuid.machine.does('podman start sluis');
  await untilReady(zuid.machine);
  await fetched(zuid, 'zonder-zuid');

  // The site with the primary: a person promotes by the page.
  noord.lose();
  const begin = performance.now();
  const check = 'podman exec sluis sluis site promote zuid-1 --check';
  await until('it may be promoted', () => zuid.machine.tries(check).code === 0, 60_000, 500);
  zuid.ask(
    `ALTER SYSTEM SET synchronous_standby_names = '${sites.listOf('zuid')}'`,
    'SELECT pg_reload_conf()',
    'SELECT pg_promote(true, 10)',
  );
  sites.places.derde.machine.does('podman rm -f -t 5 postgres');
  sites.follow('derde', 'zuid');
  await goesOn(zuid, 'zonder-noord');
  t.diagnostic(
    `${secondsSince(begin)} s from the loss of noord to the next message: the question, the promotion, a new copy`,
  );
  for (const subject of ['van-noord', 'van-zuid', 'zonder-zuid', 'zonder-noord']) await fetched(zuid, subject);
}

/** By the commands of the page; what is carried over by hand is there before, as the page says. */
function setUp(t: TestContext, sites: PodmanSites): void {
  const { noord, zuid } = sites.places;
  const command = ({ machine }: PodmanPlace, line: string): string => machine.does(line);
  const cluster = new ClusterAuthority(t);
  const before = commandsOf('Image', PAGE).filter((line) => /^(podman load|install -d) /.test(line));
  const certificate = commandsOf('Image', PAGE).filter((line) => /^(openssl req|chown) /.test(line));
  const [sql = '', first = '', join_ = '', up = '', ...rest] = commandsOf('Image at two sites', PAGE);
  assert.deepEqual(rest, []);
  for (const [place, name] of [
    [noord, 'gw1.noord.example.nl'],
    [zuid, 'gw2.zuid.example.nl'],
  ] as const) {
    for (const line of before) command(place, line);
    const { ca, certificate: own, key } = cluster.issue(name);
    give(place, 'cluster-ca.pem', ca);
    give(place, 'cluster.pem', own);
    give(place, 'cluster.key', key);
    give(place, 'db-ca.pem', readFileSync(sites.ca, 'utf8'));
    give(place, 'db-password', `${PASSWORD}-sluis\n`);
    cpSync(join(root, 'docs', 'container'), place.machine.home, { recursive: true });
  }
  for (const line of certificate) command(noord, line);
  for (const name of ['tls/server.pem', 'tls/server-key.pem']) give(zuid, name, read(noord, name));
  give(noord, 'owner-password', `${PASSWORD}-owner\n`);
  command(noord, sql);
  // What psql asks for, in the order of the file: passwords of the owner, of the gateway, of the
  // backups, each of them twice.
  const passwords = ['owner', 'sluis', 'backup'].map((role) => `${PASSWORD}-${role}\\n${PASSWORD}-${role}\\n`).join('');
  noord.machine.does(
    `podman cp sluis.sql postgres:/tmp/ && printf '${passwords}' | podman exec -i --user postgres postgres psql -h /tmp -X -v ON_ERROR_STOP=1 -f /tmp/sluis.sql`,
  );
  command(noord, first);
  give(zuid, 'master.key', read(noord, 'master.key'));
  command(zuid, join_);
  for (const place of [noord, zuid]) command(place, up);
}

const read = ({ machine }: PodmanPlace, name: string): string => machine.does(`cat /etc/sluis/${name}`);

/** A file of the image's user, which others may not read. */
function give({ machine }: PodmanPlace, name: string, text: string): void {
  const carried = join(machine.home, 'carried');
  writeFileSync(carried, text);
  machine.does(`install -o ${USER} -g ${USER} -m 0600 ${carried} /etc/sluis/${name}`);
}

const secondsSince = (begin: number): string => ((performance.now() - begin) / 1000).toFixed(1);

async function untilReady(machine: PodmanMachine): Promise<void> {
  const isReady = (): boolean => machine.tries('podman exec sluis node /usr/lib/sluis/healthy.mjs').code === 0;
  await until('it serves', isReady, 60_000, 250).catch((error: unknown) => {
    throw new Error(
      `The gateway does not serve: ${machine.tries(`podman exec sluis node -e 'fetch("http://127.0.0.1:9587/ready").then(async r => console.log(r.status, await r.text()))'; podman ps -a; podman logs sluis`).text}`,
      {
        cause: error,
      },
    );
  });
}

/** By the commands of the page, with another subject. */
const [SEND = '', FETCH = ''] = commandsOf('Debian', PAGE)
  .slice(-2)
  .map((line) =>
    line.replace(/\$\(cat [ab]\.password\)/, PASSWORD).replace(/\/etc\/\S+\.pem/, '/etc/sluis/tls/server.pem'),
  );

const trySend = ({ machine }: PodmanPlace, subject: string): boolean =>
  machine.tries(SEND.replace('Subject: Proef', `Subject: ${subject}`)).code === 0;
const send = ({ machine }: PodmanPlace, subject: string): string =>
  machine.does(SEND.replace('Subject: Proef', `Subject: ${subject}`));

/** Seconds until a message is taken. */
async function goesOn(place: PodmanPlace, subject: string): Promise<string> {
  const begin = performance.now();
  await until('a message is taken', () => trySend(place, subject), 60_000, 500);
  return secondsSince(begin);
}

/** The message of that subject, which must be in the mailbox of b. */
async function fetched({ machine }: PodmanPlace, subject: string): Promise<string> {
  let all = '';
  const isThere = (): boolean => {
    all = [1, 2, 3, 4, 5].map((n) => machine.tries(FETCH.replace(/\/1$/, `/${n}`)).text).join('\n');
    return new RegExp(`^Subject: ${subject}\\r$`, 'm').test(all);
  };
  await until(`b has "${subject}"`, isThere, 10_000, 250);
  return all;
}
