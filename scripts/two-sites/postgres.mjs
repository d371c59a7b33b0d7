// Three servers of PostgreSQL at three places: one primary, two standbys, and a list that wants one of the others for each commit.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFileSync, chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { serverUser } from './binaries.mjs';
import { SERVERS, placeOf, portFrom } from './plan.mjs';
import { sluis, until } from './programs.mjs';

const { Client } = createRequire(import.meta.url)('pg');

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '120',
  shared_buffers: '32MB',
  wal_keep_size: '512MB',
  wal_log_hints: 'on',
  wal_sender_timeout: '5s',
  wal_receiver_timeout: '5s',
  wal_retrieve_retry_interval: '200ms',
};

const secretIn = (folder, name) => readFileSync(join(folder, name), 'utf8').trim();
export const listOf = (name) =>
  `ANY 1 (${SERVERS.filter((other) => other !== name)
    .map((other) => `"${other}"`)
    .join(', ')})`;
const conninfo = (plan, place, primary) =>
  `host=127.0.0.1 port=${portFrom(plan, place, primary)} user=postgres password=${secretIn(plan.folder, 'postgres.password')} sslmode=disable`;

/** As the superuser. Its statements wait for no standby but where they say so. */
export async function asked({ folder }, port, statements, { database = 'postgres', within = 2000 } = {}) {
  const client = new Client({
    host: '127.0.0.1',
    port,
    database,
    user: 'postgres',
    password: secretIn(folder, 'postgres.password'),
    options: '-c synchronous_commit=local',
    connectionTimeoutMillis: within,
    query_timeout: 30_000,
  });
  client.on('error', () => undefined);
  await client.connect();
  try {
    let rows = [];
    for (const statement of statements) ({ rows } = await client.query(statement));
    return rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Starts all three; resolves when both standbys follow. */
export async function startServers(plan, programs, binaries) {
  const { folder } = plan;
  const user = serverUser();
  const own = (path) => user.uid !== undefined && chownSync(path, user.uid, user.gid);
  const passwordFile = join(folder, 'postgres.password');
  writeFileSync(passwordFile, `${randomBytes(18).toString('base64url')}\n`, { mode: 0o600 });
  own(passwordFile);
  const home = join(folder, 'postgres');
  mkdirSync(home);
  own(home);
  const template = join(home, 'template');
  const made = spawnSync(
    join(binaries, 'initdb'),
    ['-D', template, '-U', 'postgres', `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--encoding=UTF8'].concat([
      '--locale=C',
      '--data-checksums',
      '--no-sync',
      '--no-instructions',
    ]),
    { ...user, cwd: '/', encoding: 'utf8', env: { PATH: process.env.PATH, LC_ALL: 'C' } },
  );
  if (made.status !== 0) throw new Error(`initdb ended with ${made.status}: ${made.stderr}`);
  const [primary] = SERVERS;
  for (const name of SERVERS) {
    const data = join(home, name);
    spawnSync('cp', ['-a', template, data]);
    chmodSync(data, 0o700);
    const standby = name !== primary;
    const [setting, value] = standby
      ? ['primary_conninfo', `${conninfo(plan, placeOf(name), primary)} application_name=${name}`]
      : ['synchronous_standby_names', listOf(name)];
    appendFileSync(join(data, 'postgresql.auto.conf'), `${setting} = '${value}'\n`);
    if (!standby) continue;
    writeFileSync(join(data, 'standby.signal'), '');
    own(join(data, 'standby.signal'));
  }
  for (const name of SERVERS) startServer(plan, programs, binaries, name);
  await until('both standbys follow the primary', async () => {
    const rows = await asked(plan, plan.servers[primary], [
      "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'quorum'",
    ]).catch((error) => {
      for (const name of SERVERS)
        if (!programs.runs(name)) throw new Error(`${name} has ended: ${programs.lastLines(name)}`, { cause: error });
      return [];
    });
    return rows.length === 2;
  });
}

function startServer(plan, programs, binaries, name) {
  const all = { ...SETTINGS, port: String(plan.servers[name]), cluster_name: name };
  const settings = Object.entries(all).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
  const command = [join(binaries, 'postgres'), '-D', join(plan.folder, 'postgres', name), ...settings];
  plan.pids[name] = programs.start(name, command, { user: serverUser(), signal: 'SIGINT' });
}

/** What "sluis init --postgres --sql" prints, run on the primary; what psql alone understands is done here. */
export async function administrate(plan) {
  const port = plan.servers[SERVERS[0]];
  const [before, behind] = sluis(['init', '--postgres', '--sql']).split(/^\\connect .*$/m);
  const statements = (text) =>
    text
      .replaceAll(/^(\\|--).*$/gm, '')
      .split(';')
      .filter((one) => one.trim() !== '');
  await asked(plan, port, statements(before));
  for (const role of ['sluis', 'sluis_owner']) {
    const password = randomBytes(18).toString('base64url');
    writeFileSync(join(plan.folder, `${role}.password`), `${password}\n`, { mode: 0o600 });
    await asked(plan, port, [`ALTER ROLE ${role} PASSWORD '${password}'`]);
  }
  await asked(plan, port, statements(behind), { database: 'sluis' });
}

const FACTS = `SELECT json_build_object(
  'name', current_setting('cluster_name'),
  'role', CASE WHEN pg_is_in_recovery() THEN 'standby' ELSE 'primary' END,
  'timeline', greatest(
    (SELECT timeline_id FROM pg_control_checkpoint()),
    (SELECT received_tli FROM pg_stat_wal_receiver),
    (SELECT max(('x' || substr(name, 1, 8))::bit(32)::int) FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$')
  ),
  'lsn', CASE WHEN pg_is_in_recovery() THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) ELSE pg_current_wal_flush_lsn() END
) AS facts`;

/** What each server says of itself, as docs/two-sites.md asks it; of one that does not answer its name. */
export const factsOf = (plan) =>
  Promise.all(
    SERVERS.map((name) =>
      asked(plan, plan.servers[name], [FACTS], { within: 1000 }).then(
        ([{ facts }]) => facts,
        () => ({ name }),
      ),
    ),
  );

/** The list first: it must not acknowledge alone for a moment. Then the others follow it. */
export async function promote(plan, name, standbys) {
  const port = plan.servers[name];
  await asked(plan, port, [
    `ALTER SYSTEM SET synchronous_standby_names = '${listOf(name)}'`,
    'SELECT pg_reload_conf()',
    'SELECT pg_promote(true, 10)',
  ]);
  for (const other of standbys)
    await asked(plan, plan.servers[other], [
      `ALTER SYSTEM SET primary_conninfo = '${conninfo(plan, placeOf(other), name)} application_name=${other}'`,
      'SELECT pg_reload_conf()',
    ]);
}
