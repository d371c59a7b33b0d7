/**
 * What an operator asks at two sites: three real servers and two whole gateways, each started by
 * `sluis serve`. Servers and gateways die, one lags, one place is left alone; the commands say the
 * same at either site, and with no gateway at all.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Commands, commandsOn } from '../support/command-line.ts';
import { addressOf, loginOf } from '../support/instance.ts';
import { openAt } from '../support/postgres-server.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { type Site, type TwoSites, SITES, startTwoSites } from '../support/two-sites.ts';
import { until } from '../support/until.ts';

const PATIENCE = 30_000;
const PACE = 50;

const MESSAGE = Buffer.from(`From: ${addressOf('sender')}\r\nSubject: x\r\n\r\nx\r\n`);

interface Status {
  readonly servers: readonly { readonly name: string; readonly role: string; readonly timeline?: number }[];
  readonly list?: string;
  readonly acknowledging: readonly string[];
  readonly lastAcknowledged?: string;
  readonly aloneUntil?: string;
}
interface All {
  readonly warnings: readonly string[];
  readonly sites: {
    readonly gateways: readonly {
      name: string;
      site: string;
      acknowledges: boolean;
      silentFor?: number;
      jobs: string[];
    }[];
    readonly servers: readonly { name: string; role: string; behind?: string }[];
  };
}

interface Scene extends TwoSites {
  readonly at: Readonly<Record<Site, Commands>>;
  serve(site: Site): Promise<void>;
}

async function scene(t: TestContext): Promise<Scene> {
  const sites = await startTwoSites(t, ['sender', 'reader']);
  // As "sluis init --postgres --sql" prints it: after two switches nothing else tells on which
  // timeline a standby is.
  const administrator = await openAt(sites.cluster.server('noord-1').port, { database: 'sluis' });
  await administrator.query('GRANT EXECUTE ON FUNCTION pg_catalog.pg_ls_waldir() TO sluis');
  await administrator.end();
  const at = {
    noord: commandsOn(() => sites.gateways.noord.instance.config),
    zuid: commandsOn(() => sites.gateways.zuid.instance.config),
  };
  const serve = async (site: Site): Promise<void> => {
    // As a supervisor does: on a busy machine no server may answer within a second.
    for (let tries = 1; ; tries += 1)
      try {
        sites.gateways[site].served = await sites.gateways[site].instance.serve();
        return;
      } catch (error) {
        if (tries === 5) throw error;
      }
  };
  for (const site of SITES) {
    await sites.gateways[site].served.stop();
    await serve(site);
  }
  return { ...sites, at, serve };
}

/** A message of a sender who tries once. Rejects if it was not taken. */
async function send(it: Scene, site: Site): Promise<void> {
  const client = await SmtpClient.open(it.gateways[site].instance.target('submission'), loginOf('sender'));
  try {
    await client.submit(addressOf('sender'), [addressOf('reader')], MESSAGE);
  } finally {
    client.wire.destroy();
  }
}
const takes = (it: Scene, site: Site): Promise<void> =>
  until(
    `${site} accepts mail`,
    () =>
      send(it, site).then(
        () => true,
        () => false,
      ),
    PATIENCE,
    PACE,
  );
const refuses = (it: Scene, site: Site): Promise<void> =>
  until(
    `${site} accepts no mail`,
    () =>
      send(it, site).then(
        () => false,
        () => true,
      ),
    PATIENCE,
    PACE,
  );

/** Until the check of that server ends with this code; resolves to what it said. */
async function verdict(it: Scene, site: Site, server: string, code: number, text: RegExp): Promise<void> {
  let said = '';
  await until(
    `${server} has ${code} at ${site}`,
    async () => {
      const ran = await it.at[site].run('site', 'promote', server, '--check');
      said = `${ran.code}: ${ran.stdout}${ran.stderr}`;
      return ran.code === code && text.test(ran.stdout);
    },
    PATIENCE,
    PACE,
  ).catch((error: unknown) => assert.fail(`${String(error)}; ${said}`));
}

const status = (it: Scene, site: Site): Promise<Status> => it.at[site].json<Status>('site', 'status');
const rolesOf = ({ servers }: Pick<Status, 'servers'>): readonly string[] =>
  servers.map(({ name, role }) => `${name} ${role.split(':')[0]}`);
const eventsOf = async (it: Scene, site: Site): Promise<readonly string[]> =>
  (await it.at[site].json<{ event: string }[]>('audit', 'list', '--event', 'site.alone')).map(({ event }) => event);

test('what an operator asks and decides at two sites, from a planned switch to the loss of two places', async (t) => {
  const it = await scene(t);
  const { cluster, at } = it;

  await t.test(
    'a planned switch there and back is measured at the door, and written down with a signature',
    async () => {
      const { ports } = it.gateways.zuid.instance;
      const watching = at.zuid.json<{ looks: number; longest: number }>(
        'drill',
        'watch',
        `127.0.0.1:${ports.submission}`,
        '--seconds',
        '5',
      );
      const there = new Date().toISOString();
      await cluster.switchOver('zuid-1');
      await takes(it, 'noord');
      const back = new Date().toISOString();
      await cluster.untilStreaming(['noord-1', 'derde-1']);
      await verdict(it, 'noord', 'noord-1', 4, /"zuid-1" \(zuid\) is a primary that answers/);
      await cluster.switchOver('noord-1');
      await takes(it, 'zuid');
      await cluster.untilStreaming(['zuid-1', 'derde-1']);
      const { looks, longest } = await watching;
      assert.ok(looks > 0);
      const drill = [
        'drill',
        'site',
        '--from',
        'noord',
        '--to',
        'zuid',
        '--there',
        there,
        '--back',
        back,
        '--person',
        'J. Smit',
      ];
      const measured = [
        '--outage',
        String(Math.ceil(longest)),
        '--measured-by',
        'watch',
        '--lost',
        '0',
        '--reason',
        'yearly',
      ];
      const report = await at.zuid.json<{ passed: boolean; file: string; marks: { engine: string } }>(
        ...drill,
        ...measured,
      );
      assert.deepEqual([report.passed, report.marks.engine], [true, 'postgres']);
      assert.match(readFileSync(report.file, 'utf8'), /"J\. Smit"/);
      assert.ok(existsSync(`${report.file}.sig`) || existsSync(report.file.replace(/\.json$/, '.sig')), report.file);
      const due = await at.zuid.json<{ drills: { drill: string; why: string }[] }>('status');
      assert.deepEqual(
        due.drills.filter(({ drill: kind }) => kind === 'site'),
        [],
      );
    },
  );

  await t.test(
    'both sites see the same, and who may be promoted is known when the primary has gone, with its gateway, and every gateway',
    async () => {
      await takes(it, 'noord');
      for (const site of SITES) {
        const seen = await status(it, site);
        assert.deepEqual(rolesOf(seen), ['noord-1 primary', 'zuid-1 standby', 'derde-1 standby']);
        assert.equal(seen.list, 'ANY 1 (zuid-1, derde-1)');
        assert.deepEqual(seen.acknowledging, ['gw-noord', 'gw-zuid']);
        assert.ok(Date.now() - Date.parse(seen.lastAcknowledged ?? '') < 60_000, seen.lastAcknowledged);
        const { sites, warnings } = await it.at[site].json<All>('status', '--all');
        assert.deepEqual(
          sites.gateways.map((one) => [one.name, one.site, one.acknowledges, (one.silentFor ?? 99) < 7]),
          [
            ['gw-noord', 'noord', true, true],
            ['gw-zuid', 'zuid', true, true],
          ],
        );
        const jobs = sites.gateways.flatMap((one) => one.jobs);
        assert.ok(jobs.includes('anchors') && new Set(jobs).size === jobs.length, jobs.join());
        assert.deepEqual(warnings, []);
      }
      // The commands of the API tell the same; a plain status tells nothing of it.
      assert.equal((await it.at.noord.json<Partial<All>>('status')).sites, undefined);
      await verdict(it, 'zuid', 'zuid-1', 4, /"noord-1" \(noord\) is a primary that answers/);

      // Cut off from the primary, not from the third place, which still hears it.
      await cluster.cut('noord', 'zuid');
      await verdict(it, 'zuid', 'zuid-1', 4, /"derde-1" \(derde\) still hears a primary/);
      await cluster.heal('noord', 'zuid');
      await cluster.untilStreaming(['zuid-1']);

      // What follows is acknowledged by zuid alone; then the whole site noord is lost.
      await cluster.cut('noord', 'derde');
      await takes(it, 'noord');
      for (let n = 0; n < 5; n += 1) await send(it, 'noord');
      await it.gateways.noord.served.kill();
      await cluster.kill('noord-1');
      await cluster.heal('noord', 'derde');
      await verdict(it, 'zuid', 'derde-1', 4, /"zuid-1" holds \d+ bytes of the log more than "derde-1"/);
      await verdict(it, 'zuid', 'zuid-1', 0, /"zuid-1" holds everything that was acknowledged/);

      // Nor does it take a gateway: the list is on the servers themselves.
      await it.gateways.zuid.served.kill();
      // A gateway that has just died counts as one that acknowledges until it has been silent for
      // its seconds.
      let alone = await status(it, 'zuid');
      await until(
        'no gateway acknowledges',
        async () => {
          alone = await status(it, 'zuid');
          return alone.acknowledging.length === 0;
        },
        PATIENCE,
        PACE,
      );
      assert.equal(alone.list, 'ANY 1 (zuid-1, derde-1)');
      assert.deepEqual(rolesOf(alone).slice(1), ['zuid-1 standby', 'derde-1 standby']);
      await verdict(it, 'zuid', 'zuid-1', 0, /holds everything/);
      await verdict(it, 'zuid', 'derde-1', 4, /promote "zuid-1"/);
      await cluster.stop('derde-1');
      await verdict(
        it,
        'zuid',
        'zuid-1',
        9,
        /"derde-1" may hold an acknowledged commit that "zuid-1" lacks, and cannot be asked/,
      );
    },
  );

  await t.test(
    'one place alone acknowledges when it was allowed to and its list is empty, also from a cold start, and not a moment longer',
    async () => {
      const zuid = it.gateways.zuid;
      await cluster.promote('zuid-1');

      // Nobody confirms: a gateway does not even start, and still the word can be given.
      const server = cluster.server('zuid-1');
      await at.zuid.refused(2, /--reason/, 'site', 'alone', '--until', '1h');
      const said = await at.zuid.done('site', 'alone', '--until', '1h', '--reason', 'two places are gone');
      assert.match(
        said,
        /ONE PLACE ALONE ACKNOWLEDGES until .*\nNo gateway runs here: it holds from its next start on\./,
      );
      assert.match(
        said,
        /zuid-1 still waits for ANY 1 \(noord-1, derde-1\)\. Its administrator empties the list there/,
      );
      assert.ok(existsSync(join(zuid.instance.data, 'site-alone.json')));
      await server.set({ synchronous_standby_names: '' });
      await it.serve('zuid');
      await takes(it, 'zuid');
      for (const event of ['site.alone', 'store.alone'])
        assert.ok(zuid.served.log.includes(`"event":"${event}"`), event);
      const seen = await status(it, 'zuid');
      assert.deepEqual([seen.list, seen.acknowledging], ['', ['gw-zuid']]);
      assert.ok(Date.parse(seen.aloneUntil ?? '') > Date.now());
      assert.match(
        await at.zuid.done('status'),
        /Alone: +ONE PLACE ALONE MAY ACKNOWLEDGE until[^]*Warning: one place alone may acknowledge until/,
      );
      assert.deepEqual(await eventsOf(it, 'zuid'), ['site.alone'], 'the row is written by the start');

      // Killed, it goes on where it was; ended, it stops at once.
      await zuid.served.kill();
      await it.serve('zuid');
      await takes(it, 'zuid');
      assert.deepEqual(await eventsOf(it, 'zuid'), ['site.alone'], 'once');
      const ended = await at.zuid.done('site', 'alone', '--end', '--reason', 'a standby is back');
      assert.match(ended, /^No place alone acknowledges\.\nNothing is acknowledged until zuid-1 has a list again/);
      await refuses(it, 'zuid');
      await zuid.served.kill();
      // What it acknowledged alone nobody else holds, and the check says so.
      const { stdout } = await at.zuid.run('site', 'promote', 'zuid-1', '--check');
      assert.match(stdout, /"zuid-1" is a primary already/);
    },
  );
});
