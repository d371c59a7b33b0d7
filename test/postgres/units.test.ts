/**
 * Several gateways on one machine that share its ports: connections go to both, and where one is
 * killed or drained the other takes what comes.
 */
// @release: systemd-like units on the ports of one machine; two-gateways serves beside each other at every merge.
// @beside
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { type Socket, connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { startCluster } from '../support/cluster.ts';
import { Instance, type Served, addressOf, freePort, loginOf } from '../support/instance.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { ROLE_PASSWORD, administrate } from '../support/postgres-roles.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { until } from '../support/until.ts';

const letter = Buffer.from(`From: ${addressOf('anna')}\r\nTo: ${addressOf('anna')}\r\n\r\nBody.\r\n`);

/** Milliseconds, with room for the round that would give up what was not renewed. */
const LEASE = 18_000;

test('units share the ports of a machine: one is killed, drained, stopped, and the other takes what comes', async (t) => {
  const cluster = await startCluster(t);
  await administrate(cluster.server(cluster.primary));
  const hosts = cluster.hostsFrom('noord').map((host) => `"${host}"`);
  const health = [await freePort(), await freePort()] as const;
  const one = await Instance.create({ configuration: `[http]\nport = ${health[0]}\n` });
  t.after(() => one.remove());
  one.addAccounts(['anna']);
  const { folder, ports } = one;
  writeFileSync(join(folder, 'password'), `${ROLE_PASSWORD}\n`, { mode: 0o600 });
  writeFileSync(join(folder, 'database-ca.pem'), cluster.ca);
  const onPostgres = (node: string, share: boolean): string =>
    [
      `\n[store]\nengine = "postgres"\nhosts = [${hosts.join(', ')}]`,
      `password-file = "${join(folder, 'password')}"\nca = "${join(folder, 'database-ca.pem')}"`,
      `[cluster]\nnode = "${node}"\nsite = "noord"${share ? '\nshare-ports = "yes"' : ''}\n`,
    ].join('\n');
  writeFileSync(one.config, one.configured(onPostgres('gw-a', true)));
  one.sluis('store', 'move', '--owner-password-file', join(folder, 'password'), '--yes', '--reason', 'more cores');
  const other = async (share: boolean): Promise<Instance> => {
    const certificate = (name: string): string => join(folder, 'certs-dev', name);
    const tls = `[tls]\nkey = "${certificate('server-key.pem')}"\ncertificate = "${certificate('server.pem')}"\n`;
    const keys = `[keys]\nfolder = "${join(folder, 'keys')}"\nmaster-key-file = "${join(folder, 'master.key')}"\n`;
    const made = await Instance.create({
      ports,
      configuration: `[http]\nport = ${health[1]}\n${tls}${keys}${onPostgres('gw-b', share)}`,
    });
    t.after(() => made.remove());
    return made;
  };
  const two = await other(true);

  const a = await begun(one);
  await refused(await other(false), /another program listens there; stop it/);
  const b = await begun(two);
  await bothTake(ports.pop3, health);
  await mailGoesThrough(one);
  // Its data folder, and with it its control socket, is one process's.
  await refused(two, /is in use by (?:another )?process/);

  const kept = await sessionAt(one, health[0]);
  // A right to a maildrop ends after fifteen seconds of the database's clock, where nobody renews
  // it.
  const began = performance.now();
  await until('the session is older than a right that nobody renews', () => performance.now() - began > LEASE, 30_000);
  assert.equal((await kept.stat()).messages, 1);
  await b.kill();
  await allGreeted(ports.pop3);
  await kept.quit();

  const again = await begun(two);
  await bothTake(ports.pop3, health);
  const running = await sessionAt(one, health[0]);
  assert.match(one.sluis('drain', '--reason', 'a new kernel'), /the ports of this unit are closed: the other units/);
  await allGreeted(ports.pop3);
  assert.equal(await sessionsAt(health[0]), 1);
  assert.equal((await running.stat()).messages, 1);
  await running.quit();
  assert.match(one.sluis('drain', '--end'), /New sessions are taken again/);
  await bothTake(ports.pop3, health);

  // Stopped with a session: the ports are closed at once, whatever is still running. What came just
  // before may be reset.
  const last = await sessionAt(one, health[0]);
  a.signal('SIGTERM');
  await until('it has closed its port', () => socketsOn(ports.pop3) === 1, 30_000);
  await allGreeted(ports.pop3);
  // Cut by then, where this took longer than the drain.
  await last.quit().catch(() => undefined);
  assert.equal(await a.exit, 0);
  two.sluis('drain');
  assert.equal(await again.stop(), 0);
});

/**
 * That somebody greets on the ports does not say that this one does. Once more where the servers
 * were too busy to answer, as a service manager would.
 */
async function begun(instance: Instance): Promise<Served> {
  for (let tries = 1; ; tries += 1) {
    const served = await instance.serve();
    await until('it has started', () => served.over || served.log.includes('"gateway.started"'), 60_000);
    if (!served.over) return served;
    assert(tries < 10 && served.log.includes('try again later'), served.log);
  }
}

/** Somebody greets on the ports meanwhile, so only its own end tells. */
async function refused(instance: Instance, why: RegExp): Promise<void> {
  const served = await instance.serve();
  assert.notEqual(await served.exit, 0);
  assert.match(served.log, why);
}

async function mailGoesThrough(instance: Instance): Promise<void> {
  const sender = await SmtpClient.open(instance.target('submission'), loginOf('anna'));
  await sender.submit(addressOf('anna'), [addressOf('anna')], letter);
  await sender.quit();
}

/**
 * The system spreads by the client's port: that two dozen go to one of two is one chance in eight
 * million.
 */
async function bothTake(port: number, health: readonly number[]): Promise<void> {
  const sockets = await Promise.all(Array.from({ length: 24 }, () => dialled(port)));
  const sessions = await Promise.all(health.map(sessionsAt));
  for (const { socket } of sockets) socket.destroy();
  assert(
    sessions.every((count) => count > 0),
    `sessions at each: ${sessions.join(', ')}`,
  );
  for (const at of health) await until('they are gone', async () => (await sessionsAt(at)) === 0, 30_000);
}

/** No connection is refused, cut or left waiting, and none is told to come again. */
async function allGreeted(port: number): Promise<void> {
  for (let n = 0; n < 40; n += 1) {
    const { socket, greeting } = await dialled(port);
    socket.destroy();
    assert.match(greeting, /^\+OK/);
  }
}

function dialled(port: number): Promise<{ readonly socket: Socket; readonly greeting: string }> {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8');
  return new Promise((resolve, reject) => {
    socket.setTimeout(5000, () => reject(new Error('no greeting in 5 s')));
    socket.once('error', reject).once('close', () => reject(new Error('closed without a greeting')));
    socket.once('data', (text) => resolve({ socket, greeting: String(text) }));
  });
}

/** How many processes listen there. */
const socketsOn = (port: number): number => {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 0A`;
  return readFileSync('/proc/net/tcp', 'latin1')
    .split('\n')
    .filter((line) => line.includes(local)).length;
};

/** Of all POP3 listeners of a unit. */
async function sessionsAt(health: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${health}/metrics`)).text();
  const counts = [...text.matchAll(/^sluis_sessions\{.*protocol="pop3".*\} (\d+)$/gm)].map(([, count]) =>
    Number(count),
  );
  assert(counts.length > 0, text.slice(0, 500));
  return counts.reduce((sum, count) => sum + count, 0);
}

/** One that is logged in and at this unit. */
async function sessionAt(instance: Instance, health: number): Promise<Pop3Client> {
  for (let tries = 0; tries < 50; tries += 1) {
    const client = await Pop3Client.open(instance.target('pop3'));
    if ((await sessionsAt(health)) > 0) {
      await client.login(loginOf('anna'));
      return client;
    }
    await client.quit();
  }
  throw new Error('fifty connections, and none came to this unit');
}
