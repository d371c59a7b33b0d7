/**
 * Two sites as an operator runs them (support/operator-sites.ts), while mail programs of other
 * people go on: a whole site dies, another hangs and comes back, the primary is switched for
 * planned work. Nothing that was acknowledged is lost, nothing is fetched twice, and nobody fails
 * twice in a row.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Crew, namesOf } from '../support/crew.ts';
import { loginOf } from '../support/instance.ts';
import { type OperatorSites, SERVICE, SITES, type Site, startOperatorSites } from '../support/operator-sites.ts';
import { withoutPatroni } from '../support/patroni.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { withoutProgram } from '../support/require.ts';
import { until } from '../support/until.ts';
import { assertNothing } from '../support/verdict.ts';
import { Fetchmail, type Keeper, Mailload, Mpop, Msmtp, type Service } from './mail-programs.ts';

const skip =
  [
    withoutPatroni(),
    ...['haproxy', 'fetchmail', 'mpop', 'msmtp'].map((program) => withoutProgram(program, program)),
  ].find((reason) => reason !== false) ?? false;

const WRITERS = namesOf('writer', 6);
const MAILBOXES = namesOf('mailbox', 2);
const LOADS = namesOf('load', 4);
/**
 * A load generator of other people beside the crew's writers, where it is: a project of its own,
 * which no package has.
 */
const MAILLOAD = process.env.SLUIS_MAILLOAD;
const WITHOUT_MAILLOAD =
  'mailload is not here, so only the crew makes load. It is one file of C: "cc -O2 -o mailload mailload.c -lssl -lcrypto -lpthread" (gcc, libssl-dev), then SLUIS_MAILLOAD=/its/path';

interface Scene {
  readonly sites: OperatorSites;
  readonly crew: Crew;
  readonly msmtp: Msmtp;
  readonly keepers: readonly Keeper[];
  /** After a failure each of the programs waits so long. */
  retryAfter(milliseconds: number): void;
}

const programsOf = ({ msmtp, keepers }: Scene): readonly (Msmtp | Keeper)[] => [msmtp, ...keepers];

/** Each program has done its work once more. */
async function everybody(scene: Scene): Promise<void> {
  for (const one of programsOf(scene)) {
    const since = performance.now();
    await until(`${one.program} does its work`, () => one.turns.some(({ at, ok }) => ok && at > since), 120_000, 50);
  }
}

async function more({ crew }: Scene, messages: number): Promise<void> {
  const enough = crew.acknowledged + messages;
  await until(`${messages} more messages`, () => crew.acknowledged >= enough, 90_000, 10);
}

/** With what gateways, load balancers and Patroni said last, where it fails. */
async function told<T>({ sites }: Scene, work: Promise<T>): Promise<T> {
  return await work.catch((error: unknown) => {
    const logs = SITES.map((name) => sites.at(name).log.slice(-6000)).join('\n');
    throw new Error(`${String(error)}\n${logs}\n${sites.patroni.logs()}`, { cause: error });
  });
}

const other = (site: Site): (typeof SITES)[number] => (site.name === 'noord' ? 'zuid' : 'noord');

/** Primary, etcd, Patroni, gateway and load balancer of one site die at one moment. */
async function siteDies(scene: Scene): Promise<Site> {
  const { sites } = scene;
  const site = await sites.primarySite();
  await site.kill();
  await more(scene, 20);
  return site;
}

/**
 * All of a site stands still, and nobody is told; after a while its address is taken out of the
 * service name, as docs/two-sites.md says.
 */
async function siteHangs(scene: Scene): Promise<Site> {
  const { sites } = scene;
  const site = await sites.primarySite();
  site.hang();
  await pause(3000);
  sites.name([other(site)]);
  await more(scene, 20);
  return site;
}

/** Planned work at a site: docs/two-sites.md, "A planned switch". */
async function plannedSwitch(scene: Scene): Promise<Site> {
  const { sites } = scene;
  const site = await sites.primarySite();
  site.sluis('drain', '--reason', 'work on the power supply');
  const candidate = `${other(site)}-1`;
  // As whoever does it looks at "patronictl list": a server that hung a minute ago may just be
  // starting again, and Patroni leaves the switch alone then.
  await sites.patroni.untilWhole();
  await sites.patroni.patronictl(site.place, 'switchover', 'sluis', '--candidate', candidate, '--force');
  await more(scene, 20);
  assert.equal((await sites.patroni.leader()).server, candidate);
  return site;
}

async function listedAt(front: OperatorSites['fronts'][number], account: string): Promise<readonly string[]> {
  const client = await Pop3Client.open(front.pop3, loginOf(account));
  const names = [...(await client.uidl()).values()];
  await client.quit();
  return names.toSorted();
}

/**
 * What a program has is what it was given: each message once, under one name, all that was
 * acknowledged.
 */
async function assertKept({ sites, msmtp }: Scene, keeper: Keeper, before: readonly string[]): Promise<void> {
  const { program, account, fetched, noted } = keeper;
  const ids = fetched.map(({ id }) => id);
  assert.deepEqual(
    ids.filter((id, n) => ids.indexOf(id) !== n),
    [],
    `${program} fetched these again`,
  );
  const subjects = fetched.map(({ subject }) => subject);
  assert.deepEqual(
    msmtp.acknowledged.filter((key) => !subjects.includes(key)),
    [],
    `lost, as ${program} has it`,
  );
  const twice = subjects.filter((key, n) => subjects.indexOf(key) !== n && !msmtp.triedAgain.has(key));
  assert.deepEqual(twice, [], `${program} has these twice, and they were sent once`);
  for (const front of sites.fronts)
    assert.deepEqual(await listedAt(front, account), noted, `${program} notes what is listed at ${front.name}`);
  assert.deepEqual(
    before.filter((name) => !noted.includes(name)),
    [],
    `${program} noted these before, and they are gone`,
  );
}

/**
 * All that the load generator was told to be taken is in the mailbox, and nothing that it never
 * sent.
 */
async function assertLoaded(t: TestContext, { sites }: Scene, mailload: Mailload): Promise<void> {
  const client = await Pop3Client.open(sites.fronts[0]!.pop3, loginOf('loaded'));
  const found: string[] = [];
  for (const number of (await client.uidl()).keys()) {
    const content = (await client.fetch(number)).toString('latin1');
    found.push(/^X-Bench-Id: (\S+)\r$/m.exec(content)?.[1] ?? 'none');
  }
  await client.quit();
  const [acknowledged, attempted] = [new Set(mailload.acknowledged), new Set(mailload.attempted)];
  const there = new Set(found);
  const lost = [...acknowledged].filter((id) => !there.has(id));
  t.diagnostic(
    `mailload: ${acknowledged.size} acknowledged, ${attempted.size - acknowledged.size} not, ${lost.length} lost`,
  );
  assert.deepEqual(lost, []);
  assert.deepEqual(
    found.filter((id) => !attempted.has(id)),
    [],
  );
  assert.equal(there.size, found.length, 'none is there twice: it sends none again');
}

async function setUp(t: TestContext): Promise<Scene & { readonly mailload: Mailload | undefined }> {
  const accounts = ['sender', 'fetches', 'pops', 'loaded'];
  const sites = await startOperatorSites(t, [...accounts, ...WRITERS, ...MAILBOXES, ...LOADS]);
  for (const site of SITES) {
    const { servers } = JSON.parse(sites.at(site).sluis('check', '--json')) as { servers: { name: string }[] };
    assert.deepEqual(
      servers.map(({ name }) => name),
      ['noord-1', 'zuid-1', 'derde-1'],
    );
  }
  const home = mkdtempSync(join(tmpdir(), 'sluis-programs-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const service: Service = { name: SERVICE, hosts: sites.hosts, ca: sites.ca, home };
  mkdirSync(home, { recursive: true });
  const msmtp = new Msmtp(service, 'sender', ['fetches', 'pops']);
  const keepers = [new Fetchmail(service, 'fetches'), new Mpop(service, 'pops')];
  const crew = new Crew({ fronts: sites.fronts, writers: WRITERS, mailboxes: MAILBOXES, patience: 8000, rest: 100 });
  const mailload =
    MAILLOAD === undefined ? undefined : new Mailload(service, MAILLOAD, { senders: LOADS.length, box: 'loaded' });
  const programs = [msmtp, ...keepers];
  return {
    ...{ sites, crew, msmtp, keepers, mailload },
    retryAfter: (milliseconds) => programs.forEach((one) => (one.retry = milliseconds)),
  };
}

/** What a gateway says of the maildrops of the two programs, and of the store. */
const pickupLines = (log: string): string =>
  log
    .split('\n')
    .filter(
      (line) =>
        /"event":"(pop3\.|login\.|store\.|gateway\.)/.test(line) &&
        /"(fetches|pops)"|"event":"(store|gateway)/.test(line),
    )
    .slice(-150)
    .join('\n');

test('programs of other people go on while a site dies, hangs, and is left for work', { skip }, async (t) => {
  const scene = await setUp(t);
  const { sites, crew, keepers, mailload } = scene;
  const programs = programsOf(scene);
  for (const one of [crew, ...programs, ...(mailload === undefined ? [] : [mailload])]) one.start();
  t.after(async () => {
    await Promise.all(programs.map((one) => one.stop()));
  });
  for (const [disturb, retry] of [
    [siteDies, 30_000],
    [siteHangs, 30_000],
    [plannedSwitch, 10_000],
  ] as const) {
    // Where the third place took over, it gives the primary back before: that is a switch of its
    // own, and each program has seen its end.
    await told(scene, sites.primarySite());
    await everybody(scene);
    scene.retryAfter(retry);
    const before = keepers.map(({ noted }) => noted);
    const failed = programs.map(({ failures }) => failures.length);
    const since = performance.now();
    const site = await told(scene, disturb(scene));
    const seconds = ((performance.now() - since) / 1000).toFixed(1);
    await everybody(scene);
    const failures = programs.map(({ program, failures: now }, n) => `${program} ${now.length - failed[n]!}`);
    t.diagnostic(`${disturb.name}: 20 more messages after ${seconds} s; failures: ${failures.join(', ')}`);
    for (const [n, { noted, program }] of keepers.entries())
      assert.deepEqual(
        before[n]!.filter((name) => !noted.includes(name)),
        [],
        `${program} has lost names`,
      );
    if (disturb === siteDies) await sites.bringBack(site);
    if (disturb === siteHangs) site.resume();
    if (disturb === plannedSwitch) site.sluis('drain', '--end');
    await told(scene, sites.patroni.untilWhole());
    await told(scene, sites.untilReady());
    sites.name(SITES);
  }
  await everybody(scene);
  const before = keepers.map(({ noted }) => noted);
  await scene.msmtp.stop();
  await mailload?.stop();
  assertNothing(t, await crew.stop());
  for (const keeper of keepers) {
    await until(`${keeper.program} has the last message`, () =>
      keeper.fetched.some(({ subject }) => subject === scene.msmtp.acknowledged.at(-1)),
    );
    await keeper.stop();
  }
  for (const [n, keeper] of keepers.entries()) await assertKept(scene, keeper, before[n]!);
  if (mailload === undefined) t.diagnostic(WITHOUT_MAILLOAD);
  else await assertLoaded(t, scene, mailload);
  t.diagnostic(
    `msmtp sent ${scene.msmtp.acknowledged.length}; ${keepers.map(({ program, fetched }) => `${program} fetched ${fetched.length}`).join(', ')}`,
  );
  const repeated = programs.flatMap((one) => one.repeated);
  if (repeated.length > 0) for (const name of SITES) t.diagnostic(pickupLines(sites.at(name).log));
  assert.deepEqual(repeated, [], 'nobody fails twice in a row');
});
