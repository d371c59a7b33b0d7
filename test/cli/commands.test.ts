/**
 * Every command as a person gives it: arguments, output, exit code. A few while nobody serves,
 * where the command line opens the store itself; the rest against one running gateway in a process
 * of its own.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type {
  AccountView,
  AddressView,
  CertificateView,
  OrganisationView,
  PasswordView,
  SettingView,
} from '../../src/admin/views.ts';
import { makeClientAuthority } from '../support/client-certificates.ts';
import { type Ran, type Running, commandsOn, sluis, sluisHere, start } from '../support/command-line.ts';

let folder = '';
let config = '';
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluis-cli-'));
  config = join(folder, 'sluis.toml');
  const made = await sluis(['init', '--config', config, '--hostname', 'mail.group.test', '--dev-certificates']);
  assert.equal(made.code, 0, made.stderr);
  // Whatever is free: other tests run beside this one.
  writeFileSync(config, readFileSync(config, 'utf8').replace(/^#?port = \d+$/gm, 'port = 0'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

const { run, done, json, refused } = commandsOn(() => config);

/** The commands of one operator's day, on organisation `name`. */
function day(name: string): void {
  const at = (local: string): string => `${local}@${name}.test`;

  test('organisation add, list and show', async () => {
    assert.equal(
      await done(
        'organisation',
        'add',
        name,
        '--title',
        `Praktijk ${name}`,
        '--agb',
        '01234567',
        '--reason',
        'ticket 1',
      ),
      `Registered organisation ${name}.\n`,
    );
    await refused(4, new RegExp(`"?${name}"?`), 'organisation', 'add', name);
    await refused(2, /8 digits/, 'organisation', 'add', 'other', '--agb', '1');
    const all = await json<OrganisationView[]>('organisation', 'list');
    assert.deepEqual(
      all.find((o) => o.name === name),
      { name, title: `Praktijk ${name}`, language: 'nl', agb: '01234567', settings: {} },
    );
    assert.match(await done('organisation', 'list'), new RegExp(`^NAME .*\\n(.*\\n)*${name} `));
    assert.match(await done('organisation', 'show', name), /AGB: +01234567/);
    await refused(3, /Cannot find organisation "nobody"/, 'organisation', 'show', 'nobody');
  });

  test('account add takes a password from a file, standard input or the generator, never from an argument', async () => {
    const file = join(folder, `${name}.password`);
    writeFileSync(file, 'cobalt giraffe lamp\n');
    const add = (login: string, ...rest: string[]) => run('account', 'add', login, '--organisation', name, ...rest);
    const anna = await add(at('anna'), '--password-file', file, '--address', at('anna'), '--address', at('balie'));
    assert.equal(anna.code, 0, anna.stderr);
    assert.match(anna.stdout, /Its addresses: anna@.*, balie@/);
    const bram = await sluisHere(
      ['account', 'add', at('bram'), '--organisation', name, '--kind', 'edi', '--config', config],
      'another secret\n',
    );
    assert.equal(bram.code, 0, bram.stderr);
    const out = join(folder, `${name}.generated`);
    const carl = await add(at('carl'), '--generate', '--out', out);
    assert.equal(carl.code, 0, carl.stderr);
    const generated = readFileSync(out, 'utf8').trim();
    assert.equal(statSync(out).mode & 0o777, 0o600);
    assert.equal(generated.length, 29);
    for (const ran of [anna, bram, carl])
      assert.doesNotMatch(ran.stdout + ran.stderr, new RegExp(`cobalt giraffe|another secret|${generated}`));
    const shown = await json<AccountView>('account', 'show', at('bram'));
    assert.equal(shown.kind, 'edi');
    assert.deepEqual(
      shown.addresses.map((a) => a.address),
      [at('bram')],
    );
    assert.deepEqual(
      shown.passwords.map((p) => p.name),
      ['first'],
    );
  });

  test('account add refuses what it cannot take, and leaves nothing behind', async () => {
    const out = join(folder, `${name}.left`);
    const add = (...rest: string[]) => ['account', 'add', at('dora'), ...rest];
    await refused(3, /none has that name|"nowhere"/, ...add('--organisation', 'nowhere', '--generate', '--out', out));
    assert.equal(existsSync(out), false, 'no password file of an account that was not made');
    await refused(2, /without --out/, ...add('--organisation', name, '--generate'));
    await refused(2, /names the file for --generate/, ...add('--organisation', name, '--out', out));
    await refused(2, /first line is empty/, ...add('--organisation', name));
    writeFileSync(out, 'short\n');
    await refused(2, /too short/, ...add('--organisation', name, '--password-file', out));
    writeFileSync(out, 'one password\nand another\n');
    await refused(2, /more than one line/, ...add('--organisation', name, '--password-file', out));
    await refused(4, /exists, and nothing is overwritten/, ...add('--organisation', name, '--generate', '--out', out));
    await refused(2, /required option '--organisation/, ...add());
    await refused(2, /unknown option '--password-is'/, ...add('--organisation', name, '--password-is', 'secret'));
    await refused(3, /Cannot find account/, 'account', 'show', at('dora'));
    await refused(4, /anna/, 'account', 'add', at('anna'), '--organisation', name, '--no-password');
  });

  test('account list shows one organisation or all', async () => {
    const own = await json<AccountView[]>('account', 'list', '--organisation', name);
    assert.deepEqual(
      own.map((a) => a.login),
      [at('anna'), at('bram'), at('carl')],
    );
    assert.ok((await json<AccountView[]>('account', 'list')).some((a) => a.login === 'postmaster'));
    assert.match(await done('account', 'list', '--organisation', name), /^LOGIN +ORGANISATION +KIND/);
  });

  test('account show tells whose an address is', async () => {
    await refused(3, new RegExp(`belongs to account "${at('anna')}"`), 'account', 'show', at('balie'));
  });

  test('mailbox restore needs a reason, says how many, and refuses a moment it cannot read', async () => {
    const restore = (...rest: string[]) => ['mailbox', 'restore', at('bram'), ...rest];
    assert.equal(
      await done(...restore('--since', '2026-11-01', '--reason', 'ticket 3')),
      `0 messages of ${at('bram')} can be fetched again.\n`,
    );
    await refused(2, /without --reason TEXT/, ...restore('--since', '2026-11-01'));
    const soon = restore('--since', 'soon', '--reason', 'x');
    await refused(2, /Cannot use "soon" as since: expected a day/, ...soon);
    await refused(3, /Cannot find account/, 'mailbox', 'restore', 'nobody', '--since', '2026-11-01', '--reason', 'x');
    assert.match(await done('mailbox', 'consumers', at('bram')), /Nobody has opened this mailbox yet/);
  });

  test('queue, trace and message say what there is, and what they need', async () => {
    assert.equal(await done('queue', 'list'), 'Nothing waits.\n');
    assert.deepEqual(await json('queue', 'list'), { partners: [], deliveries: [] });
    await refused(2, /expected the number of a delivery/, 'queue', 'show', 'x');
    await refused(3, /Cannot find delivery 7/, 'queue', 'retry', '7');
    await refused(2, /add --yes and --reason TEXT/, 'queue', 'fail', '7');
    await refused(2, /without a message, --sender, --recipient, --since or --reference/, 'trace');
    assert.equal(
      await done('trace', '--since', '2026-11-01', '--recipient', at('bram')),
      'Nothing was found, accepted or refused.\n',
    );
    await refused(3, /Cannot find message "1@nowhere"/, 'trace', '1@nowhere');
    await refused(2, /without --reason TEXT/, 'message', 'withdraw', '1@nowhere');
    await refused(3, /Cannot find message/, 'message', 'withdraw', '1@nowhere', '--reason', 'x');
  });

  test('account suspend and resume', async () => {
    assert.equal(await done('account', 'suspend', at('bram')), `Account ${at('bram')} is suspended.\n`);
    assert.equal((await json<AccountView>('account', 'show', at('bram'))).state, 'suspended');
    assert.equal(await done('account', 'resume', at('bram')), `Account ${at('bram')} is active.\n`);
    await refused(3, /Cannot find account/, 'account', 'suspend', at('nobody'));
  });

  test('account password add, list and revoke', async () => {
    const out = join(folder, `${name}.second`);
    await done(
      'account',
      'password',
      'add',
      at('anna'),
      '--name',
      'balie',
      '--ends',
      '2099-12-31',
      '--generate',
      '--out',
      out,
    );
    const all = await json<PasswordView[]>('account', 'password', 'list', at('anna'));
    assert.deepEqual(all.map((p) => p.name).sort(), ['balie', 'first']);
    assert.equal(all.find((p) => p.name === 'balie')?.ends, '2099-12-31T22:59:59.000Z');
    assert.match(await done('account', 'password', 'list', at('anna')), /balie .* 2099-12-31 23:59 CET/);
    await refused(
      2,
      /has passed/,
      ...['account', 'password', 'add', at('anna'), '--name', 'late', '--ends', '2001-01-01', '--generate'],
      ...['--out', join(folder, `${name}.late`)],
    );
    await done('account', 'password', 'remove', at('anna'), '--name', 'balie');
    await refused(3, /it has: first/, 'account', 'password', 'remove', at('anna'), '--name', 'balie');
  });

  test('a password that is set while the account has scram=yes logs in by SCRAM, until scram=no', async () => {
    const add = (called: string, text: string): readonly string[] => {
      const file = join(folder, `${name}.${called}`);
      writeFileSync(file, `${text}\n`, { mode: 0o600 });
      return ['account', 'password', 'add', at('anna'), '--name', called, '--password-file', file];
    };
    await done('account', 'set', at('anna'), 'scram=yes');
    await done(...add('scram', 'Zomer-op-Terschelling-27'));
    await refused(
      2,
      /prohibits; choose another password, or set scram=no/,
      ...add('marks', 'Zomer-\u202eTerschelling'),
    );
    assert.match(await done('account', 'password', 'list', at('anna')), /^scram .* yes$/m);
    assert.match(await done('account', 'password', 'list', at('anna')), /^first .* no$/m);
    await done('account', 'set', at('anna'), 'scram=no');
    const all = await json<PasswordView[]>('account', 'password', 'list', at('anna'));
    assert.deepEqual(
      all.map((p) => p.scram),
      [false, false],
    );
    await done('account', 'set', at('anna'), 'scram=default');
    await done('account', 'password', 'remove', at('anna'), '--name', 'scram');
  });

  test('account certificate add, list and revoke', async () => {
    const authority = await makeClientAuthority(`${name} CA`);
    const email = at('anna');
    const shown = await authority.issue(email, { email });
    const file = join(folder, `${name}-anna.pem`);
    writeFileSync(file, shown.certificate);
    const certificate = ['account', 'certificate'] as const;
    assert.match(
      await done(...certificate, 'add', at('anna'), '--file', file, '--name', 'laptop'),
      /^Registered certificate laptop for account anna@.*: CN=anna@.*, issued by CN=.*\nIt ends on 20/,
    );
    await refused(4, /"laptop" of account "anna@/, ...certificate, 'add', at('anna'), '--file', file);
    assert.match(
      await done(...certificate, 'add', at('anna'), '--file', file, '--match', 'san', '--name', 'address'),
      /: email:anna@.*tls\.client-authorities/s,
    );
    await done(...certificate, 'add', at('anna'), '--file', file, '--match', 'subject');
    const short = shown.leaf.fingerprint.slice(0, 8);
    const listed = async (): Promise<unknown[]> =>
      (await json<CertificateView[]>(...certificate, 'list', at('anna'))).map((c) => [
        c.name,
        c.match,
        c.revoked !== undefined,
      ]);
    assert.deepEqual(await listed(), [
      ['laptop', 'pin', false],
      ['address', 'san', false],
      [short, 'subject', false],
    ]);
    assert.match(
      await done('account', 'show', at('anna')),
      /CERTIFICATE +MATCH +BEGINS +ENDS +STATE[^]*laptop +pin +20.* CES?T +20.* CES?T +valid/,
    );
    assert.match(
      await done(...certificate, 'revoke', at('anna'), '--name', 'laptop', '--reason', 'stolen'),
      /^Revoked certificate laptop of account anna@/,
    );
    await refused(3, /no valid certificate "laptop"/, ...certificate, 'revoke', at('anna'), '--name', 'laptop');
    await done(...certificate, 'revoke', at('anna'), '--file', file);
    assert.deepEqual(await listed(), [
      ['laptop', 'pin', true],
      ['address', 'san', true],
      [short, 'subject', true],
      [short, 'pin', true],
    ]);
    await refused(2, /--name or --file/, ...certificate, 'revoke', at('anna'));
    await refused(2, /Cannot read the certificate/, ...certificate, 'add', at('anna'), '--file', `${file}.no`);
    await refused(3, /nobody@/, ...certificate, 'add', at('nobody'), '--file', file);
    await refused(
      2,
      /email:anna@/,
      ...certificate,
      'add',
      at('anna'),
      '--file',
      file,
      '--match',
      'san',
      '--san',
      'dns:x',
    );
    const wrong: readonly (readonly [string, RegExp])[] = [
      [authority.root, /is an authority/],
      [`${shown.certificate}${shown.key}`, /private key, which must stay/],
      ['nothing', /the file holds none/],
      [(await authority.issue('past', { notAfter: Date.now() - 1000 })).certificate, /expired on/],
    ];
    for (const [pem, text] of wrong) {
      writeFileSync(file, pem);
      await refused(2, text, ...certificate, 'add', at('bram'), '--file', file);
    }
  });

  test('account import takes all or none', async () => {
    const file = join(folder, `${name}.csv`);
    const rows = (n: number): string =>
      Array.from({ length: n }, (_, i) => `${at(`p${i}`)},${at(`p${i}`)},${name},secret-${i}-word`).join('\n');
    writeFileSync(
      file,
      `login,address,organisation,password\n${rows(3)}\n${at('p1')},${at('x')},${name},secret-x-word\n`,
    );
    await refused(2, /line 5/, 'account', 'import', file);
    writeFileSync(file, `login,address,organisation,password\n${rows(3)}\n`);
    assert.match(await done('account', 'import', file, '--dry-run'), /would register 3 accounts\. Nothing was changed/);
    assert.equal(await done('account', 'import', file), 'Registered 3 accounts.\n');
    assert.match(await done('account', 'import', file), /^Already imported: 3 accounts/);
    await refused(2, /ENOENT/, 'account', 'import', join(folder, 'none.csv'));
    assert.equal((await json<AccountView[]>('account', 'list', '--organisation', name)).length, 6);
  });

  test('address add, list, show, suspend, resume, delegate and end', async () => {
    assert.match(await done('address', 'add', at('anna'), at('lab')), /its mail goes to account anna@/);
    await refused(4, /lab/, 'address', 'add', at('bram'), at('lab'));
    await refused(2, /expected an address/, 'address', 'add', at('anna'), 'lab');
    assert.match(await done('address', 'suspend', at('lab')), /is suspended/);
    assert.equal((await json<AddressView>('address', 'show', at('LAB'))).state, 'suspended');
    assert.match(await done('address', 'resume', at('lab')), /is active/);
    assert.match(await done('address', 'delegate', at('lab'), at('bram')), /bram@.* may send as lab@/);
    assert.deepEqual((await json<AccountView>('account', 'show', at('bram'))).sendsAs, [at('lab')]);
    assert.match(await done('address', 'delegate', at('lab'), at('bram'), '--take-back'), /may no longer send as/);
    assert.match(await done('address', 'end', at('lab'), '--now', '--yes', '--reason', 'test'), /has ended/);
    await refused(4, /ended/, 'address', 'add', at('bram'), at('lab'));
    await refused(4, /ended/, 'address', 'resume', at('lab'));
    const all = await json<AddressView[]>('address', 'list', '--account', at('anna'));
    assert.deepEqual(
      all.map((a) => [a.address, a.state]),
      [
        [at('anna'), 'active'],
        [at('balie'), 'active'],
        [at('lab'), 'ended'],
      ],
    );
    assert.match(await done('address', 'show', at('balie')), /Settings: all default/);
    await refused(3, /was never registered/, 'address', 'end', at('nobody'), '--yes', '--reason', 'test');
  });

  test('settings are set, shown with where they come from, and taken back', async () => {
    await done('organisation', 'set', name, 'quota=5GiB');
    assert.match(await done('account', 'set', at('anna'), 'line-ends=refuse'), /line-ends +refuse +account/);
    await done('address', 'set', at('balie'), 'max-message=10MiB');
    const settings = async (...args: string[]): Promise<string[]> =>
      (await json<{ settings: SettingView[] }>(...args)).settings.map((s) => `${s.name} ${s.value} ${s.from}`);
    assert.deepEqual(await settings('account', 'show', at('anna')), [
      'quota 5GiB organisation',
      'line-ends refuse account',
    ]);
    assert.deepEqual(await settings('address', 'show', at('balie')), ['max-message 10MiB address']);
    assert.ok((await settings('account', 'show', at('anna'), '--all')).includes('max-message 1GiB default'));
    await done('account', 'set', at('anna'), 'line-ends=default');
    assert.deepEqual(await settings('account', 'show', at('anna')), ['quota 5GiB organisation']);
    await refused(
      2,
      /"qouta" is not a setting of an account; expected one of/,
      'account',
      'set',
      at('anna'),
      'qouta=1GiB',
    );
    await refused(2, /"quota" is not a setting of an address/, 'address', 'set', at('balie'), 'quota=1GiB');
    await refused(2, /expected KEY=VALUE/, 'account', 'set', at('anna'), 'quota');
    await refused(2, /twice/, 'account', 'set', at('anna'), 'quota=1GiB', 'quota=2GiB');
    await refused(3, /Cannot find account/, 'account', 'set', at('nobody'), 'quota=1GiB');
  });

  test('set --from changes many or none', async () => {
    const file = join(folder, `${name}-settings.csv`);
    writeFileSync(
      file,
      `account,quota,line-ends\n${at('anna')},3GiB,\n${at('bram')},huge,refuse\n${at('nobody')},1GiB,\n`,
    );
    await refused(2, /line 3.*\n.*line 4/, 'account', 'set', '--from', file);
    writeFileSync(file, `account,quota,line-ends\n${at('anna')},3GiB,\n${at('bram')},4GiB,refuse\n`);
    assert.match(await done('account', 'set', '--from', file, '--dry-run'), /would change 3 settings of 2 accounts/);
    assert.equal(await done('account', 'set', '--from', file), 'Changed 3 settings of 2 accounts.\n');
    assert.match(await done('account', 'show', at('bram')), /quota +4GiB +account/);
    writeFileSync(file, `account,quota\n${at('anna')},3GiB\n${at('bram')},5GiB\n`);
    const set = ['account', 'set', '--from', file];
    assert.equal(
      await done(...set, '--dry-run'),
      'The file is right: it would change 1 setting of 1 account. 1 had them already. Nothing was changed.\n',
    );
    assert.deepEqual(await json(...set, '--reason', 'again'), {
      ...{ targets: 1, changes: 1, already: 1, applied: true },
      warnings: [],
    });
    assert.equal(await done(...set), 'Changed 0 settings of 0 accounts. 2 had them already.\n');
    await refused(2, /--dry-run without --from/, 'account', 'set', at('anna'), '--dry-run');
    await refused(2, /give one of them/, 'account', 'set', at('anna'), '--from', file);
  });
}

describe('while nobody serves', () => {
  test('commands work on the store itself', async () => {
    await done('organisation', 'add', 'alleen', '--title', 'Alleen');
    await done('account', 'add', 'ella@alleen.test', '--organisation', 'alleen', '--no-password');
    await done('account', 'set', 'ella@alleen.test', 'quota=1GiB');
    const account = await json<AccountView>('account', 'show', 'ella@alleen.test');
    assert.deepEqual(
      account.addresses.map((a) => a.address),
      ['ella@alleen.test'],
    );
    await refused(4, /alleen/, 'organisation', 'add', 'alleen');
  });

  test('two commands at once wait for each other', async () => {
    const list = (what: string): Promise<Ran> => sluis([what, 'list', '--config', config]);
    const both = await Promise.all([list('account'), list('organisation')]);
    assert.deepEqual(
      both.map((r) => r.code),
      [0, 0],
    );
  });

  test('status says that no gateway runs', async () => {
    await refused(7, /no gateway is running/, 'status');
  });
});

describe('against a running gateway', () => {
  let gateway: Running;
  before(async () => {
    gateway = start(['serve', '--config', config]);
    await gateway.until('gateway.started');
  });
  after(async () => {
    assert.equal(await gateway.end(), 0);
    assert.match(gateway.stderr(), /"event":"gateway.stopping","why":"SIGTERM"[\s\S]*"event":"gateway.stopped"/);
  });

  day('samen');

  test('status shows the listeners', async () => {
    const status = await json<{ process: number; listeners: { name: string; port: number }[] }>('status');
    assert.equal(status.process, gateway.child.pid);
    assert.deepEqual(
      status.listeners.map((l) => l.name),
      ['submission', 'submissions', 'pop3', 'pop3s'],
    );
    assert.ok(status.listeners.every((l) => l.port > 0));
    const shown = await done('status');
    assert.match(shown, /Host name: +mail\.group\.test/);
    const version = (await done('--version')).trim();
    assert(shown.includes(`Version:     ${version}\n`), shown);
    assert(gateway.stderr().includes(`"version":"${version}"`), gateway.stderr());
  });

  test('reload and SIGHUP give new sessions the new certificate, and keep the old one when the new is unusable', async () => {
    assert.match(await done('reload'), /New sessions get the certificate that is there now/);
    const certificate = join(folder, 'certs-dev', 'server.pem');
    const text = readFileSync(certificate, 'utf8');
    writeFileSync(certificate, 'nonsense');
    await refused(5, /not a PEM certificate/, 'reload');
    gateway.child.kill('SIGHUP');
    await gateway.until('tls.refused');
    writeFileSync(certificate, text);
  });

  test('a second serve on the same data is refused', async () => {
    await refused(7, /in use by process \d+ \(sluis serve\)/, 'serve');
  });

  test('what was changed, by whom and why is in the log, and no secret is', async () => {
    const log = gateway.stderr();
    assert.match(
      log,
      /"event":"admin\.done","operation":"organisation\.add","actor":"[^"]+","reason":"ticket 1","name":"samen"/,
    );
    for (const secret of [
      'cobalt giraffe lamp',
      'another secret',
      'secret-1-word',
      readFileSync(join(folder, 'samen.generated'), 'utf8').trim(),
    ])
      for (const form of [secret, Buffer.from(secret).toString('base64')]) assert.ok(!log.includes(form), form);
  });
});
