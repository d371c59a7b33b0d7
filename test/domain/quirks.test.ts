import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccountId, OrganisationId } from '../../src/domain/ids.ts';
import { type Quirk, quirkFacts, quirkRefusal, quirkTable, quirkText, tolerates } from '../../src/domain/quirks.ts';
import type { Account, AccountKind, Organisation } from '../../src/domain/registry.ts';
import { parseSetting } from '../../src/domain/settings.ts';
import type { Settings } from '../../src/domain/settings/setting.ts';

const account = (kind: AccountKind, settings: Settings = {}): Account => ({
  ...{ id: 1 as AccountId, login: 'a', organisation: 1 as OrganisationId, state: 'active' },
  ...{ kind, settings },
});
const organisation = (settings: Settings = {}): Organisation => ({
  ...{ id: 1 as OrganisationId, name: 'a', title: 'A', language: 'nl' },
  settings,
});
const all = Object.keys(quirkTable) as Quirk[];

test("without a setting the letter holds, but where today's programs or RFC 6409 want it otherwise", () => {
  const byDefault = (kind: AccountKind): Quirk[] => all.filter((q) => tolerates(account(kind), organisation(), q));
  const usual: Quirk[] = ['login-initial', 'long-lines', 'eight-bit', 'no-date', 'no-message-id', 'no-uidl'];
  assert.deepEqual(new Set(byDefault('mail')), new Set([...usual, 'line-ends']));
  assert.deepEqual(new Set(byDefault('edi')), new Set([...usual, 'line-ends']));
  // DESIGN section 7: partners are refused.
  assert.deepEqual(new Set(byDefault('partner')), new Set(usual));
});

test('the account decides before its organisation, and both values of every setting can be set', () => {
  for (const quirk of all) {
    const { by } = quirkFacts(quirk);
    if (by.kind !== 'setting') continue;
    for (const value of [by.on, by.off])
      assert.deepEqual(parseSetting('account', by.name, value), { ok: true, value }, `${by.name}=${value}`);
    for (const kind of ['mail', 'partner'] as const) {
      assert.equal(tolerates(account(kind, { [by.name]: by.on }), organisation({ [by.name]: by.off }), quirk), true);
      assert.equal(tolerates(account(kind, { [by.name]: by.off }), organisation({ [by.name]: by.on }), quirk), false);
      assert.equal(tolerates(account(kind), organisation({ [by.name]: by.on }), quirk), true);
    }
  }
});

test('a refusal names the quirk and what allows it, in one line that SMTP and POP3 take', () => {
  for (const quirk of all) {
    const { refusal } = quirkFacts(quirk);
    if (refusal === undefined) continue;
    const text = quirkText(quirk);
    assert.match(text, new RegExp(`\\(quirk ${quirk}[:)]`));
    // RFC 2449 section 4: a POP3 response has at most 512 octets.
    assert.match(text, /^[\x20-\x7e]{20,400}$/);
    if (refusal.reply === undefined) {
      assert.throws(() => quirkRefusal(quirk), /no reply of SMTP/);
      continue;
    }
    const { reply, status, quirk: named, text: said } = quirkRefusal(quirk);
    assert.deepEqual([named, said], [quirk, text]);
    assert.ok(reply >= 500 || quirk === 'lf-only');
    assert.equal(status[0], String(reply)[0]);
  }
});
