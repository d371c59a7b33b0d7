/**
 * The Debian package as its users have it: made twice, judged by lintian, and on a fresh Debian
 * with a real systemd installed, used with the commands of docs/install.md, upgraded, removed and
 * purged.
 */
import assert from 'node:assert/strict';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { exitCodes } from '../../src/cli/exit-codes.ts';
import { DebianMachine, runs, withoutMachine } from '../support/debian-machine.ts';
import { VERSION, hashOf, makePackage, nextPackage } from '../support/debian-package.ts';
import { withoutProgram } from '../support/require.ts';
import { commandsOf } from '../peers/shell.ts';
import { twoThunderbirds } from './thunderbirds-beside.ts';

const skip = withoutMachine() || withoutProgram('dpkg-deb', 'dpkg');
const PAGE = 'docs/install.md';
const HOST = 'mail.example.nl';
const DATA = ['/var/lib/sluis', '/var/lib/sluis-keys'] as const;
const PLACES = [...DATA, '/etc/sluis'] as const;

let folder = '';
let deb = '';
let machine: DebianMachine;
before(() => {
  if (skip !== false) return;
  folder = mkdtempSync(join(tmpdir(), 'sluis-debian-'));
  deb = makePackage(join(folder, 'made'));
});
after(async () => {
  if (skip !== false) return;
  await (machine as DebianMachine | undefined)?.halt();
  rmSync(folder, { recursive: true, force: true });
});

/** Carries a file into the home of root. */
const bring = (file: string): void => copyFileSync(file, join(machine.root, 'root', basename(file)));
const show = (name: string): string => machine.does(`systemctl show --value -p ${name} sluis`).trim();

test('two builds give the same octets, whatever the umask', { skip }, (t) => {
  const again = makePackage(join(folder, 'again'), '077');
  for (const name of [basename(deb), `sluis-${VERSION}.tgz`, `sluis-${VERSION}.cdx.json`])
    assert.equal(hashOf(join(folder, 'again', name)), hashOf(join(folder, 'made', name)), name);
  assert.equal(again, join(folder, 'again', basename(deb)));
  const installed = /Installed-Size: (\d+)/.exec(runs('dpkg-deb', ['-I', deb]))?.[1] ?? '';
  t.diagnostic(`${basename(deb)}: ${statSync(deb).size} octets, ${installed} KiB installed, sha256 ${hashOf(deb)}`);
});

test('lintian finds no error', { skip: skip || withoutProgram('lintian', 'lintian') }, (t) => {
  const said = runs('lintian', ['--fail-on', 'error', '--allow-root', '--tag-display-limit', '0', deb]);
  t.diagnostic(`lintian: no error, ${said.split('\n').filter((line) => line.startsWith('W:')).length} warnings`);
});

test('from the package to a message: the commands of docs/install.md, with a stopwatch', { skip }, async (t) => {
  machine = await DebianMachine.start(folder);
  bring(deb);
  const commands = commandsOf('Debian', PAGE);
  assert(commands.length <= 12, `${commands.length} commands`);
  const begin = performance.now();
  let said = '';
  for (const command of commands) {
    const from = performance.now();
    said = machine.does(command);
    t.diagnostic(`${Math.round(performance.now() - from)} ms: ${command.slice(0, 60)}`);
  }
  const seconds = (performance.now() - begin) / 1000;
  assert.match(said, /^Subject: Proef\r$/m);
  assert.match(said, /^Goedemorgen\.\r$/m);
  assert(seconds < 600, `${seconds} s`);
  t.diagnostic(`${commands.length} commands, ${seconds.toFixed(1)} s from the package to a message`);
});

const password = (letter: string): string =>
  readFileSync(join(machine.root, 'root', `${letter}.password`), 'utf8').trim();

/** From a to b by programs that other people have; b has it then, and no longer the gateway. */
function mailGoesThrough(subject: string): void {
  const rc = (name: string, lines: readonly string[]): void => {
    const path = join(machine.root, 'root', name);
    writeFileSync(path, `${lines.join('\n')}\n`);
    chmodSync(path, 0o600);
  };
  const tls = ['tls on', 'tls_trust_file /etc/sluis/tls/server.pem'];
  const account = ['account default', ...tls, `host ${HOST}`];
  rc('msmtprc', [
    ...account,
    'port 587',
    'tls_starttls on',
    'auth plain',
    'from a@de-brug.example',
    'user a@de-brug.example',
    `password ${password('a')}`,
  ]);
  rc('mpoprc', [
    ...account,
    'port 995',
    'tls_starttls off',
    'auth user',
    'user b@de-brug.example',
    `password ${password('b')}`,
    'delivery mbox /root/mbox',
  ]);
  machine.does(`grep -q ' ${HOST}$' /etc/hosts || echo '127.0.0.1 ${HOST}' >> /etc/hosts`);
  machine.does(
    `printf 'From: a@de-brug.example\\nTo: b@de-brug.example\\nSubject: ${subject}\\n\\nDag.\\n' | msmtp -C msmtprc b@de-brug.example`,
  );
  machine.does('rm -f mbox && mpop -C mpoprc --quiet');
  assert.match(readFileSync(join(machine.root, 'root', 'mbox'), 'utf8'), new RegExp(`^Subject: ${subject}$`, 'm'));
}

test('msmtp sends and mpop fetches', { skip }, () => {
  mailGoesThrough('met-msmtp');
});

test(
  'Thunderbird sends and another Thunderbird fetches, from the installed package',
  { skip: skip || withoutProgram('thunderbird', 'thunderbird') },
  async (t) => {
    const certificate = readFileSync(join(machine.root, 'etc', 'sluis', 'tls', 'server.pem'), 'utf8');
    const given = { host: HOST, certificate, passwords: [password('a'), password('b')] };
    const { seconds } = await twoThunderbirds(machine.pid, given);
    t.diagnostic(`${seconds.toFixed(1)} s to set up two Thunderbirds, send and read`);
  },
);

test('systemd runs it as the user of the package, takes its units, and grades them', { skip }, (t) => {
  const status = machine.does('systemctl status --no-pager sluis');
  assert.match(status, /Active: active \(running\)/);
  assert.match(status, /Status: "\d+ connections?/);
  assert.equal(machine.does(`stat -c %U /proc/${show('MainPID')}`).trim(), 'sluis');
  machine.does('systemctl reload sluis');
  machine.does('systemd-analyze verify /usr/lib/systemd/system/sluis*');
  const graded = machine.does('systemd-analyze security --no-pager --threshold=18 sluis.service');
  const [, score = ''] = /Overall exposure level for sluis\.service: ([\d.]+)/.exec(graded) ?? [];
  t.diagnostic(`systemd-analyze security: ${score}`);
  assert.notEqual(score, '');
  for (const place of DATA) assert.equal(machine.does(`stat -c '%U %a' ${place}`).trim(), 'sluis 700', place);
  assert.equal(machine.does('stat -c "%U %a" /etc/sluis/master.key').trim(), 'root 600');
  assert.equal(machine.does('find / -xdev -nouser'), '');
});

test('a key that belongs to root: check and the log of a start that fails say which command helps', { skip }, () => {
  const key = '/etc/sluis/tls/server-key.pem';
  machine.does(`chown root: ${key}`);
  // Root may read it: what the gateway may not is said all the same.
  const looked = machine.tries('sluis check');
  assert.equal(looked.code, exitCodes.configuration, looked.text);
  assert(looked.text.includes(`the user sluis may not read it; run "chown sluis: ${key}"`), looked.text);
  assert.notEqual(machine.tries('systemctl restart sluis').code, 0);
  const [remedy = ''] = /chown sluis: [^"]+/.exec(machine.does('journalctl -u sluis -o cat --no-pager -n 20')) ?? [];
  assert.equal(remedy, `chown sluis: ${key}`);
  machine.does(`${remedy} && systemctl reset-failed sluis && systemctl start sluis`);
});

test('its pages and completions are where others look for them', { skip }, () => {
  for (const [section, page] of [
    ['8', 'sluis'],
    ['5', 'sluis.toml'],
  ] as const)
    assert.match(machine.does(`man -P cat ${section} ${page} | head -3`), new RegExp(`${page}\\(${section}\\)`, 'i'));
  const completed = machine.does(`bash -c '. /usr/share/bash-completion/completions/sluis; complete -p sluis'`);
  assert.match(completed, /sluis$/m);
  assert.match(
    machine.does('ls /usr/share/doc/sluis'),
    /^copyright\n[\s\S]*^install\.md\n[\s\S]*^licences\.gz\n[\s\S]*^sbom\.cdx\.json$/m,
  );
});

/** What must be the same whatever is done with the package. */
const kept = (): string =>
  machine.does(
    'sha256sum /etc/sluis/master.key /etc/sluis/tls/* && find /var/lib/sluis-keys -type f ! -path "*/anchors/*" -exec sha256sum {} + | sort',
  );
const messages = (): string =>
  /Mailbox: +\d+ messages?/.exec(machine.does('sluis account show b@de-brug.example'))?.[0] ?? '';
const send = (subject: string): void =>
  void machine.does(
    `printf 'From: a@de-brug.example\\nTo: b@de-brug.example\\nSubject: ${subject}\\n\\nDag.\\n' | msmtp -C msmtprc b@de-brug.example`,
  );

const newer = (version: string): string => {
  const next = nextPackage(deb, folder, version, 'etc/sluis/sluis.toml', (text) =>
    text.replace(/^# This file/m, '# This short file'),
  );
  bring(next);
  return basename(next);
};

test('an upgrade with a changed conffile keeps it, keys and mail, and restarts what serves', { skip }, () => {
  machine.does(`printf '\\n# Ours.\\n' >> /etc/sluis/sluis.toml`);
  send('voor-de-upgrade');
  const [keys, mail, was] = [kept(), messages(), show('InvocationID')];
  assert.match(mail, / 1 message$/);
  const file = newer(`${VERSION}-2`);
  // Nobody there to be asked: without the option dpkg would fail, and nothing of ours has changed
  // then.
  const [printed = ''] = commandsOf('Upgrade', PAGE);
  assert.match(printed, /^apt install .*\.\/sluis_\S+\.deb$/);
  machine.does(printed.replace(/sluis_\S+\.deb/, file));
  assert.match(machine.does('dpkg -s sluis'), new RegExp(`^Version: ${VERSION.replaceAll('.', '\\.')}-2$`, 'm'));
  assert.match(machine.does('cat /etc/sluis/sluis.toml'), /^# Ours\.$/m);
  assert.match(machine.does('cat /etc/sluis/sluis.toml.dpkg-dist'), /^# This short file/m);
  assert.equal(show('ActiveState'), 'active');
  assert.notEqual(show('InvocationID'), was);
  assert.deepEqual([kept(), messages()], [keys, mail]);
  mailGoesThrough('na-de-upgrade');
});

test('an upgrade of one that is stopped does not start it', { skip }, () => {
  machine.does('systemctl stop sluis');
  const next = nextPackage(deb, folder, `${VERSION}-3`, 'etc/sluis/sluis.toml', (text) => `${text}\n`);
  bring(next);
  machine.does(
    `DEBIAN_FRONTEND=noninteractive apt-get -y -o Dpkg::Options::=--force-confold install ./${basename(next)}`,
  );
  assert.equal(show('ActiveState'), 'inactive');
  assert.equal(machine.tries('systemctl is-enabled sluis').text, 'enabled\n');
  machine.does('systemctl start sluis');
});

test('the printed command goes back to the older package, with the same keys and mail', { skip }, () => {
  const [keys, mail] = [kept(), messages()];
  const [printed = ''] = commandsOf('Go back', PAGE);
  machine.does(printed);
  assert.match(machine.does('dpkg -s sluis'), new RegExp(`^Version: ${VERSION.replaceAll('.', '\\.')}-1$`, 'm'));
  assert.deepEqual([show('ActiveState'), kept(), messages()], ['active', keys, mail]);
});

test('it comes up by itself when the machine is started again', { skip }, async () => {
  await machine.halt();
  await machine.boot();
  assert.equal(show('ActiveState'), 'active');
  mailGoesThrough('na-het-opstarten');
});

test('remove stops it and leaves configuration, data and keys; installed again it goes on', { skip }, () => {
  send('voor-het-verwijderen');
  const [keys, mail] = [kept(), messages()];
  machine.does('DEBIAN_FRONTEND=noninteractive apt-get -y remove sluis');
  assert.equal(machine.tries('pgrep -u sluis').text, '');
  assert.equal(existsSync(join(machine.root, 'usr', 'lib', 'sluis')), false);
  assert.equal(existsSync(join(machine.root, 'etc', 'sluis', 'sluis.toml')), true);
  assert.equal(kept(), keys);
  machine.does(`DEBIAN_FRONTEND=noninteractive apt-get -y install ./${basename(deb)}`);
  machine.does('systemctl start sluis');
  assert.deepEqual([kept(), messages()], [keys, mail]);
});

test('purge takes the conffile, says what it leaves, and touches no mail and no key', { skip }, () => {
  const keys = kept();
  const said = machine.does('DEBIAN_FRONTEND=noninteractive apt-get -y purge sluis').replaceAll('\r', '');
  for (const place of PLACES) assert.match(said, new RegExp(`^Left in place.*: ${place}$`, 'm'));
  assert.equal(existsSync(join(machine.root, 'etc', 'sluis', 'sluis.toml')), false);
  assert.equal(kept(), keys);
  assert.equal(machine.does(`stat -c '%U %a' ${DATA[0]}/sluis.db`).trim(), 'sluis 600');
  assert.equal(machine.tries('systemctl is-enabled sluis').code === 0, false);
  assert.match(machine.does('systemctl --failed --no-legend --plain; echo end'), /^end$/m);
});
