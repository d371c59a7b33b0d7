import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Untrusted } from '../../../src/crypto/certificates/certificate-path.ts';
import type { Selection } from '../../../src/crypto/certificates/mail-certificate.ts';
import {
  type Known,
  type ProtectionPlan,
  type Wanted,
  planKey,
  planProtection,
  wantedFor,
} from '../../../src/crypto/smime/plan.ts';
import type { Settings } from '../../../src/domain/settings/setting.ts';
import { circle, person } from '../cms/support.ts';

const usable = async (kind: 'rsa2048' | 'p256' | 'p384'): Promise<Selection> => {
  const { certificate } = await person(kind);
  return { kind: 'usable', certificate, path: [certificate, (await circle()).authority.certificate] };
};
const none = async (...reasons: readonly Untrusted['reason'][]): Promise<Selection> => ({
  kind: 'none',
  refused: await Promise.all(
    reasons.map(async (reason): Promise<Untrusted> => {
      const { certificate } = await person('p384');
      return { kind: 'untrusted', reason, text: 'for the log', certificate };
    }),
  ),
});

const usual: Wanted = { sign: 'never', encrypt: 'never', profile: 'automatic', self: false, opened: false };

/** One line: what is done, by whom, how. */
function told(plan: ProtectionPlan): string {
  switch (plan.kind) {
    case 'plain':
      return `plain: ${plan.reason}`;
    case 'signed':
      return `signed by ${plan.signer.whose}: ${plan.reason}`;
    case 'interop':
    case 'strong': {
      const { kind, cipher, recipient, signer, rsa, self, reason } = plan;
      const also = self === undefined ? '' : ' and self';
      return `${kind} ${cipher} ${recipient.transport ?? 'agreed'}${also}, ${signer.whose} ${rsa}: ${reason}`;
    }
    case 'refused':
      return `${plan.refusal.reply} ${plan.refusal.status} about ${plan.about}: ${plan.refusal.text}`;
  }
}

test('every pair of wishes and findings comes to one plan', async () => {
  const [rsa, ec] = [await usable('rsa2048'), await usable('p256')];
  const [nobody, expired, revoked] = [await none(), await none('expired'), await none('revoked', 'expired')];
  const strong = ['aes-256-gcm', 'rsa-oaep', 'rsa-pss'] as const;
  const interop = 'nothing is known of AES-GCM';
  const only = '<anna@praktijk.example> accepts only encrypted messages, and';
  const ask = 'ask the addressee or the helpdesk';
  const table: readonly [Partial<Wanted>, Partial<Known>, string][] = [
    // nothing asked
    [{}, {}, 'plain: encrypt is never'],
    [{}, { recipient: rsa, sender: ec, gateway: ec, capabilities: strong }, 'plain: encrypt is never'],
    [{ opened: true }, {}, 'plain: the gateway opens mail for the addressee'],
    // signing alone
    [{ sign: 'when-possible' }, { sender: ec }, 'signed by sender: encrypt is never'],
    [{ sign: 'when-possible' }, { sender: expired }, 'plain: encrypt is never'],
    [
      { sign: 'when-possible', opened: true },
      { sender: ec },
      'signed by sender: the gateway opens mail for the addressee',
    ],
    [{ sign: 'always' }, { sender: ec }, 'signed by sender: encrypt is never'],
    [
      { sign: 'always' },
      { sender: nobody },
      '550 5.7.5 about sender: Messages of this account are signed, and there is no valid certificate for the address in From: none is registered; ask the helpdesk',
    ],
    [
      { sign: 'always', encrypt: 'required' },
      { sender: expired, recipient: rsa, gateway: ec },
      '550 5.7.5 about sender: Messages of this account are signed, and there is no valid certificate for the address in From: it expired on 2027-03-05; ask the helpdesk',
    ],
    // encryption, and who signs inside
    [
      { encrypt: 'when-possible' },
      { recipient: rsa, gateway: ec },
      `interop aes-256-cbc pkcs1, gateway pkcs1: ${interop}`,
    ],
    [{ encrypt: 'required' }, { recipient: ec, gateway: ec }, `interop aes-256-cbc agreed, gateway pkcs1: ${interop}`],
    [
      { encrypt: 'required', sign: 'always' },
      { recipient: rsa, sender: rsa, gateway: ec },
      `interop aes-256-cbc pkcs1, sender pkcs1: ${interop}`,
    ],
    [
      { encrypt: 'required', sign: 'when-possible' },
      { recipient: rsa, sender: revoked, gateway: ec },
      `interop aes-256-cbc pkcs1, gateway pkcs1: ${interop}`,
    ],
    // the key of the account is not touched where it signs never
    [
      { encrypt: 'required' },
      { recipient: rsa, sender: rsa, gateway: ec },
      `interop aes-256-cbc pkcs1, gateway pkcs1: ${interop}`,
    ],
    // capabilities
    [
      { encrypt: 'required' },
      { recipient: rsa, gateway: ec, capabilities: strong },
      'strong aes-256-gcm oaep, gateway pss: the address reads AES-GCM',
    ],
    [
      { encrypt: 'required' },
      { recipient: rsa, gateway: ec, capabilities: ['aes-128-gcm'] },
      'strong aes-128-gcm pkcs1, gateway pkcs1: the address reads AES-GCM',
    ],
    [
      { encrypt: 'required' },
      { recipient: rsa, gateway: ec, capabilities: ['aes-128-cbc', 'rsa-oaep'] },
      `interop aes-128-cbc oaep, gateway pkcs1: ${interop}`,
    ],
    [
      { encrypt: 'required', profile: 'interop' },
      { recipient: rsa, gateway: ec, capabilities: strong },
      'interop aes-256-cbc oaep, gateway pkcs1: protection-profile is interop',
    ],
    [
      { encrypt: 'required', profile: 'strong' },
      { recipient: rsa, gateway: ec, capabilities: ['aes-128-gcm'] },
      'strong aes-256-gcm oaep, gateway pss: protection-profile is strong',
    ],
    // the sender's own copy
    [
      { encrypt: 'required', self: true },
      { recipient: ec, gateway: ec, self: rsa },
      `interop aes-256-cbc agreed and self, gateway pkcs1: ${interop}`,
    ],
    [
      { encrypt: 'required', self: true },
      { recipient: ec, gateway: ec, self: expired },
      `interop aes-256-cbc agreed, gateway pkcs1: ${interop}`,
    ],
    // no certificate to encrypt to
    [
      { encrypt: 'when-possible' },
      { recipient: nobody, gateway: ec },
      'plain: no certificate to encrypt to: none is registered',
    ],
    [
      { encrypt: 'when-possible', sign: 'when-possible' },
      { recipient: expired, sender: ec },
      'signed by sender: no certificate to encrypt to: it expired on 2027-03-05',
    ],
    [
      { encrypt: 'required' },
      { recipient: nobody, gateway: ec },
      `550 5.7.5 about recipient: ${only} no certificate for it is registered; ${ask}`,
    ],
    [
      { encrypt: 'required' },
      { recipient: expired, gateway: ec },
      `550 5.7.5 about recipient: ${only} there is no valid certificate for it: it expired on 2027-03-05; ${ask}`,
    ],
    [
      { encrypt: 'required' },
      { recipient: revoked, gateway: ec },
      `550 5.7.5 about recipient: ${only} there is no valid certificate for it: it was revoked; ${ask}`,
    ],
    [
      { encrypt: 'required' },
      { recipient: await none('no-issuer'), gateway: ec },
      `550 5.7.5 about recipient: ${only} there is no valid certificate for it: its authority is not trusted here; ${ask}`,
    ],
    [
      { encrypt: 'required' },
      { recipient: await none('not-yet-valid'), gateway: ec },
      `550 5.7.5 about recipient: ${only} there is no valid certificate for it: it is valid from 2026-11-24; ${ask}`,
    ],
    [
      { encrypt: 'required' },
      { recipient: await none('extended-key-usage'), gateway: ec },
      `550 5.7.5 about recipient: ${only} there is no valid certificate for it: it may not be used for this; ${ask}`,
    ],
    // an authority whose list is overdue may have a new one soon
    [
      { encrypt: 'required' },
      { recipient: await none('revocation-unknown'), gateway: ec },
      `450 4.7.5 about recipient: ${only} there is no valid certificate for it: the gateway cannot check whether it was revoked; ${ask}`,
    ],
    // nothing to sign with: ours to mend
    [
      { encrypt: 'when-possible' },
      { recipient: rsa, gateway: expired },
      'plain: nothing to sign with inside the encryption: it expired on 2027-03-05',
    ],
    [
      { encrypt: 'required' },
      { recipient: rsa },
      '451 4.3.5 about gateway: The message must be signed and encrypted, and the gateway has no valid signing key; try again later, or ask the helpdesk',
    ],
  ];
  const { address } = await person('p256');
  for (const [wanted, known, expected] of table)
    assert.equal(
      told(planProtection({ ...usual, ...wanted }, { address, ...known })).replaceAll('p256@', 'anna@'),
      expected,
      JSON.stringify(wanted),
    );
});

test('a refusal is one line of ASCII, whatever the address', async () => {
  const address = 'ännä@praktijk.example' as Known['address'];
  for (const recipient of [await none(), await none('expired')]) {
    const plan = planProtection({ ...usual, encrypt: 'required' }, { address, recipient });
    assert(plan.kind === 'refused');
    assert.match(plan.refusal.text, /^This address [\x20-\x7e]+$/);
  }
});

test('settings come to wishes: systems do not sign, people do where there is a key, the nearest value wins', () => {
  const wanted = (kind: 'edi' | 'mail' | 'partner', sender: Settings, ...recipient: Settings[]): Wanted =>
    wantedFor({ kind, settings: [{}, sender] }, { settings: recipient });
  assert.deepEqual(wanted('edi', {}, {}), usual);
  assert.equal(wanted('partner', {}).sign, 'never');
  assert.equal(wanted('mail', {}).sign, 'when-possible');
  assert.equal(wanted('mail', { sign: 'never' }).sign, 'never');
  assert.equal(wanted('edi', { sign: 'always' }).sign, 'always');
  assert.equal(wanted('edi', { 'encrypt-to-self': true }).self, true);
  assert.equal(wanted('edi', {}, {}, {}, { encrypt: 'required' }).encrypt, 'required');
  assert.equal(wanted('edi', {}, { encrypt: 'when-possible' }, { encrypt: 'required' }).encrypt, 'when-possible');
  assert.equal(wanted('edi', {}, { 'protection-profile': 'strong' }).profile, 'strong');
  const opened = wanted('edi', {}, { open: true, encrypt: 'required' });
  assert.deepEqual([opened.opened, opened.encrypt], [true, 'never']);
  // What the addressee's settings say of signing is about the addressee's own messages.
  assert.equal(wanted('edi', {}, { sign: 'always' }).sign, 'never');
});

test('recipients share a body exactly when nothing about it differs but who reads it', async () => {
  const { address } = await person('p256');
  const [rsa, ec, other] = [await usable('rsa2048'), await usable('p256'), await usable('p384')];
  const plan = (wanted: Partial<Wanted>, known: Partial<Known>): string =>
    planKey(planProtection({ ...usual, encrypt: 'required', ...wanted }, { address, gateway: ec, ...known }));
  const first = plan({}, { recipient: rsa });
  assert.equal(plan({}, { recipient: other }), first);
  const different = [
    plan({ profile: 'strong' }, { recipient: rsa }),
    plan({}, { recipient: rsa, capabilities: ['aes-256-gcm'] }),
    plan({}, { recipient: rsa, capabilities: ['aes-128-cbc'] }),
    plan({}, { recipient: rsa, gateway: other }),
    plan({ self: true }, { recipient: rsa, self: ec }),
    plan({ encrypt: 'never', sign: 'always' }, { sender: ec }),
    plan({ encrypt: 'never' }, {}),
    plan({}, {}),
  ];
  assert.equal(new Set([first, ...different]).size, different.length + 1);
});
