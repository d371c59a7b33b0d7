/**
 * What the running gateway does by itself for certificates: warnings in mailboxes and revocation
 * lists, day by day.
 */
import assert from 'node:assert/strict';
import { createPublicKey, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createCa, renewIssuer } from '../../src/ca/create.ts';
import { issueToAccount } from '../../src/ca/issue.ts';
import type { CaParts } from '../../src/ca/parts.ts';
import { tryToPublish } from '../../src/ca/revocation-lists.ts';
import { type CaUpkeep, startCaUpkeep } from '../../src/ca/upkeep.ts';
import { makeKeyPair } from '../../src/crypto/certificates/authority.ts';
import { authorityKeys } from '../../src/crypto/keys/authority-keys.ts';
import { type Crl, readCrl, verifyCrl } from '../../src/crypto/certificates/crl.ts';
import { readCertificate } from '../../src/crypto/certificates/certificate.ts';
import { makeCertificateRequest } from '../../src/crypto/certificates/certificate-request.ts';
import { makeName } from '../../src/crypto/certificates/distinguished-name.ts';
import { type MailKeySeals, mailKeySeals } from '../../src/crypto/keys/mail-key-seals.ts';
import { decodePem } from '../../src/crypto/certificates/pem.ts';
import type { CredentialKey } from '../../src/crypto/certificates/certificate-credential.ts';
import { addressKey } from '../../src/domain/address.ts';
import type { AccountId } from '../../src/domain/ids.ts';
import { certificateNotice } from '../../src/notices/certificates.ts';
import { NoticeWriter } from '../../src/notices/notice-writer.ts';
import { days, instant, minutes, octets } from '../../src/domain/units.ts';
import { type TestStore, address, addAccount, openTestStore, readAll } from '../support/store.ts';
import { value } from '../crypto/support.ts';

const actor = { name: 'operator' };
/** For systems, which these accounts are, warnings go elsewhere unless asked for. */
const own = { notices: 'mailbox' };

interface Setting {
  readonly s: TestStore;
  readonly parts: CaParts;
  readonly seals: MailKeySeals;
  readonly upkeep: CaUpkeep;
  /** Lets so many days pass, one by one. */
  pass(n: number): Promise<void>;
}

async function open(t: TestContext, several = false): Promise<Setting> {
  const s = await openTestStore(t);
  const master = randomBytes(32);
  const parts: CaParts = {
    store: s.store,
    clock: s.clock,
    random: randomBytes,
    keys: authorityKeys(s.options.keyFolder, async () => master, randomBytes),
    crlFile: join(s.options.keyFolder, '..', 'crl', 'sluis.pem'),
  };
  const { store, clock, log } = s;
  const operator = address('postmaster@mail.test');
  const noticeWriter = new NoticeWriter({
    ...{ store, clock, log, operator, random: randomBytes, hostname: 'mail.test', returnLimit: octets(0) },
  });
  const seals = mailKeySeals(async () => master, randomBytes);
  const upkeep = startCaUpkeep({
    ...parts,
    several,
    log,
    seals,
    endNotice: (ending) => certificateNotice(noticeWriter, ending),
  });
  t.after(() => upkeep.stop());
  s.clock.advance(minutes(1));
  await upkeep.settled();
  const pass = async (n: number): Promise<void> => {
    for (let i = 0; i < n; i += 1) {
      s.clock.advance(days(1));
      await upkeep.settled();
    }
  };
  return { s, parts, seals, upkeep, pass };
}

let made = 0;
async function addCertificate({ s }: Setting, login: string, end: number, replaces?: string): Promise<string> {
  made += 1;
  const serial = `${made}`.padStart(4, '1');
  const fingerprint = `${made}`.padStart(64, 'c');
  const now = s.clock.now();
  await s.store.certificates.addCertificate(
    login,
    {
      fingerprint,
      serial,
      issuer: 'CN=Issuing',
      use: 'login',
      subject: `CN=${login}`,
      emails: [],
      notBefore: now,
      notAfter: instant(now + days(end)),
      der: Buffer.from('x'),
      ...(replaces === undefined ? {} : { replaces }),
    },
    'issued',
    actor,
  );
  return fingerprint;
}

async function mailOf({ store }: TestStore, account: AccountId): Promise<string[]> {
  const lock = await store.lockMaildrop(account, { session: 's', network: 'n' });
  assert(lock !== 'in-use');
  const listing = await store.listMaildrop(lock);
  const texts: string[] = [];
  for (let i = 0; i < listing.count; i += 1)
    texts.push((await readAll(await store.openEntry(lock, listing.uidOf(i)))).toString());
  await store.releaseMaildrop(lock);
  return texts;
}
const subjects = (mail: readonly string[]): (string | undefined)[] =>
  mail.map((text) => /^Subject: (.*)\r$/m.exec(text)?.[1]);

test('an account is warned 60, 30 and 7 days before the end, in its own mailbox, once each', async (t) => {
  const setting = await open(t);
  const anna = await addAccount(setting.s.store, 'anna', own);
  await addCertificate(setting, 'anna', 63);
  await setting.pass(2);
  assert.deepEqual(await mailOf(setting.s, anna), []);
  await setting.pass(62);
  const mail = await mailOf(setting.s, anna);
  assert.deepEqual(subjects(mail), [
    'Uw certificaat verloopt over 60 dagen',
    'Uw certificaat verloopt over 30 dagen',
    'Uw certificaat verloopt over 7 dagen',
  ]);
  const [first] = mail;
  assert.match(first!, /^From: Sluis <postmaster@mail\.test>\r\nTo: <anna@group\.test>\r\n/);
  assert.equal(setting.s.log.names.filter((n) => n === 'certificate.ends').length, 3);
});

test('the owner of a system reads it at its contact, and a crash before it was remembered repeats nothing', async (t) => {
  const setting = await open(t);
  const { store } = setting.s;
  const lab = await addAccount(store, 'lab');
  const people = await store.registry.addAccount(
    { login: 'desk', organisation: 'practice', kind: 'mail', addresses: [address('desk@group.test')] },
    actor,
  );
  await addCertificate(setting, 'lab', 20);
  t.mock.method(store.certificates, 'noteWarned', () => Promise.reject(new Error('killed')));
  await setting.pass(2);
  assert.deepEqual(await mailOf(setting.s, lab), []);
  assert.equal((await mailOf(setting.s, people)).length, 1);
});

test('after a pause of the gateway only the most urgent warning is given', async (t) => {
  const setting = await open(t);
  const anna = await addAccount(setting.s.store, 'anna', own);
  await addCertificate(setting, 'anna', 20);
  await setting.pass(3);
  assert.deepEqual(subjects(await mailOf(setting.s, anna)), ['Uw certificaat verloopt over 19 dagen']);
});

test('an organisation that reads English is warned in English', async (t) => {
  const setting = await open(t);
  const { registry } = setting.s.store;
  await registry.addOrganisation({ name: 'expat', title: 'Expat Clinic', language: 'en' }, actor);
  const clinic = await registry.addAccount(
    { login: 'clinic', organisation: 'expat', kind: 'mail', addresses: [address('clinic@group.test')] },
    actor,
  );
  await addCertificate(setting, 'clinic', 5);
  await setting.pass(1);
  assert.deepEqual(subjects(await mailOf(setting.s, clinic)), ['Your certificate expires in 4 days']);
});

test('nobody is warned of a certificate that was replaced or revoked, or of a suspended account', async (t) => {
  const setting = await open(t);
  const { store } = setting.s;
  const anna = await addAccount(store, 'anna', own);
  const old = await addCertificate(setting, 'anna', 20);
  await addCertificate(setting, 'anna', 700, old);
  await store.certificates.revokeCertificate(await addCertificate(setting, 'anna', 20), 'superseded', actor);
  const bert = await addAccount(store, 'bert', own);
  await addCertificate(setting, 'bert', 20);
  await store.registry.setAccountState('bert', 'suspended', actor);
  await setting.pass(2);
  assert.deepEqual([await mailOf(setting.s, anna), await mailOf(setting.s, bert)], [[], []]);
  await store.registry.setAccountState('bert', 'active', actor);
  await setting.pass(1);
  assert.equal((await mailOf(setting.s, bert)).length, 1);
});

test('a certificate of another workplace of the same account silences nothing', async (t) => {
  const setting = await open(t);
  const anna = await addAccount(setting.s.store, 'anna', own);
  await addCertificate(setting, 'anna', 20);
  await addCertificate(setting, 'anna', 700);
  await setting.pass(1);
  assert.equal((await mailOf(setting.s, anna)).length, 1);
});

test('a warning that cannot be filed is given as soon as it can, also into a full mailbox', async (t) => {
  const setting = await open(t);
  const { store, log } = setting.s;
  const anna = await addAccount(store, 'anna', { ...own, quota: 10 });
  await addCertificate(setting, 'anna', 20);
  const accept = store.accept.bind(store);
  store.accept = (message) =>
    Promise.resolve({ kind: 'refused', why: 'gone', address: message.recipients[0]!.address } as const);
  await setting.pass(2);
  assert.deepEqual(await mailOf(setting.s, anna), []);
  assert.equal(log.names.filter((name) => name === 'certificate.warning-refused').length, 2);
  store.accept = accept;
  await setting.pass(2);
  assert.equal((await mailOf(setting.s, anna)).length, 1, 'no mailbox is too full for it');
});

test('revocation lists are written every day, each with a higher number and a week to go', async (t) => {
  const setting = await open(t);
  const { parts, s } = setting;
  const file = parts.crlFile!;
  assert.equal(existsSync(file), false, 'without an authority there is no list');
  const ca = await createCa(parts, { organisation: 'Zorggroep', kind: 'p256' }, actor);
  const listNow = async (): Promise<Crl> => {
    const [block] = value(decodePem(readFileSync(file, 'latin1')));
    const crl = value(await readCrl(block!.octets));
    assert.ok((await verifyCrl(crl, ca.issuing)).ok);
    return crl;
  };
  await setting.pass(1);
  const first = await listNow();
  await setting.pass(1);
  const second = await listNow();
  assert.ok(second.nextUpdate! - s.clock.now() > days(6.9));
  assert.ok(second.number! > first.number!);
  // A list that cannot be made leaves the old one, and the day after is another try.
  const issuing = value(readCertificate(ca.issuing.der));
  const key = join(s.options.keyFolder, 'ca', `${issuing.fingerprint}.key`);
  const kept = readFileSync(key);
  rmSync(key);
  await setting.pass(1);
  assert.equal(s.log.names.at(-1), 'ca.upkeep-failed');
  assert.equal((await listNow()).number, second.number);
  writeFileSync(key, kept, { mode: 0o600 });
  await setting.pass(1);
  assert.ok((await listNow()).number! > second.number!);
});

test('an older authority that lost its key stops nobody else, and its last list stays as long as it holds', async (t) => {
  const setting = await open(t);
  const { parts, s } = setting;
  const file = parts.crlFile!;
  const first = value(
    readCertificate((await createCa(parts, { organisation: 'Zorggroep', kind: 'p256' }, actor)).issuing.der),
  );
  await setting.pass(1);
  await renewIssuer(parts, { kind: 'p256' }, actor);
  const numbers = async (): Promise<(string | undefined)[]> => {
    const blocks = value(decodePem(readFileSync(file, 'latin1')));
    return await Promise.all(blocks.map(async ({ octets }) => value(await readCrl(octets)).number));
  };
  await setting.pass(1);
  const [newer, older] = await numbers();
  rmSync(join(s.options.keyFolder, 'ca', `${first.fingerprint}.key`));
  await setting.pass(1);
  assert.deepEqual(s.log.names.slice(-2), ['ca.lists-written', 'ca.upkeep-failed']);
  assert.match(
    String(s.log.events.at(-1)?.fields.why),
    /no new revocation list of ".*" \(The key of the issuing authority/,
  );
  const [newest, kept] = await numbers();
  assert.ok(newest! > newer!, 'the authority that issues has a new list');
  assert.equal(kept, older, 'the other one keeps its last');
  assert.match((await tryToPublish(parts)) ?? '', /no new revocation list of/);
});

test('lists are published one after another, and the last one has every revocation', async (t) => {
  const setting = await open(t);
  const { parts, s } = setting;
  await addAccount(s.store, 'anna');
  await createCa(parts, { organisation: 'Zorggroep', kind: 'p256' }, actor);
  const issuing = (await s.store.certificates.listAuthorities()).find((a) => a.role === 'issuing')!;
  const serials: string[] = [];
  const all = Array.from({ length: 12 }, async (_, i) => {
    const serial = (0x1000 + i).toString(16);
    const fingerprint = serial.padStart(64, 'd');
    serials.push(serial);
    const now = s.clock.now();
    const dates = { notBefore: now, notAfter: instant(now + days(100)) };
    const rest = { issuer: 'CN=I', use: 'mail' as const, subject: 'CN=x', emails: [], der: Buffer.from('x') };
    const certificate = { fingerprint, serial, authority: issuing.id, ...dates, ...rest };
    await s.store.certificates.addCertificate('anna', certificate, 'issued', actor);
    await s.store.certificates.revokeCertificate(fingerprint, 'superseded', actor);
    assert.equal(await tryToPublish(parts), undefined);
    const [block] = value(decodePem(readFileSync(parts.crlFile!, 'latin1')));
    assert.notEqual(value(await readCrl(block!.octets)).find(serial), undefined, 'whoever waited finds his own');
  });
  await Promise.all(all);
  const [block] = value(decodePem(readFileSync(parts.crlFile!, 'latin1')));
  const crl = value(await readCrl(block!.octets));
  assert.equal(crl.size, serials.length);
  const [now] = (await s.store.certificates.listAuthorities()).filter((a) => a.id === issuing.id);
  assert.equal(now!.crlNumber, Number.parseInt(crl.number!, 16), 'what is there is the newest');
  assert.ok(now!.crlNumber < serials.length, 'those who wait share one');
});

test('where several gateways share the store a revocation at another one is on the list here within a minute', async (t) => {
  for (const several of [true, false]) {
    const setting = await open(t, several);
    const { parts, s, upkeep } = setting;
    await addAccount(s.store, 'anna');
    await createCa(parts, { organisation: 'Zorggroep', kind: 'p256' }, actor);
    const issuing = (await s.store.certificates.listAuthorities()).find((a) => a.role === 'issuing')!;
    const minute = async (): Promise<void> => {
      s.clock.advance(minutes(1));
      await upkeep.settled();
    };
    await setting.pass(1);
    await minute();
    const numbers = async () =>
      (await s.store.certificates.listAuthorities()).find((a) => a.id === issuing.id)!.crlNumber;
    const before = await numbers();
    await minute();
    assert.equal(await numbers(), before, 'nothing is written while nothing changes');
    const [serial, fingerprint] = ['1001', '1001'.padStart(64, 'd')];
    const dates = { notBefore: s.clock.now(), notAfter: instant(s.clock.now() + days(100)) };
    const rest = { issuer: 'CN=I', use: 'mail' as const, subject: 'CN=x', emails: [], der: Buffer.from('x') };
    const certificate = { fingerprint, serial, authority: issuing.id, ...dates, ...rest };
    await s.store.certificates.addCertificate('anna', certificate, 'issued', actor);
    await s.store.certificates.revokeCertificate(fingerprint, 'superseded', actor);
    await minute();
    const [block] = value(decodePem(readFileSync(parts.crlFile!, 'latin1')));
    const found = value(await readCrl(block!.octets)).find(serial);
    assert.equal(found !== undefined, several, 'one gateway alone writes it with the command that revokes');
  }
});

test('a revocation stands although the list cannot be written, and says so', async (t) => {
  const { parts } = await open(t);
  await createCa(parts, { organisation: 'Zorggroep', kind: 'p256' }, actor);
  // A folder where the file should be.
  mkdirSync(parts.crlFile!, { recursive: true });
  assert.match((await tryToPublish(parts)) ?? '', /could not be written .*EISDIR/);
  rmdirSync(parts.crlFile!);
  assert.equal(await tryToPublish(parts), undefined, 'one failure stops nothing');
});

/** One for mail that ends in so many days; `held`: the gateway has its key. */
async function issueMail({ s, parts, seals }: Setting, login: string, end: number, held: boolean): Promise<string> {
  const keys = await makeKeyPair('p256');
  const request = await makeCertificateRequest(keys, { subject: makeName({ commonName: 'x' }) });
  const notAfter = instant(s.clock.now() + days(end));
  const { certificate } = await issueToAccount(
    parts,
    {
      ...{ login, use: 'mail', request, notAfter },
      ...(held ? { keep: (made) => seals.seal(made.fingerprint, keys.privateKey) } : {}),
    },
    actor,
  );
  return certificate.fingerprint;
}

test('a mail certificate whose key is held is renewed with a new key before anybody is warned; the old key stays', async (t) => {
  const setting = await open(t);
  const { s, parts } = setting;
  await createCa(parts, { organisation: 'Group', kind: 'p256' }, actor);
  const anna = await addAccount(s.store, 'anna', own);
  const bert = await addAccount(s.store, 'bert', own);
  await addAccount(s.store, 'gone', own);
  const first = await issueMail(setting, 'anna', 65, true);
  await issueMail(setting, 'bert', 65, false);
  await issueMail(setting, 'gone', 65, true);
  await s.store.registry.setAddressState(address('gone@group.test'), 'suspended', actor);
  await setting.pass(8);
  const held = async (): Promise<readonly string[]> => {
    const { certificates } = await s.store.certificates.findMail(addressKey(address('anna@group.test')));
    for (const { fingerprint, sealedKey, der } of certificates) {
      const key = value(await setting.seals.open(fingerprint, sealedKey!));
      assert(value(readCertificate(Buffer.from(der))).publicKey.equals(createPublicKey(key)));
    }
    return certificates.map(({ fingerprint }) => fingerprint);
  };
  const [second, old, ...none] = await held();
  assert.deepEqual([old, none], [first, []]);
  const [renewed] = await s.store.certificates.findCertificates(second!);
  assert.deepEqual([renewed?.replaces, renewed?.emails, renewed?.keyHeld], [first, ['anna@group.test'], true]);
  assert(renewed!.notAfter > s.clock.now() + days(700));
  assert.deepEqual(await mailOf(s, anna), []);
  assert.equal((await mailOf(s, bert)).length, 1, 'nobody but its owner can renew this one');
  const told = s.log.events.filter(({ event }) => event === 'certificate.renewed');
  assert.deepEqual(
    told.map(({ fields }) => [fields.account, fields.serial]),
    [['anna', renewed?.serial]],
  );
  await setting.pass(60);
  assert.equal((await held()).length, 2, 'once');
});

test('a renewal that fails is told of, keeps no other from it, and is tried again', async (t) => {
  const setting = await open(t);
  const { s, parts } = setting;
  await createCa(parts, { organisation: 'Group', kind: 'p256' }, actor);
  for (const login of ['anna', 'bert']) {
    await addAccount(s.store, login, own);
    await issueMail(setting, login, login === 'anna' ? 60.5 : 61, true);
  }
  const { certificates } = s.store;
  const { addCertificate: add } = certificates;
  const failing = t.mock.method(certificates, 'addCertificate', (...args: Parameters<typeof add>) =>
    args[0] === 'anna' ? Promise.reject(new Error('disk')) : add(...args),
  );
  await setting.pass(1);
  const names = (): string[] => s.log.names.filter((name) => name.startsWith('certificate.renew'));
  assert.deepEqual(names(), ['certificate.renewal-failed', 'certificate.renewed']);
  failing.mock.restore();
  await setting.pass(1);
  assert.deepEqual(names().slice(2), ['certificate.renewed']);
});

test("a customer's own certificate, registered for login alone, is warned of like others, until another takes its place", async (t) => {
  const setting = await open(t);
  const { store, clock, log } = setting.s;
  const anna = await addAccount(store, 'anna', own);
  const register = (name: string, ends: number): Promise<void> =>
    store.registry.addCertificate(
      'anna',
      {
        ...{ name, key: `fp:${name.repeat(64)}` as CredentialKey, fingerprint: name.repeat(64) },
        ...{ about: 'CN=Anna, issued by CN=UZI', notBefore: clock.now(), notAfter: instant(clock.now() + days(ends)) },
      },
      actor,
    );
  await register('a', 63);
  await setting.pass(34);
  const warned = (): unknown =>
    log.events.filter(({ event }) => event === 'certificate.ends').map((e) => e.fields.days);
  assert.deepEqual(warned(), [60, 30]);
  assert.deepEqual(subjects(await mailOf(setting.s, anna)), [
    'Uw certificaat verloopt over 60 dagen',
    'Uw certificaat verloopt over 30 dagen',
  ]);
  // In the one list, beside what was issued; found by its fingerprint, and revoked there.
  await addCertificate(setting, 'anna', 20);
  const within = { limit: 10, endsFrom: clock.now(), endsBefore: instant(clock.now() + days(31)) };
  const list = async (): Promise<unknown[]> =>
    (await store.certificates.listCertificates(within)).map((c) => [c.registered ?? false, c.replaced]);
  assert.deepEqual(await list(), [
    [false, false],
    [true, false],
  ]);
  await register('b', 400);
  assert.deepEqual((await list())[1], [true, true]);
  await setting.pass(24);
  assert.deepEqual(warned(), [60, 30, 30, 7], 'the last two: only the one that was issued');
  await store.certificates.revokeCertificate('b'.repeat(64), 'cessationOfOperation', actor);
  const [revoked] = await store.certificates.findCertificates('b'.repeat(64));
  assert.ok(revoked?.revoked !== undefined);
  await assert.rejects(store.certificates.revokeCertificate('b'.repeat(64), 'unspecified', actor), /revoked already/);
  const found = await store.registry.findCertificate([`fp:${'b'.repeat(64)}` as CredentialKey]);
  assert.ok(found?.certificate.revokedAt !== undefined, 'and it logs nobody in');
});
