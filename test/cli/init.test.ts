import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { exitCodes } from '../../src/cli/exit.ts';
import { sluisHere as sluis } from '../support/command-line.ts';

function place(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-init-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const modeOf = (path: string): number => statSync(path).mode & 0o777;
const init = (config: string, ...rest: string[]) =>
  sluis(['init', '--config', config, '--hostname', 'mail.example.test', ...rest]);

test('init makes a gateway that check takes: ports, keys outside the data folder, modes, certificates', async (t) => {
  const folder = place(t);
  const config = join(folder, 'etc', 'sluis.toml');
  const data = join(folder, 'var', 'mail');
  const made = await init(config, '--data', data, '--port-base', '31400', '--dev-certificates');
  assert.equal(made.code, 0, made.stderr);
  assert.match(made.stdout, /without them nobody can read the mail/);
  const read = loadConfig(config);
  assert.deepEqual(
    read.listener.map((l) => [l.protocol, l.tls, l.address, l.port]),
    [
      ['smtp', 'starttls', '127.0.0.1', 31987],
      ['smtp', 'implicit', '127.0.0.1', 31865],
      ['pop3', 'starttls', '127.0.0.1', 31510],
      ['pop3', 'implicit', '127.0.0.1', 32395],
    ],
  );
  assert.equal(read.data.folder, data);
  assert.deepEqual(readdirSync(join(folder, 'etc')).sort(), ['certs-dev', 'keys', 'master.key', 'sluis.toml']);
  assert.equal(modeOf(data), 0o700);
  for (const secret of ['master.key', 'certs-dev/server-key.pem', 'certs-dev/ca-key.pem'])
    assert.equal(modeOf(join(folder, 'etc', secret)), 0o600, secret);
  assert.equal(modeOf(join(folder, 'etc', 'keys')), 0o700);
  assert.equal(modeOf(join(data, 'sluis.db')), 0o600);
  const certificate = new X509Certificate(readFileSync(read.tls.certificate[0]!));
  assert.ok(certificate.checkHost('mail.example.test') !== undefined && certificate.checkIP('127.0.0.1') !== undefined);
  const checked = await sluis(['check', '--config', config]);
  assert.equal(checked.code, 0, checked.stderr);
  assert.match(checked.stdout, /The configuration can be used\.\n$/);
  // A new gateway has things left to do. What is said of the clock is this machine's affair.
  const warned = checked.stdout.split('\n').filter((line) => /^Warning: (?!.*the clock)/.test(line));
  assert.deepEqual(
    warned.map((line) => line.slice(9, 31)),
    ['the master key was nev', 'no backups are taken: '],
  );
});

test('init --keys puts the day keys where they are asked for, and nothing beside the configuration', async (t) => {
  const folder = place(t);
  const config = join(folder, 'etc', 'sluis.toml');
  const keys = join(folder, 'var', 'keys');
  const made = await init(config, '--data', join(folder, 'var', 'data'), '--keys', keys, '--dev-certificates');
  assert.equal(made.code, 0, made.stderr);
  assert.equal(loadConfig(config).keys.folder, keys);
  assert.equal(modeOf(keys), 0o700);
  assert.equal(existsSync(join(folder, 'etc', 'keys')), false);
  assert.equal((await sluis(['check', '--config', config])).code, 0);
});

test('check warns of TLS from the first octet on port 25', async (t) => {
  const config = join(place(t), 'sluis.toml');
  assert.equal((await init(config, '--dev-certificates')).code, 0);
  const connector = (tls: string): string =>
    `\n[[listener]]\nname = "connector"\nprotocol = "smtp"\nport = 25\ntls = "${tls}"\n`;
  const before = readFileSync(config, 'utf8');
  for (const [tls, warned] of [
    ['implicit', true],
    ['starttls', false],
  ] as const) {
    writeFileSync(config, before + connector(tls));
    const checked = await sluis(['check', '--config', config]);
    assert.equal(checked.code, 0, checked.stderr);
    assert.equal(checked.stdout.includes('Warning: listener connector has TLS from the first octet'), warned);
  }
});

test('init takes folders that are empty, as mounted volumes are, and none that holds something', async (t) => {
  const folder = place(t);
  const config = join(folder, 'sluis.toml');
  for (const name of ['keys', 'data']) mkdirSync(join(folder, name), { mode: 0o700 });
  const stranger = join(folder, 'keys', 'somebody-elses');
  writeFileSync(stranger, '');
  const refused = await init(config);
  assert.equal(refused.code, exitCodes.conflict);
  assert.match(refused.stderr, /Cannot initialise: .*keys exists already/);
  assert.deepEqual([existsSync(config), existsSync(join(folder, 'master.key'))], [false, false]);
  rmSync(stranger);
  assert.equal((await init(config)).code, 0);
  assert(existsSync(join(folder, 'keys', 'store')));
});

test('init overwrites nothing', async (t) => {
  const folder = place(t);
  const config = join(folder, 'sluis.toml');
  assert.equal((await init(config, '--dev-certificates')).code, 0);
  const before = readFileSync(join(folder, 'master.key'), 'utf8');
  const again = await init(config, '--dev-certificates');
  assert.equal(again.code, exitCodes.conflict);
  assert.match(again.stderr, /master\.key, .*keys, .*sluis\.db exist already, and nothing is overwritten/);
  rmSync(config);
  assert.equal((await init(config)).code, exitCodes.conflict, 'a key alone is enough to stop');
  assert.equal(readFileSync(join(folder, 'master.key'), 'utf8'), before);
  assert.equal(existsSync(config), false);
});

test('init without certificates tells where to put them, and check what is missing', async (t) => {
  const folder = place(t);
  const config = join(folder, 'sluis.toml');
  const made = await init(config);
  assert.equal(made.code, 0, made.stderr);
  assert.match(
    made.stdout,
    /Put the key and the certificate of mail\.example\.test at .*tls\/server-key\.pem \(0600\)/,
  );
  const checked = await sluis(['check', '--config', config]);
  assert.equal(checked.code, exitCodes.configuration);
  assert.match(checked.stderr, /2 problems\n {2}tls\.key: .* it does not exist/);
  assert.equal(loadConfig(config, { files: false }).listener[0]?.port, 587);
});

test('init refuses values that cannot be', async (t) => {
  const folder = place(t);
  const config = join(folder, 'sluis.toml');
  for (const [args, expected] of [
    [['--port-base', '65000'], /expected a whole number from 0 to 64540/],
    [['--port-base', 'many'], /expected a whole number/],
    [['--hostname', 'mail'], /host name with its domain/],
    [['--address', 'everywhere'], /an IP address/],
    [['--data', folder], /outside the data folder/],
  ] as const) {
    const made = await init(config, ...args);
    assert.ok(
      [exitCodes.usage, exitCodes.configuration].includes(made.code as 2 | 5),
      `${args.join(' ')}: ${made.code}`,
    );
    assert.match(made.stderr, expected);
    assert.deepEqual(readdirSync(folder), [], `${args.join(' ')} leaves nothing`);
  }
});

test('a key that others may read stops check and serve', async (t) => {
  const folder = place(t);
  const config = join(folder, 'sluis.toml');
  await init(config, '--dev-certificates');
  chmodSync(join(folder, 'master.key'), 0o640);
  for (const command of ['check', 'serve']) {
    const ran = await sluis([command, '--config', config]);
    assert.equal(ran.code, exitCodes.configuration);
    assert.match(ran.stderr, /keys\.master-key-file: .*it has mode 0640; run "chmod 600 /);
  }
});

test('a wrong or damaged master key stops serve and changes nothing', async (t) => {
  const folder = place(t);
  const config = join(folder, 'sluis.toml');
  await init(config, '--dev-certificates');
  const key = join(folder, 'master.key');
  writeFileSync(key, `${'ab'.repeat(32)}\n`);
  const wrong = await sluis(['serve', '--config', config]);
  assert.equal(wrong.code, exitCodes.store, wrong.stderr);
  assert.match(wrong.stderr, /key/);
  writeFileSync(key, 'cut off');
  const damaged = await sluis(['serve', '--config', config]);
  assert.equal(damaged.code, exitCodes.configuration);
  assert.match(damaged.stderr, /expected a master key of 64 hexadecimal digits; it holds something else/);
  assert.doesNotMatch(damaged.stderr, /cut off/);
});

test('a database that is missing though initialised stops serve; nothing is made in its place', async (t) => {
  const folder = place(t);
  const config = join(folder, 'sluis.toml');
  await init(config, '--dev-certificates');
  rmSync(join(folder, 'data', 'sluis.db'));
  const ran = await sluis(['serve', '--config', config]);
  assert.equal(ran.code, exitCodes.store);
  assert.match(ran.stderr, /is missing, although this gateway was initialised/);
  assert.equal(existsSync(join(folder, 'data', 'sluis.db')), false);
});

test('the master key may come from a command', async (t) => {
  const folder = place(t);
  const config = join(folder, 'sluis.toml');
  await init(config, '--dev-certificates');
  const safe = join(folder, 'safe');
  mkdirSync(safe);
  writeFileSync(join(safe, 'key'), readFileSync(join(folder, 'master.key')));
  rmSync(join(folder, 'master.key'));
  const text = readFileSync(config, 'utf8');
  const withCommand = (command: string): void =>
    writeFileSync(config, text.replace('master-key-file = "master.key"', `master-key-command = ${command}`));
  withCommand(JSON.stringify(['/bin/cat', join(safe, 'key')]));
  assert.equal((await sluis(['organisation', 'list', '--config', config])).code, 0);
  withCommand(JSON.stringify(['/bin/false']));
  const ran = await sluis(['organisation', 'list', '--config', config]);
  assert.equal(ran.code, exitCodes.configuration);
  assert.match(ran.stderr, /keys\.master-key-command: "\/bin\/false"; .* the command failed \(1\)/);
});

const OF_PACKAGE = `hostname = "mail.example.test"
[data]
folder = "data"
[keys]
folder = "keys"
master-key-file = "master.key"
[tls]
key = "tls/server-key.pem"
certificate = "tls/server.pem"
[[listener]]
name = "pop3s"
protocol = "pop3"
address = "127.0.0.1"
port = 31995
tls = "implicit"
`;

test('with --from-config it makes keys and store that a configuration names, and leaves that as it is', async (t) => {
  const folder = place(t);
  const config = join(folder, 'sluis.toml');
  writeFileSync(config, OF_PACKAGE);
  const made = await sluis(['init', '--from-config', '--config', config]);
  assert.equal(made.code, 0, made.stderr);
  assert.match(made.stdout, /^Read .*sluis\.toml\nMaster key: .*master\.key/);
  assert.equal(readFileSync(config, 'utf8'), OF_PACKAGE);
  assert.equal(modeOf(join(folder, 'master.key')), 0o600);
  assert.equal(modeOf(join(folder, 'data', 'sluis.db')), 0o600);
  assert.deepEqual(readdirSync(join(folder, 'keys')), ['store']);
  const key = readFileSync(join(folder, 'master.key'));
  const again = await sluis(['init', '--from-config', '--config', config]);
  assert.equal(again.code, exitCodes.conflict);
  assert.match(again.stderr, /master\.key, .*keys, .*sluis\.db exist already, and nothing is overwritten/);
  assert.deepEqual(readFileSync(join(folder, 'master.key')), key);
});

test('--from-config makes nothing of a configuration without a name, of PostgreSQL, or beside options that say the same', async (t) => {
  const folder = place(t);
  const config = join(folder, 'sluis.toml');
  for (const [text, words, code, says] of [
    [OF_PACKAGE.replace(/^hostname/, '# hostname'), [], exitCodes.configuration, /hostname: .*expected/],
    [
      OF_PACKAGE.replace('master-key-file = "master.key"', 'master-key-command = ["/bin/true"]'),
      [],
      exitCodes.usage,
      /Cannot make keys and store .*expected keys\.master-key-file and a store of SQLite/,
    ],
    [OF_PACKAGE, ['--hostname', 'other.example.test'], exitCodes.usage, /with --from-config.*correct it there/],
    [OF_PACKAGE, ['--dev-certificates'], exitCodes.usage, /with --from-config/],
  ] as const) {
    writeFileSync(config, text);
    const ran = await sluis(['init', '--from-config', '--config', config, ...words]);
    assert.equal(ran.code, code, ran.stderr);
    assert.match(ran.stderr, says);
    assert.deepEqual(readdirSync(folder), ['sluis.toml']);
  }
});
