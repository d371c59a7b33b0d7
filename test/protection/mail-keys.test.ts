/**
 * Which certificates and keys a message meets: a store, an authority of our own beside a foreign
 * one, and what changes while mail flows.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test, { type TestContext } from 'node:test';
import { recordOf } from '../../src/ca/issue.ts';
import {
  type Authority,
  issue,
  issueAuthority,
  makeKeyPair,
  makeRoot,
} from '../../src/crypto/certificates/authority.ts';
import type { Certificate } from '../../src/crypto/certificates/certificate.ts';
import type { Revocation } from '../../src/crypto/certificates/certificate-path.ts';
import { makeName } from '../../src/crypto/certificates/distinguished-name.ts';
import { mailKeySeals } from '../../src/crypto/keys/mail-key-seals.ts';
import { capabilitiesOf } from '../../src/crypto/smime/capabilities.ts';
import type { ProtectionPlan, SigningPlan } from '../../src/crypto/smime/plan.ts';
import { type Address, addressKey } from '../../src/domain/address.ts';
import { MAIL_CAPABILITIES } from '../../src/domain/mail-capability.ts';
import { days, hours, instant } from '../../src/domain/units.ts';
import { MailKeys, type MailSender } from '../../src/protection/mail-keys.ts';
import type { Recipient, SettingChanges } from '../../src/store/registry.ts';
import { type TestStore, addAccount, address, openTestStore } from '../support/store.ts';

const actor = { name: 'operator', reason: 'test' };
const MASTER = randomBytes(32);

/** A root and an issuing authority. */
async function authority(name: string, now: number): Promise<{ root: Certificate; issuing: Authority }> {
  const context = { now: instant(now - days(10)), random: randomBytes };
  const root = await makeRoot(
    { subject: makeName({ commonName: `${name} root` }), keys: await makeKeyPair('p256'), lifetime: days(900) },
    context,
  );
  const keys = await makeKeyPair('p256');
  const certificate = await issueAuthority(
    root,
    { subject: makeName({ commonName: `${name} issuing` }), publicKey: keys.publicKey, lifetime: days(800) },
    context,
  );
  return { root: root.certificate, issuing: { certificate, privateKey: keys.privateKey } };
}

interface Given {
  readonly by?: Authority;
  readonly emails?: readonly string[];
  /** Days from now. */
  readonly from?: number;
  readonly to?: number;
  readonly keep?: boolean;
  readonly kind?: 'p256' | 'rsa2048';
}

interface World extends TestStore {
  readonly mail: MailKeys;
  readonly ours: Authority;
  readonly theirs: Authority;
  /** Answers of the lists for certificates of the foreign authority. */
  readonly lists: Map<string, Revocation>;
  give(login: string, given?: Given): Promise<Certificate>;
  set(login: string, changes: SettingChanges): Promise<void>;
  plan(from: string, to: string): Promise<ProtectionPlan>;
  sender(login: string): Promise<MailSender>;
}

async function world(t: TestContext): Promise<World> {
  const opened = await openTestStore(t);
  const { store, clock, log } = opened;
  const now = clock.now();
  await addAccount(store, 'lab');
  for (const login of ['anna', 'bert'])
    await store.registry.addAccount(
      { login, organisation: 'practice', kind: 'mail', addresses: [address(`${login}@group.test`)] },
      actor,
    );
  const [ours, theirs] = [await authority('Ours', now), await authority('Theirs', now)];
  await store.certificates.addAuthorities(
    [
      { role: 'root', fingerprint: ours.root.fingerprint, notAfter: ours.root.notAfter, der: ours.root.der },
      ...[ours.issuing.certificate].map(({ fingerprint, notAfter, der }) => ({
        ...{ role: 'issuing' as const, fingerprint, notAfter, der },
      })),
    ],
    'created',
    actor,
  );
  const issuer = (await store.certificates.listAuthorities()).find(({ role }) => role === 'issuing')!;
  const seals = mailKeySeals(() => Promise.resolve(MASTER), randomBytes);
  const lists = new Map<string, Revocation>();
  const mail = new MailKeys({
    ...{ store, seals, clock, log },
    foreign: () =>
      Promise.resolve({
        authorities: [theirs.root, theirs.issuing.certificate],
        check: ({ fingerprint }) => lists.get(fingerprint) ?? { kind: 'good' },
      }),
    signingAddress: address('postmaster@mail.test'),
  });
  const sender = async (login: string): Promise<MailSender> => {
    const { account, organisation } = (await store.registry.findLogin(login))!;
    return { account, organisation, from: address(`${login}@group.test`) };
  };
  const give = async (login: string, given: Given = {}): Promise<Certificate> => {
    const { by = ours.issuing, emails = [`${login}@group.test`], from = 0, to = 300, keep = false, kind } = given;
    const keys = await makeKeyPair(kind ?? 'p256');
    const certificate = await issue(
      by,
      {
        ...{ use: 'mail', subject: makeName({ commonName: login }), publicKey: keys.publicKey, emails },
        notAfter: instant(now + days(to)),
      },
      { now: instant(now + days(from)), random: randomBytes },
    );
    const sealedKey = keep ? { sealedKey: await seals.seal(certificate.fingerprint, keys.privateKey) } : {};
    const record = { ...recordOf(certificate, 'mail', by === ours.issuing ? issuer.id : undefined), ...sealedKey };
    await store.certificates.addCertificate(login, record, 'issued', actor);
    return certificate;
  };
  return {
    ...opened,
    ...{ mail, lists, sender, give },
    ours: ours.issuing,
    theirs: theirs.issuing,
    set: (login, changes) => store.registry.changeSettings({ scope: 'account', login }, changes, actor),
    plan: async (from, to) => mail.plan(await sender(from), await recipient(store, to)),
  };
}

const recipient = async (store: TestStore['store'], login: string): Promise<Recipient> => {
  const found = await store.registry.findRecipient(addressKey(address(`${login}@group.test`)));
  assert(found !== undefined);
  return found;
};

const encryptedTo = (plan: ProtectionPlan): string =>
  plan.kind === 'interop' || plan.kind === 'strong' ? plan.recipient.certificate.fingerprint : plan.kind;

const refusal = (plan: ProtectionPlan): string =>
  plan.kind === 'refused' ? `${plan.refusal.reply} ${plan.refusal.text}` : plan.kind;

function signing(plan: ProtectionPlan): SigningPlan {
  assert('signer' in plan, `expected a plan that signs, found ${plan.kind}`);
  return plan;
}

test('of several certificates the newest valid one is encrypted to, as they come, end and are revoked', async (t) => {
  const w = await world(t);
  await w.give('postmaster', { keep: true, emails: ['postmaster@mail.test'] });
  await w.set('bert', { encrypt: 'required' });
  assert.match(refusal(await w.plan('anna', 'bert')), /^550 .*no certificate for it is registered/);
  const first = await w.give('bert', { from: -2, to: 10 });
  assert.equal(encryptedTo(await w.plan('anna', 'bert')), first.fingerprint);
  const second = await w.give('bert', { from: -1, to: 20 });
  assert.equal(encryptedTo(await w.plan('anna', 'bert')), second.fingerprint);
  await w.store.certificates.revokeCertificate(second.fingerprint, 'keyCompromise', actor);
  assert.equal(encryptedTo(await w.plan('anna', 'bert')), first.fingerprint, 'the older one is not hidden');
  w.clock.advance(days(11));
  assert.match(refusal(await w.plan('anna', 'bert')), /it was revoked/, 'the newest one tells why');
  const third = await w.give('bert', { by: w.theirs, from: 1, to: 50, kind: 'rsa2048' });
  assert.equal(encryptedTo(await w.plan('anna', 'bert')), third.fingerprint);
  w.lists.set(third.fingerprint, { kind: 'unknown', text: 'overdue' });
  assert.match(refusal(await w.plan('anna', 'bert')), /^450 .*cannot check whether it was revoked/);
  // Revoked here, whatever its own authority says.
  w.lists.clear();
  await w.store.certificates.revokeCertificate(third.fingerprint, 'superseded', actor);
  assert.match(refusal(await w.plan('anna', 'bert')), /it was revoked/);
});

test('a certificate that was registered for one account draws no mail of another', async (t) => {
  const w = await world(t);
  await w.give('postmaster', { keep: true, emails: ['postmaster@mail.test'] });
  await w.set('bert', { encrypt: 'required' });
  await w.give('lab', { by: w.theirs, emails: ['lab@group.test', 'bert@group.test'], keep: true });
  assert.match(refusal(await w.plan('anna', 'bert')), /no certificate for it is registered/);
  assert.deepEqual(await w.mail.decryptionKeys(address('bert@group.test')), []);
  assert.equal((await w.mail.decryptionKeys(address('LAB@group.test'))).length, 1);
});

test('people sign with the key that is held for From, systems leave it to the gateway; null senders sign nothing', async (t) => {
  const w = await world(t);
  const own = await w.give('postmaster', { keep: true, emails: ['postmaster@mail.test'] });
  const annas = await w.give('anna', { keep: true });
  await w.give('bert');
  await w.set('bert', { encrypt: 'when-possible' });
  const signer = async (from: string, to: string): Promise<string> => {
    const plan = await w.plan(from, to);
    return 'signer' in plan ? plan.signer.certificate.fingerprint : plan.kind;
  };
  assert.equal(await signer('anna', 'bert'), annas.fingerprint);
  assert.equal(await signer('anna', 'lab'), annas.fingerprint);
  assert.equal(await signer('bert', 'lab'), 'plain', 'no key is held for it');
  await w.give('lab', { keep: true });
  assert.equal(await signer('lab', 'anna'), 'plain', 'a system');
  assert.equal(await signer('lab', 'bert'), own.fingerprint);
  await w.set('anna', { sign: 'never' });
  assert.equal(await signer('anna', 'lab'), 'plain');
  assert.equal(await signer('anna', 'bert'), own.fingerprint);
  assert.equal(await w.mail.isOwn(own), true);
  assert.equal(await w.mail.isOwn(annas), false);
  await w.set('anna', { sign: 'always' });
  const nobody = { ...(await w.sender('anna')), from: undefined };
  const report = await w.mail.plan(nobody, await recipient(w.store, 'bert'));
  assert.equal(signing(report).signer.certificate.fingerprint, own.fingerprint);
  await w.store.certificates.removeKey(annas.fingerprint, actor);
  const refused = await w.plan('anna', 'lab');
  assert.deepEqual([refused.kind === 'refused' && refused.about, refusal(refused).slice(0, 3)], ['sender', '550']);
  await w.store.certificates.removeKey(own.fingerprint, actor);
  assert.equal(await w.mail.isOwn(own), false);
});

test('what signs comes with its chain and says what can be read; a key under another master key is told of', async (t) => {
  const w = await world(t);
  const certificate = await w.give('anna', { keep: true });
  const sender = await w.sender('anna');
  const options = async () => {
    const made = await w.mail.signing(signing(await w.plan('anna', 'lab')), sender);
    assert(made.ok);
    return made.value;
  };
  const first = await options();
  assert.deepEqual(
    first.signers.map(({ certificate: c, privateKey }) => [c.fingerprint, privateKey.type]),
    [[certificate.fingerprint, 'private']],
  );
  assert.deepEqual(
    first.certificates?.map((c) => c.fingerprint),
    [w.ours.certificate.fingerprint],
    'the root stays out',
  );
  assert.equal(first.capabilities, undefined, 'nothing is known of its program');
  assert.equal((await options()).signers[0]?.privateKey, first.signers[0]?.privateKey, 'opened once');
  await w.store.certificates.setCapabilities(address('anna@group.test'), ['aes-256-cbc'], actor);
  assert.equal((await options()).capabilities?.length, 1);
  await w.set('anna', { open: true });
  assert.equal((await options()).capabilities?.length, MAIL_CAPABILITIES.length, 'we read all of them');

  const other = await world(t);
  const keys = await makeKeyPair('p256');
  const sealed = await mailKeySeals(() => Promise.resolve(randomBytes(32)), randomBytes).seal('x', keys.privateKey);
  const strange = await other.give('anna');
  await other.store.certificates.addKey(strange.fingerprint, sealed, actor);
  const failed = await other.mail.signing(signing(await other.plan('anna', 'lab')), await other.sender('anna'));
  assert.match(failed.ok ? '' : failed.error, /does not open/);
  assert.deepEqual(await other.mail.decryptionKeys(address('anna@group.test')), []);
  const told = other.log.events.filter(({ event }) => event === 'mail-key.refused');
  assert.deepEqual(
    told.map(({ fields }) => fields.fingerprint),
    [strange.fingerprint],
    'once, however often it is asked for',
  );
});

test('keys that open stay when their certificates end or are revoked, newest first', async (t) => {
  const w = await world(t);
  const old = await w.give('anna', { keep: true, from: -9, to: 1 });
  const now = await w.give('anna', { keep: true, from: -1 });
  await w.give('anna', { from: -2 });
  await w.store.certificates.revokeCertificate(now.fingerprint, 'superseded', actor);
  w.clock.advance(days(2));
  const keys = await w.mail.decryptionKeys(address('anna@group.test'));
  assert.deepEqual(
    keys.map(({ certificate }) => certificate.fingerprint),
    [now.fingerprint, old.fingerprint],
  );
  assert.deepEqual(await w.mail.decryptionKeys(address('nobody@group.test')), []);
});

test('capabilities that were shown decide from then on, are not written every time, and never against the operator', async (t) => {
  const w = await world(t);
  await w.give('postmaster', { keep: true, emails: ['postmaster@mail.test'] });
  await w.give('bert', { kind: 'rsa2048' });
  await w.set('bert', { encrypt: 'required' });
  const bert = address('bert@group.test');
  const kinds = async (): Promise<unknown> => {
    const plan = await w.plan('anna', 'bert');
    return plan.kind === 'strong' || plan.kind === 'interop' ? [plan.kind, plan.recipient.transport] : refusal(plan);
  };
  assert.deepEqual(await kinds(), ['interop', 'pkcs1']);
  await w.mail.noteCapabilities(bert, capabilitiesOf(['aes-256-gcm', 'rsa-oaep']));
  assert.deepEqual(await kinds(), ['strong', 'oaep']);
  await w.mail.noteCapabilities(bert, capabilitiesOf(['aes-256-cbc']));
  assert.deepEqual(await kinds(), ['strong', 'oaep'], 'another program of the same hour');
  w.clock.advance(hours(2));
  await w.mail.noteCapabilities(bert, capabilitiesOf(['aes-256-cbc']));
  assert.deepEqual(await kinds(), ['interop', 'pkcs1']);
  await w.store.certificates.setCapabilities(bert, ['aes-256-gcm'], actor);
  w.clock.advance(hours(2));
  await w.mail.noteCapabilities(bert, []);
  await w.mail.noteCapabilities('nobody@elsewhere.test' as Address, capabilitiesOf(['aes-256-gcm']));
  assert.deepEqual(await kinds(), ['strong', 'pkcs1']);
  const rows = await w.store.audit.read({ limit: 1000 });
  assert.equal(rows.filter((row) => row.event === 'certificate.capabilities').length, 3);
});

test('trust for a verification: both authorities, both kinds of revocation, as they stand now', async (t) => {
  const w = await world(t);
  const [mine, foreign] = [await w.give('anna'), await w.give('bert', { by: w.theirs })];
  const verdicts = async (): Promise<string[]> => {
    const { revocation, anchors, known } = await w.mail.trust();
    assert.deepEqual([anchors.length, known?.length], [3, 1]);
    return [revocation(mine, w.ours.certificate).kind, revocation(foreign, w.theirs.certificate).kind];
  };
  assert.deepEqual(await verdicts(), ['good', 'good']);
  w.lists.set(foreign.fingerprint, { kind: 'revoked', at: instant(1), reason: 'superseded' });
  // What a list of others says of ours is nobody's business.
  w.lists.set(mine.fingerprint, { kind: 'revoked', at: instant(1), reason: 'superseded' });
  assert.deepEqual(await verdicts(), ['good', 'revoked']);
  await w.store.certificates.revokeCertificate(mine.fingerprint, 'keyCompromise', actor);
  assert.deepEqual(await verdicts(), ['revoked', 'revoked']);
});
