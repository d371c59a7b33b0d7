/**
 * HAProxy, keepalived and Patroni read the files of docs/examples/two-sites; and what HAProxy does
 * by that file before two gateways.
 */
// @release: two gateways behind a HAProxy; `/ready`, drain and PROXY are tried in http/, gateway/ and platform/.
// @beside
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ReadyRole } from '../../src/domain/readiness.ts';
import { startTestGateway } from '../support/gateway.ts';
import { Haproxy, type Site, behindProxy, freeBehind } from '../support/haproxy.ts';
import { Instance, type Served, addressOf, loginOf } from '../support/instance.ts';
import { withoutProgram } from '../support/require.ts';
import { get } from '../support/scrape.ts';
import { SmtpClient, acceptedId } from '../support/smtp-client.ts';
import { until } from '../support/until.ts';
import { Wire, WireEnded, trusting } from '../support/wire.ts';
import { attempt } from './run.ts';

const EXAMPLES = join(import.meta.dirname, '..', '..', 'docs', 'examples', 'two-sites');
const here = { home: EXAMPLES };
const CONTEXT = trusting('');

test('haproxy.cfg: HAProxy finds nothing to say of it', { skip: withoutProgram('haproxy', 'haproxy') }, async () => {
  const { status, out, err } = await attempt('haproxy', ['-c', '-f', 'haproxy.cfg'], here);
  assert.deepEqual([status, out.toString(), err], [0, '', '']);
});

test('keepalived.conf: keepalived takes it', { skip: withoutProgram('keepalived', 'keepalived') }, async () => {
  const file = join(EXAMPLES, 'keepalived.conf');
  const { status, out, err } = await attempt('keepalived', ['--config-test', '--use-file', file], here);
  assert.equal(status, 0, err + out.toString());
});

test(
  'patroni.yml: Patroni takes it, and it has what keeps acknowledged mail',
  { skip: withoutProgram('patroni', 'patroni') },
  async (t) => {
    const home = mkdtempSync(join(tmpdir(), 'sluis-patroni-'));
    t.after(() => rmSync(home, { recursive: true, force: true }));
    // It tries to reach each server of the file, and would wait for those that are nowhere.
    const text = readFileSync(join(EXAMPLES, 'patroni.yml'), 'utf8').replaceAll('192.0.2.', '127.0.0.');
    writeFileSync(join(home, 'patroni.yml'), text);
    const { out, err } = await attempt('patroni', ['--validate-config', 'patroni.yml'], { home });
    const said = `${out.toString()}${err}`.split('\n').filter((line) => line !== '');
    // QUIRK: no server of the example can be reached, and the check of Patroni 4.0 does not know
    // the mode `quorum`, which the program has.
    const known = /is not reachable$|synchronous_mode quorum is not a boolean|bin_dir|postgres.* not found|data_dir/;
    assert.deepEqual(
      said.filter((line) => !known.test(line)),
      [],
    );
    const script = 'import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))';
    const read = await attempt('python3', ['-c', script, 'patroni.yml'], { home });
    assert.equal(read.status, 0, read.err);
    const { name, bootstrap, tags } = JSON.parse(read.out.toString()) as {
      name: string;
      tags: object;
      bootstrap: { dcs: Record<string, unknown> & { postgresql: Record<string, unknown> } };
    };
    const { postgresql, ...dcs } = bootstrap.dcs;
    assert.deepEqual([name, tags], ['noord-1', {}]);
    assert.deepEqual(dcs, {
      ttl: 20,
      loop_wait: 1,
      retry_timeout: 3,
      maximum_lag_on_failover: 1_000_000_000_000,
      synchronous_mode: 'quorum',
      synchronous_mode_strict: true,
      synchronous_node_count: 1,
      ignore_slots: [{ name: 'sluis_backup', type: 'physical' }],
    });
    assert.equal(postgresql.use_pg_rewind, true);
  },
);

interface Greeted {
  readonly wire: Wire;
  readonly site: Site;
}

/** A new connection through the load balancer. Rejects if nobody greets. */
async function greeted(port: number, localAddress = '127.0.0.1'): Promise<Greeted> {
  const wire = await Wire.open({
    port,
    localAddress,
    tls: 'starttls',
    servername: 'localhost',
    context: CONTEXT,
    patience: 15_000,
  });
  const line = await wire.line();
  const [site] = /noord|zuid/.exec(line) ?? assert.fail(`nobody greets: ${line}`);
  return { wire, site: site as Site };
}
/** Somebody ended the connection: our own patience did not. */
const isCut = (error: unknown): boolean =>
  error instanceof WireEnded && !String(error.cause).includes('no answer in time');
const siteOf = async (port: number): Promise<Site> => {
  const { wire, site } = await greeted(port);
  wire.destroy();
  return site;
};
/** One that stays open, at the site that is wanted. */
async function heldAt(port: number, wanted: Site): Promise<Wire> {
  let held: Wire | undefined;
  await until(`a connection comes to ${wanted}`, async () => {
    const { wire, site } = await greeted(port);
    if (site === wanted) held = wire;
    else wire.destroy();
    return site === wanted;
  });
  return held!;
}
const sitesOf = async (port: number, count: number): Promise<readonly Site[]> => {
  const sites: Site[] = [];
  for (let n = 0; n < count; n += 1) sites.push(await siteOf(port));
  return sites;
};
/** So many in a row, so that taking turns would show. */
const onlyAt = async (port: number, wanted: Site): Promise<boolean> =>
  (await sitesOf(port, 6)).every((site) => site === wanted);

/** One gateway as a process. */
class Running {
  readonly instance: Instance;
  #served: Served | undefined;

  constructor(instance: Instance) {
    this.instance = instance;
  }

  async serve(): Promise<void> {
    this.#served = await this.instance.serve();
  }

  sluis(...words: readonly string[]): string {
    return this.instance.sluis(...words);
  }

  async kill(): Promise<void> {
    await this.#served?.kill();
  }

  /** The machine hangs: its connections stay, and nobody answers. */
  freeze(): void {
    this.#served?.signal('SIGSTOP');
  }

  thaw(): void {
    this.#served?.signal('SIGCONT');
  }
}

async function twoGateways(t: TestContext): Promise<Readonly<Record<Site, Running>> & { readonly haproxy: Haproxy }> {
  const behind = { noord: await freeBehind(), zuid: await freeBehind() };
  const made = async (site: Site): Promise<Running> => {
    const instance = await Instance.create({ hostname: `${site}.test`, configuration: behindProxy(behind[site]) });
    t.after(() => instance.remove());
    instance.addAccounts(['sender']);
    const running = new Running(instance);
    await running.serve();
    return running;
  };
  const running = { noord: await made('noord'), zuid: await made('zuid') };
  const haproxy = await Haproxy.start(behind);
  t.after(() => haproxy.stop());
  return { ...running, haproxy };
}

const skip = withoutProgram('haproxy', 'haproxy');

test(
  'before two gateways: addresses arrive, a drain cuts nobody, a site that dies or hangs is left',
  { skip },
  async (t) => {
    const { haproxy, noord, zuid } = await twoGateways(t);
    const port = haproxy.submission;
    for (const site of ['noord', 'zuid'] as const) (await heldAt(port, site)).destroy();
    (await heldAt(haproxy.pop3, 'zuid')).destroy();
    assert.equal((await get(haproxy.health, '/up')).status, 200);

    const ca = `${readFileSync(noord.instance.ca, 'utf8')}\n${readFileSync(zuid.instance.ca, 'utf8')}`;
    const target = {
      port,
      localAddress: '127.0.0.77',
      tls: 'starttls',
      servername: 'localhost',
      context: trusting(ca),
    } as const;
    const running = await SmtpClient.open(target, loginOf('sender'));
    const content = Buffer.from(`From: <${addressOf('sender')}>\r\n\r\nBody.\r\n`);
    const submit = async (): Promise<string> =>
      acceptedId(await running.submit(addressOf('sender'), [addressOf('sender')], content));
    await submit();
    const look = ['audit', 'list', '--event', 'login.granted', '--json'] as const;
    assert.match(
      `${noord.sluis(...look)}${zuid.sluis(...look)}`,
      /127\.0\.0\.77/,
      'the trail has the address of the client',
    );

    // The message was taken by one of them: that one is drained.
    const drained: Site = noord.sluis(...look).includes('127.0.0.77') ? 'noord' : 'zuid';
    const [first, second] = drained === 'noord' ? [noord, zuid] : [zuid, noord];
    const other: Site = drained === 'noord' ? 'zuid' : 'noord';
    first.sluis('drain');
    const since = performance.now();
    await until('no new connection comes to the drained one', () => onlyAt(port, other));
    t.diagnostic(`drained after ${Math.round(performance.now() - since)} ms, of which the probe took some`);
    await until('nor to its mailboxes', () => onlyAt(haproxy.pop3, other));
    await submit();
    first.sluis('drain', '--end');
    (await heldAt(port, drained)).destroy();
    await submit();
    await running.quit();

    const cut = await heldAt(port, drained);
    await first.kill();
    await assert.rejects(cut.line(), isCut);
    // Nothing waits for a check: whoever is refused by the dead one is taken by the other.
    assert.deepEqual(new Set(await sitesOf(port, 40)), new Set([other]));
    await first.serve();
    (await heldAt(port, drained)).destroy();

    const stuck = await heldAt(port, other);
    second.freeze();
    await assert.rejects(stuck.line(), isCut, 'its sessions are cut, so that clients come again');
    await until('no new connection comes to the one that hangs', () => onlyAt(port, drained));
    second.thaw();
    (await heldAt(port, other)).destroy();

    await Promise.all([first.kill(), second.kill()]);
    await until('the address is given away', async () => (await get(haproxy.health, '/up')).status === 503);
  },
);

test('a gateway that may not acknowledge gets no submissions, and hands out what it has', { skip }, async (t) => {
  const behind = { noord: await freeBehind(), zuid: await freeBehind() };
  const refused = new Set<ReadyRole>(['submit']);
  const started = async (site: Site) => {
    const gateway = await startTestGateway({
      configuration: behindProxy(behind[site]),
      readiness: {
        against: (role) =>
          site === 'noord' && refused.has(role) ? [{ name: 'not-acknowledging', text: 'no second place' }] : [],
      },
    });
    t.after(() => gateway.remove());
    const sessions = (name: string): number => gateway.listeners.find(({ spec }) => spec.name === name)?.sessions ?? 0;
    return { submissions: () => sessions('front-smtp'), pickups: () => sessions('front-pop3') };
  };
  const [noord, zuid] = [await started('noord'), await started('zuid')];
  const haproxy = await Haproxy.start(behind);
  t.after(() => haproxy.stop());
  const held: Wire[] = [];
  t.after(() => held.forEach((wire) => wire.destroy()));
  const hold = async (port: number): Promise<void> => {
    const wire = await Wire.open({ port, tls: 'starttls', servername: 'localhost', context: CONTEXT });
    await wire.line();
    held.push(wire);
  };
  await until('HAProxy has asked', async () => {
    const before = noord.submissions();
    await hold(haproxy.submission);
    await hold(haproxy.submission);
    return noord.submissions() === before && zuid.submissions() > 0;
  });
  const [before, elsewhere] = [noord.submissions(), zuid.submissions()];
  for (let n = 0; n < 4; n += 1) {
    await hold(haproxy.submission);
    await hold(haproxy.pop3);
  }
  assert.deepEqual([noord.submissions(), zuid.submissions()], [before, elsewhere + 4]);
  assert.deepEqual([noord.pickups(), zuid.pickups()], [2, 2]);
  refused.clear();
  await until('submissions come again', async () => {
    await hold(haproxy.submission);
    return noord.submissions() > 0;
  });
});
