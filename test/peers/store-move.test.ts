/**
 * A service grows out of one machine: its store goes from SQLite to PostgreSQL, killed twice on the
 * way, and mail programs of others see nothing of it. What mpop and fetchmail have fetched under a
 * UIDL they do not fetch again; the trail, its anchors and a bundle of evidence made before stand
 * afterwards.
 */
// @release: a store moves between engines, killed on the way; postgres/store-move tries each row and cut.
// @beside
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { effort } from '../support/effort.ts';
import { MAIN } from '../support/command-line.ts';
import { HOSTNAME, Instance, addressOf, loginOf } from '../support/instance.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { ROLE_PASSWORD, administrate } from '../support/postgres-roles.ts';
import { type PgClient, openAt } from '../support/postgres-server.ts';
import { withoutProgram } from '../support/require.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { until } from '../support/until.ts';
import { run } from './run.ts';
import { secretFile } from './senders.ts';

const BY_MSMTP = 3;
const MESSAGES = effort(120, 10_000);
const WHY = ['--reason', 'a second site'];
const { login, password } = loginOf('anna');
const skip =
  withoutProgram('msmtp', 'msmtp') || withoutProgram('mpop', 'mpop') || withoutProgram('fetchmail', 'fetchmail');

const letter = (n: number): Buffer =>
  Buffer.from(
    `From: ${addressOf('ben')}\r\nTo: ${addressOf('anna')}\r\nSubject: letter ${n}\r\n\r\n${'x'.repeat(n % 50 === 0 ? 300_000 : 2000)}\r\n`,
  );

test('a store moves to PostgreSQL, killed twice on the way, and nobody fetches anything twice', { skip }, async (t) => {
  const cluster = await startCluster(t);
  await administrate(cluster.server(cluster.primary));
  const instance = await Instance.create();
  t.after(() => instance.remove());
  instance.addAccounts(['anna', 'ben']);
  const before = await instance.serve();
  const id = await fill(instance);
  const fetched = { mpop: await mpop(instance), fetchmail: await fetchmail(instance) };
  assert.equal(fetched.mpop.length, BY_MSMTP + MESSAGES);
  assert.deepEqual(fetched.fetchmail, fetched.mpop);
  // What she deletes is hidden, and no longer counts.
  const uidls = await uidlsAfterDeleting(instance, [2, 5]);
  const evidence = join(instance.folder, 'evidence.eml');
  instance.sluis('trace', id, '--bundle', evidence, ...WHY);
  const certificate = join(instance.folder, 'evidence.pem');
  writeFileSync(certificate, instance.sluis('evidence', 'certificate'));

  const config = onPostgres(instance, cluster);
  const move = ['store', 'move', '--config', config, '--owner-password-file', join(instance.folder, 'owner.password')];
  const early = await ended([...move, ...WHY, '--yes']);
  assert.match(early.stderr, /Cannot move the store while its gateway runs/);
  assert.equal(early.code, 7);
  assert.equal(await before.stop(), 0);
  const trailRows = instance.count('SELECT count(*) FROM audit');

  await killedAt(t, cluster, 'entry', [...move, ...WHY, '--yes']);
  await killedAt(t, cluster, 'message', [...move, ...WHY, '--yes']);
  const begun = performance.now();
  const last = await ended([...move, ...WHY, '--yes', '--json']);
  assert.equal(last.code, 0, last.stderr);
  const moved = JSON.parse(last.stdout) as { rows: number; found: string; kept: string };
  t.diagnostic(`${moved.rows} rows, the last part in ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  assert.equal(moved.found, 'a part');
  assert.equal(moved.kept, join(instance.data, 'sluis-moved.db'));
  assert(moved.rows > trailRows);
  const old = await ended(['check', '--config', instance.config]);
  assert.match(old.stdout + old.stderr, /sluis\.db" is missing|was moved to PostgreSQL/);

  // The operator puts the new configuration in the place of the old one.
  writeFileSync(instance.config, readFileSync(config, 'utf8'));
  const after = await instance.serve();
  assert.deepEqual(await uidlsAfterDeleting(instance, []), uidls);
  assert.deepEqual(await mpop(instance), []);
  assert.deepEqual(await fetchmail(instance), []);
  await msmtp(instance, 'after the move');
  assert.deepEqual(await mpop(instance), ['after the move']);
  assert.deepEqual(await fetchmail(instance), ['after the move']);

  const row = instance.sluis('audit', 'list', '--event', 'store.moved', '--json');
  assert.match(row, /"reason": ?"a second site"/);
  instance.sluis('audit', 'verify');
  assert.match(instance.sluis('trace', '--verify', evidence, '--certificate', certificate), /\S/);
  const again = join(instance.folder, 'again.eml');
  instance.sluis('trace', id, '--bundle', again, ...WHY);
  instance.sluis('trace', '--verify', again, '--certificate', certificate);
  assert.equal(await after.stop(), 0);
});

/** The id of the last one. */
async function fill(instance: Instance): Promise<string> {
  for (let n = 0; n < BY_MSMTP; n += 1) await msmtp(instance, `by msmtp ${n}`);
  const sender = await SmtpClient.open(instance.target('submission'), loginOf('ben'));
  let said = '';
  for (let n = 0; n < MESSAGES; n += 1) said = await sender.submit(addressOf('ben'), [addressOf('anna')], letter(n));
  await sender.quit();
  const [, id = ''] = /accepted as (\S+)/.exec(said) ?? [];
  assert.notEqual(id, '', said);
  return id;
}

async function uidlsAfterDeleting(instance: Instance, numbers: readonly number[]): Promise<readonly string[]> {
  const client = await Pop3Client.open(instance.target('pop3'), loginOf('anna'));
  const uidls = await client.uidl();
  for (const n of numbers) await client.command(`DELE ${n}`);
  await client.quit();
  return [...uidls].filter(([n]) => !numbers.includes(n)).map(([, uidl]) => uidl);
}

/** Beside the configuration of now, as an operator prepares it. */
function onPostgres(instance: Instance, cluster: Cluster): string {
  const config = join(instance.folder, 'sluis-postgres.toml');
  const at = (name: string): string => join(instance.folder, name);
  for (const name of ['database.password', 'owner.password'])
    writeFileSync(at(name), `${ROLE_PASSWORD}\n`, { mode: 0o600 });
  writeFileSync(at('database-ca.pem'), cluster.ca);
  const hosts = cluster.hostsFrom('noord').map((host) => `"${host}"`);
  const sections = [
    `[store]\nengine = "postgres"\nhosts = [${hosts.join(', ')}]\npassword-file = "database.password"\nca = "database-ca.pem"`,
    '[cluster]\nnode = "gw-noord"\nsite = "noord"',
  ];
  writeFileSync(config, instance.configured(sections.join('\n')));
  return config;
}

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command of its own process, which may be killed. */
function begin(args: readonly string[]): { readonly pid: number; readonly over: Promise<Ended> } {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => (said[name] += text));
  const over = new Promise<Ended>((resolve) => child.once('close', (code) => resolve({ code, ...said })));
  return { pid: child.pid!, over };
}

const ended = (args: readonly string[]): Promise<Ended> => begin(args).over;

/**
 * Kills the move while it waits for a table, which somebody else holds; what it has done until then
 * stays.
 */
async function killedAt(t: TestContext, cluster: Cluster, table: string, args: readonly string[]): Promise<void> {
  const holder = await openAt(cluster.server(cluster.primary).port, { database: 'sluis' });
  t.after(() => void holder.end().catch(() => undefined));
  let held = false;
  const hold = async (): Promise<boolean> => (held ||= await heldBy(holder, table));
  const move = begin(args);
  let over: Ended | undefined;
  void move.over.then((how) => (over = how));
  // Its tables are made by the first move.
  await until('the table is held', hold, 60_000, 5);
  const waits = async (): Promise<boolean> => {
    assert.equal(over, undefined, over?.stderr);
    // Not by the holder: a transaction sees what others do as it was when it looked first.
    const rows = await cluster
      .server(cluster.primary)
      .ask(`SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name LIKE '% move changing'`);
    return rows.length > 0;
  };
  await until('the move waits for it', waits, 60_000);
  process.kill(move.pid, 'SIGKILL');
  assert.equal((await move.over).code, null);
  await holder.query('ROLLBACK');
  await holder.end();
}

async function heldBy(client: PgClient, table: string): Promise<boolean> {
  try {
    await client.query('BEGIN');
    await client.query(`LOCK TABLE "${table}" IN ACCESS EXCLUSIVE MODE`);
    return true;
  } catch {
    await client.query('ROLLBACK');
    return false;
  }
}

const home = (instance: Instance, program: string): string => {
  const folder = join(instance.folder, `home-${program}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
};

const tls = (instance: Instance): string => `tls on\ntls_starttls on\ntls_trust_file ${instance.ca}`;

async function msmtp(instance: Instance, subject: string): Promise<void> {
  const at = home(instance, 'msmtp');
  const from = loginOf('ben');
  const rc = secretFile(at, 'msmtprc', [
    `account gateway\nhost ${HOSTNAME}\nport ${instance.ports.submission}\nfrom ${addressOf('ben')}`,
    `auth plain\nuser ${from.login}\npassword ${from.password}\n${tls(instance)}`,
    'account default : gateway',
  ]);
  const text = `From: ${addressOf('ben')}\nTo: ${addressOf('anna')}\nSubject: ${subject}\n\nBody.\n`;
  await run('msmtp', ['-C', rc, '--', addressOf('anna')], { home: at, input: Buffer.from(text) });
}

/**
 * Subjects of what it fetched in this run, sorted. The mail stays on the server, and its UIDLs in a
 * file.
 */
async function mpop(instance: Instance): Promise<readonly string[]> {
  const at = home(instance, 'mpop');
  const box = join(at, `box-${readdirSync(at).length}`);
  for (const part of ['cur', 'new', 'tmp']) mkdirSync(join(box, part), { recursive: true });
  const rc = secretFile(at, 'mpoprc', [
    `account gateway\nhost ${HOSTNAME}\nport ${instance.ports.pop3}\nauth user\nuser ${login}\npassword ${password}`,
    `${tls(instance)}\ndelivery maildir ${box}\nkeep on\nreceived_header off\nuidls_file ${join(at, 'uidls')}`,
    'account default : gateway',
  ]);
  await run('mpop', ['-C', rc, '--quiet'], { home: at, patience: 300_000 });
  return subjectsIn(readdirSync(join(box, 'new')).map((name) => readFileSync(join(box, 'new', name), 'latin1')));
}

async function fetchmail(instance: Instance): Promise<readonly string[]> {
  const at = home(instance, 'fetchmail');
  const box = join(at, 'fetched');
  writeFileSync(box, '');
  const rc = secretFile(at, 'fetchmailrc', [
    `set idfile "${join(at, 'fetchids')}"`,
    `poll ${HOSTNAME} protocol pop3 port ${instance.ports.pop3} uidl timeout 60`,
    `  user "${login}" password "${password}" sslproto "TLS1.2+" sslcertck sslcertfile "${instance.ca}"`,
    `  no rewrite keep bsmtp "${box}"`,
  ]);
  const args = ['--silent', '--fetchmailrc', rc, '--pidfile', join(at, 'pid')];
  await run('fetchmail', args, { home: at, alsoFine: [1], patience: 300_000 });
  return subjectsIn([readFileSync(box, 'latin1')]);
}

const subjectsIn = (texts: readonly string[]): readonly string[] =>
  texts.flatMap((text) => [...text.matchAll(/^Subject: (.*?)\r?$/gm)].map(([, subject = '']) => subject)).sort();
