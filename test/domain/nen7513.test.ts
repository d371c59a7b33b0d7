/** Rows of the trail in the fields of NEN 7513: each of its kinds once, written out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NEN7513_FIELDS } from '../../src/domain/audit-events.ts';
import type { ChainRow } from '../../src/domain/audit-row.ts';
import { messageNumber, parseMessageId } from '../../src/domain/ids.ts';
import { nen7513Of } from '../../src/domain/nen7513.ts';

const id = parseMessageId('01kb3c5h8q2zr')!;
const row = (part: Partial<ChainRow>): ChainRow => ({
  ...{
    seq: 7,
    at: Date.UTC(2026, 10, 25, 1),
    event: 'login.granted',
    outcome: 'success',
    message: null,
    account: null,
  },
  ...{ facts: '{}', commitment: Buffer.alloc(32), hash: Buffer.alloc(32), salt: Buffer.alloc(32), personal: '{}' },
  ...part,
});
const site = { hostname: 'mail.test', account: undefined, personal: true };

test('a submission, golden', () => {
  const accepted = row({
    ...{ event: 'message.accepted', message: messageNumber(id), account: 3, facts: '{"octets":400}' },
    personal: '{"sender":"anna@group.test","recipients":["bert@group.test"],"network":"192.0.2.7"}',
  });
  assert.equal(
    JSON.stringify(nen7513Of(accepted, { ...site, account: 'anna' }), null, 1),
    `{
 "EventID": 7,
 "EventActionCode": "C",
 "EventDateTime": "2026-11-25T01:00:00.000Z",
 "EventOutcomeIndicator": 0,
 "EventTypeCode": "message.accepted",
 "UserID": "anna",
 "AlternateUserID": null,
 "UserIsRequestor": true,
 "PurposeOfUse": null,
 "NetworkAccessPointTypeCode": 2,
 "NetworkAccessPointID": "192.0.2.7",
 "ParticipantObjectTypeCode": 2,
 "ParticipantObjectIDTypeCode": "message",
 "ParticipantObjectID": "01kb3c5h8q2zr",
 "ParticipantObjectDetail": {
  "octets": 400,
  "sender": "anna@group.test",
  "recipients": [
   "bert@group.test"
  ]
 },
 "AuditEnterpriseSiteID": "mail.test",
 "AuditSourceID": "mail.test",
 "AuditSourceTypeCode": 4
}`,
  );
});

test('its fields are those that the documents map, in their order', () => {
  const mapped = NEN7513_FIELDS.map(([field]) => field);
  assert.deepEqual(Object.keys(nen7513Of(row({}), site)), mapped);
});

test('an operator acts on behalf of an account, with a reason; an address of mail is no place in a network', () => {
  const personal = '{"actor":"j.smit","reason":"ticket 4711","address":"balie@group.test"}';
  const record = nen7513Of(row({ event: 'registry.address-added', account: 3, personal }), {
    ...site,
    account: 'anna',
  });
  assert.deepEqual(
    [record.UserID, record.AlternateUserID, record.UserIsRequestor, record.PurposeOfUse, record.NetworkAccessPointID],
    ['j.smit', 'anna', true, 'ticket 4711', null],
  );
  assert.deepEqual(record.ParticipantObjectDetail, { address: 'balie@group.test' });
});

test('a login that failed names what was typed and from where, IPv6 and networks too', () => {
  const personal = '{"login":"who?","network":"2001:db8::/64"}';
  const record = nen7513Of(row({ event: 'login.refused', outcome: 'failure', personal }), site);
  assert.deepEqual(
    [record.UserID, record.UserIsRequestor, record.EventOutcomeIndicator, record.NetworkAccessPointID],
    ['who?', true, 4, '2001:db8::/64'],
  );
});

test('what the gateway does by itself it did; what was erased or is left out nobody is said to have done', () => {
  const own = row({ event: 'message.expired', account: 3, commitment: null, salt: null, personal: null });
  const expired = nen7513Of(own, { ...site, account: 'anna' });
  assert.deepEqual([expired.UserID, expired.AlternateUserID, expired.UserIsRequestor], ['mail.test', 'anna', false]);
  const change = { event: 'registry.account-added', account: 3 };
  const erased = nen7513Of(row({ ...change, personal: null, salt: null }), { ...site, account: 'anna' });
  assert.equal(erased.UserID, null);
  const withheld = nen7513Of(row({ ...change, personal: '{"actor":"j.smit","reason":"x"}' }), {
    ...{ ...site, personal: false, account: 'account 3' },
  });
  assert.deepEqual([withheld.UserID, withheld.PurposeOfUse], [null, null]);
  assert.doesNotMatch(JSON.stringify(withheld), /smit/);
});
