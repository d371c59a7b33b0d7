import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planPgp } from '../../../src/crypto/pgp/plan.ts';
import { type PgpCandidate, selectPgpKey } from '../../../src/crypto/pgp/select.ts';
import type { ProtectionPlan, Wanted } from '../../../src/crypto/smime/plan.ts';
import { type Refusal, refusing, row } from '../../../src/domain/refusal.ts';
import { instant } from '../../../src/domain/units.ts';
import { chooseProtection } from '../../../src/protection/choose-protection.ts';
import { address } from '../../support/store.ts';

const NOW = instant(Date.UTC(2026, 10, 25));
const key = (fingerprint: string, more: Partial<PgpCandidate> = {}): PgpCandidate => ({
  ...{ fingerprint, packets: Buffer.from(fingerprint) },
  createdAt: instant(NOW - 1000),
  encryptsUntil: instant(NOW + 1000),
  signsUntil: instant(NOW + 1000),
  ...more,
});
const wanted = (more: Partial<Wanted> = {}): Wanted => ({
  ...{ sign: 'when-possible', encrypt: 'required', profile: 'automatic', self: false, opened: false },
  ...more,
});
const usable = (fingerprint: string) => ({ kind: 'usable', key: key(fingerprint) }) as const;
const BOB = address('bob@group.test');

test('the newest key that can is taken, for each use by itself', () => {
  const keys = [
    key('future', { createdAt: instant(NOW + 1) }),
    key('revoked', { revoked: { at: NOW } }),
    key('signs', { encryptsUntil: instant(0) }),
    key('ended', { encryptsUntil: NOW, signsUntil: NOW }),
    key('good'),
    key('old'),
  ];
  const pick = (use: 'encrypt' | 'sign', from = keys): string => {
    const found = selectPgpKey(from, use, NOW);
    return found.kind === 'usable' ? found.key.fingerprint : (found.why ?? 'none');
  };
  assert.deepEqual([pick('encrypt'), pick('sign')], ['good', 'signs']);
  assert.equal(pick('encrypt', []), 'none');
  assert.equal(pick('encrypt', keys.slice(0, 1)), 'it is valid from 2026-11-25');
  assert.equal(pick('encrypt', keys.slice(1, 4)), 'it was revoked');
  assert.equal(pick('encrypt', keys.slice(2, 3)), 'nothing can be encrypted to it');
  assert.equal(pick('sign', keys.slice(3, 4)), 'it expired on 2026-11-25');
});

test('a plan follows the wishes: signed, encrypted with and without a signature, strong, for the sender too, refused', () => {
  const known = { address: BOB, recipient: usable('bob'), sender: usable('me'), self: usable('me') };
  const shape = (plan: ReturnType<typeof planPgp>): string =>
    plan.kind === 'refused'
      ? `${plan.kind} ${plan.about} ${plan.nothing === true ? 'nothing' : 'something'}`
      : [plan.kind, 'signer' in plan ? plan.signer.fingerprint : '-', 'self' in plan ? 'self' : ''].join(' ').trim();
  assert.equal(shape(planPgp(wanted(), known)), 'interop me');
  assert.equal(shape(planPgp(wanted({ profile: 'strong', self: true }), known)), 'strong me self');
  assert.equal(shape(planPgp(wanted({ sign: 'never' }), known)), 'interop -');
  assert.equal(shape(planPgp(wanted({ encrypt: 'never' }), known)), 'signed me');
  assert.equal(shape(planPgp(wanted({ encrypt: 'never', sign: 'never' }), known)), 'plain -');
  assert.equal(
    shape(planPgp(wanted({ encrypt: 'when-possible' }), { ...known, recipient: { kind: 'none' } })),
    'signed me',
  );
  assert.equal(shape(planPgp(wanted(), { ...known, recipient: { kind: 'none' } })), 'refused recipient nothing');
  assert.equal(
    shape(planPgp(wanted(), { ...known, recipient: { kind: 'none', why: 'x' } })),
    'refused recipient something',
  );
  assert.equal(
    shape(planPgp(wanted({ sign: 'always' }), { ...known, sender: { kind: 'none' } })),
    'refused sender nothing',
  );
});

const refusal = (reply: 450 | 550, text: string): Refusal =>
  refusing({ made: row(reply, reply === 450 ? '4.7.5' : '5.7.5', '{text}', '') }).made({ text });
const refused = (about: 'recipient' | 'sender', reply: 450 | 550, text: string, nothing = false) =>
  ({ kind: 'refused', about, refusal: refusal(reply, text), ...(nothing ? { nothing: true as const } : {}) }) as const;

test('the one that does more is chosen, the preference breaks the tie, and a refusal says what helps most', () => {
  const plain: ProtectionPlan = { kind: 'plain', reason: 'x' };
  const interop = planPgp(wanted(), { address: BOB, recipient: usable('bob') });
  const signed = planPgp(wanted({ encrypt: 'never' }), { address: BOB, sender: usable('me') });
  const smime = { kind: 'strong' } as ProtectionPlan;
  const chosen = (...args: Parameters<typeof chooseProtection>): string => {
    const { by, plan } = chooseProtection(...args);
    return plan.kind === 'refused' ? `${plan.about} ${plan.refusal.text}` : `${by} ${plan.kind}`;
  };
  assert.equal(chosen('smime', smime, interop), 'smime strong');
  assert.equal(chosen('pgp', smime, interop), 'pgp interop');
  assert.equal(chosen('pgp', smime, signed), 'smime strong');
  assert.equal(chosen('smime', plain, signed), 'pgp signed');
  assert.equal(chosen('pgp', plain, { kind: 'plain', reason: 'y' }), 'none plain');
  assert.equal(chosen('smime', refused('recipient', 550, 'no certificate'), interop), 'pgp interop');
  const [none, ended] = [refused('recipient', 550, 'none', true), refused('recipient', 550, 'it expired')];
  assert.equal(chosen('smime', none, ended), 'recipient it expired');
  assert.equal(chosen('pgp', none, none), 'recipient none');
  assert.equal(chosen('pgp', refused('recipient', 450, 'no list now'), ended), 'recipient no list now');
  // Whose key is missing for one of the two is not known at RCPT: so it is not refused there.
  assert.equal(chosen('smime', ended, refused('sender', 550, 'no key of From')), 'sender it expired');
});
