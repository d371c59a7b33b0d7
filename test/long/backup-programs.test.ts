/**
 * pgBackRest and Barman in place of the gateway's own backups, by the programs of
 * docs/examples/backup as an operator installs them: a backup, the log behind it, and a restore to
 * a moment with proof, all through `sluis`; then mail is fetched from a gateway on what came back.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { DEBIAN } from '../support/base-backups.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { type SharedStore, makeStore } from '../support/gateways.ts';
import { type Instance, addressOf, freePort, loginOf } from '../support/instance.ts';
import { Ledger } from '../support/ledger.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { ownedAsServer, serverUser } from '../support/postgres-binaries.ts';
import { PostgresServer } from '../support/postgres-server.ts';
import { hasProgram } from '../support/require.ts';
import { SmtpClient, acceptedId } from '../support/smtp-client.ts';
import type { Cleanup } from '../support/store.ts';
import { until } from '../support/until.ts';

process.env.SLUIS_PGBIN = DEBIAN;
const EXAMPLES = join(import.meta.dirname, '..', '..', 'docs', 'examples', 'backup');

interface Program {
  /** Of the example: `sluis-NAME`. */
  readonly name: string;
  readonly settings: (folder: string) => Readonly<Record<string, string>>;
  /** Sets it up for the primary, as its manual says. */
  readonly setUp: (scene: Scene) => Promise<Archive>;
}

/** Brings all of the log into the program's archive. */
type Archive = () => Promise<void>;

interface Scene {
  readonly cluster: Cluster;
  readonly folder: string;
  /** As the user of the servers; resolves to what it prints. */
  readonly run: (...command: readonly string[]) => string;
  /** For what it runs beside the servers: it ends before them. */
  readonly lasting: Cleanup;
}

/** What stands in front of a command of the servers' user. */
const asServer = (): readonly string[] => (serverUser().uid === undefined ? [] : ['runuser', '-u', 'postgres', '--']);

const PGBACKREST: Program = {
  name: 'pgbackrest',
  settings: (folder) => ({
    archive_mode: 'on',
    archive_command: `/usr/bin/pgbackrest --config=${folder}/pgbackrest.conf --stanza=sluis archive-push %p`,
    unix_socket_directories: folder,
  }),
  setUp: async ({ cluster, folder, run }) => {
    const { data, port } = cluster.server(cluster.primary);
    const global = ['repo1-path', 'log-path', 'lock-path', 'spool-path'].map((what) => `${what}=${folder}/${what}\n`);
    const stanza = `pg1-path=${data}\npg1-port=${port}\npg1-socket-path=${folder}\npg1-user=postgres\n`;
    const text = `[global]\n${global.join('')}log-level-file=off\nstart-fast=y\n[sluis]\n${stanza}`;
    writeFileSync(join(folder, 'pgbackrest.conf'), text, { mode: 0o644 });
    const pgbackrest = ['/usr/bin/pgbackrest', `--config=${folder}/pgbackrest.conf`, '--stanza=sluis'];
    run(...pgbackrest, 'stanza-create');
    run(...pgbackrest, 'check');
    await Promise.resolve();
    return async () => {
      const server = cluster.server(cluster.primary);
      const [row] = await server.ask('SELECT pg_walfile_name(pg_switch_wal()) AS file');
      await until(
        'the log is archived',
        async () => {
          const [archiver] = await server.ask('SELECT last_archived_wal AS file FROM pg_stat_archiver');
          return String(archiver?.file) >= String(row?.file);
        },
        60_000,
        50,
      );
    };
  },
};

const BARMAN: Program = {
  name: 'barman',
  settings: () => ({}),
  setUp: async ({ cluster, folder, run, lasting }) => {
    const { port } = cluster.server(cluster.primary);
    const to = `host=127.0.0.1 port=${port} user=postgres dbname=postgres`;
    const own = serverUser().uid === undefined ? '' : 'barman_user = postgres\n';
    const [main, servers] = [join(folder, 'barman.conf'), join(folder, 'barman.d')];
    mkdirSync(servers);
    mkdirSync(join(folder, 'barman'));
    ownedAsServer(join(folder, 'barman'));
    writeFileSync(
      main,
      `[barman]\n${own}barman_home = ${folder}/barman\nlog_file = ${folder}/barman.log\nconfiguration_files_directory = ${servers}\n`,
    );
    writeFileSync(
      join(servers, 'sluis.conf'),
      [
        `[sluis]\ndescription = a store\nconninfo = ${to}\nstreaming_conninfo = ${to}\nbackup_method = postgres`,
        `streaming_archiver = on\nslot_name = barman\ncreate_slot = auto\nimmediate_checkpoint = true\npath_prefix = ${DEBIAN}\n`,
      ].join('\n'),
    );
    const barman = ['/usr/bin/barman', '-c', main];
    const words = [...asServer(), ...barman, 'receive-wal', 'sluis'];
    run(...barman, 'receive-wal', '--create-slot', 'sluis');
    const receiver: ChildProcess = spawn(words[0]!, words.slice(1), { stdio: 'ignore', cwd: '/' });
    const ended = new Promise((resolve) => receiver.once('close', resolve));
    // While its server runs: without one it ends by itself, and then there is nothing to stop.
    lasting.after(async () => {
      if (receiver.exitCode === null && receiver.signalCode === null) run(...barman, 'receive-wal', '--stop', 'sluis');
      await ended;
    });
    const streams = async (): Promise<boolean> =>
      (
        await cluster
          .server(cluster.primary)
          .ask("SELECT 1 FROM pg_stat_replication WHERE application_name = 'barman_receive_wal'")
      ).length > 0;
    await until('Barman receives the log', streams, 30_000, 50);
    const archive = async (): Promise<void> => {
      run(...barman, 'switch-wal', '--force', '--archive', '--archive-timeout', '60', 'sluis');
      await Promise.resolve();
    };
    await archive();
    return archive;
  },
};

/** The example as an operator puts it in place: what it says of whom it runs as is fitted. */
function installed(name: string, folder: string): string {
  const text = readFileSync(join(EXAMPLES, `sluis-${name}`), 'utf8');
  const own = name === 'barman' ? `-c ${folder}/barman.conf` : `--config=${folder}/pgbackrest.conf`;
  const fitted = text.replace(/sudo -n -u \w+ (\/usr\/bin\/\w+)/, `${asServer().join(' ')} $1 ${own}`);
  assert.notEqual(fitted, text);
  const path = join(folder, `sluis-${name}`);
  writeFileSync(path, fitted, { mode: 0o755 });
  return path;
}

const submit = async (gateway: Instance, ledger: Ledger): Promise<void> => {
  const client = await SmtpClient.open(gateway.target('submission'), loginOf('sender'));
  try {
    const message = ledger.compose(30_000);
    const reply = await client.submit(addressOf('sender'), [addressOf('anna')], message.wire);
    ledger.acknowledge(message, acceptedId(reply));
  } finally {
    client.wire.destroy();
  }
};

/** A whole second that lies between what was before and what comes. */
async function second(): Promise<string> {
  const at = Math.ceil((Date.now() + 50) / 1000) * 1000;
  await until('that second is over', () => Date.now() > at + 50, 5000, 20);
  return new Date(at).toISOString().replace('.000', '');
}

/** A server on what came back, and a gateway on that: everything that it has for anna. */
async function collected(
  t: Cleanup,
  store: SharedStore,
  { data, ledger }: { readonly data: string; readonly ledger: Ledger },
): Promise<void> {
  const server = new PostgresServer('noord-1', await freePort(), data, {
    ...{ ssl: 'on', archive_mode: 'off', synchronous_standby_names: '' },
  });
  await server.start();
  t.after(() => server.end());
  const gateway = await store.gateway({ node: 'gw1', place: 'noord', hosts: [`127.0.0.1:${server.port}`] });
  gateway.sluis('site', 'alone', '--until', '1d', '--reason', 'all that is left');
  const served = await gateway.serve();
  const client = await Pop3Client.open(gateway.target('pop3'), loginOf('anna'));
  const { messages } = await client.stat();
  assert.equal(messages, 2);
  for (let number = 1; number <= messages; number += 1) ledger.found(await client.fetch(number));
  await client.quit();
  await served.stop();
}

for (const program of [PGBACKREST, BARMAN]) {
  test(`${program.name}: taken, checked and brought back to a moment through sluis; what was acknowledged before it is fetched again`, async (t) => {
    assert.ok(existsSync(join(DEBIAN, 'pg_basebackup')), 'install postgresql-17');
    assert.ok(hasProgram(program.name), `install ${program.name} and barman-cli`);
    // What began last ends first: what Barman runs beside a server before that server, and the
    // folder of both at the end.
    const ends: (() => Promise<void> | void)[] = [];
    const lasting: Cleanup = { after: (one) => void ends.push(one) };
    t.after(async () => {
      const failed: unknown[] = [];
      for (const one of ends.toReversed())
        try {
          await one();
        } catch (error) {
          failed.push(error);
        }
      assert.deepEqual(failed, []);
    });
    const folder = mkdtempSync(join(tmpdir(), 'sluis-program-'));
    lasting.after(() => rmSync(folder, { recursive: true, force: true }));
    chmodSync(folder, 0o755);
    ownedAsServer(folder);
    const run: Scene['run'] = (...command) => {
      const [first = '', ...words] = [...asServer(), ...command];
      const done = spawnSync(first, words, { encoding: 'utf8', cwd: '/', timeout: 120_000 });
      assert.equal(done.status, 0, `${command.join(' ')}: ${done.stdout}${done.stderr}`);
      return done.stdout;
    };
    const cluster = await startCluster(lasting, { settings: program.settings(folder) });
    const store = await makeStore(lasting, cluster);
    const archive = await program.setUp({ cluster, folder, run, lasting });
    const script = installed(program.name, folder);
    const commands = ['take', 'check', 'restore'].map((word) => `${word}-command = ["${script}", "${word}"]\n`);
    const gateway = await store.gateway({
      ...{ node: 'gw1', place: 'noord' },
      configuration: `[backup]\nfolder = "${folder}/backups"\n${commands.join('')}`,
    });
    let served = await gateway.serve();
    gateway.addAccounts(['sender', 'anna']);
    const [before, after] = [new Ledger(addressOf('sender')), new Ledger(addressOf('sender'))];
    await submit(gateway, before);
    gateway.sluis('backup', 'take');
    const [taken] = JSON.parse(gateway.sluis('backup', 'list', '--json')) as readonly { readonly path: string }[];
    assert.ok(taken !== undefined);
    assert.match(gateway.sluis('backup', 'check'), /: as it was written/);
    await submit(gateway, before);
    const moment = await second();
    await submit(gateway, after);
    await archive();
    await served.kill();

    const into = join(folder, 'restored');
    const restore = ['restore', taken.path, '--into', into, '--all', '--reason', 'a trial', '--json'];
    const tooLate = await second();
    assert.throws(
      () => gateway.sluis(...restore, '--until', tooLate),
      /no commit of .* or later is in the log that backup\.restore-command brought/,
    );
    const done = JSON.parse(gateway.sluis(...restore, '--until', moment)) as {
      readonly passed: boolean;
      readonly proof: { readonly opened: number };
    };
    assert.deepEqual([done.passed, done.proof.opened], [true, 2]);
    await collected(lasting, store, { data: into, ledger: before });
    const { lost, damaged, duplicated } = before.report();
    assert.deepEqual([lost, damaged, duplicated], [[], [], []]);

    // A copy that was damaged is not whole.
    served = await gateway.serve();
    lasting.after(async () => {
      await served.stop();
    });
    assert.match(spoilt(gateway, folder), /is not as it was written: take another one/);
  });
}

/**
 * The largest file of the server that the program keeps. Not its own list of them: of that
 * pgBackRest has a copy, and reads that one then.
 */
function spoilt(gateway: Instance, folder: string): string {
  const { stdout } = spawnSync('sh', [
    '-c',
    `find '${folder}/repo1-path/backup' '${folder}/barman/sluis/base' -type f -path '*/*data/base/*' -size +8k -printf '%s %p\\n' 2>/dev/null | sort -n | tail -n 1 | cut -d ' ' -f 2-`,
  ]);
  const file = stdout.toString().trim();
  assert.notEqual(file, '');
  const octets = readFileSync(file);
  octets[octets.length >> 1]! ^= 1;
  writeFileSync(file, octets);
  try {
    return gateway.sluis('backup', 'check');
  } catch (error) {
    return String(error);
  }
}
