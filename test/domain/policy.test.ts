import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spoken } from '../../src/domain/spoken.ts';
import type { Address } from '../../src/domain/address.ts';
import type { AccountId, OrganisationId } from '../../src/domain/ids.ts';
import {
  type Addressee,
  type RecipientDecision,
  addressedAway,
  decideReach,
  decideRoom,
  foreignSender,
  largestFor,
} from '../../src/domain/policy.ts';
import type { State } from '../../src/domain/registry.ts';
import type { Settings } from '../../src/domain/settings/setting.ts';
import { type Instant, MiB, type Octets, octets } from '../../src/domain/units.ts';

const bob = 'bob@group.test' as Address;

function addressee(
  more: { address?: State; account?: State; settings?: Settings; used?: number; own?: Settings } = {},
): Addressee {
  const account = 1 as AccountId;
  const organisation = 2 as OrganisationId;
  return {
    address: { address: bob, account, state: more.address ?? 'active', settings: more.own ?? {} },
    account: {
      id: account,
      login: 'bob',
      organisation,
      kind: 'edi',
      state: more.account ?? 'active',
      settings: more.settings ?? {},
    },
    organisation: { id: organisation, name: 'practice', title: 'Practice', language: 'nl', settings: {} },
    used: octets(more.used ?? 0),
  };
}

function decideRecipient(
  address: Address,
  found: Addressee | undefined,
  declared: Octets,
  utf8: boolean,
): RecipientDecision {
  const refusal = decideReach(address, found, utf8);
  if (refusal !== undefined) return { kind: 'refused', refusal };
  assert(found !== undefined);
  return decideRoom(address, found, declared);
}

const statusOf = (found: Addressee | undefined, declared = 0, address = bob, utf8 = false): string => {
  const decision = decideRecipient(address, found, octets(declared), utf8);
  return decision.kind === 'taken' ? 'taken' : `${decision.refusal.reply} ${decision.refusal.status}`;
};

test('an active address of an active account is taken', () => {
  assert.equal(statusOf(addressee()), 'taken');
});

test('unregistered and ended look the same, suspended is told apart', () => {
  assert.equal(statusOf(undefined), '550 5.1.1');
  assert.equal(statusOf(addressee({ address: 'ended' })), '550 5.1.1');
  assert.equal(statusOf(addressee({ account: 'ended' })), '550 5.1.1');
  assert.equal(statusOf(addressee({ account: 'ended', address: 'suspended' })), '550 5.1.1');
  const succeeded = addressee({ address: 'ended' });
  const named = decideReach(
    bob,
    { ...succeeded, address: { ...succeeded.address, successor: 'desk@group.test' as Address } },
    false,
  );
  assert.deepEqual([named?.reply, named?.status], [551, '5.1.6']);
  assert.equal(statusOf(addressee({ address: 'suspended' })), '550 5.2.1');
  assert.equal(statusOf(addressee({ account: 'suspended' })), '550 5.2.1');
  const unknown = decideRecipient(bob, undefined, octets(0), false);
  const ended = decideRecipient(bob, addressee({ address: 'ended' }), octets(0), false);
  assert.deepEqual(unknown, ended);
});

test('the size limit of the address wins over that of its account, and is exact', () => {
  const found = addressee({ settings: { 'max-message': 64 * MiB }, own: { 'max-message': 1 * MiB } });
  assert.equal(statusOf(found, MiB), 'taken');
  assert.equal(statusOf(found, MiB + 1), '552 5.2.3');
  assert.equal(statusOf(found), 'taken');
});

test('a full mailbox is temporary, with and without a declared size, and 80 % is a warning', () => {
  const settings = { quota: 10 * MiB };
  assert.equal(statusOf(addressee({ settings, used: 10 * MiB - 1 })), 'taken');
  assert.equal(statusOf(addressee({ settings, used: 10 * MiB })), '452 4.2.2');
  assert.equal(statusOf(addressee({ settings, used: 5 * MiB }), 5 * MiB), 'taken');
  assert.equal(statusOf(addressee({ settings, used: 5 * MiB }), 5 * MiB + 1), '452 4.2.2');
  const warned = (used: number): boolean => {
    const decision = decideRecipient(bob, addressee({ settings, used }), octets(0), false);
    return decision.kind === 'taken' && decision.nearlyFull;
  };
  assert.deepEqual([warned(8 * MiB - 1), warned(8 * MiB)], [false, true]);
});

test('what is larger than the whole mailbox is refused for good, full or empty', () => {
  const settings = { quota: 2 * MiB };
  assert.equal(statusOf(addressee({ settings }), 2 * MiB), 'taken');
  assert.equal(statusOf(addressee({ settings }), 2 * MiB + 1), '552 5.2.3');
  assert.equal(statusOf(addressee({ settings, used: 2 * MiB }), 2 * MiB + 1), '552 5.2.3');
  assert.equal(largestFor(addressee({ settings, own: { 'max-message': MiB } })), MiB);
});

test('an address outside ASCII needs SMTPUTF8 and is never quoted in a text', () => {
  const umlaut = 'müller@group.test' as Address;
  assert.equal(statusOf(addressee(), 0, umlaut), '553 5.6.7');
  const decision = decideRecipient(umlaut, undefined, octets(0), true);
  assert.ok(decision.kind === 'refused' && /^[\x20-\x7e]+$/.test(decision.refusal.text));
});

test('a foreign sender is told where its address stands', () => {
  assert.deepEqual(foreignSender('MAIL FROM').status, '5.7.1');
  assert.match(foreignSender('header From').text, /header From/);
});

test("a partner's mail fills no mailbox; its state and its limit decide", () => {
  const full = { settings: { quota: MiB }, used: 2 * MiB };
  const at = (state: 'active' | 'suspended' | 'refusing' | 'ended', maxMessage?: number): Addressee => ({
    ...addressee(full),
    partner: { state, ...(maxMessage === undefined ? {} : { maxMessage: octets(maxMessage) }) },
  });
  assert.equal(statusOf(addressee(full)), '452 4.2.2');
  assert.equal(statusOf(at('active'), 5 * MiB), 'taken');
  assert.equal(statusOf(at('suspended')), 'taken');
  assert.equal(statusOf(at('refusing')), '550 5.2.1');
  assert.equal(statusOf(at('ended')), '550 5.1.1');
  assert.equal(statusOf(at('active', 4 * MiB), 4 * MiB), 'taken');
  assert.equal(statusOf(at('active', 4 * MiB), 4 * MiB + 1), '552 5.2.3');
  // The smaller of the two.
  const small: Addressee = {
    ...at('active', 4 * MiB),
    ...{ address: addressee({ own: { 'max-message': MiB } }).address },
  };
  assert.equal(statusOf(small, MiB + 1), '552 5.2.3');
});

test('whoever is away and refuses is told of, with the substitute where there is one', () => {
  const absence = { from: 0 as Instant, until: 1 as Instant, mode: 'refuse' } as const;
  const told = addressedAway(bob, { ...absence, substitute: 'ann@group.test' as Address }, '2026-12-23');
  assert.deepEqual(
    [told.reply, told.status, spoken(told)],
    [
      551,
      '5.1.6',
      '<bob@group.test> is away up to and including 2026-12-23; send to <ann@group.test> instead / <bob@group.test> is afwezig tot en met 2026-12-23; stuur het naar <ann@group.test>',
    ],
  );
  assert.equal(addressedAway(bob, absence, '2026-12-23').reply, 550);
});
