/**
 * What every store must do for authorities, issued certificates and enrolment codes: the promises
 * of src/store/certificates.ts.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test, { type TestContext } from 'node:test';
import { addressKey } from '../../src/domain/address.ts';
import type { AccountId } from '../../src/domain/ids.ts';
import { days, instant, minutes } from '../../src/domain/units.ts';
import type {
  CertificateEnrolment,
  NewAccountCertificate,
  NewAuthority,
  PasswordEnrolment,
} from '../../src/store/certificates.ts';
import { RegistryError } from '../../src/store/registry.ts';
import { acceptanceOf, addAccount, address, deliver, sealBody } from '../support/store.ts';
import type { ContractStore } from './contract.ts';

const actor = { name: 'operator', reason: 'test' };
const shown = { for: 'certificate', actor } as const;
const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

export function caContract(name: string, open: (t: TestContext) => Promise<ContractStore>): void {
  const promise = (text: string, run: (s: ContractStore) => Promise<void>): void => {
    test(`${name}: ${text}`, async (t) => run(await open(t)));
  };
  const refused = (kind: RegistryError['kind'], text: RegExp) => (error: unknown) => {
    assert(error instanceof RegistryError, String(error));
    assert.equal(error.kind, kind);
    assert.match(error.message, text);
    return true;
  };
  const events = async ({ store }: ContractStore): Promise<string[]> =>
    (await store.audit.read({ limit: 1000 }))
      .map((row) => row.event)
      .filter((event) => /^(authority|certificate)\./.test(event));

  const authority = (role: NewAuthority['role'], label: string, now: number): NewAuthority => ({
    role,
    fingerprint: digest(label),
    notAfter: instant(now + days(1000)),
    der: Buffer.from(label),
  });
  const certificate = (
    label: string,
    now: number,
    more: Partial<NewAccountCertificate> = {},
  ): NewAccountCertificate => ({
    fingerprint: digest(label),
    serial: digest(`serial ${label}`).slice(0, 32).replace(/^0+/, '1'),
    issuer: 'CN=Issuing',
    use: 'login',
    subject: `CN=${label}`,
    emails: [`${label}@group.test`],
    notBefore: instant(now),
    notAfter: instant(now + days(100)),
    der: Buffer.from(label),
    ...more,
  });
  const enrolment = (
    id: string,
    secret: string,
    now: number,
    more: Partial<CertificateEnrolment> = {},
  ): CertificateEnrolment => ({
    id,
    hash: Buffer.from(digest(secret), 'hex'),
    login: 'anna',
    use: 'login',
    notAfter: instant(now + days(700)),
    expiresAt: instant(now + days(30)),
    tries: 3,
    ...more,
  });
  const hash = (secret: string): Buffer => Buffer.from(digest(secret), 'hex');

  promise('the newest root and issuing authority are the current ones, also after a restart', async (s) => {
    const now = s.clock.now();
    const { certificates } = s.store;
    await certificates.addAuthorities(
      [authority('root', 'R1', now), authority('issuing', 'I1', now)],
      'created',
      actor,
    );
    await assert.rejects(
      certificates.addAuthorities([authority('root', 'R2', now)], 'created', actor),
      refused('exists', /already/),
    );
    await certificates.addAuthorities(
      [authority('root', 'R2', now), authority('cross', 'X', now), authority('issuing', 'I2', now)],
      'root-renewed',
      actor,
    );
    const again = await s.reopen();
    const shown = await again.store.certificates.listAuthorities();
    assert.deepEqual(
      shown.map((a) => [a.role, Buffer.from(a.der).toString(), a.current]),
      [
        ['root', 'R1', false],
        ['issuing', 'I1', false],
        ['root', 'R2', true],
        ['cross', 'X', false],
        ['issuing', 'I2', true],
      ],
    );
  });

  promise('numbers of revocation lists rise for ever, each authority by itself', async (s) => {
    const now = s.clock.now();
    const { certificates } = s.store;
    await certificates.addAuthorities(
      [authority('issuing', 'I1', now), authority('issuing', 'I2', now)],
      'created',
      actor,
    );
    const authorities = await certificates.listAuthorities();
    assert.deepEqual(
      authorities.map(({ current }) => current),
      [false, true],
      'of two in one list the later signs',
    );
    const [one, two] = authorities.map((a) => a.id);
    const numbers = await Promise.all([1, 2, 3].map(() => certificates.nextCrlNumber(one!)));
    assert.deepEqual(numbers.sort(), [1, 2, 3]);
    const again = await s.reopen();
    assert.equal(await again.store.certificates.nextCrlNumber(one!), 4);
    assert.equal(await again.store.certificates.nextCrlNumber(two!), 1);
    await assert.rejects(again.store.certificates.nextCrlNumber(99), refused('unknown', /99/));
  });

  promise('a serial number is used once by its issuer', async (s) => {
    const now = s.clock.now();
    await addAccount(s.store, 'anna');
    const { certificates } = s.store;
    const first = certificate('a', now);
    await certificates.addCertificate('anna', first, 'issued', actor);
    const same = { ...certificate('b', now), serial: first.serial };
    await assert.rejects(certificates.addCertificate('anna', same, 'issued', actor), refused('exists', /already/));
    await certificates.addCertificate('anna', { ...same, issuer: 'CN=Other' }, 'imported', actor);
    const found = await certificates.findCertificates(`00${first.serial.toUpperCase()}`);
    assert.deepEqual(found.map((c) => c.issuer).sort(), ['CN=Issuing', 'CN=Other']);
    assert.deepEqual(
      (await certificates.findCertificates(first.fingerprint.replace(/..(?=.)/g, '$&:'))).map((c) => c.subject),
      ['CN=a'],
    );
    await assert.rejects(
      certificates.addCertificate('nobody', certificate('c', now), 'issued', actor),
      refused('unknown', /nobody/),
    );
  });

  promise('an account that has ended gets no certificate', async (s) => {
    await addAccount(s.store, 'anna');
    await s.store.registry.setAccountState('anna', 'ended', actor);
    const added = s.store.certificates.addCertificate('anna', certificate('a', s.clock.now()), 'issued', actor);
    await assert.rejects(added, refused('ended', /ended/));
    assert.deepEqual(await events(s), []);
  });

  promise('an account that is ending gets certificates and codes until its end, and none from then on', async (s) => {
    const { certificates, registry } = s.store;
    const now = s.clock.now();
    await addAccount(s.store, 'anna');
    await registry.endAccount('anna', { endsAt: instant(now + days(1)) }, actor);
    await certificates.addCertificate('anna', certificate('a', now), 'issued', actor);
    await certificates.addEnrolments([enrolment('aaaaaaaa', 'right', now)], actor);
    // Before the daily round writes down that it has ended.
    s.clock.advance(days(1));
    const late = refused('ended', /"anna" has ended; it no longer gets a certificate/);
    await assert.rejects(certificates.addCertificate('anna', certificate('b', now), 'issued', actor), late);
    await assert.rejects(certificates.addEnrolments([enrolment('bbbbbbbb', 'right', now)], actor), late);
  });

  promise(
    'the private key of a mail certificate goes with its account when nothing waits, can be handed out again or is held any more',
    async (s) => {
      const { store, clock } = s;
      const { certificates, registry, deliveries } = store;
      const logins = ['anna', 'bert', 'carl', 'dirk'] as const;
      const ids = new Map<string, AccountId>();
      for (const login of logins) {
        ids.set(login, await addAccount(store, login));
        const record = { ...certificate(login, clock.now(), { use: 'mail' }), sealedKey: Buffer.from(login) };
        await certificates.addCertificate(login, record, 'issued', actor);
      }
      await deliver(store, Buffer.from('a message\r\n'), 'anna@group.test');
      const body = await sealBody(store, Buffer.from('held\r\n'));
      const acceptance = await acceptanceOf(store, body, ['bert@group.test']);
      const recipients = acceptance.recipients.map((to) => ({ ...to, held: true as const }));
      assert.deepEqual(await store.accept({ ...acceptance, recipients }), { kind: 'filed' });
      for (const login of ['anna', 'bert', 'carl']) await registry.setAccountState(login, 'ended', actor);
      const keyOf = async (login: string): Promise<string | undefined> => {
        const found = (await certificates.findMail(addressKey(address(`${login}@group.test`)))).certificates;
        const [{ sealedKey } = {}] = found.filter(({ fingerprint }) => fingerprint === digest(login));
        return sealedKey === undefined ? undefined : Buffer.from(sealedKey).toString();
      };
      const sweep = async (): Promise<string[]> => {
        for (let step = -1; step !== 0;) step = await registry.endDue();
        const held: string[] = [];
        for (const login of logins) if ((await keyOf(login)) === login) held.push(login);
        return held;
      };
      assert.equal(await keyOf('carl'), 'carl', 'remembered, so that the sweep has to be told of');
      assert.deepEqual(await sweep(), ['anna', 'bert', 'dirk'], 'nothing waits for carl; dirk continues');
      // It is never fetched, ends, and can be handed out again for a time.
      const anna = ids.get('anna')!;
      const [entry] = await deliveries.uncollectedEntries(anna, { before: instant(clock.now() + 1), limit: 1 });
      const audit = { event: 'message.expired', outcome: 'failure' as const };
      await deliveries.expire(anna, [{ uid: entry!.uid, audit }]);
      assert.deepEqual(await sweep(), ['anna', 'bert', 'dirk']);
      clock.advance(days(15));
      await store.sweep();
      assert.deepEqual(await sweep(), ['bert', 'dirk'], 'what is held from a mailbox waits for a person');
      const [held] = await deliveries.list({ limit: 1 });
      const claim = await deliveries.claimOne(held!.id, minutes(5));
      assert(typeof claim !== 'string');
      const given = { event: 'delivery.failed', outcome: 'failure', message: claim.message.id } as const;
      const outcome = { kind: 'failed', reply: '550 5.2.1 given up' } as const;
      assert.equal(await deliveries.settle({ claim, outcome, audit: [given] }), 'settled');
      assert.deepEqual(await sweep(), ['dirk']);
      const removed = (await store.audit.read({ limit: 1000 })).filter(
        ({ event }) => event === 'certificate.key-removed',
      );
      assert.deepEqual(
        removed.map(({ account, facts }) => [account, facts?.fingerprint, facts?.why]),
        ['carl', 'anna', 'bert'].map((login) => [ids.get(login), digest(login), 'account-ended']),
      );
      // The certificate itself stays: it tells what was encrypted for whom.
      assert.equal((await certificates.findCertificates(digest('carl'))).length, 1);
    },
  );

  promise('certificates are listed by their end, page by page, within bounds', async (s) => {
    const now = s.clock.now();
    await addAccount(s.store, 'anna');
    await addAccount(s.store, 'bert');
    const { certificates } = s.store;
    for (const [i, end] of [50, 10, 10, 30, 70].entries())
      await certificates.addCertificate(
        i === 3 ? 'bert' : 'anna',
        certificate(`c${i}`, now, { notAfter: instant(now + days(end)) }),
        'issued',
        actor,
      );
    const seen: string[] = [];
    let after;
    for (;;) {
      const page = await certificates.listCertificates({ limit: 2, ...(after === undefined ? {} : { after }) });
      seen.push(...page.map((c) => c.subject));
      after = page.at(-1);
      if (page.length < 2) break;
    }
    assert.deepEqual([...seen.slice(0, 2)].sort(), ['CN=c1', 'CN=c2']);
    assert.deepEqual(seen.slice(2), ['CN=c3', 'CN=c0', 'CN=c4']);
    const between = { limit: 10, endsFrom: instant(now + days(10)), endsBefore: instant(now + days(50)) };
    assert.deepEqual(
      (await certificates.listCertificates(between)).length,
      3,
      'the first bound counts, the last does not',
    );
    const berts = await certificates.listCertificates({ limit: 10, login: 'Bert' });
    assert.deepEqual(
      berts.map((c) => [c.login, c.subject, c.emails]),
      [['bert', 'CN=c3', ['c3@group.test']]],
    );
  });

  promise('many are revoked in one transaction, and those that were before are left alone', async (s) => {
    const now = s.clock.now();
    await addAccount(s.store, 'anna');
    const { certificates, registry } = s.store;
    const all = ['a', 'b', 'c'].map((name) => certificate(name, now));
    for (const one of all) await certificates.addCertificate('anna', one, 'imported', actor);
    const prints = all.map(({ fingerprint }) => fingerprint);
    await certificates.revokeCertificate(prints[1]!, 'superseded', actor);
    const before = (await registry.findLogin('anna'))!.version;
    assert.equal(await certificates.revokeCertificates([...prints, digest('x')], 'keyCompromise', actor), 2);
    assert.equal(await certificates.revokeCertificates(prints, 'keyCompromise', actor), 0);
    assert.ok((await registry.findLogin('anna'))!.version > before, 'what is remembered of logins is void');
    const reasons = await Promise.all(prints.map((print) => certificates.findCertificates(print)));
    assert.deepEqual(
      reasons.map(([one]) => one?.revoked?.reason),
      ['keyCompromise', 'superseded', 'keyCompromise'],
    );
    const tooMany = Array.from({ length: 201 }, (_, n) => digest(`${n}`));
    await assert.rejects(certificates.revokeCertificates(tooMany, 'keyCompromise', actor), /at most 200/);
  });

  promise('a certificate of any serial number is revoked, also of one that is longer than it should be', async (s) => {
    const { store, clock } = s;
    await addAccount(store, 'anna');
    const { certificates } = store;
    for (const [use, digits] of [
      ['mail', 120],
      ['mail', 56],
      ['mail', 55],
      ['login', 120],
    ] as const) {
      const long = certificate(`${use} ${digits}`, clock.now(), {
        use,
        serial: `${use === 'mail' ? 7 : 8}`.repeat(digits),
      });
      await certificates.addCertificate('anna', long, 'imported', actor);
      await certificates.revokeCertificate(long.fingerprint, 'keyCompromise', actor);
      const found = await store.registry.findCertificate([`fp:${long.fingerprint}`]);
      assert.equal(found?.certificate.revokedAt, clock.now(), `${use}, ${digits} digits: it opens nothing`);
    }
  });

  promise('a revocation is final, and is in the list of its issuer', async (s) => {
    const now = s.clock.now();
    await addAccount(s.store, 'anna');
    const { certificates } = s.store;
    await certificates.addAuthorities([authority('issuing', 'I1', now)], 'created', actor);
    const [issuer] = await certificates.listAuthorities();
    const mine = certificate('a', now, { authority: issuer!.id });
    await certificates.addCertificate('anna', mine, 'issued', actor);
    await certificates.addCertificate('anna', certificate('b', now, { authority: issuer!.id }), 'issued', actor);
    await certificates.revokeCertificate(mine.fingerprint, 'keyCompromise', actor);
    await assert.rejects(
      certificates.revokeCertificate(mine.fingerprint, 'superseded', actor),
      refused('ended', /revoked already/),
    );
    await assert.rejects(
      certificates.revokeCertificate(digest('x'), 'superseded', actor),
      refused('unknown', /no certificate/),
    );
    const list = await certificates.listRevoked(issuer!.id, { limit: 10, endsAfter: instant(now) });
    assert.deepEqual(
      list.map((r) => [r.serial, r.reason]),
      [[mine.serial, 'keyCompromise']],
    );
    assert.deepEqual(await certificates.listRevoked(issuer!.id, { limit: 10, endsAfter: mine.notAfter }), []);
    const [shown] = await certificates.findCertificates(mine.fingerprint);
    assert.equal(shown!.revoked?.reason, 'keyCompromise');
    assert.deepEqual(await events(s), [
      'authority.created',
      'certificate.issued',
      'certificate.issued',
      'certificate.revoked',
    ]);
    assert.equal((await s.store.audit.verify()).kind, 'intact');
  });

  promise(
    'a certificate is replaced while the one in its place is not revoked; a second one beside it replaces nothing',
    async (s) => {
      const now = s.clock.now();
      await addAccount(s.store, 'anna');
      const { certificates } = s.store;
      const old = certificate('old', now);
      const fresh = certificate('new', now, { replaces: old.fingerprint, notAfter: instant(now + days(500)) });
      await certificates.addCertificate('anna', old, 'issued', actor);
      await certificates.addCertificate(
        'anna',
        certificate('workplace', now, { notAfter: instant(now + days(900)) }),
        'issued',
        actor,
      );
      const replaced = async (): Promise<boolean | undefined> =>
        (await certificates.findCertificates(old.fingerprint))[0]?.replaced;
      assert.equal(await replaced(), false);
      await certificates.addCertificate('anna', fresh, 'issued', actor);
      assert.equal(await replaced(), true);
      await certificates.revokeCertificate(fresh.fingerprint, 'unspecified', actor);
      assert.equal(await replaced(), false);
    },
  );

  promise('a certificate for login leads to its account at once, and after its revocation to a refusal', async (s) => {
    const now = s.clock.now();
    const anna = await addAccount(s.store, 'anna');
    const { certificates, registry } = s.store;
    const mine = certificate('a', now);
    const mail = certificate('m', now, { use: 'mail' });
    const lookUp = (c: NewAccountCertificate) => registry.findCertificate([`fp:${c.fingerprint}`]);
    // Known to be absent, so that a memory of that would show.
    assert.equal(await lookUp(mine), undefined);
    const before = await registry.findLogin('anna');
    const told: unknown[] = [];
    registry.onChange((accounts) => told.push(accounts));
    await certificates.addCertificate('anna', mine, 'issued', actor);
    await certificates.addCertificate('anna', mail, 'issued', actor);
    const found = await lookUp(mine);
    assert.deepEqual([found?.certificate.account, found?.certificate.revokedAt], [anna, undefined]);
    assert.equal(await lookUp(mail), undefined, 'one for mail opens nothing');
    assert.notEqual((await registry.findLogin('anna'))?.version, before?.version);
    await certificates.revokeCertificate(mine.fingerprint, 'keyCompromise', actor);
    assert.notEqual((await lookUp(mine))?.certificate.revokedAt, undefined);
    assert.deepEqual(told, [[anna], [anna]]);
    const { certificates: registered } = (await registry.findAccount('anna'))!;
    assert.deepEqual(
      registered.filter((c) => c.revokedAt === undefined),
      [],
    );
  });

  promise('a certificate that the account may not register is not kept either', async (s) => {
    const now = s.clock.now();
    await addAccount(s.store, 'anna');
    await addAccount(s.store, 'bert');
    const { certificates, registry } = s.store;
    const mine = certificate('a', now);
    const { fingerprint, subject: about, notBefore, notAfter } = mine;
    const pin = { name: 'pin', key: `fp:${fingerprint}`, fingerprint, about, notBefore, notAfter };
    await registry.addCertificate('bert', pin, actor);
    await assert.rejects(certificates.addCertificate('anna', mine, 'imported', actor), refused('exists', /bert/));
    const listed = async (): Promise<unknown> =>
      (await certificates.listCertificates({ limit: 10 })).map((c) => [c.login, c.registered ?? false]);
    assert.deepEqual(await listed(), [['bert', true]]);
    await certificates.addCertificate('bert', mine, 'imported', actor);
    assert.equal((await registry.findAccount('bert'))?.certificates.length, 1, 'registered before: once is enough');
    assert.deepEqual(await listed(), [['bert', false]], 'one line for it');
    await certificates.revokeCertificate(fingerprint, 'unspecified', actor);
    assert.notEqual((await registry.findCertificate([pin.key]))?.certificate.revokedAt, undefined);
  });

  promise('a warning is remembered', async (s) => {
    await addAccount(s.store, 'anna');
    const { certificates } = s.store;
    const one = certificate('a', s.clock.now());
    await certificates.addCertificate('anna', one, 'issued', actor);
    assert.equal((await certificates.findCertificates(one.fingerprint))[0]?.warned, undefined);
    await certificates.noteWarned(one.fingerprint, 30);
    const again = await s.reopen();
    assert.equal((await again.store.certificates.findCertificates(one.fingerprint))[0]?.warned, 30);
  });

  promise('an enrolment code hands out one certificate', async (s) => {
    const now = s.clock.now();
    await addAccount(s.store, 'anna');
    const { certificates } = s.store;
    await certificates.addEnrolments([enrolment('aaaaaaaa', 'right', now)], actor);
    const tried = await certificates.tryEnrolment('aaaaaaaa', hash('right'), shown);
    assert.deepEqual(tried, {
      kind: 'valid',
      enrolment: { login: 'anna', use: 'login', notAfter: instant(now + days(700)) },
    });
    const both = await Promise.allSettled(
      ['x', 'y'].map((label) =>
        certificates.collectEnrolment('aaaaaaaa', hash('right'), certificate(label, now), actor),
      ),
    );
    assert.deepEqual(both.map((r) => r.status).sort(), ['fulfilled', 'rejected'], 'two at once: one wins');
    assert.equal((await certificates.listCertificates({ limit: 10 })).length, 1);
    assert.deepEqual(await certificates.tryEnrolment('aaaaaaaa', hash('right'), shown), {
      kind: 'refused',
      why: 'used',
      account: (await s.store.registry.findAccount('anna'))?.account.id,
    });
  });

  promise('an enrolment code dies of wrong tries, of age, of a newer code, and of a suspension', async (s) => {
    const now = s.clock.now();
    await addAccount(s.store, 'anna');
    const { certificates } = s.store;
    const ask = async (id: string, secret: string): Promise<string> =>
      (await certificates.tryEnrolment(id, hash(secret), shown)).kind;
    await certificates.addEnrolments([enrolment('tries', 'right', now), enrolment('aged', 'right', now)], actor);
    assert.equal(await ask('none', 'right'), 'refused');
    for (let i = 0; i < 2; i += 1) assert.equal(await ask('tries', 'wrong'), 'refused');
    assert.equal(await ask('tries', 'right'), 'valid', 'two of three tries are gone');
    assert.equal(await ask('tries', 'wrong'), 'refused');
    assert.equal(await ask('tries', 'right'), 'refused', 'the third one killed it');
    const replaces = digest('old');
    await certificates.addEnrolments([enrolment('first', 'right', now, { replaces })], actor);
    await certificates.addEnrolments([enrolment('second', 'right', now, { replaces })], actor);
    assert.deepEqual([await ask('first', 'right'), await ask('second', 'right')], ['refused', 'valid']);
    await s.store.registry.setAccountState('anna', 'suspended', actor);
    assert.equal(await ask('aged', 'right'), 'refused');
    await s.store.registry.setAccountState('anna', 'active', actor);
    assert.equal(await ask('aged', 'right'), 'valid');
    s.clock.advance(days(30));
    assert.equal(await ask('aged', 'right'), 'refused');
    const rows = (await s.store.audit.read({ limit: 1000 })).filter((r) => r.event === 'certificate.enrolment-refused');
    assert.deepEqual(
      rows.map((r) => r.facts?.why),
      ['unknown', 'wrong', 'wrong', 'wrong', 'too-many-tries', 'too-many-tries', 'unknown', 'expired'],
    );
    assert.doesNotMatch(JSON.stringify(rows), new RegExp(digest('right')));
  });

  promise('codes are added all or none, and of two for one purpose in one list the later counts', async (s) => {
    const now = s.clock.now();
    await addAccount(s.store, 'anna');
    await addAccount(s.store, 'bert');
    const { certificates } = s.store;
    const replaces = digest('old');
    const letter = (id: string, login: string): PasswordEnrolment => ({
      ...{ id, hash: hash('right'), login, use: 'password', password: 'phone', others: false, by: 'letter' },
      ...{ expiresAt: instant(now + days(30)), tries: 3 },
    });
    const first = [enrolment('one', 'right', now, { replaces }), letter('a1', 'anna'), letter('b1', 'bert')];
    await certificates.addEnrolments(
      [...first, enrolment('two', 'right', now, { replaces }), letter('a2', 'anna')],
      actor,
    );
    const ask = async (id: string, use: 'certificate' | 'password'): Promise<string> =>
      (await certificates.tryEnrolment(id, hash('right'), { for: use })).kind;
    assert.deepEqual([await ask('one', 'certificate'), await ask('two', 'certificate')], ['refused', 'valid']);
    const letters = [await ask('a1', 'password'), await ask('a2', 'password'), await ask('b1', 'password')];
    assert.deepEqual(letters, ['refused', 'valid', 'valid']);
    for (const wrong of ['two', 'x1'])
      await assert.rejects(
        certificates.addEnrolments([enrolment('x1', 'right', now, { replaces }), letter(wrong, 'bert')], actor),
        refused('exists', new RegExp(`"${wrong}" already`)),
      );
    const unknown = certificates.addEnrolments([letter('x2', 'anna'), letter('x3', 'nobody')], actor);
    await assert.rejects(unknown, refused('unknown', /"nobody"/));
    assert.deepEqual(
      [await ask('two', 'certificate'), await ask('a2', 'password')],
      ['valid', 'valid'],
      'nothing came',
    );
    await certificates.addEnrolments([letter('b2', 'bert')], actor);
    const after = [await ask('b1', 'password'), await ask('b2', 'password'), await ask('a2', 'password')];
    assert.deepEqual(after, ['refused', 'valid', 'valid'], 'the first letter for the same password is void');
  });

  promise('a code that has ended is swept, used or not; one that may still be asked for is not', async (s) => {
    const now = s.clock.now();
    await addAccount(s.store, 'anna');
    const { certificates } = s.store;
    const add = (id: string): Promise<void> =>
      certificates.addEnrolments([enrolment(id, 'right', s.clock.now())], actor);
    await add('idle');
    await add('used');
    await certificates.collectEnrolment('used', hash('right'), certificate('c', now), actor);
    s.clock.advance(days(30.5));
    await add('new');
    await s.store.sweep();
    for (const id of ['idle', 'used', 'new']) await assert.rejects(add(id), /already/, `${id} is there still`);
    s.clock.advance(days(1));
    await s.store.sweep();
    await add('idle');
    await add('used');
    await assert.rejects(add('new'), /already/);
    assert.equal((await certificates.findCertificates(digest('c'))).length, 1, 'what it fetched stays');
  });
}
