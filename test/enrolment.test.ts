/**
 * One-time codes for passwords, from outside: the code in the contact's mailbox, the page, and what
 * becomes of the sessions.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import type { AccountView } from '../src/admin/views.ts';
import { readableDay } from '../src/cli/output.ts';
import { days, minutes } from '../src/domain/units.ts';
import { FakeClock } from './support/clock.ts';
import { type Ran, sluisHere } from './support/command-line.ts';
import { type TestGateway, type TestGatewayOptions, addressOf, loginOf, startTestGateway } from './support/gateway.ts';
import { assertNoSecret } from './support/no-secret.ts';
import { type PageTarget, askPage, postForm } from './support/page-client.ts';
import { Pop3Client } from './support/pop3-client.ts';
import { withoutProgram } from './support/require.ts';
import { Scrape, get } from './support/scrape.ts';
import { SmtpClient } from './support/smtp-client.ts';

const [anna, bram] = [addressOf('anna'), addressOf('bram')];
const PAGE = `
[[listener]]
name = "codes"
protocol = "enrolment"
address = "127.0.0.1"
port = 0
tls = "implicit"
`;

async function open(t: TestContext, options: TestGatewayOptions = {}): Promise<TestGateway> {
  const gateway = await startTestGateway({
    accounts: ['anna', 'bram', 'carl'],
    ...options,
    configuration: `${options.configuration ?? ''}${PAGE}`,
  });
  t.after(() => gateway.remove());
  await done(gateway, 'organisation', 'change', 'group', '--contact', bram, '--post', 'Dorpsstraat 1');
  return gateway;
}

const run = (gateway: TestGateway, args: readonly string[], input = ''): Promise<Ran> =>
  sluisHere([...args, '--config', gateway.config.file], input);
async function done(gateway: TestGateway, ...args: string[]): Promise<string> {
  const ran = await run(gateway, args);
  assert.equal(ran.code, 0, `${args.join(' ')}: ${ran.stderr}`);
  return ran.stdout;
}
const page = (gateway: TestGateway): PageTarget => ({
  port: gateway.listeners.find(({ spec }) => spec.name === 'codes')!.port,
  ca: gateway.ca,
});

const CODE = /[a-z2-9]{4}(?:-[a-z2-9]{4}){5}/;
/** The newest message of the contact, which holds a code. */
async function codeFor(gateway: TestGateway): Promise<{ code: string; notice: string }> {
  const client = await Pop3Client.open(gateway.target('pop3s'), loginOf('bram'));
  const { messages } = await client.stat();
  const text = (await client.fetch(messages)).toString('latin1');
  await client.quit();
  // Quoted-printable breaks long lines; the code stands in a short one.
  const code = CODE.exec(text)?.[0];
  assert.ok(code, text);
  return { code, notice: text };
}

/** The day here: between eleven in the evening and midnight UTC it is another one there. */
const expires = (gateway: TestGateway, inDays: number): string =>
  readableDay(new Date(gateway.admin.clock.now() + days(inDays)).toISOString());

test('account reset sends a code to the contact; the page gives a password for it, once, and the old one is gone', async (t) => {
  const gateway = await open(t);
  const asked = await run(gateway, ['account', 'reset', anna, '--reason', 'called, lost it', '--valid', '3d']);
  assert.equal(
    asked.stdout,
    [
      `Sent a code for password first of account ${anna} to ${bram}, the contact of group. It is valid until ${expires(gateway, 3)}.`,
      'The old password works until the code is used.',
      '',
    ].join('\n'),
  );
  const { code, notice } = await codeFor(gateway);
  assert.match(notice, new RegExp(`^Subject: Code voor een nieuw wachtwoord: ${anna}`, 'm'));
  const shown = JSON.parse(await done(gateway, 'account', 'show', anna, '--json')) as AccountView;
  assert.deepEqual(
    shown.codes.map((c) => [c.for, c.password, c.tries, c.id]),
    [['password', 'first', 5, code.replaceAll('-', '').slice(0, 8)]],
  );
  assert.match(
    await done(gateway, 'account', 'password', 'list', anna),
    new RegExp(`OPEN CODE[^\n]*\n${code.slice(0, 9)}-\\.\\.\\. +a password +first`),
  );

  assert.match((await askPage(page(gateway), '/')).body, /action="\.\/password"[\s\S]*href="\.\/certificate"/);
  // The old password goes on working, and whoever is in stays in.
  const before = await Pop3Client.open(gateway.target('pop3s'), loginOf('anna'));
  const sending = await SmtpClient.open(gateway.target('submissions'), loginOf('anna'));
  const other = await Pop3Client.open(gateway.target('pop3s'), loginOf('carl'));

  const first = await postForm(page(gateway), '/password', { login: anna, code: ` ${code.toUpperCase()} ` });
  assert.deepEqual([first.status, first.headers['content-type']], [200, 'text/plain; charset=utf-8']);
  const password = first.body.trimEnd();
  assert.match(password, CODE);

  // Both of its sessions are cut, nobody else's.
  assert.equal(await before.wire.line().catch(() => 'closed'), 'closed');
  assert.match(
    await sending.reply(),
    /^421 4\.7\.0 The password of this session was replaced or revoked; log in again/,
  );
  await other.quit();
  await assert.rejects(Pop3Client.open(gateway.target('pop3s'), loginOf('anna')), /-ERR \[AUTH\]/);
  const now = await Pop3Client.open(gateway.target('pop3s'), { login: anna, password });
  await now.quit();

  const again = await postForm(page(gateway), '/password', { login: anna, code });
  assert.equal(again.status, 403);
  const unknown = await postForm(page(gateway), '/password', { login: anna, code: 'aaaa-aaaa-aaaa-aaaa-aaaa-aaaa' });
  const wrongLogin = await postForm(page(gateway), '/password', { login: 'x@group.test', code });
  assert.deepEqual([unknown.status, unknown.body], [again.status, again.body]);
  assert.deepEqual([wrongLogin.status, wrongLogin.body], [again.status, again.body]);

  const trail = await done(gateway, 'audit', 'list', '--account', anna, '--json');
  for (const part of [
    'password.code-issued',
    '"by": "contact"',
    'called, lost it',
    'password.enrolled',
    'enrolment.used',
  ])
    assert.ok(trail.includes(part), part);
  for (const secret of [code, password]) {
    assertNoSecret(gateway.log, secret);
    assert.ok(!trail.includes(secret));
  }
});

test('wrong tries kill a code, a newer one replaces it, and containing or ending the account voids it', async (t) => {
  const gateway = await open(t, { configuration: '[auth]\nrefusal-grid = "0ms"\nexempt-networks = ["127.0.0.0/8"]\n' });
  const use = async (code: string): Promise<number> =>
    (await postForm(page(gateway), '/password', { login: anna, code })).status;
  await done(gateway, 'account', 'reset', anna);
  const { code: old } = await codeFor(gateway);
  await done(gateway, 'account', 'reset', anna);
  const { code } = await codeFor(gateway);
  assert.equal(await use(old), 403);
  const wrong = `${code.slice(0, 9)}-aaaa-aaaa-aaaa-aaaa`;
  for (let n = 0; n < 6; n += 1) assert.equal(await use(wrong), 403);
  assert.equal(await use(code), 403);

  await done(gateway, 'account', 'reset', anna);
  const contained = await codeFor(gateway);
  await done(gateway, 'account', 'contain', anna);
  await done(gateway, 'account', 'resume', anna);
  assert.equal(await use(contained.code), 403);

  // Without a password by now: the code is for the first one.
  assert.match(
    await done(gateway, 'account', 'reset', anna),
    /^Sent a code for password first of account anna@group\.test/,
  );
  const ended = await codeFor(gateway);
  await done(gateway, 'account', 'end', anna, '--grace', '30d', '--yes', '--reason', 'test');
  assert.equal(await use(ended.code), 403);
  const reasons = (JSON.parse(await done(gateway, 'account', 'show', anna, '--json')) as AccountView).codes;
  assert.deepEqual(reasons, []);
});

test('a code is over after its days, by the clock', async (t) => {
  const clock = new FakeClock();
  const gateway = await open(t, { clock, configuration: '[auth]\nrefusal-grid = "0ms"\n' });
  await done(gateway, 'account', 'reset', anna, '--valid', '2d');
  const { code } = await codeFor(gateway);
  clock.advance(days(2));
  assert.equal((await postForm(page(gateway), '/password', { login: anna, code })).status, 403);
  const enrolled = await run(
    gateway,
    ['account', 'enrol', '-', '--generate', '--out', join(gateway.folder, 'pw')],
    `${code}\n`,
  );
  assert.deepEqual([enrolled.code, existsSync(join(gateway.folder, 'pw'))], [4, false], enrolled.stderr);
  assert.match(enrolled.stderr, /The enrolment code is not valid/);
  clock.advance(minutes(1));
  await gateway.stop();
  const refused = gateway.log.events.filter(({ event }) => event === 'enrolment.refused');
  assert.deepEqual(
    refused.map(({ fields }) => [fields.reason, fields.login]),
    [['expired', anna]],
  );
});

test('a contact is judged when it is set: one that cannot serve is refused, of one that cannot serve yet the operator is warned', async (t) => {
  const gateway = await open(t);
  const add = (login: string, ...more: readonly string[]): Promise<string> =>
    done(gateway, 'account', 'add', login, '--organisation', 'group', '--no-password', ...more);
  await add('box@group.test', '--kind', 'edi');
  await add('gone@group.test');
  await done(gateway, 'account', 'end', 'gone@group.test', '--now', '--yes', '--reason', 'left');
  await add('new@group.test');
  await add('away@group.test');
  await done(gateway, 'account', 'suspend', 'away@group.test');
  const shown = async (): Promise<unknown> =>
    (JSON.parse(await done(gateway, 'organisation', 'show', 'group', '--json')) as { contact?: string }).contact;
  const before = await shown();
  const refused: readonly (readonly [contact: string, code: number, stderr: RegExp])[] = [
    ['call Jan', 2, /is not a mail address; expected an address such as/],
    ['typo@group.test', 3, /though others of its domain are; see "sluis address list".*--telephone/],
    ['Typo@GROUP.test', 3, /though others of its domain are/],
    ['gone@group.test', 4, /it has ended, or its account has; name an address of people/],
    ['box@group.test', 4, /it leads to a mailbox that a program empties; nobody would read the letters/],
  ];
  for (const [address, code, stderr] of refused) {
    const ran = await run(gateway, ['organisation', 'change', 'group', '--contact', address, '--telephone', '06 1']);
    assert.deepEqual([ran.code, ran.stdout], [code, ''], `${address}: ${ran.stderr}`);
    assert.match(ran.stderr, stderr);
    assert.equal(await shown(), before, 'nothing was changed');
    if (code === 3) continue;
    const added = await run(gateway, ['organisation', 'add', 'zuid', '--contact', address]);
    assert.deepEqual([added.code, added.stdout], [code, ''], `${address}: ${added.stderr}`);
  }
  const warned: readonly (readonly [contact: string, stdout: RegExp])[] = [
    ['info@elsewhere.example', /^Warning: the contact info@elsewhere\.example is not registered here\. /m],
    ['new@group.test', /^Warning: .* leads to a mailbox that nobody can open/m],
    ['away@group.test', /^Warning: .* is suspended\. /m],
  ];
  for (const [address, stdout] of warned)
    assert.match(await done(gateway, 'organisation', 'change', 'group', '--contact', address), stdout);
  // An organisation comes before its accounts: its contact may be one of those, in whatever order
  // they are registered.
  assert.match(
    await done(gateway, 'organisation', 'add', 'zuid', '--contact', 'zuid@group.test'),
    /^Registered organisation zuid\.\nWarning: the contact zuid@group\.test is not registered here, though others/,
  );
  const login = ['account', 'add', 'zuid@group.test', '--organisation', 'zuid', '--generate', '--out'];
  await done(gateway, ...login, join(gateway.folder, 'zuid-secret'));
  assert.doesNotMatch(await done(gateway, 'organisation', 'show', 'zuid'), /Warning/);
});

test('a contact that cannot have a code is refused with what to do', async (t) => {
  const gateway = await open(t);
  const refused = async (text: RegExp): Promise<void> => {
    const ran = await run(gateway, ['account', 'reset', anna]);
    assert.equal(ran.code, 4, ran.stderr + ran.stdout);
    assert.match(ran.stderr, text);
    assert.match(ran.stderr, /write a letter for the post instead, with --letter FILE/);
  };
  const contact = (address: string): Promise<string> =>
    done(gateway, 'organisation', 'change', 'group', '--contact', address);
  await contact('');
  await refused(/its organisation "group" has no contact/);
  assert.match(
    await contact('info@elsewhere.example'),
    /^Warning: the contact info@elsewhere\.example is not registered here\. Codes for passwords cannot/m,
  );
  await refused(/"info@elsewhere\.example", is not registered here/);
  await contact(anna);
  await refused(/leads to the same mailbox that the password is for/);
  assert.doesNotMatch(await contact(bram), /Warning/);
  // Fit when it was set, and a program's since.
  await done(gateway, 'account', 'set', bram, 'notices=contact');
  await refused(/leads to a mailbox that a program empties/);
  assert.match(
    await done(gateway, 'organisation', 'show', 'group'),
    new RegExp(`^Warning: the contact ${bram} leads to a mailbox that a program empties\\. Codes`, 'm'),
  );
  await done(gateway, 'account', 'set', bram, 'notices=automatic');
  assert.doesNotMatch(await done(gateway, 'organisation', 'show', 'group'), /Warning/);
  await done(gateway, 'account', 'suspend', bram);
  await refused(/is suspended;/);
  await done(gateway, 'account', 'resume', bram);
  await done(gateway, 'account', 'password', 'remove', bram, '--name', 'first');
  await refused(/nobody can open: it has no valid password and no valid certificate/);

  const suspended = await run(gateway, ['account', 'reset', bram]);
  assert.match(suspended.stderr, /leads to the same mailbox/);
  const missing = await run(gateway, ['account', 'reset', 'nobody@group.test']);
  assert.equal(missing.code, 3);
  await done(
    gateway,
    'account',
    'password',
    'add',
    anna,
    '--name',
    'second',
    '--generate',
    '--out',
    join(gateway.folder, 's'),
  );
  const several = await run(gateway, ['account', 'reset', anna, '--letter', join(gateway.folder, 'letter')]);
  assert.match(several.stderr, /it has the passwords first, second; say which with --name, or --remove-others/);
  assert.equal(existsSync(join(gateway.folder, 'letter')), false);
});

test('a contact in another organisation gets the code, and whoever sends it is told', async (t) => {
  const gateway = await open(t);
  const other = 'desk@other.test';
  await done(gateway, 'organisation', 'add', 'other', '--title', 'Other');
  await done(
    gateway,
    ...['account', 'add', other, '--organisation', 'other', '--generate', '--out', join(gateway.folder, 'o')],
  );
  await done(gateway, 'organisation', 'change', 'group', '--contact', other, '--reason', 'the caller said so');
  const planned = await done(gateway, 'account', 'reset', anna, '--dry-run');
  assert.match(planned, /That address belongs to other, not to group\. Is it not meant to be\? Correct the contact: /);
  assert.match(
    await done(gateway, 'account', 'reset', anna),
    /belongs to other, not to group\. .*Correct the contact: "sluis organisation set group --contact ADDRESS", and ask for the code again at once, which voids this one\./,
  );
  const json = await done(gateway, 'account', 'reset', anna, '--json');
  assert.match(json, /"toOrganisation": "other"/);
  const many = await done(gateway, 'account', 'reset', anna, loginOf('carl').login);
  assert.match(many, /^To a contact of another organisation: group \(other\)\.$/m);
});

test('a contact behind a partner gets the code, which is said; a partner whose mail a program reads does not', async (t) => {
  const gateway = await open(t);
  const desk = 'desk@hospital.test';
  await done(gateway, 'organisation', 'add', 'hospital', '--title', 'Hospital', '--contact', desk);
  await done(gateway, ...['partner', 'add', 'mx', '--organisation', 'hospital', '--host', 'mx.hospital.test']);
  await done(gateway, 'partner', 'suspend', 'mx');
  await done(gateway, 'address', 'add', 'mx', desk);
  const accounts = ['ward@hospital.test', 'lab@hospital.test'];
  for (const [n, login] of accounts.entries())
    await done(
      gateway,
      ...['account', 'add', login, '--organisation', 'hospital', '--generate', '--out', join(gateway.folder, `h${n}`)],
    );
  const said = await done(gateway, 'account', 'reset', 'ward@hospital.test');
  assert.match(said, /^Sent a code .* to desk@hospital\.test, the contact of hospital\./);
  assert.match(
    said,
    /^The code leaves the gateway: messages for that address are pushed to a partner over verified TLS,/m,
  );
  assert.match(await done(gateway, 'queue', 'list', '--partner', 'mx'), /desk@hospital\.test/);
  assert.match(
    await done(gateway, 'account', 'reset', ...accounts, '--dry-run'),
    /^To a contact that is pushed to a partner: hospital\.$/m,
  );
  assert.match(await done(gateway, 'account', 'reset', 'ward@hospital.test', '--json'), /"toPartner": true/);

  await done(gateway, 'account', 'set', 'mx', 'notices=contact');
  const refused = await run(gateway, ['account', 'reset', 'ward@hospital.test']);
  assert.deepEqual([refused.code, refused.stdout], [4, '']);
  assert.match(
    refused.stderr,
    /leads to a partner whose mail a program reads: its account "mx" has the setting notices=contact/,
  );
  assert.match(refused.stderr, /write a letter for the post instead, with --letter FILE/);
});

test('the contact of before reads where codes go from now on; what stays as it was is told to nobody', async (t) => {
  const gateway = await open(t);
  const change = (...args: string[]): Promise<string> => done(gateway, 'organisation', 'change', 'group', ...args);
  const read = async (who: string): Promise<string[]> => {
    const client = await Pop3Client.open(gateway.target('pop3s'), loginOf(who));
    const { messages } = await client.stat();
    const all: string[] = [];
    for (let n = 1; n <= messages; n += 1) all.push((await client.fetch(n)).toString('latin1'));
    await client.quit();
    return all.filter((text) => text.includes('Subject: Contactgegevens gewijzigd'));
  };
  assert.equal((await read('bram')).length, 0);
  assert.equal(
    await change('--contact', addressOf('carl'), '--telephone', '06 1', '--reason', 'called'),
    `Changed contact, telephone of organisation group.\nTold ${bram}, where it was reached before.\n`,
  );
  const [letter = ''] = await read('bram');
  assert.match(letter, new RegExp(`Contact: +${addressOf('carl')}\r\n +Telefoon: +06 1\r\n`));
  assert.match(letter, /Bel\s+dan\s+nu\s+de\s+helpdesk/);
  assert.doesNotMatch(letter, /Postadres/);
  assert.equal((await read('carl')).length, 0);

  // The same again, and a title, redirect nothing.
  assert.equal(
    await change('--contact', addressOf('carl'), '--title', 'Groep'),
    'Changed title, contact of organisation group.\n',
  );
  assert.match(await change('--post', 'Postbus 1', '--json'), new RegExp(`"told": "${addressOf('carl')}"`));
  assert.match((await read('carl'))[0] ?? '', /Postadres: +Postbus 1\r\n/);

  // A contact of before that has no mailbox here leaves the first account that people read; an
  // organisation without any, nobody.
  await change('--contact', 'info@elsewhere.example');
  const told = (await read('anna')).length;
  assert.match(await change('--contact', bram), new RegExp(`^Told ${anna}, `, 'm'));
  assert.equal((await read('anna')).length, told + 1);
  await done(gateway, 'organisation', 'add', 'empty', '--title', 'Empty');
  const nobody = await done(gateway, 'organisation', 'change', 'empty', '--contact', bram);
  assert.match(nobody, /^Nobody could be told, .*: call a number that you knew before\.$/m);
  const unknown = await run(gateway, ['organisation', 'change', 'none', '--contact', bram]);
  assert.deepEqual([unknown.code, unknown.stdout], [3, '']);
});

test('a letter is for the post: written once, 0600, its code works at the keyboard, --all takes the other passwords along', async (t) => {
  const gateway = await open(t);
  await done(
    gateway,
    'account',
    'password',
    'add',
    anna,
    '--name',
    'second',
    '--generate',
    '--out',
    join(gateway.folder, 's'),
  );
  const file = join(gateway.folder, 'letter.txt');
  const told = await done(gateway, 'account', 'reset', anna, '--remove-others', '--name', 'desk', '--letter', file);
  assert.match(
    told,
    /^Wrote a letter with a code for password desk of account anna@group\.test to ".*letter\.txt"\. It is valid until /,
  );
  assert.match(told, /The audit trail records that you saw the code\./);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const letter = readFileSync(file, 'utf8');
  assert.ok(letter.split('\n').every((line) => line.length <= 72));
  const code = CODE.exec(letter)?.[0] ?? '';
  const kept = join(gateway.folder, 'new.txt');
  const used = await run(gateway, ['account', 'enrol', '-', '--generate', '--out', kept], `${code}\n`);
  assert.equal(used.code, 0, used.stderr);
  assert.match(used.stdout, /^Set password desk of account anna@group\.test\. The code is used up\./);
  const shown = JSON.parse(await done(gateway, 'account', 'show', anna, '--json')) as AccountView;
  assert.deepEqual(
    shown.passwords.map((p) => p.name),
    ['desk'],
  );
  const client = await Pop3Client.open(gateway.target('pop3s'), {
    login: anna,
    password: readFileSync(kept, 'utf8').trim(),
  });
  await client.quit();
  const trail = await done(gateway, 'audit', 'list', '--account', anna, '--json');
  assert.match(trail, /"by": "letter"/);
});

test('many at once: letters in a folder, resumed where they stopped; notices; a dry run', async (t) => {
  const gateway = await open(t);
  const folder = join(gateway.folder, 'letters');
  assert.match(
    await done(gateway, 'account', 'reset', '--organisation', 'group', '--letters', folder, '--dry-run'),
    /^Would write 3 letters\.\nNothing was changed\.\n$/,
  );
  assert.equal(existsSync(folder), false);
  const list = join(gateway.folder, 'list.csv');
  writeFileSync(list, `account\n${anna}\n${bram}\n`);
  assert.match(
    await done(gateway, 'account', 'reset', '--from', list, '--letters', folder),
    /^Wrote 2 letters to ".*letters"/,
  );
  assert.deepEqual(readdirSync(folder).sort(), [`${anna}.txt`, `${bram}.txt`]);
  const twice = await run(gateway, ['account', 'reset', '--organisation', 'group', '--letters', folder]);
  assert.deepEqual([twice.code, twice.stderr.includes('is there already')], [4, true], twice.stderr);
  assert.match(
    await done(gateway, 'account', 'reset', '--organisation', 'group', '--letters', folder, '--continue'),
    /^Wrote a letter|^Wrote 1 letter .*\n2 were left out/,
  );
  assert.equal(readdirSync(folder).length, 3);

  const single = join(gateway.folder, 'all.txt');
  await done(gateway, 'account', 'reset', '--organisation', 'group', '--letter', single);
  assert.equal(readFileSync(single, 'utf8').split('\f').length, 3);

  const noticed = await run(gateway, ['account', 'reset', anna, bram, '--json']);
  const result = JSON.parse(noticed.stdout) as {
    codes: { login: string }[];
    refused: { login: string; why: string }[];
  };
  assert.deepEqual(
    [noticed.code, result.codes.map((c) => c.login), result.refused.map((r) => r.login)],
    [4, [anna], [bram]],
  );
  assert.ok(!CODE.test(noticed.stdout));
});

test('account import with letters: rows without a password get a code for the first one', async (t) => {
  const gateway = await open(t);
  const file = join(gateway.folder, 'new.csv');
  const folder = join(gateway.folder, 'first');
  writeFileSync(
    file,
    'login,address,organisation,password\nnew1@group.test,new1@group.test,group,\nnew2@group.test,new2@group.test,group,Long-enough-1\n',
  );
  const without = await run(gateway, ['account', 'import', file]);
  assert.match(without.stderr, /has neither a password nor a password hash/);
  const told = await done(gateway, 'account', 'import', file, '--letters', folder);
  assert.match(told, /^Registered 2 accounts\.\nWrote 1 letter with a code for a first password to /);
  assert.deepEqual(readdirSync(folder), ['new1@group.test.txt']);
  const code = CODE.exec(readFileSync(join(folder, 'new1@group.test.txt'), 'utf8'))?.[0] ?? '';
  const answer = await postForm(page(gateway), '/password', {
    login: 'new1@group.test',
    code,
    password: 'My own sentence',
  });
  assert.deepEqual([answer.status, answer.body], [200, '']);
  const client = await Pop3Client.open(gateway.target('pop3s'), {
    login: 'new1@group.test',
    password: 'My own sentence',
  });
  await client.quit();
});

test(
  'the lines of docs/systems.md fetch a password and a certificate, as printed',
  { skip: withoutProgram('curl', 'curl') || withoutProgram('openssl', 'openssl') },
  async (t) => {
    const gateway = await open(t);
    const { port } = page(gateway);
    const printed = readFileSync(join(import.meta.dirname, '..', 'docs', 'systems.md'), 'utf8');
    const blocks = [...printed.matchAll(/^<!-- tested: code -->\n+```sh\n([\s\S]*?)^```$/gm)].map(
      ([, text = '']) => text,
    );
    assert.equal(blocks.length, 2);
    writeFileSync(join(gateway.folder, 'ca.pem'), gateway.ca);
    /**
     * Host name, port and account of this gateway in place of the page's. Not in this process's
     * turn: the gateway runs in it.
     */
    const follow = async (text: string): Promise<void> => {
      const here = text
        .replaceAll('https://mail.example.nl/', `https://mail.test:${port}/`)
        .replaceAll('assistente@de-brug.example', anna)
        .replaceAll('curl ', `curl --resolve mail.test:${port}:127.0.0.1 `);
      await promisify(execFile)('sh', ['-ec', here], { cwd: gateway.folder, timeout: 30_000 });
    };
    await done(gateway, 'account', 'reset', anna);
    writeFileSync(join(gateway.folder, 'code.txt'), `${(await codeFor(gateway)).code}\n`);
    await follow(blocks[0]!);
    const password = readFileSync(join(gateway.folder, 'password.txt'), 'utf8').trimEnd();
    const client = await Pop3Client.open(gateway.target('pop3s'), { login: anna, password });
    await client.quit();

    await done(gateway, 'ca', 'init', '--name', 'Test');
    const issued = await done(gateway, 'cert', 'issue', '--account', anna, '--for', 'login', '--code', '--json');
    const { code } = JSON.parse(issued) as { code: string };
    writeFileSync(join(gateway.folder, 'code.txt'), code);
    await follow(blocks[1]!);
    const pem = readFileSync(join(gateway.folder, 'certificate.pem'), 'utf8');
    assert.equal(pem.match(/BEGIN CERTIFICATE/g)?.length, 3);
    const [record] = JSON.parse(await done(gateway, 'cert', 'list', '--account', anna, '--json')) as { use: string }[];
    assert.equal(record?.use, 'login');
    // A code of the other kind holds nowhere else.
    assert.equal((await postForm(page(gateway), '/password', { login: anna, code })).status, 403);
  },
);

test('wrong codes are throttled, answered at one time, and stand in the trail as one row', async (t) => {
  const gateway = await open(t, {
    configuration:
      '[auth]\nfree-per-account = 2\nfirst-back-off = "1m"\nback-off-cap-strangers = "1m"\nrefusal-grid = "50ms"\n',
  });
  await done(gateway, 'account', 'reset', anna);
  const { code } = await codeFor(gateway);
  const ask = async (guess: string): Promise<{ status: number; took: number; retry: string | undefined }> => {
    const from = performance.now();
    const { status, headers } = await postForm(page(gateway), '/password', { login: anna, code: guess });
    return { status, took: performance.now() - from, retry: headers['retry-after'] };
  };
  // Unknown, malformed, wrong: none is quicker than the grid.
  const near = (secret: string): string => `${code.slice(0, 9)}-${secret}`;
  for (const guess of [
    'bbbb-cccc-dddd-eeee-ffff-gggg',
    'nonsense',
    near('dddd-eeee-ffff-gggg'),
    near('dddd-eeee-ffff-hhhh'),
  ]) {
    const { status, took } = await ask(guess);
    assert.equal(status, 403);
    assert.ok(took >= 45, `${took} ms`);
  }
  // The right one is not judged either while the back-off lasts, and is as good as before.
  const busy = await ask(code);
  assert.equal(busy.status, 429);
  assert.ok(Number(busy.retry) > 50 && Number(busy.retry) <= 60, busy.retry);
  const shown = JSON.parse(await done(gateway, 'account', 'show', anna, '--json')) as AccountView;
  assert.equal(shown.codes[0]?.tries, 3);
  const scrape = new Scrape((await get(gateway.http!.port, '/metrics')).body);
  assert.equal(scrape.value('sluis_codes_total', { for: 'password', outcome: 'refused', reason: 'unknown' }), 1);
  assert.equal(scrape.value('sluis_codes_total', { for: 'password', outcome: 'busy', reason: 'throttled' }), 1);
  await gateway.stop();
  const told = gateway.log.events.filter(({ event }) => /^enrolment\.(refused|busy)$/.test(event));
  // Those of the account were written when it was asked for, before the others.
  assert.deepEqual(told.map(({ event, fields: { reason, count } }) => [event, reason, count].join(' ')).sort(), [
    'enrolment.busy throttled 1',
    'enrolment.refused malformed 1',
    'enrolment.refused unknown 1',
    'enrolment.refused wrong 2',
  ]);
});

test('requests that cannot be used slow down their network, and cost the code no try', async (t) => {
  const gateway = await open(t, {
    configuration:
      '[auth]\nfree-per-network = 2\nfirst-back-off = "1m"\nback-off-cap = "1m"\nback-off-cap-strangers = "1m"\nrefusal-grid = "0ms"\n',
  });
  await done(gateway, 'account', 'reset', anna);
  const { code } = await codeFor(gateway);
  const statuses: number[] = [];
  for (let n = 0; n < 6; n += 1)
    statuses.push(
      (await postForm(page(gateway), '/certificate', { login: anna, code, request: `no request ${n}` })).status,
    );
  assert.deepEqual(statuses, [422, 422, 429, 429, 429, 429]);
  const busy = await postForm(page(gateway), '/password', { login: anna, code });
  assert.deepEqual([busy.status, Number(busy.headers['retry-after']) > 50], [429, true]);
  const shown = JSON.parse(await done(gateway, 'account', 'show', anna, '--json')) as AccountView;
  assert.equal(shown.codes[0]?.tries, 5);
  const scrape = new Scrape((await get(gateway.http!.port, '/metrics')).body);
  assert.equal(scrape.value('sluis_codes_total', { for: 'certificate', outcome: 'unusable', reason: '' }), 2);
  assert.equal(scrape.value('sluis_codes_total', { for: 'certificate', outcome: 'busy', reason: 'throttled' }), 4);
});

test('guesses at codes of an account do not keep its owner from the right one', async (t) => {
  const gateway = await open(t, {
    configuration: '[auth]\nfree-per-account = 2\nfirst-back-off = "1h"\nrefusal-grid = "0ms"\n',
  });
  await done(gateway, 'account', 'reset', anna);
  const { code } = await codeFor(gateway);
  const use = async (shown: string): Promise<number> =>
    (await postForm(page(gateway), '/password', { login: anna, code: shown })).status;
  for (const group of ['bbbb', 'cccc', 'dddd', 'eeee', 'ffff'])
    assert.equal(await use(`${group}-cccc-dddd-eeee-ffff-gggg`), 403);
  // What no code looks like is slowed down for the account, and that alone.
  for (const text of ['what', 'ever']) assert.equal(await use(text), 403);
  assert.equal(await use('comes'), 429);
  assert.equal(await use(code), 200);
});

test('a template of the operator is used, and check names the line of its mistake', async (t) => {
  const gateway = await open(t, {
    prepare: (folder) => writeFileSync(join(folder, 'own.txt'), 'Aan {{title}}\n{{post}}\n\nUw code: {{code}}\n'),
    configuration: '[enrolment]\nletter = "own.txt"\n',
  });
  const file = join(gateway.folder, 'letter.txt');
  await done(gateway, 'account', 'reset', anna, '--letter', file);
  assert.match(readFileSync(file, 'utf8'), /^Aan Group\nDorpsstraat 1\n\nUw code: [a-z2-9-]{29}\n$/);
  writeFileSync(join(gateway.folder, 'own.txt'), 'Aan {{title}}\n\nUw code: {{kode}}\n');
  const checked = await run(gateway, ['check']);
  assert.equal(checked.code, 5, checked.stderr);
  assert.match(
    checked.stderr,
    /enrolment\.letter: ".*own\.txt"; expected a letter without mistakes; line 3 has one; the field "kode" is not known/,
  );
  // Before a code is made for it.
  const refused = await run(gateway, ['account', 'reset', anna, '--letter', join(gateway.folder, 'second.txt')]);
  assert.equal(refused.code, 5, refused.stderr);
});
