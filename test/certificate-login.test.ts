/**
 * Client certificates over the whole gateway: what each protocol offers, takes and refuses, and
 * what the log then says.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { type MatchChoice, registrationOf } from '../src/crypto/certificates/certificate-register.ts';
import type { SettingChanges } from '../src/store/registry.ts';
import { type ClientAuthority, type ClientCertificate, makeClientAuthority } from './support/client-certificates.ts';
import { type TestGateway, addressOf, passwordOf, startTestGateway } from './support/gateway.ts';
import { type TranscriptOptions, runTranscript } from './support/transcript.ts';
import { days, instant } from '../src/domain/units.ts';
import { certificatePem } from '../src/crypto/certificates/certificate.ts';
import { makeCrl } from '../src/crypto/certificates/crl-issue.ts';
import { Oid } from '../src/crypto/certificates/oids.ts';
import { value } from './crypto/support.ts';

const actor = { name: 'test' };
let gateway: TestGateway;
let authority: ClientAuthority;
let strangers: ClientAuthority;

before(async () => {
  authority = await makeClientAuthority('Ours');
  strangers = await makeClientAuthority('Strangers');
  const accounts = [
    'anna',
    'bert',
    'cora',
    'dora',
    'erna',
    'frits',
    'gijs',
    'hans',
    'ida',
    'joop',
    'kees',
    'lies',
    'maria',
    'nora',
  ];
  gateway = await startTestGateway({ accounts, clientAuthorities: authority.root });
});
after(() => gateway.remove());

const register = async (
  account: string,
  shown: ClientCertificate,
  choice: MatchChoice = { match: 'pin' },
  name = 'first',
): Promise<void> => {
  const { leaf } = shown;
  const registration = value(registrationOf(leaf, choice));
  await gateway.store.registry.addCertificate(addressOf(account), { ...registration, name }, actor);
};
const set = (account: string, changes: SettingChanges): Promise<void> =>
  gateway.store.registry.changeSettings({ scope: 'account', login: addressOf(account) }, changes, actor);

type Extra = Pick<TranscriptOptions, 'client' | 'sessions' | 'directives'>;
const smtp = (text: string, extra: Extra): Promise<void> =>
  runTranscript(`S: 220 *\nC: EHLO client.test\nS... 250 *\n@starttls\n${text}`, {
    ...gateway.transcript('submission'),
    ...extra,
  });
const pop3 = (text: string, extra: Extra): Promise<void> =>
  runTranscript(`S: +OK *\n@starttls\n${text}`, { ...gateway.transcript('pop3'), ...extra });

const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');
const HELLO = 'C: EHLO client.test\nS... 250 *\n';

/**
 * The reason in the newest line about a refused certificate, and that the line names the
 * certificate.
 */
const lastRefusal = (certificate?: ClientCertificate): unknown => {
  const line = gateway.log.events.findLast((e) => e.event === 'auth.certificate_refused');
  if (certificate !== undefined) assert.equal(line?.fields.fingerprint, certificate.leaf.fingerprint);
  return line?.fields.reason;
};

test('EXTERNAL logs in over SMTP, with and without initial response, and is offered only to a known certificate', async () => {
  const known = await authority.issue('anna');
  await register('anna', known);
  const login = addressOf('anna');
  for (const dialog of [
    'C: AUTH EXTERNAL =\nS: 235 2.7.0 *',
    `C: AUTH EXTERNAL ${base64(login)}\nS: 235 2.7.0 *`,
    `C: auth external ${base64(login.toUpperCase())}\nS: 235 2.7.0 *`,
    'C: AUTH EXTERNAL\nS: 334 \nC:\nS: 235 2.7.0 *',
    `C: AUTH EXTERNAL\nS: 334 \nC: ${base64(login)}\nS: 235 2.7.0 *`,
    'C: AUTH EXTERNAL\nS: 334 \nC: *\nS: 501 5.7.0 *\nC: AUTH EXTERNAL =\nS: 235 2.7.0 *',
    'C: AUTH EXTERNAL %%\nS: 501 5.5.2 *\nC: AUTH EXTERNAL =\nS: 235 2.7.0 *',
  ])
    await smtp(
      `C: EHLO client.test\nS... 250 AUTH PLAIN LOGIN EXTERNAL\n${dialog}\nC: MAIL FROM:<${login}>\nS: 250 2.1.0 *\nC: AUTH EXTERNAL =\nS: 503 5.5.1 *`,
      { client: known },
    );
  const unknown = await authority.issue('nobody');
  await smtp('C: EHLO client.test\nS... 250 AUTH PLAIN LOGIN\nC: AUTH EXTERNAL =\nS: 535 5.7.8 *', { client: unknown });
  await smtp(
    'C: EHLO client.test\nS... 250 AUTH PLAIN LOGIN\nC: AUTH EXTERNAL =\nS: 535 5.7.8 *no client certificate was shown*',
    {},
  );
  const found = await gateway.store.registry.findAccount(login);
  assert.notEqual(found?.certificates[0]?.lastUsedAt, undefined);
  assert(gateway.log.events.some((e) => e.event === 'smtp.login' && e.fields.by === 'certificate'));
});

test('EXTERNAL logs in over POP3, with and without initial response, and is offered only to a known certificate', async () => {
  const known = await authority.issue('bert');
  await register('bert', known);
  const login = addressOf('bert');
  for (const dialog of [
    'C: AUTH EXTERNAL =\nS: +OK *',
    `C: AUTH EXTERNAL ${base64(login)}\nS: +OK *`,
    'C: AUTH EXTERNAL\nS: + \nC:\nS: +OK *',
    `C: AUTH EXTERNAL\nS: + \nC: ${base64(login)}\nS: +OK *`,
    'C: AUTH EXTERNAL\nS: + \nC: *\nS: -ERR *\nC: AUTH EXTERNAL =\nS: +OK *',
  ])
    await pop3(
      `C: CAPA\nS... SASL PLAIN LOGIN EXTERNAL\nS... .\nC: AUTH\nS... EXTERNAL\nS: .\n${dialog}\nC: STAT\nS: +OK 0 0\nC: QUIT\nS: +OK *`,
      { client: known },
    );
  const unknown = await authority.issue('nobody');
  await pop3('C: CAPA\nS... SASL PLAIN LOGIN\nS... .\nC: AUTH EXTERNAL =\nS: -ERR [AUTH] *', { client: unknown });
  await pop3('C: CAPA\nS... SASL PLAIN LOGIN\nS... .\nC: AUTH EXTERNAL =\nS: -ERR [AUTH] no client certificate *', {});
});

test('what may not log in is refused on both protocols, and the log says why', async () => {
  const now = Date.now();
  const issued: readonly (readonly [string, ClientCertificate, MatchChoice | undefined])[] = [
    ['no-issuer', await strangers.issue('cora'), { match: 'subject' }],
    ['bad-signature', await authority.issue('cora forged', { forged: true }), { match: 'subject' }],
    [
      'expired',
      await authority.issue('cora past', { notBefore: now - days(9), notAfter: now - days(1) }),
      { match: 'pin' },
    ],
    ['not-yet-valid', await authority.issue('cora future', { notBefore: now + days(1) }), { match: 'pin' }],
    ['extended-key-usage', await authority.issue('cora mail', { purpose: Oid.emailProtection }), { match: 'pin' }],
    ['unregistered', await authority.issue('cora unregistered'), undefined],
    ['no-issuer', await authority.issue('cora alone', { selfSigned: true }), undefined],
  ];
  for (const [reason, client, choice] of issued) {
    if (choice !== undefined) await register('cora', client, choice, reason);
    await smtp(`C: EHLO client.test\nS... 250 AUTH PLAIN LOGIN\nC: AUTH EXTERNAL =\nS: 535 5.7.8 *`, { client });
    assert.equal(lastRefusal(client), reason);
    await pop3('C: CAPA\nS... SASL PLAIN LOGIN\nS... .\nC: AUTH EXTERNAL =\nS: -ERR [AUTH] *', { client });
    assert.equal(lastRefusal(client), reason);
  }
});

test('a certificate registered by its fingerprint needs no authority', async () => {
  const client = await strangers.issue('dora', { selfSigned: true });
  await register('dora', client);
  await smtp(`${HELLO}C: AUTH EXTERNAL =\nS: 235 *`, { client });
});

test('a renewed certificate is taken where its subject or its address is registered', async () => {
  const first = await authority.issue('erna', { email: addressOf('erna') });
  await register('erna', first, { match: 'subject' }, 'by subject');
  const renewed = await authority.issue('erna', { notAfter: Date.now() + days(300) });
  assert.notEqual(renewed.leaf.fingerprint, first.leaf.fingerprint);
  await smtp(`${HELLO}C: AUTH EXTERNAL =\nS: 235 *`, { client: renewed });
  await register('erna', first, { match: 'san' }, 'by address');
  await pop3('C: AUTH EXTERNAL =\nS: +OK *', {
    client: await authority.issue('erna new', { email: addressOf('erna') }),
  });
});

test('nobody acts for another account', async () => {
  const client = await authority.issue('frits');
  await register('frits', client);
  const foreign = base64(addressOf('anna'));
  await smtp(
    `${HELLO}C: AUTH EXTERNAL ${foreign}\nS: 535 5.7.8 *\nC: AUTH EXTERNAL\nS: 334 \nC: ${foreign}\nS: 535 5.7.8 *`,
    {
      client,
    },
  );
  assert.equal(lastRefusal(client), 'foreign-identity');
  await pop3(`C: AUTH EXTERNAL ${foreign}\nS: -ERR [AUTH] *`, { client });
  // Not even with that account's password: the certificate says who is here.
  await smtp(`${HELLO}@base64 C: AUTH PLAIN {{\\0${addressOf('anna')}\\0${passwordOf('anna')}}}\nS: 535 5.7.8 *`, {
    client,
  });
  await pop3(`C: USER ${addressOf('anna')}\nS: +OK *\nC: PASS ${passwordOf('anna')}\nS: -ERR [AUTH] *`, { client });
  assert(gateway.log.events.some((e) => e.event === 'auth.failed' && e.fields.reason === 'other-certificate'));
});

test('revocation holds at once: at the next MAIL, for a resumed TLS session, and in an open maildrop', async () => {
  const client = await authority.issue('gijs');
  const login = addressOf('gijs');
  await register('gijs', client, { match: 'subject' });
  const [inSmtp, inPop3] = [{}, {}] as { kept?: Buffer; resumed?: boolean }[];
  for (const resumed of [false, true]) {
    await smtp(`${HELLO}C: AUTH EXTERNAL =\nS: 235 *`, { client, sessions: inSmtp! });
    await pop3('C: AUTH EXTERNAL =\nS: +OK *\nC: QUIT\nS: +OK *', { client, sessions: inPop3! });
    assert.deepEqual([inSmtp!.resumed, inPop3!.resumed], [resumed, resumed]);
  }
  const revoke = (): Promise<void> => gateway.store.registry.revokeCertificate(login, 'first', actor);
  await pop3('C: AUTH EXTERNAL =\nS: +OK *\n@mail\n@closed', {
    client,
    directives: {
      mail: () =>
        smtp(
          `${HELLO}C: AUTH EXTERNAL =\nS: 235 *\nC: MAIL FROM:<${login}>\nS: 250 *\nC: RSET\nS: 250 *\n@revoke\nC: MAIL FROM:<${login}>\nS: 550 5.7.1 *`,
          { client, directives: { revoke } },
        ),
    },
  });
  assert.equal(lastRefusal(client), 'revoked');
  await smtp(`${HELLO}C: AUTH EXTERNAL =\nS: 535 5.7.8 *`, { client, sessions: inSmtp! });
  await pop3('C: AUTH EXTERNAL =\nS: -ERR [AUTH] *', { client, sessions: inPop3! });
  assert.deepEqual([inSmtp!.resumed, inPop3!.resumed], [true, true]);
});

test('a client that never sends AUTH is logged in at its first MAIL or STAT, where its account allows', async () => {
  const client = await authority.issue('hans');
  const login = addressOf('hans');
  await register('hans', client);
  const mail = `C: MAIL FROM:<${login}>\n`;
  await smtp(`${HELLO}${mail}S: 530 5.7.0 *`, { client });
  assert.equal(lastRefusal(client), 'implicit-off');
  await pop3('C: STAT\nS: -ERR *\nC: AUTH EXTERNAL =\nS: +OK *', { client });
  await set('hans', { 'implicit-login': true });
  // AUTH stays offered until then, and is not afterwards.
  await smtp(
    `C: EHLO client.test\nS... 250 AUTH PLAIN LOGIN EXTERNAL\n${mail}S: 250 2.1.0 *\nC: RCPT TO:<${login}>\nS: 250 2.1.5 *\nC: DATA\nS: 354 *\nC: From: <${login}>\nC:\nC: hello\nC: .\nS: 250 2.0.0 accepted as *\nC: AUTH EXTERNAL =\nS: 503 *`,
    { client },
  );
  await pop3('C: CAPA\nS... SASL PLAIN LOGIN EXTERNAL\nS... .\nC: STAT\nS: +OK 1 *\nC: QUIT\nS: +OK *', { client });
  await pop3('C: LIST\nS: +OK *\nS... .\nC: USER x\nS: -ERR already *', { client });
  // Another certificate, a wrong address, or none at all.
  await smtp(`${HELLO}${mail}S: 530 *`, { client: await authority.issue('nobody') });
  await smtp(`${HELLO}${mail}S: 530 *`, {});
  await smtp(`${HELLO}C: MAIL FROM:<${addressOf('anna')}>\nS: 550 *`, { client });
  await smtp(`${mail}S: 503 *`, { client });
});

test('whoever failed to log in by password is not let in by the certificate alone', async () => {
  const client = await authority.issue('ida');
  await register('ida', client);
  await set('ida', { 'implicit-login': true });
  await smtp(
    `${HELLO}@base64 C: AUTH PLAIN {{\\0${addressOf('anna')}\\0wrong}}\nS: 535 *\nC: MAIL FROM:<${addressOf('ida')}>\nS: 530 *`,
    { client },
  );
  await pop3(
    `C: USER ${addressOf('anna')}\nS: +OK *\nC: STAT\nS: -ERR log in first / Log eerst in; zet in het mailprogramma verificatie aan`,
    { client },
  );
});

test('an account logs in by what its setting says', async () => {
  const client = await authority.issue('joop');
  const login = addressOf('joop');
  await register('joop', client);
  await set('joop', { 'implicit-login': true });
  const plain = `@base64 C: AUTH PLAIN {{\\0${login}\\0${passwordOf('joop')}}}\n`;
  const external = 'C: AUTH EXTERNAL =\n';
  const implicit = `C: MAIL FROM:<${login}>\n`;
  const stranger = await strangers.issue('joop');
  // setting, certificate shown, dialog, reply
  const table: readonly (readonly [string, ClientCertificate | undefined, string, string])[] = [
    ['either', client, plain, '235'],
    ['either', undefined, plain, '235'],
    ['either', stranger, plain, '235'],
    ['either', client, external, '235'],
    ['either', client, implicit, '250'],
    ['password', client, plain, '235'],
    ['password', undefined, plain, '235'],
    ['password', client, external, '535'],
    ['password', client, implicit, '530'],
    ['certificate', client, external, '235'],
    ['certificate', client, implicit, '250'],
    ['certificate', client, plain, '535'],
    ['certificate', undefined, plain, '535'],
    ['both', client, plain, '235'],
    ['both', undefined, plain, '535'],
    ['both', stranger, plain, '535'],
    ['both', client, external, '535'],
    ['both', client, implicit, '530'],
  ];
  for (const [login, shown, dialog, reply] of table) {
    await set('joop', { login });
    await smtp(`${HELLO}${dialog}S: ${reply} *`, shown === undefined ? {} : { client: shown }).catch(
      (error: unknown) => {
        throw new Error(`login=${login}, ${shown === undefined ? 'no' : 'a'} certificate, ${dialog}`, { cause: error });
      },
    );
  }
});

test('under "both" a revoked certificate ends what the password began', async () => {
  const client = await authority.issue('kees');
  const login = addressOf('kees');
  await register('kees', client);
  await set('kees', { login: 'both' });
  const revoke = (): Promise<void> => gateway.store.registry.revokeCertificate(login, 'first', actor);
  await smtp(
    `${HELLO}@auth ${login} ${passwordOf('kees')}\nC: MAIL FROM:<${login}>\nS: 250 *\nC: RSET\nS: 250 *\n@revoke\nC: MAIL FROM:<${login}>\nS: 550 5.7.1 *`,
    { client, directives: { revoke } },
  );
});

test('certificates log in after a reload as before', async () => {
  const client = await authority.issue('maria');
  await register('maria', client);
  await gateway.reloadTls();
  await smtp(`${HELLO}C: AUTH EXTERNAL =\nS: 235 *`, { client });
  await pop3('C: AUTH EXTERNAL =\nS: +OK *', { client });
  await runTranscript(`@tls\nS: 220 *\n${HELLO}C: AUTH EXTERNAL =\nS: 235 *`, {
    ...gateway.transcript('submissions'),
    client,
  });
  await runTranscript('@tls\nS: +OK *\nC: AUTH EXTERNAL =\nS: +OK *', { ...gateway.transcript('pop3s'), client });
});

test('a revocation list of the issuer holds once its file is there, also for a session that is open', async () => {
  const list = join(gateway.folder, 'issuing.crl');
  const client = await authority.issue('nora');
  await register('nora', client);
  const publish = async (number: number, revoked: readonly string[]): Promise<void> => {
    const now = Date.now();
    const crl = await makeCrl(authority.issuing, {
      number,
      thisUpdate: instant(now),
      nextUpdate: instant(now + days(7)),
      revoked: revoked.map((serial) => ({ serial, at: instant(now), reason: 'keyCompromise' })),
    });
    writeFileSync(list, crl);
    await gateway.reloadTls();
  };
  const login = addressOf('nora');
  const other = await startTestGateway({
    accounts: ['nora', 'oscar'],
    clientAuthorities: `${authority.root}${certificatePem(authority.issuing.certificate)}`,
    revocationLists: [list],
  });
  const ours = gateway;
  gateway = other;
  try {
    await register('nora', client, { match: 'subject' });
    // No list yet: nobody can tell, so it does not pass.
    await smtp(`${HELLO}C: AUTH EXTERNAL =\nS: 535 *`, { client });
    assert.equal(lastRefusal(client), 'revocation-unknown');
    await publish(1, []);
    const mail = `C: MAIL FROM:<${login}>\n`;
    await smtp(
      `${HELLO}C: AUTH EXTERNAL =\nS: 235 *\n${mail}S: 250 *\nC: RSET\nS: 250 *\n@revoke\n${mail}S: 550 5.7.1 *`,
      {
        client,
        directives: { revoke: () => publish(2, [client.leaf.serial]) },
      },
    );
    assert.equal(lastRefusal(client), 'revoked');
    await pop3('C: AUTH EXTERNAL =\nS: -ERR [AUTH] *', { client });
    // A maildrop that is open ends without another command; that of a certificate the list does not
    // name goes on.
    const [second, third] = [await authority.issue('nora'), await authority.issue('oscar')];
    await register('oscar', third, { match: 'subject' });
    await pop3('C: AUTH EXTERNAL =\nS: +OK *\n@other\n@closed', {
      client: second,
      directives: {
        other: () =>
          pop3('C: AUTH EXTERNAL =\nS: +OK *\n@revoke\nC: STAT\nS: +OK 0 0\nC: QUIT\nS: +OK *', {
            client: third,
            directives: { revoke: () => publish(3, [client.leaf.serial, second.leaf.serial]) },
          }),
      },
    });
    assert.equal(lastRefusal(second), 'revoked');
  } finally {
    gateway = ours;
    await other.remove();
  }
});

test('a suspended account is not entered with its certificate', async () => {
  const client = await authority.issue('lies');
  await register('lies', client);
  await gateway.store.registry.setAccountState(addressOf('lies'), 'suspended', actor);
  await smtp(`C: EHLO client.test\nS... 250 AUTH PLAIN LOGIN\nC: AUTH EXTERNAL =\nS: 535 5.7.8 *`, { client });
  assert.equal(lastRefusal(client), 'suspended');
});
