/**
 * What every store must do with the directory. One test walks every change of the registry: behind
 * each it compares what the directory shows with what it showed before, so that the version of an
 * entry rises exactly where something of it is another, and has everything looked at again, so that
 * a change that forgot to say whom it touches is found.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test, { type TestContext } from 'node:test';
import { addressKey } from '../../src/domain/address.ts';
import { type DirectoryEntry, type DirectoryRecord, TOMBSTONE_DAYS, isRemoved } from '../../src/domain/directory.ts';
import { type Instant, days, hours, instant, minutes } from '../../src/domain/units.ts';
import { CHANGES } from '../../src/store/changes/table.ts';
import type { NewAccountCertificate } from '../../src/store/certificates.ts';
import { methodsOf } from '../../src/store/sql/remote.ts';
import { addAccount, address } from '../support/store.ts';
import type { ContractStore } from './contract.ts';
import { addPartner } from './partner-contract.ts';

const actor = { name: 'operator', reason: 'test' };
const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

const mail = (label: string, begins: number, more: Partial<NewAccountCertificate> = {}): NewAccountCertificate => ({
  fingerprint: digest(label),
  serial: digest(`serial ${label}`).slice(0, 32).replace(/^0+/, '1'),
  issuer: 'CN=Issuing',
  use: 'mail',
  subject: `CN=${label}`,
  emails: ['anna@group.test'],
  notBefore: instant(begins),
  notAfter: instant(begins + days(100)),
  der: Buffer.from(label),
  ...more,
});

async function all({ store }: Pick<ContractStore, 'store'>): Promise<readonly DirectoryRecord[]> {
  while (await store.directory.follow());
  return await store.directory.directoryEntries({ after: 0, limit: 1000, removed: true });
}

const listed = (records: readonly DirectoryRecord[]): readonly DirectoryEntry[] =>
  records.filter((record): record is DirectoryEntry => !isRemoved(record));

/** What others see of an entry. */
const shown = (record: DirectoryRecord): string => {
  const { version: _, modifiedAt: __, ...rest } = record;
  return JSON.stringify(rest, (_name, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString() : value,
  );
};

/** Names of what shows nothing of anybody: the walk below has all others. */
const SHOWS_NOTHING: Readonly<Record<string, string>> = {
  'absences.judgeAbsences': 'says what is wrong with a file, and changes nothing',
  'accountImports.keep': 'a part of an import that is not there yet',
  'accountImports.drop': 'the same',
  'authorities.addAuthorities': 'authorities are not shown',
  'authorities.noteAuthority': 'the same',
  'authorities.nextCrlNumber': 'the same',
  'certificates.noteWarned': 'when somebody was warned',
  'clientCertificates.addCertificate': 'what opens an account',
  'clientCertificates.revokeCertificate': 'the same',
  'clientCertificates.blockCertificate': 'the same',
  'edi.judgeIdentities': 'says what is wrong with a file, and changes nothing',
  'settings.changeScanExemption': 'whether malware is looked for in what an account submits',
  'settings.changeEdiExemption': 'the same',
  'enrolments.addEnrolments': 'codes',
  'enrolments.tryEnrolment': 'codes',
  'enrolments.collectEnrolment': 'adds a certificate by the very steps of certificates.addCertificate',
  'passwords.enrolPassword': 'what opens an account',
  'passwords.rehashPassword': 'the same',
  'mailKeys.addKey': 'private keys',
  'mailKeys.removeKey': 'private keys',
  'pgpKeys.revoke': 'OpenPGP keys are not shown',
  'pgpKeys.removeSecret': 'the same',
  'pgpKeys.noteExport': 'the same',
  'pgpKeys.add': 'the same',
  'directory.follow': 'what this is about',
  ...Object.fromEntries(
    (
      [
        ['webhooks', 'who is told of what'],
        ['console', 'logins of operators'],
        ['breakGlass', 'the same'],
        ['selfService', 'logins of accounts to their own pages'],
        ['identities', 'the same'],
      ] as const
    ).flatMap(([object, why]) => [...methodsOf(CHANGES[object]).keys()].map((one) => [`${object}.${one}`, why])),
  ),
};

export function directoryContract(name: string, open: (t: TestContext) => Promise<ContractStore>): void {
  const promise = (text: string, run: (s: ContractStore) => Promise<void>): void => {
    test(`${name}: ${text}`, async (t) => run(await open(t)));
  };

  promise(
    'an entry changes its version exactly when something that it shows changes, whatever changed it',
    async (s) => {
      const { store, clock } = s;
      const { registry, certificates, directory } = store;
      const covered = new Set<string>();
      let before = await all(s);
      /** `expected`: addresses of which something else is shown behind it. */
      const step = async (what: string, change: () => Promise<unknown>, expected: readonly string[]): Promise<void> => {
        covered.add(what);
        clock.advance(minutes(1));
        await change();
        const now = await all(s);
        const known = new Map(before.map((record) => [record.address, record]));
        const changed = now.filter((record) => {
          const was = known.get(record.address);
          return was === undefined || shown(was) !== shown(record);
        });
        assert.deepEqual(changed.map((record) => record.address).sort(), [...expected].sort(), what);
        const highest = Math.max(0, ...before.map(({ version }) => version));
        for (const record of now) {
          const was = known.get(record.address);
          if (changed.includes(record)) {
            assert.ok(record.version > highest, `${what}: ${record.address} has an old version`);
            assert.equal(record.modifiedAt, clock.now(), `${what}: ${record.address} has another time`);
          } else
            assert.deepEqual(
              [record.version, record.modifiedAt],
              [was?.version, was?.modifiedAt],
              `${what}: nothing of ${record.address} changed`,
            );
        }
        assert.equal(
          (await directory.directoryState()).version,
          Math.max(0, ...now.map(({ version }) => version)),
          `${what}: the version of the whole`,
        );
        // Everything is looked at again, and nothing is another: the change told of all that it
        // touched.
        await registry.changeOrganisation('system', { telephone: String(clock.now()) }, actor);
        assert.deepEqual(await all(s), now, `${what}: not all of it was followed`);
        before = now;
      };
      const set = (
        target: Parameters<typeof registry.changeSettings>[0],
        changes: Record<string, string | boolean | null>,
      ) => registry.changeSettings(target, changes, actor);
      const practice = { scope: 'organisation', name: 'practice' } as const;
      const [anna, lab, bert] = [address('Anna@group.test'), address('lab@group.test'), address('bert@group.test')];
      const later = (): Instant => instant(clock.now() + days(30));

      await step('organisations.addOrganisation', () => addAccount(store, 'bert'), []);
      await step('settings.changeSettings', () => set(practice, { 'directory-listing': true }), [bert]);
      await step(
        'accounts.addAccount',
        () => registry.addAccount({ login: 'anna', organisation: 'practice', kind: 'mail', addresses: [anna] }, actor),
        [anna],
      );
      await step('addresses.addAddress', () => registry.addAddress('anna', lab, actor), [lab]);
      await step(
        'organisations.changeOrganisation',
        () => registry.changeOrganisation('practice', { title: 'P' }, actor),
        [...[anna, lab, bert]],
      );
      await step(
        'organisations.changeOrganisation',
        () => registry.changeOrganisation('practice', { agb: '01234567' }, actor),
        [...[anna, lab, bert]],
      );
      await step(
        'organisations.changeOrganisation',
        () => registry.changeOrganisation('practice', { post: ['x'] }, actor),
        [],
      );
      await step('settings.changeSettings', () => set({ scope: 'account', login: 'anna' }, { role: 'doctor' }), [
        anna,
        lab,
      ]);
      await step('settings.changeSettings', () => set({ scope: 'address', address: lab }, { agb: '12345678' }), [lab]);
      await step(
        'settings.changeSettings',
        () => set({ scope: 'address', address: lab }, { 'directory-telephone': '020 1234567' }),
        [lab],
      );
      await step('settings.changeSettings', () => set({ scope: 'address', address: lab }, { 'edi-accepts': 'ORU^*' }), [
        lab,
      ]);
      await step('settings.changeSettings', () => set({ scope: 'account', login: 'anna' }, { sign: 'never' }), []);
      await step(
        'settings.changeManySettings',
        () =>
          registry.changeManySettings(
            [{ target: { scope: 'account', login: 'bert' }, changes: { role: 'nurse' } }],
            actor,
          ),
        [bert],
      );
      const now = clock.now();
      await step(
        'certificates.addCertificate',
        () => certificates.addCertificate('anna', mail('old', now - days(50)), 'imported', actor),
        [anna],
      );
      await step(
        'certificates.addCertificate',
        () => certificates.addCertificate('bert', mail('foreign', now - days(1)), 'imported', actor),
        [],
      );
      await step(
        'certificates.addCertificate',
        () => certificates.addCertificate('anna', mail('next', now + days(10)), 'imported', actor),
        [],
      );
      await step('by the clock', () => Promise.resolve(clock.advance(days(11))), [anna]);
      assert.equal(Buffer.from(listed(before).find((e) => e.address === anna)?.certificate ?? []).toString(), 'next');
      await step(
        'certificates.revokeCertificate',
        () => certificates.revokeCertificate(digest('next'), 'keyCompromise', actor),
        [anna],
      );
      await step(
        'certificates.revokeCertificates',
        () => certificates.revokeCertificates([digest('old')], 'superseded', actor),
        [anna],
      );
      await step(
        'mailKeys.setCapabilities',
        () => certificates.setCapabilities(anna, ['aes-128-gcm'], actor).catch(() => undefined),
        [],
      );
      await step('mailKeys.noteCapabilities', () => certificates.noteCapabilities(anna, []), []);
      await step('passwords.addPassword', () => registry.addPassword('anna', { name: 'x', hash: 'h' }, actor), []);
      await step('passwords.revokePassword', () => registry.revokePassword('anna', 'x', actor), []);
      const app = { id: 'AAAAAAAA', name: 'x', hash: Buffer.from('x'), scope: 'both' } as const;
      await step('appPasswords.addAppPassword', () => registry.addAppPassword('anna', app, actor), []);
      await step('appPasswords.endAppPassword', () => registry.endAppPassword('anna', 'x', actor), []);
      await step('accounts.setAccountState', () => registry.setAccountState('anna', 'suspended', actor), [anna, lab]);
      await step('manyAccounts.setStates', () => registry.setAccountStates(['anna'], 'active', actor), [anna, lab]);
      await step('addresses.setAddressState', () => registry.setAddressState(lab, 'suspended', actor), [lab]);
      await step('addresses.setAddressState', () => registry.setAddressState(lab, 'active', actor), [lab]);
      await step('addresses.setDelegation', () => registry.setDelegation(lab, 'bert', true, actor), []);
      await step('absences.setConsent', () => registry.setConsent(bert, anna, true, actor), []);
      const absence = { from: clock.now(), until: later(), mode: 'refuse' } as const;
      await step('absences.addAbsences', () => registry.addAbsences([{ address: anna, ...absence }], actor), []);
      await step('absences.endAbsence', () => registry.endAbsence(anna, absence.from, actor), []);
      await step(
        'edi.addIdentities',
        () => registry.addIdentities([{ id: '1', qualifier: '', organisation: 'practice' }], actor),
        [],
      );
      await step('edi.removeIdentity', () => registry.removeIdentity({ id: '1', qualifier: '' }, actor), []);
      await step('endings.endAddress', () => registry.endAddress(lab, { endsAt: later() }, actor), [lab]);
      await step('addresses.setAddressState', () => registry.setAddressState(lab, 'active', actor), [lab]);
      await step('addresses.moveAddresses', () => registry.moveAddresses([{ address: lab, login: 'bert' }], actor), [
        lab,
      ]);
      await step('addresses.moveAddresses', () => registry.moveAddresses([{ address: lab, login: 'anna' }], actor), [
        lab,
      ]);
      await step('partners.addPartner', () => addPartner(store, 'practice'), []);
      await step(
        'partners.setPartnerDomain',
        () => registry.setPartnerDomain('practice', 'box.test', 'add', actor),
        [],
      );
      const box = address('box@box.test');
      await step('addresses.addAddress', () => registry.addAddress('mta-practice', box, actor), [box]);
      await step('partners.setPartnerState', () => registry.setPartnerState('practice', 'refusing', actor), [box]);
      await step('partners.setPartnerState', () => registry.setPartnerState('practice', 'active', actor), [box]);
      const server = { host: 'b.test', port: 25, tls: 'starttls', connections: 2 } as const;
      await step('partners.changePartner', () => registry.changePartner('practice', { server }, actor), []);
      await step('settings.changeSettings', () => set(practice, { 'directory-listing': null }), [anna, lab, bert, box]);
      await step('settings.changeSettings', () => set(practice, { 'directory-listing': true }), [anna, lab, bert, box]);
      await step(
        'organisations.setOrganisationState',
        () => registry.setOrganisationState('practice', 'suspended', actor),
        [...[anna, lab, bert, box]],
      );
      await step(
        'organisations.setOrganisationState',
        () => registry.setOrganisationState('practice', 'active', actor),
        [...[anna, lab, bert, box]],
      );
      await step(
        'accountImports.apply',
        () =>
          registry.importAccounts(
            [{ login: 'carl', organisation: 'practice', kind: 'edi', addresses: [address('carl@group.test')] }],
            actor,
          ),
        [address('carl@group.test')],
      );
      await step('manyAccounts.end', () => registry.endAccounts([{ login: 'carl', endsAt: later() }], actor), [
        'carl@group.test',
      ]);
      await step('manyAccounts.setStates', () => registry.setAccountStates(['carl'], 'active', actor), [
        'carl@group.test',
      ]);
      await step('accounts.endAccount', () => registry.endAccount('carl', { endsAt: later() }, actor), [
        'carl@group.test',
      ]);
      await step(
        'endings.endDue',
        async () => {
          clock.advance(days(31));
          while ((await registry.endDue()) > 0);
        },
        [],
      );
      await step('manyAccounts.contain', () => registry.containAccounts(['bert'], actor), [bert]);
      await step('manyAccounts.setStates', () => registry.setAccountStates(['bert'], 'active', actor), [bert]);
      await step(
        'movingAccount.move',
        async () => {
          await registry.addOrganisation({ name: 'zuid', title: 'Zuid', language: 'nl' }, actor);
          await store.accountMoves.move(
            { login: 'bert', organisation: 'zuid', since: clock.now(), endsAt: later() },
            actor,
          );
        },
        [bert],
      );
      await step(
        'settings.changeSettings',
        () => set({ scope: 'organisation', name: 'zuid' }, { 'directory-listing': true }),
        [bert],
      );
      await step(
        'addresses.moveAddresses',
        async () => {
          await registry.addAccount({ login: 'new', organisation: 'practice', kind: 'edi', addresses: [] }, actor);
          await registry.moveAddresses([{ address: lab, login: 'new', endsAt: later() } as never], actor);
        },
        [lab],
      );
      await step('merges.beginMerge', () => registry.beginMerge('zuid', 'practice', actor), []);
      await step(
        'merges.mergeAccounts',
        () =>
          registry.mergeAccounts(
            'zuid',
            'practice',
            [{ login: 'bert', settings: {}, addresses: [{ address: bert }] }],
            actor,
          ),
        [bert],
      );
      await step(
        'merges.finishMerge',
        async () => {
          const [former] = (await registry.listAccounts({ limit: 10, organisation: 'zuid' })).map(
            (a) => a.account.login,
          );
          if (former !== undefined) await registry.endAccounts([{ login: former }], actor);
          await registry.finishMerge('zuid', 'practice', actor);
        },
        [],
      );
      const open_ = listed(before).map((entry) => entry.address);
      await step(
        'organisationEnds.step',
        () => registry.endOrganisation('practice', { endsAt: later() }, actor),
        open_,
      );
      await step(
        'organisations.setOrganisationState',
        () => registry.setOrganisationState('practice', 'active', actor),
        open_,
      );
      await step('organisationEnds.step', () => registry.endOrganisation('practice', {}, actor), open_);
      await step(
        'organisationErasure.eraseOrganisation',
        async () => {
          while ((await registry.eraseOrganisation('practice', actor)) > 0);
        },
        [],
      );
      assert.deepEqual(listed(before), []);
      // Of what is gone the address is left, and when it went.
      assert.ok(
        before.length >= 5 &&
          before.every((record) => Object.keys(record).sort().join() === 'address,modifiedAt,removedAt,version'),
      );
      const every = Object.entries(CHANGES).flatMap(([object, of]) =>
        object === 'operators' ? [] : [...methodsOf(of).keys()].map((method) => `${object}.${method}`),
      );
      assert.deepEqual(
        every.filter((method) => !covered.has(method) && !(method in SHOWS_NOTHING)),
        [],
        'changes that this walk does not know: add a step, or say why they show nothing',
      );
    },
  );

  promise(
    'nothing is listed before its organisation agreed, and pages by version miss nothing that changes meanwhile',
    async (s) => {
      const { store } = s;
      const { registry, directory } = store;
      for (const n of ['a', 'b', 'c', 'd']) await addAccount(store, n);
      assert.deepEqual(await all(s), []);
      assert.equal((await directory.directoryState()).version, 0);
      await registry.changeSettings({ scope: 'organisation', name: 'practice' }, { 'directory-listing': true }, actor);
      assert.equal((await directory.directoryState()).stale, true);
      await all(s);
      const page = (after: number) => directory.directoryEntries({ after, limit: 2, removed: false });
      const first = await page(0);
      assert.deepEqual(
        first.map((e) => e.address),
        ['a@group.test', 'b@group.test'],
      );
      await registry.changeSettings({ scope: 'account', login: 'a' }, { role: 'Huisarts 100%' }, actor);
      const rest = [
        ...(await page(first.at(-1)!.version)),
        ...(await page((await page(first.at(-1)!.version)).at(-1)!.version)),
      ];
      assert.deepEqual(
        rest.map((e) => e.address),
        ['c@group.test', 'd@group.test', 'a@group.test'],
      );
      const find = async (text: string) =>
        (await directory.directoryEntries({ after: 0, limit: 10, removed: true, text })).map((e) => e.address);
      assert.deepEqual(await find('HUISARTS'), ['a@group.test']);
      assert.deepEqual(await find('100%'), ['a@group.test']);
      assert.deepEqual(await find('0_%'), []);
      assert.deepEqual(await find('b@GROUP'), ['b@group.test']);
      assert.equal((await directory.directoryEntries({ after: 0, limit: 10, removed: true, kind: 'mail' })).length, 0);
      assert.equal((await directory.directoryEntries({ after: 0, limit: 10, removed: true, kind: 'edi' })).length, 4);
      // A step of a search: all of its texts stand in each, what left is not there, and the next
      // begins where this one ended.
      await registry.setAddressState(address('b@group.test'), 'suspended', actor);
      const step = (after: number, limit: number, ...parts: readonly string[]) =>
        directory.directoryStep({ after, limit, parts });
      const whole = await step(0, 10, '@group.test');
      assert.deepEqual(
        [whole.entries.map((e) => e.address), whole.done],
        [['c@group.test', 'd@group.test', 'a@group.test'], true],
      );
      const begun = await step(0, 1);
      assert.deepEqual([begun.entries.map((e) => e.address), begun.done], [['c@group.test'], false]);
      assert.deepEqual(
        (await step(begun.through, 5)).entries.map((e) => e.address),
        ['d@group.test', 'a@group.test'],
      );
      assert.deepEqual(
        (await step(0, 5, 'huis', '100%', 'a@')).entries.map((e) => e.address),
        ['a@group.test'],
      );
      assert.deepEqual((await step(0, 5, 'huis', '0_%')).entries, []);
      assert.deepEqual(await step(whole.through, 5), { entries: [], through: whole.through, done: true });
      await registry.setAddressState(address('b@group.test'), 'active', actor);
      const { store: again } = await s.reopen();
      assert.equal((await all({ store: again })).length, 4);
    },
  );

  promise('a tombstone goes after its days, and whoever has an older copy can know it', async (s) => {
    const { store, clock } = s;
    const { registry, directory } = store;
    for (const n of ['a', 'b']) await addAccount(store, n);
    await registry.changeSettings({ scope: 'organisation', name: 'practice' }, { 'directory-listing': true }, actor);
    await all(s);
    await registry.setAccountState('a', 'suspended', actor);
    const { version } = await directory.directoryState();
    clock.advance(days(TOMBSTONE_DAYS) - hours(1));
    await registry.endDue();
    assert.equal((await all(s)).length, 2);
    assert.equal((await directory.directoryState()).floor, 0);
    clock.advance(hours(1));
    await registry.endDue();
    assert.deepEqual(
      (await all(s)).map((e) => e.address),
      ['b@group.test'],
    );
    assert.equal((await directory.directoryState()).floor, version);
    // It comes back as a new entry.
    await registry.setAccountState('a', 'active', actor);
    assert.deepEqual(
      (await all(s)).map((e) => [e.address, e.version > version]),
      [
        ['b@group.test', false],
        ['a@group.test', true],
      ],
    );
    assert.equal((await directory.directoryEntry(addressKey(address('A@group.test'))))?.address, 'a@group.test');
  });
}
