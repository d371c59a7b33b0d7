/**
 * From 0.1.0 to this version by the Debian package, and back: the program of then, on a fresh
 * Debian with a real systemd, with the store that it left behind (test/fixtures), serves mail; then
 * the commands of docs/install.md are run as they are printed.
 */
import assert from 'node:assert/strict';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { arch, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { commandsOf, root } from '../peers/shell.ts';
import { DebianMachine, withoutMachine } from '../support/debian-machine.ts';
import { VERSION, makePackage } from '../support/debian-package.ts';
import { RELEASED_HOST } from '../support/released.ts';
import { installReleased, withoutHistory } from '../support/released-program.ts';
import { withoutProgram } from '../support/require.ts';

const OLD = '0.1.0';
/** What it was started by, below its folder. */
const OLD_MAIN = ['dist', 'src', 'main.js'].join('/');
/** Newest form of the database that 0.1.0 knows. */
const FORM = 24;
const PAGE = 'docs/install.md';
const skip = withoutMachine() || withoutProgram('dpkg-deb', 'dpkg') || withoutHistory(OLD);

let folder = '';
let machine: DebianMachine;
before(async () => {
  if (skip !== false) return;
  folder = mkdtempSync(join(tmpdir(), 'sluis-debian-upgrade-'));
  machine = await DebianMachine.start(folder);
});
after(async () => {
  if (skip !== false) return;
  await (machine as DebianMachine | undefined)?.halt();
  rmSync(folder, { recursive: true, force: true });
});

const inside = (...path: readonly string[]): string => join(machine.root, ...path);

/** As the README of 0.1.0 had it, with the store of the fixture in place of a new one. */
function serveReleased(): void {
  installReleased(OLD, folder, inside('opt', 'sluis', `sluis-${OLD}`));
  copyFileSync(join(root, 'node_modules', `node-linux-${arch()}`, 'bin', 'node'), inside('usr', 'bin', 'node'));
  const store = join(root, 'test', 'fixtures', OLD, 'store');
  mkdirSync(inside('etc', 'sluis', 'tls'), { recursive: true });
  cpSync(join(store, 'data'), inside('var', 'lib', 'sluis'), { recursive: true });
  cpSync(join(store, 'keys'), inside('var', 'lib', 'sluis-keys'), { recursive: true });
  copyFileSync(join(store, 'master.key'), inside('etc', 'sluis', 'master.key'));
  const ports = ['587', '465', '110', '995'];
  const text = readFileSync(join(store, 'sluis.toml'), 'utf8')
    .replace(/^port = \d+$/gm, () => `port = ${ports.shift() ?? ''}`)
    .replace('"data"', '"/var/lib/sluis"')
    .replace('"keys"', '"/var/lib/sluis-keys"')
    .replaceAll('certs-dev/', 'tls/');
  writeFileSync(inside('etc', 'sluis', 'sluis.toml'), text);
  for (const command of [
    `ln -s sluis-${OLD} /opt/sluis/sluis`,
    'useradd --system --home-dir /var/lib/sluis --shell /usr/sbin/nologin sluis',
    `ln -s /opt/sluis/sluis/${OLD_MAIN} /usr/local/bin/sluis`,
    'find /etc/sluis /var/lib/sluis /var/lib/sluis-keys -type f -exec chmod 600 {} +',
    'chmod 644 /etc/sluis/sluis.toml && chmod 700 /var/lib/sluis /var/lib/sluis-keys',
    `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 90 -subj /CN=${RELEASED_HOST} -addext subjectAltName=DNS:${RELEASED_HOST} -keyout /etc/sluis/tls/server-key.pem -out /etc/sluis/tls/server.pem`,
    'chown -R sluis: /var/lib/sluis /var/lib/sluis-keys /etc/sluis/tls/server-key.pem',
    'cp /opt/sluis/sluis/docs/systemd/sluis.service /etc/systemd/system/',
    'systemctl daemon-reload && systemctl enable --now sluis',
    `echo '127.0.0.1 ${RELEASED_HOST}' >> /etc/hosts`,
  ])
    machine.does(command);
}

const submit = (from: string, to: string, subject: string): string =>
  machine.does(
    `printf 'From: ${from}@ledger.test\\nTo: ${to}@ledger.test\\nSubject: ${subject}\\n\\nDag.\\n' | curl -sS --crlf --cacert /etc/sluis/tls/server.pem --user '${from}@ledger.test:Secret-${from}-pw' --mail-from ${from}@ledger.test --mail-rcpt ${to}@ledger.test -T - smtps://${RELEASED_HOST}:465`,
  );
/** UIDLs of a mailbox, in their order. */
const uidls = (name: string): readonly string[] =>
  machine
    .does(
      `curl -sS --cacert /etc/sluis/tls/server.pem --user '${name}@ledger.test:Secret-${name}-pw' --request UIDL pop3s://${RELEASED_HOST}:995/`,
    )
    .split(/\r?\n/)
    .map((line) => line.split(' ')[1] ?? '')
    .filter((uidl) => uidl !== '');
const octets = (name: string, number: number): string =>
  machine.does(
    `curl -sS --cacert /etc/sluis/tls/server.pem --user '${name}@ledger.test:Secret-${name}-pw' pop3s://${RELEASED_HOST}:995/${number} | sha256sum`,
  );
const everybody = ['anna', 'bert', 'carla', 'dirk', 'fien', 'gerda', 'lab'];
const all = (): Record<string, readonly string[]> => Object.fromEntries(everybody.map((name) => [name, uidls(name)]));

let mail: Record<string, readonly string[]> = {};
let newest = '';

/**
 * Letters of the gateway's own may have come since, of certificates that end: they stand behind
 * what was there.
 */
function sameAsThen(): void {
  for (const [name, then] of Object.entries(mail)) assert.deepEqual(uidls(name).slice(0, then.length), then, name);
  assert.equal(octets('dirk', mail.dirk?.length ?? 0), newest);
}

test('0.1.0 serves its store', { skip }, () => {
  serveReleased();
  assert.equal(machine.does('readlink -f $(command -v sluis)'), `/opt/sluis/sluis-${OLD}/${OLD_MAIN}\n`);
  submit('gerda', 'dirk', 'onder-0.1.0');
  mail = all();
  newest = octets('dirk', mail.dirk?.length ?? 0);
  assert((mail.dirk?.length ?? 0) > 0);
});

test(
  'the printed commands bring it to this version: same mail, same UIDLs, same octets, whole trail',
  { skip },
  (t) => {
    const deb = makePackage(join(folder, 'made'));
    copyFileSync(deb, inside('root', basename(deb)));
    const commands = commandsOf(`From ${OLD}`, PAGE);
    for (const command of commands) t.diagnostic(`${command}: ${machine.does(command).slice(-200)}`);
    assert(machine.does('sluis --version').startsWith(`${VERSION}+`));
    assert.match(machine.does('sluis status'), new RegExp(`${VERSION.replaceAll('.', '\\.')}\\+`));
    sameAsThen();
    assert.equal(octets('dirk', mail.dirk?.length ?? 0), newest);
    assert.match(machine.does('sluis audit verify'), /the chain holds/);
    submit('gerda', 'dirk', 'na-de-upgrade');
    assert.equal(uidls('dirk').length, (mail.dirk?.length ?? 0) + 1);
    assert.equal(machine.does(`stat -c '%U %a' /var/lib/sluis/before-upgrade/sluis-${FORM}.db`).trim(), 'sluis 600');
    assert.equal(
      machine.does('systemctl show --value -p FragmentPath sluis').trim(),
      '/usr/lib/systemd/system/sluis.service',
    );
  },
);

test('the printed commands bring it back to 0.1.0, with the mail of before', { skip }, (t) => {
  const commands = commandsOf(`Back to ${OLD}`, PAGE);
  for (const command of commands) t.diagnostic(`${command}: ${machine.does(command).slice(-200)}`);
  assert.equal(machine.does('readlink -f $(command -v sluis)'), `/opt/sluis/sluis-${OLD}/${OLD_MAIN}\n`);
  sameAsThen();
  submit('gerda', 'dirk', 'weer-onder-0.1.0');
  assert.equal(uidls('dirk').length, (mail.dirk?.length ?? 0) + 1);
});
