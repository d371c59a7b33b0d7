/**
 * `sluis takeover`: a region moves in waves from maildirs and from a POP3 server of another kind;
 * each step, cut short and given again.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Commands, commandsOn } from '../support/command-line.ts';
import { addressOf, loginOf, startTestGateway } from '../support/gateway.ts';
import { oldServer } from '../support/old-server.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { deliver, regionFor, subjectsAt } from '../support/takeover-region.ts';

interface StatusJson {
  readonly practices: readonly {
    readonly organisation: string;
    readonly state: string;
    readonly moved: number;
    readonly mailboxes: number;
    readonly stillThere?: readonly { readonly login: string; readonly from?: string }[];
  }[];
}

test('a wave is rehearsed, moves its practice with the UIDLs of the old server, and given again moves nothing twice', async (t) => {
  const { gateway, commands, file, maildirOf } = await regionFor(t);
  const rehearsed = await commands.done('takeover', 'rehearse', '--wave', 'w1', '--day', 'today', '--from', file);
  assert.match(rehearsed, /1 practice, 3 mailboxes, 6 messages .* Nothing was changed there\.\n/);
  assert.match(rehearsed, /It can move\./);
  assert.equal((await subjectsAt(gateway, 'carla')).size, 0);
  assert.equal(readdirSync(join(maildirOf('carla'), 'new')).length, 3, 'nothing is changed at the old server');
  const [practice] = (await commands.json<StatusJson>('takeover', 'status')).practices;
  assert.equal(practice?.state, 'rehearsed');

  const moved = await commands.done('takeover', 'wave', 'w1', '--from', file, '--reason', 'wave 1');
  assert.match(moved, /Wave w1: 1 practice moved, 3 mailboxes with 6 messages/);
  const carla = await subjectsAt(gateway, 'carla');
  assert.deepEqual(
    [...carla],
    [1, 2, 3].map((n) => [`${1_764_158_400 + n}.M${n}.old`, `carla ${n}`]),
  );
  const shown = await commands.done('takeover', 'status', practice.organisation);
  assert.match(shown, /1 moved/);
  assert.match(shown, new RegExp(`${addressOf('carla')} +carla +moved`));
  const trail = await commands.done('audit', 'list', '--event', 'takeover.moved');
  assert.match(trail, /takeover\.moved/);

  const again = await commands.done('takeover', 'wave', 'w1', '--from', file);
  assert.match(again, /0 practices moved, 0 mailboxes with 0 messages .*\n1 practice had moved before/);
  deliver(maildirOf('anna'), '1764158999.M9.old', 'late');
  const late = await commands.done('takeover', 'wave', 'w1', '--from', file, '--again');
  assert.match(late, /3 mailboxes with 1 message /);
  assert.deepEqual([...(await subjectsAt(gateway, 'anna')).values()], ['anna 1', 'late']);
});

test('a wave does not begin before its day, without a rehearsal, or with what the rehearsal found wrong', async (t) => {
  const { commands, file, maildirOf } = await regionFor(t);
  const none = /no practice is in it; "sluis takeover rehearse" makes one/;
  await commands.refused(3, none, 'takeover', 'wave', 'w1', '--from', file);
  const stranger = `${file}.stranger`;
  writeFileSync(stranger, `account,maildir\n${addressOf('anna')},${maildirOf('anna')}\nnobody,${maildirOf('bert')}\n`);
  const wrong = await commands.run('takeover', 'rehearse', '--wave', 'w1', '--day', '14d', '--from', stranger);
  assert.match(wrong.stdout, /nobody: there is no such account here; register it with "sluis account import"/);
  assert.equal(wrong.code, 4, wrong.stderr);
  await commands.refused(4, /its day is .* and today is/, 'takeover', 'wave', 'w1', '--from', stranger);
  const other = await commands.run('takeover', 'wave', 'w1', '--from', file, '--early');
  assert.match(other.stdout, /was not begun: its mailbox .*bert.* was not rehearsed; rehearse the practice again/);

  writeFileSync(join(maildirOf('bert'), 'dovecot-uidlist'), 'nonsense');
  const broken = await commands.run('takeover', 'rehearse', '--wave', 'w1', '--day', 'today', '--from', file);
  assert.match(broken.stdout, /0 of 1 practice can move.*\n {2}bert.*: Cannot read ".*dovecot-uidlist", line 1/);
  const held = await commands.run('takeover', 'wave', 'w1', '--from', file);
  assert.match(held.stdout, /was not begun: its rehearsal found 1 mailbox with a problem/);
  assert.equal(held.code, 4);
  const anyway = await commands.run('takeover', 'wave', 'w1', '--from', file, '--anyway');
  assert.match(anyway.stdout, /Wave w1: 0 practices moved, 2 mailboxes with 4 messages/);
  assert.equal(anyway.code, 7, 'the old server of one of them could not be read');
  assert.match(await commands.done('takeover', 'status'), /importing 2 of 3, 1 failed/);
  rmSync(join(maildirOf('bert'), 'dovecot-uidlist'));
  // Once corrected, the same command goes on with what is missing.
  assert.match(
    await commands.done('takeover', 'wave', 'w1', '--from', file),
    /1 practice moved, 1 mailbox with 2 messages/,
  );
});

test('a practice goes back: what was deleted here is deleted there, what nobody fetched is written there, and it moves once more', async (t) => {
  const { gateway, commands, file, maildirOf } = await regionFor(t);
  await commands.done('takeover', 'rehearse', '--wave', 'w1', '--day', 'today', '--from', file);
  await commands.done('takeover', 'wave', 'w1', '--from', file);
  const [practice = { organisation: '' }] = (await commands.json<StatusJson>('takeover', 'status')).practices;
  const of = practice.organisation;

  // carla's program fetches and deletes one of the old server's; a new message comes, and one that
  // she fetches and leaves.
  const sender = await SmtpClient.open(gateway.target('submission'), loginOf('anna'));
  const send = (subject: string): Promise<unknown> =>
    sender.submit(
      addressOf('anna'),
      [addressOf('carla')],
      Buffer.from(`From: ${addressOf('anna')}\r\nSubject: ${subject}\r\n\r\n.dot\r\n`),
    );
  await send('left here');
  const client = await Pop3Client.open(gateway.target('pop3s'), loginOf('carla'));
  for (const n of [1, 4]) await client.fetch(n);
  await client.command('DELE 1');
  await client.quit();
  await send('new');
  await sender.quit();

  const back = ['takeover', 'back', of, '--from', file, '--reason', 'their program'];
  await commands.refused(
    4,
    /mail for 3 addresses of it is filed here still.*address move .* --to-partner NAME/,
    ...back,
  );
  const open = await Pop3Client.open(gateway.target('pop3s'), loginOf('bert'));
  await open.stat();
  const ended = commands.done(...back, '--addresses-stay');
  await open.quit();
  assert.match(
    await ended,
    /3 mailboxes\. .*\n5 messages are there as before\. 1 message that came here and that nobody had fetched was written there\.\n1 message that was deleted here was deleted there too\./,
  );
  const there = [
    ...readdirSync(join(maildirOf('carla'), 'new')),
    ...readdirSync(join(maildirOf('carla'), 'cur')),
  ].sort();
  assert.equal(there.length, 3);
  assert.deepEqual(there.slice(0, 2), ['1764158402.M2.old', '1764158403.M3.old']);
  assert.match(
    readFileSync(join(maildirOf('carla'), 'new', there[2] ?? ''), 'latin1'),
    /Subject: new\r\n\r\n\.dot\r\n$/,
  );
  assert.deepEqual([...(await subjectsAt(gateway, 'carla')).values()], ['left here']);
  assert.equal((await subjectsAt(gateway, 'bert')).size, 0);
  assert.match(await commands.done('takeover', 'status'), /went back/);
  assert.match(await commands.done('audit', 'list', '--event', 'takeover.returned'), /takeover\.returned/);

  const refused = await commands.run('takeover', 'wave', 'w1', '--from', file);
  assert.match(refused.stdout, /it went back to the old server; rehearse it again first/);
  await commands.done('takeover', 'rehearse', '--wave', 'w2', '--day', 'today', '--from', file);
  await commands.done('takeover', 'wave', 'w2', '--from', file);
  const now = await subjectsAt(gateway, 'carla');
  assert.deepEqual([...now.values()].sort(), ['carla 2', 'carla 3', 'left here', 'new']);
  assert(now.has('1764158402.M2.old'), 'with the UIDL that it had before');
});

test('what its owner deleted here, and nobody lists at the old server any more, is no sign of a server that renumbers', async (t) => {
  const { gateway, commands, file, maildirOf } = await regionFor(t);
  await commands.done('takeover', 'rehearse', '--wave', 'w1', '--day', 'today', '--from', file);
  await commands.done('takeover', 'wave', 'w1', '--from', file);
  const client = await Pop3Client.open(gateway.target('pop3s'), loginOf('anna'));
  await client.fetch(1);
  await client.command('DELE 1');
  await client.quit();
  // As a `back` leaves it that was cut short behind the deletion there.
  const [old = ''] = readdirSync(join(maildirOf('anna'), 'new'));
  rmSync(join(maildirOf('anna'), 'new', old));
  const [practice = { organisation: '' }] = (await commands.json<StatusJson>('takeover', 'status')).practices;
  const back = ['takeover', 'back', practice.organisation, '--from', file, '--addresses-stay', '--reason', 'program'];
  assert.match(await commands.done(...back), /3 mailboxes\. /);
  deliver(maildirOf('anna'), '1764158999.M9.old', 'new there');
  await commands.done('takeover', 'rehearse', '--wave', 'w2', '--day', 'today', '--from', file);
  assert.match(await commands.done('takeover', 'wave', 'w2', '--from', file), /1 practice moved/);
  assert.deepEqual([...(await subjectsAt(gateway, 'anna')).values()], ['new there']);
});

test('an old server that has renumbered, or drops the line, when a practice goes back: a clear error, and all of it stays', async (t) => {
  const { gateway, commands, file, maildirOf } = await regionFor(t);
  await commands.done('takeover', 'rehearse', '--wave', 'w1', '--day', 'today', '--from', file);
  await commands.done('takeover', 'wave', 'w1', '--from', file);
  const [practice = { organisation: '' }] = (await commands.json<StatusJson>('takeover', 'status')).practices;
  const going = ['takeover', 'back', practice.organisation, '--addresses-stay', '--reason', 'program', '--from'];
  const folder = join(maildirOf('carla'), 'new');
  const names = readdirSync(folder);
  for (const name of names) renameSync(join(folder, name), join(folder, `${name}.other`));
  const refused = await commands.refused(4, /3 messages of it were imported before, .* but 3 others/, ...going, file);
  assert.match(refused, /what nobody fetched here would be there twice; .* nothing left the mailbox/);
  assert.equal((await subjectsAt(gateway, 'carla')).size, 3);
  for (const name of names) renameSync(join(folder, `${name}.other`), join(folder, name));
  await commands.done(...going, file);
  assert.deepEqual(readdirSync(folder).sort(), names.sort(), 'each is there once');

  const old = await oldServer(t, () => ['a', 'b', 'c']);
  const [ca, passwords] = [`${file}.ca.pem`, `${file}.passwords`];
  writeFileSync(ca, old.ca);
  const lines = ['anna', 'bert', 'carla'].map((name) => `${addressOf(name)},${name},secret-there`);
  writeFileSync(passwords, ['account,user,password', ...lines, ''].join('\n'));
  const from = [passwords, '--pop3', `localhost:${old.port}`, '--ca', ca];
  await commands.done('takeover', 'rehearse', '--wave', 'w2', '--day', 'today', '--from', ...from);
  await commands.done('takeover', 'wave', 'w2', '--from', ...from);
  const client = await Pop3Client.open(gateway.target('pop3s'), loginOf('anna'));
  for (const n of [1, 2, 3]) await client.fetch(n);
  await client.command('DELE 1');
  await client.quit();
  old.dropOn = 'DELE';
  await commands.refused(7, /localhost:\d+: at DELE 1, it closed the connection/, ...going, ...from);
  old.dropOn = 'QUIT';
  await commands.refused(7, /localhost:\d+: at QUIT, it closed the connection/, ...going, ...from);
  assert.match(await commands.done('takeover', 'status'), /0 went back/);
  old.dropOn = '';
  assert.match(
    await commands.done(...going, ...from),
    /3 mailboxes\. [^]*1 message that was deleted here was deleted there too/,
  );
});

test('an old server that gives other UIDLs each time is found out, and ten that do not answer end the command', async (t) => {
  const many = ['anna', ...Array.from({ length: 11 }, (_, n) => `many${n}`)];
  const gateway = await startTestGateway({ accounts: many });
  t.after(() => gateway.remove());
  const commands = commandsOn(() => gateway.config.file);
  const folder = mkdtempSync(join(tmpdir(), 'sluis-takeover-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'wave.csv');
  let session = 0;
  const liar = await oldServer(t, () => [`a${(session += 1)}`, `b${session}`]);
  writeFileSync(join(folder, 'ca.pem'), liar.ca);
  writeFileSync(file, `account,user,password\n${addressOf('anna')},anna,secret-there\n`);
  const rehearse = (port: number): ReturnType<Commands['run']> =>
    commands.run(
      ...['takeover', 'rehearse', '--wave', 'w1', '--day', 'today', '--from', file],
      ...['--pop3', `localhost:${port}`, '--ca', join(folder, 'ca.pem')],
    );
  const lied = await rehearse(liar.port);
  assert.match(lied.stdout, /the old server gives other UIDLs in each session \(RFC 1939 section 7 forbids it\)/);
  assert.equal(lied.code, 4);
  assert.doesNotMatch(lied.stdout + lied.stderr + JSON.stringify(gateway.log), /secret-there/);

  const lines = many.map((name) => `${addressOf(name)},${name},x`);
  writeFileSync(file, ['account,user,password', ...lines].join('\n'));
  const closed = await rehearse(1);
  assert.match(
    closed.stderr,
    /10 mailboxes one after the other could not be read, the last because: Cannot connect to localhost:1/,
  );
  assert.equal(closed.code, 7);

  writeFileSync(file, `account,user,password\n${addressOf('anna')},anna,secret-there\n`);
  const doubled = await oldServer(t, () => ['a', 'b', 'a']);
  const twice = await rehearse(doubled.port);
  assert.match(twice.stdout, /two messages have the UIDL "a"; expected each once/);
  assert.equal(twice.code, 4);
  const anyway = await commands.run(
    ...['takeover', 'wave', 'w1', '--from', file, '--anyway', '--pop3', `localhost:${doubled.port}`],
    ...['--ca', join(folder, 'ca.pem')],
  );
  assert.match(anyway.stdout, /two messages have the UIDL "a"; expected each once; nothing was imported/);
  assert.equal(anyway.code, 4);
  assert.equal((await subjectsAt(gateway, 'anna')).size, 0);
});

test('a line that drops in the middle of a message loses nothing, and a server that renumbers between two waves is refused', async (t) => {
  const gateway = await startTestGateway({ accounts: ['anna'] });
  t.after(() => gateway.remove());
  const commands = commandsOn(() => gateway.config.file);
  const folder = mkdtempSync(join(tmpdir(), 'sluis-takeover-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  let uidls = Array.from({ length: 60 }, (_, n) => `old${n}`);
  const old = await oldServer(t, () => uidls);
  writeFileSync(join(folder, 'ca.pem'), old.ca);
  const file = join(folder, 'wave.csv');
  writeFileSync(file, `account,user,password\n${addressOf('anna')},anna,secret-there\n`);
  const from = ['--from', file, '--pop3', `localhost:${old.port}`, '--ca', join(folder, 'ca.pem')];
  await commands.done('takeover', 'rehearse', '--wave', 'w1', '--day', 'today', ...from);
  old.dropAt = 56;
  const cut = await commands.run('takeover', 'wave', 'w1', ...from);
  assert.match(
    cut.stdout + cut.stderr,
    /anna.*: Cannot fetch from localhost:\d+: at RETR 56, it closed the connection/,
  );
  assert.equal(cut.code, 7, cut.stderr);
  assert.equal((await subjectsAt(gateway, 'anna')).size, 55, 'what came whole is there');
  assert.match(await commands.done('takeover', 'status'), /importing 0 of 1, 1 failed/);
  old.dropAt = 0;
  assert.match(
    await commands.done('takeover', 'wave', 'w1', ...from),
    /1 mailbox with 5 messages .*\n55 messages were here before/,
  );
  assert.deepEqual([...(await subjectsAt(gateway, 'anna')).keys()], uidls);

  uidls = uidls.map((uidl) => `new-${uidl}`);
  const renumbered = await commands.run('takeover', 'wave', 'w1', '--again', ...from);
  assert.match(
    renumbered.stdout,
    /60 messages of it were imported before, and the old server no longer has any of these, but 60 others/,
  );
  assert.equal(renumbered.code, 4);
  assert.equal((await subjectsAt(gateway, 'anna')).size, 60);

  const wrong = await commands.run(
    'takeover',
    'rehearse',
    '--wave',
    'w2',
    '--day',
    'today',
    ...from,
    '--try-passwords',
  );
  assert.match(wrong.stdout, /1 practice has moved, or begun to, and was left alone/);
});

test('a password of the old server that does not open the account here is told of before the wave', async (t) => {
  const gateway = await startTestGateway({ accounts: ['anna', 'bert'] });
  t.after(() => gateway.remove());
  const commands = commandsOn(() => gateway.config.file);
  const folder = mkdtempSync(join(tmpdir(), 'sluis-takeover-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const old = await oldServer(t, () => ['a']);
  writeFileSync(join(folder, 'ca.pem'), old.ca);
  const file = join(folder, 'wave.csv');
  const line = (name: string, password: string): string => `${addressOf(name)},${name},${password}`;
  writeFileSync(
    file,
    ['account,user,password', line('anna', loginOf('anna').password), line('bert', 'another'), ''].join('\n'),
  );
  const tried = await commands.run(
    ...['takeover', 'rehearse', '--wave', 'w1', '--day', 'today', '--from', file, '--try-passwords'],
    ...['--pop3', `localhost:${old.port}`, '--ca', join(folder, 'ca.pem')],
  );
  assert.match(
    tried.stdout,
    /in 1 mailbox:\n {2}bert.*: the password of the old server is not one of its passwords here/,
  );
  assert.doesNotMatch(tried.stdout + tried.stderr, /another\b(?! server)/);
  assert.equal(tried.code, 4);
});

test('who still logs in at the old server is told from its log, and reminded in Dutch', async (t) => {
  const { commands, file } = await regionFor(t);
  await commands.done('takeover', 'rehearse', '--wave', 'w1', '--day', 'today', '--from', file);
  const letters = `${file}.letters`;
  assert.match(await commands.done('takeover', 'letters', '--out', letters), /Wrote 1 letter /);
  const [announced = ''] = readdirSync(letters);
  const letter = readFileSync(join(letters, announced), 'utf8');
  assert.match(letter, /Uw berichten verhuizen op \w+dag \d+ \w+ \d{4}/);
  assert.match(letter, /Gebruikersnaam en wachtwoord blijven hetzelfde\./);
  assert.match(letter, /\(English text below\)/);
  assert.match(await commands.done('takeover', 'letters'), /No practice is due a letter\./);
  await commands.done('takeover', 'wave', 'w1', '--from', file);

  const log = `${file}.log`;
  const at = (ms: number): string => new Date(Date.now() + ms).toISOString();
  const line = (when: string, user: string, more = ''): string =>
    `${when} old dovecot: pop3-login: Login: user=<${user}>, method=PLAIN, rip=192.0.2.7, lip=192.0.2.1, mpid=1, TLS${more}`;
  writeFileSync(
    log,
    [line(at(-3_600_000), 'anna'), line(at(60_000), 'bert'), line(at(61_000), 'stranger'), ''].join('\n'),
  );
  const { practices } = await commands.json<StatusJson>('takeover', 'status', '--old-log', log);
  assert.deepEqual(
    practices[0]?.stillThere?.map(({ login, from }) => [login, from]),
    [[addressOf('bert'), '192.0.2.7']],
  );
  const due = await commands.done('takeover', 'letters', '--old-log', log, '--out', letters);
  assert.match(due, /Wrote 2 letters /);
  const reminder = readdirSync(letters).find((name) => name.includes('reminder')) ?? '';
  const text = readFileSync(join(letters, reminder), 'utf8');
  assert.match(text, /haalt nog berichten op bij de oude server/);
  assert.match(text, new RegExp(`Gebruikersnamen: +${addressOf('bert')}\n`));
  writeFileSync(log, 'no such line\n');
  await commands.refused(2, /none of its 1 line is one that is known here/, 'takeover', 'status', '--old-log', log);
});
