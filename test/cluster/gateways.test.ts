/**
 * Two whole gateways on copies of one store, which speak with each other: sessions resume at the
 * other, and mail waits for a day key that is not there.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';
import { KeyFolder } from '../../src/crypto/keys/key-folder.ts';
import { dayOf } from '../../src/domain/utc-day.ts';
import { readMasterKey } from '../../src/config/master-key.ts';
import { hours } from '../../src/domain/units.ts';
import { type Gateway, type GatewayOptions, startGateway } from '../../src/gateway.ts';
import { testCertificates } from '../support/certificates.ts';
import { FakeClock } from '../support/clock.ts';
import { loginOf, startTestGateway } from '../support/gateway.ts';
import { MemoryLog } from '../support/log.ts';
import { ClusterAuthority } from '../support/nodes.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { until } from '../support/until.ts';
import { trusting } from '../support/wire.ts';

const HOSTS = ['gw1.noord.test', 'gw2.zuid.test'] as const;

interface Pair {
  readonly folders: readonly string[];
  readonly logs: readonly MemoryLog[];
  readonly clock: FakeClock;
  readonly ca: string;
  start(n: number, more?: Partial<GatewayOptions>): Promise<Gateway>;
  config(n: number): Config;
}

/** Neither is started. */
async function pair(t: TestContext): Promise<Pair> {
  const first = await startTestGateway({ accounts: ['anna'] });
  const root = mkdtempSync(join(tmpdir(), 'sluis-pair-'));
  const authority = new ClusterAuthority(t);
  await first.stop();
  const folders = HOSTS.map((host) => {
    const folder = join(root, host);
    cpSync(first.folder, folder, { recursive: true, filter: (path) => !path.endsWith('.sock') });
    const { ca, certificate, key } = authority.issue(host);
    for (const [name, text] of Object.entries({ 'cluster-ca.pem': ca, 'cluster.pem': certificate, 'cluster.key': key }))
      writeFileSync(join(folder, name), text, { mode: 0o600 });
    return folder;
  });
  await first.remove();
  const running: Gateway[] = [];
  t.after(async () => {
    for (const gateway of running) await gateway.stop({ drain: 'none' });
    rmSync(root, { recursive: true, force: true });
  });
  const logs = HOSTS.map(() => new MemoryLog());
  const clock = new FakeClock(Date.now());
  const portOf = (n: number): number =>
    Number(logs[n]?.events.findLast(({ event }) => event === 'cluster.listening')?.fields.port ?? 1);
  const config = (n: number): Config => {
    const folder = folders[n] ?? '';
    const read = loadConfig(join(folder, 'sluis.toml'));
    const cluster = {
      node: `gw${n + 1}`,
      site: n === 0 ? 'noord' : 'zuid',
      listen: { host: '127.0.0.1', port: 0 },
      peers: [],
      ca: join(folder, 'cluster-ca.pem'),
      certificate: join(folder, 'cluster.pem'),
      key: join(folder, 'cluster.key'),
    };
    return { ...read, cluster };
  };
  return {
    folders,
    logs,
    clock,
    ca: (await testCertificates()).ca.certificate,
    config,
    start: async (n, more = {}) => {
      const other = 1 - n;
      const gateway = await startGateway(config(n), {
        clock,
        log: logs[n] ?? new MemoryLog(),
        peers: {
          peers: [
            {
              host: HOSTS[other] ?? '',
              get port() {
                return portOf(other);
              },
            },
          ],
          lookup: (_host, _options, found) => found(null, [{ address: '127.0.0.1', family: 4 }]),
        },
        ...more,
      });
      running.push(gateway);
      return gateway;
    },
  };
}

const portOf = (gateway: Gateway, name: string): number =>
  gateway.listeners.find(({ spec }) => spec.name === name)?.port ?? 0;

/**
 * openssl's client: keeps the session in `file`, or resumes the one that is there. Whether it
 * resumed.
 */
async function opens(port: number, words: readonly string[]): Promise<boolean> {
  const child = promisify(execFile)('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, ...words], {
    timeout: 20_000,
  });
  child.child.stdin?.end('QUIT\r\n');
  const { stdout } = await child.catch((error: unknown) => error as { stdout: string });
  assert.match(stdout, /New, TLS|Reused, TLS/, stdout);
  return stdout.includes('Reused, TLS');
}

test('a TLS session of one gateway resumes at the other, after a rotation and a restart too, and not once tickets are void', async (t) => {
  const both = await pair(t);
  const [one, two] = [await both.start(0), await both.start(1)];
  const { clock, logs, folders } = both;
  const ports = [one, two].map((gateway) => portOf(gateway, 'submissions')) as [number, number];
  const file = join(folders[0] ?? '', 'session.pem');
  const known = (n: number): number => logs[n]!.names.filter((name) => name === 'tls.ticket-key').length;
  for (const version of ['-tls1_3', '-tls1_2']) {
    const ask = (port: number, how: '-sess_out' | '-sess_in'): Promise<boolean> =>
      opens(port, [version, '-servername', 'mail.test', '-ign_eof', how, file]);
    assert.equal(await ask(ports[0], '-sess_out'), false);
    assert.equal(await ask(ports[1], '-sess_in'), true, `${version}: at the other site`);
    assert.equal(await ask(ports[0], '-sess_in'), true, `${version}: where it was made`);
  }
  // One of them rotates first, and the other takes its key: sessions of before are over, new ones
  // resume at both.
  const before = known(0) + known(1);
  clock.advance(hours(12));
  await until('both have a new key', () => known(0) + known(1) > before + 1);
  const ask = (port: number, how: '-sess_out' | '-sess_in'): Promise<boolean> =>
    opens(port, ['-tls1_3', '-servername', 'mail.test', '-ign_eof', how, file]);
  assert.equal(await ask(ports[0], '-sess_in'), false, 'the key of before is gone on both');
  await until('it resumes at the other', async () => {
    await ask(ports[0], '-sess_out');
    return await ask(ports[1], '-sess_in');
  });
  // A gateway that starts takes the key of the other, and brings none of its own.
  await ask(ports[0], '-sess_out');
  await two.stop({ drain: 'none' });
  const again = await both.start(1);
  const anew = portOf(again, 'submissions');
  assert.equal(await ask(anew, '-sess_in'), true, 'after a restart of the other');
  assert.equal(await ask(ports[0], '-sess_in'), true);
  // Void on one: void on both.
  one.admin.gateway?.voidTickets();
  await until('it is void at the other too', async () => !(await ask(anew, '-sess_in')));
  assert.equal(await ask(ports[0], '-sess_in'), false);
});

test('without a day key mail is put off with its reason in the log, and goes on once the nodes have met, or this site is alone', async (t) => {
  const both = await pair(t);
  const today = dayOf(both.clock.now());
  const keysOf = async (n: number): Promise<KeyFolder> =>
    new KeyFolder(both.config(n).keys.folder, await readMasterKey(both.config(n)));
  let alone: number | undefined;
  const sites = { aloneUntil: () => alone as ReturnType<FakeClock['now']> | undefined };
  const options = { sites } as Partial<GatewayOptions>;
  const one = await both.start(0, options);
  for (const { day } of (await keysOf(0)).shared.inventory('', 400).days)
    if (day === today) assert.fail('it is too early');
  const target = { port: portOf(one, 'submissions'), tls: 'implicit', servername: 'mail.test' } as const;
  const send = async (): Promise<string> => {
    const client = await SmtpClient.open({ ...target, context: trusting(both.ca) }, loginOf('anna'));
    const anna = 'anna@group.test';
    const text = `From: <${anna}>\r\nTo: <${anna}>\r\nSubject: a\r\n\r\nb\r\n`;
    return await client.submit(anna, [anna], Buffer.from(text)).catch((error: unknown) => String(error));
  };
  assert.match(await send(), /got "451 4\.3\.0 /);
  assert.ok(JSON.stringify(both.logs[0]!.events).includes('sluis site alone --until TIME'));
  alone = both.clock.now() + hours(1);
  assert.match(await send(), /^250 /);
  const own = (await keysOf(0)).shared.inventory(today, 1).days[0]!.marks;
  alone = undefined;
  await both.start(1, options);
  const [here, there] = [(await keysOf(0)).shared.inventory(today, 20), (await keysOf(1)).shared.inventory(today, 20)];
  assert.deepEqual(there, here);
  assert.deepEqual(here.days[0]?.marks, own);
  assert.equal(here.days.length, 14);
});
