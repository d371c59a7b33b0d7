/** Mail in the store: sessions, mailboxes, traces, figures, and taking mail back or away. */
import { mkdirSync } from 'node:fs';
import { loginOf, passwordOf } from '../../support/gateway.ts';
import { Pop3Client } from '../../support/pop3-client.ts';
import { freeze } from './frozen.ts';
import { fetches, files, sends } from './mail.ts';

let session: Pop3Client;

freeze('mail', { accounts: ['anna', 'bert', 'carl'] }, [
  'organisation set group purpose=care',
  sends('anna', 'bert@group.test', 'one'),
  sends('anna', 'bert@group.test', 'two'),
  sends('bert', 'carl@group.test', 'three'),
  sends('anna', 'carl@group.test', 'four'),
  fetches('bert', true),
  'trace {one}',
  'trace one@x.test',
  { run: 'trace --sender anna@group.test', people: true },
  'trace --recipient carl@group.test --since {-1d} --until {+1d} --limit 1',
  { run: 'trace', code: 2 },
  { run: 'trace 1@nowhere', code: 3 },
  { run: 'trace --since soon', code: 2 },
  'mailbox consumers bert@group.test',
  { run: 'mailbox consumers nobody', code: 3 },
  'mailbox stuck',
  'mailbox set-aside carl@group.test {three} --reason why',
  { run: 'mailbox set-aside carl@group.test {three} --reason why', code: 4 },
  { run: 'mailbox set-aside nobody {three} --reason why', code: 3 },
  'queue release --message {three} --reason why',
  'mailbox restore bert@group.test --message {two} --reason why',
  'mailbox restore bert@group.test --since {-1d} --reason why',
  { run: 'mailbox restore bert@group.test --message {two} --reason why', code: 3 },
  { run: 'mailbox restore bert@group.test --since {-1d}', code: 2 },
  { run: 'mailbox restore bert@group.test --since someday --reason why', code: 2 },
  { run: 'mailbox restore nobody --since {-1d} --reason why', code: 3 },
  'mailbox export bert@group.test {here}/bert.tar --reason why',
  { run: 'mailbox export nobody {here}/x.tar --reason why', code: 3 },
  { run: 'mailbox export bert@group.test {here}/bert.tar --reason why', code: 4 },
  (scene) => {
    for (const name of ['Maildir', 'Maildir/cur', 'Maildir/new', 'Maildir/tmp']) mkdirSync(scene.at(name));
    const letter = (n: number): string => `Message-ID: <old${n}@x.test>\r\nSubject: ${n}\r\n\r\ntext\r\n`;
    files({
      'Maildir/cur/1764158401.M1P1.old:2,S': letter(1),
      'Maildir/new/1764158402.M2P1.old': letter(2),
      'Maildir/dovecot-uidlist': '3 V255 N10\n1 :1764158401.M1P1.old:2,S\n2 :1764158402.M2P1.old\n',
      'good.csv': 'login,maildir\ncarl@group.test,{here}/Maildir\n',
      'import.csv': 'login,maildir\ncarl@group.test,{here}/Maildir\nnobody,{here}/Maildir\n',
    })(scene);
  },
  'mailbox import carl@group.test --maildir {here}/Maildir --dry-run',
  'mailbox import carl@group.test --maildir {here}/Maildir --count-as waiting --reason why',
  'mailbox import carl@group.test --maildir {here}/Maildir',
  'mailbox import --from {here}/good.csv --dry-run',
  { run: 'mailbox import --from {here}/import.csv', code: 3 },
  (scene) => {
    scene.kept['pop3-port'] = String(scene.gateway.port('pop3'));
    files({ 'anna.pass': `${passwordOf('anna')}\n`, 'gateway.pem': scene.gateway.ca })(scene);
  },
  'mailbox import carl@group.test --pop3 localhost:{pop3-port} --user anna@group.test --password-file {here}/anna.pass --stls --ca {here}/gateway.pem --delete --reason why',
  { run: 'mailbox import carl@group.test --maildir {here}/none', code: 7 },
  { run: 'mailbox import carl@group.test', code: 2 },

  { run: 'message withdraw {four} --recipient carl@group.test --reason why' },
  'message withdraw {one} --reason why',
  { run: 'message withdraw {four}', code: 2 },
  { run: 'message withdraw 1@nowhere --reason why', code: 3 },
  { run: 'message erase {one}', code: 2 },
  { run: 'message erase {one}', typed: ['{one}', 'wrong patient'] },
  'message erase {four} --yes --reason why',
  { run: 'message erase {three} --yes --reason why', code: 4 },
  fetches('carl'),
  { run: 'message withdraw {three} --reason why', code: 4 },
  { run: 'message erase 1@nowhere --yes --reason why', code: 3 },
  'trace {three}',

  async (scene) => {
    session = await Pop3Client.open(scene.gateway.target('pop3s'), loginOf('anna'));
    await session.stat();
  },
  { run: 'session list', keep: { session: '0.id' } },
  'session list --account bert@group.test',
  'session list --network 127.0.0.0/8',
  { run: 'session list --network nonsense', code: 2 },
  'session kill --network 127.0.0.0/8 --dry-run',
  'session end --network 127.0.0.0/8 --dry-run',
  'session kill {session} --reason why',
  { run: 'session kill', code: 2 },
  { run: 'session end --account nobody', code: 3 },
  { run: 'session kill --account nobody', code: 3 },
  'session kill --account carl@group.test',

  { run: 'report incident --account bert@group.test --from {-1d} --to {+0d} --reason why', people: true },
  'report incident --network 127.0.0.1 --from {-1d} --csv',
  { run: 'report incident --account bert@group.test --since 1d --until tomorrow', code: 0 },
  { run: 'report incident --from {-1d}', code: 2 },
  { run: 'report incident --account nobody --from {-1d}', code: 3 },
  'audit erase --before {-10d} --yes --reason why',
  'report usage --month {+0m}',
  'report usage --month {+0m} --organisation group --totals',
  { run: 'report usage --month {+0m} --csv {here}/usage.csv' },
  { run: 'report usage --month {+0m} --csv -' },
  { run: 'report usage --month nonsense', code: 2 },

  'organisation set group collected-receipts=always',
  sends('anna', 'bert@group.test', 'five'),
  { run: 'message receipt {five}', code: 4 },
  fetches('bert', true),
  'message receipt {five} --reason why',
  { run: 'message receipt {five} --recipient carl@group.test', code: 3 },
  { run: 'message receipt {four}', code: 4 },
  { run: 'message receipt 1@nowhere', code: 3 },
  { run: 'account messages anna@group.test --limit 1', people: true },
  'account messages bert@group.test',
  { run: 'account messages nobody', code: 3 },
  { run: 'account messages anna@group.test --limit 0', code: 2 },
]);
