/**
 * Filters as mail programs send them: what they match, what the store is asked for, and what is
 * refused.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BerError, parse } from '../../src/crypto/certificates/ber.ts';
import { type Encoded, context, encode, octetString, sequence, value } from '../../src/crypto/certificates/der.ts';
import { type DirectoryEntry, searchText } from '../../src/domain/directory.ts';
import { instant } from '../../src/domain/units.ts';
import { attributesOf } from '../../src/ldap/attributes.ts';
import { type Filter, addressesOf, compared, matches, neededParts, readFilter } from '../../src/ldap/filter.ts';
import { addressOf } from '../support/gateway.ts';
import { and, anything, equal, like, not, or, present } from '../support/ldap.ts';
import { seeded } from '../support/seeded.ts';

const LIMITS = { encoding: 'ber', maxOctets: 1 << 20, maxDepth: 400, maxElements: 20_000 } as const;
const read = (filter: Encoded): Filter => readFilter(parse(encode(filter), LIMITS));

const entryOf = (name: string, title: string, role?: string, agb?: string, telephone?: string): DirectoryEntry => ({
  address: addressOf(name),
  organisation: { id: 1 as never, name: 'group', title },
  kind: 'mail',
  edi: [],
  version: 1,
  modifiedAt: instant(0),
  ...(role === undefined ? {} : { role }),
  ...(agb === undefined ? {} : { agb }),
  ...(telephone === undefined ? {} : { telephone }),
});
const anna = entryOf('anna', 'Huisartsenpraktijk  De  Brug', 'Praktijkassistente', '01234567', '+31 (0)20-123 45 67');
const bert = entryOf('bert', 'Ziekenhuis Sint Jan');

const judge = (filter: Encoded, entry = anna): boolean | undefined =>
  matches(read(filter), compared(attributesOf(entry)));

/** Thunderbird 153, quick search: each word in any of these, words ANDed. */
const thunderbird = (word: string): Encoded =>
  or(
    ...['cn', 'givenName', 'sn', 'mozillaNickname', 'mail', 'mozillaSecondEmail'].map((n) => like(n, `*${word}*`)),
    and(like('description', `*${word}*`)),
    ...['o', 'ou', 'title', 'mozillaWorkUrl', 'mozillaHomeUrl'].map((n) => like(n, `*${word}*`)),
  );
const outlook = (word: string): Encoded =>
  and(
    present('mail'),
    or(
      like('mail', `${word}*`),
      or(
        like('cn', `${word}*`),
        or(like('sn', `${word}*`), or(like('givenName', `${word}*`), like('displayName', `${word}*`))),
      ),
    ),
  );
const apple = (word: string): Encoded =>
  and(
    equal('objectClass', 'inetOrgPerson'),
    or(like('givenName', `${word}*`), like('sn', `${word}*`), like('cn', `*${word}*`), like('mail', `${word}*`)),
  );

test('the filters of Thunderbird, Outlook and Apple Mail find by part of a name, role, code and address', () => {
  assert.equal(judge(and(thunderbird('brug'), thunderbird('ASSIST'))), true);
  assert.equal(judge(thunderbird('0123')), true);
  assert.equal(judge(thunderbird('brug'), bert), undefined);
  assert.equal(judge(outlook('huisarts')), true);
  assert.equal(judge(outlook('anna@')), true);
  assert.notEqual(judge(outlook('assist')), true);
  assert.equal(judge(apple('De B')), true);
  assert.equal(judge(apple('jan'), bert), true);
  assert.equal(judge(like('cn', 'huis*de*(prak*')), true);
  assert.equal(judge(like('cn', 'huis*brug*de*')), false);
});

test('an attribute that nobody knows is Undefined, and its negation is so too', () => {
  assert.equal(judge(equal('uid', 'x')), undefined);
  assert.equal(judge(not(equal('uid', 'x'))), undefined);
  assert.equal(judge(or(equal('uid', 'x'), anything)), true);
  assert.equal(judge(and(equal('uid', 'x'), equal('cn', 'no'))), false);
  assert.equal(judge(not(equal('cn', 'no'))), true);
  assert.equal(judge(not(present('title')), bert), true);
  assert.equal(judge(and()), true);
  assert.equal(judge(or()), false);
  // greaterOrEqual, extensibleMatch
  for (const tag of [context(5), context(9)])
    assert.equal(judge(value(tag, octetString(Buffer.from('cn')), octetString(Buffer.from('a')))), undefined);
  assert.equal(
    judge(value(context(8), octetString(Buffer.from('O')), octetString(Buffer.from('huisartsenpraktijk de brug')))),
    true,
  );
});

test('the store is asked for what must stand in each entry, and single addresses are looked up', () => {
  const parts = (filter: Encoded): readonly string[] | 'never' => neededParts(read(filter));
  assert.deepEqual(parts(and(thunderbird('brug'), thunderbird('de'))), ['brug', 'de']);
  assert.deepEqual(parts(or(like('cn', '*a*b*'), like('mail', '*a b*'), like('givenName', '*a*'))), ['a', 'b']);
  assert.deepEqual(parts(apple('jan')), ['jan']);
  assert.deepEqual(parts(anything), []);
  assert.deepEqual(parts(not(like('cn', 'x*'))), []);
  assert.equal(parts(equal('objectClass', 'group')), 'never');
  assert.equal(parts(or(equal('uid', 'a'), present('givenName'))), 'never');
  assert.deepEqual(addressesOf(read(equal('mail', 'Anna@Group.test')), 9), ['anna@group.test']);
  assert.deepEqual(addressesOf(read(or(equal('mail', 'a@x'), equal('mail', 'b@x'), equal('uid', 'c'))), 9), [
    'a@x',
    'b@x',
  ]);
  assert.equal(addressesOf(read(or(equal('mail', 'a@x'), equal('mail', 'b@x'))), 1), undefined);
  assert.deepEqual(addressesOf(read(and(anything, equal('mail', 'a@x'))), 9), ['a@x']);
  assert.equal(addressesOf(read(or(equal('mail', 'a@x'), equal('cn', 'b'))), 9), undefined);
  assert.equal(addressesOf(read(not(equal('mail', 'a@x'))), 9), undefined);
});

test('whatever the filter: what it matches has all that the store is asked for', () => {
  const { next: random, pick } = seeded(20_261_129);
  const words = [
    'huis',
    'de',
    'brug (p',
    'e b',
    'sint',
    'ANNA',
    '0123',
    'jan',
    'x',
    'n',
    ' ',
    'praktijk de',
    '20-12',
    '3 4',
    ')20',
  ];
  const names = [
    'cn',
    'mail',
    'sn',
    'o',
    'title',
    'description',
    'uid',
    'givenName',
    'objectClass',
    'displayName',
    'telephoneNumber',
  ];
  const made = (depth: number): Encoded => {
    const kind = depth > 3 ? 3 : Math.floor(random() * 7);
    if (kind === 0) return and(made(depth + 1), made(depth + 1));
    if (kind === 1) return or(made(depth + 1), made(depth + 1));
    if (kind === 2) return not(made(depth + 1));
    if (kind === 6) return pick([anything, present(pick(names)), equal('objectClass', pick(['person', 'group']))]);
    if (kind === 5)
      return equal(pick(names), pick(['Ziekenhuis Sint Jan', 'anna@group.test', '01234567', '+31(0)20 1234567']));
    return like(pick(names), pick(['*', '']) + pick(words) + pick(['*', '*' + pick(words) + '*']));
  };
  let found = 0;
  for (let i = 0; i < 5000; i += 1) {
    const filter = read(made(0));
    const needed = neededParts(filter);
    const keys = addressesOf(filter, 9);
    for (const entry of [anna, bert]) {
      if (matches(filter, compared(attributesOf(entry))) !== true) continue;
      found += 1;
      const { address, organisation, role, agb, telephone } = entry;
      const search = searchText([address, organisation.title, role, agb], telephone);
      assert.ok(needed !== 'never' && needed.every((part) => search.includes(part)), JSON.stringify(filter));
      assert.ok(keys === undefined || keys.includes(address), JSON.stringify(filter));
    }
  }
  assert.ok(found > 500, `${found}`);
});

test('a telephone number is found however its blanks and hyphens are written, as RFC 4517 section 4.2.29 has it', () => {
  for (const written of ['+31 (0)20-123 45 67', '+31(0)201234567', '+31 (0) 20 12-34-567'])
    assert.equal(judge(equal('telephoneNumber', written)), true, written);
  for (const part of ['*123-4567', '+31*', '*20 12*67']) assert.equal(judge(like('2.5.4.20', part)), true, part);
  assert.equal(judge(equal('telephoneNumber', '+31 (0)20-123 45 68')), false);
  assert.equal(judge(like('telephoneNumber', '*123*'), bert), false, 'nobody filled one in');
  assert.equal(judge(present('telephoneNumber'), bert), false);
});

test('a filter too deep or too long is refused', () => {
  let deep: Encoded = anything;
  for (let i = 0; i < 23; i += 1) deep = not(deep);
  assert.equal(judge(deep), false);
  assert.throws(
    () => read(not(deep)),
    (error) => error instanceof BerError && error.kind === 'limit',
  );
  const long = (terms: number): Encoded => or(...Array.from({ length: terms }, () => anything));
  assert.equal(judge(long(249)), true);
  assert.throws(
    () => read(long(250)),
    (error) => error instanceof BerError && error.kind === 'limit',
  );
  assert.throws(() => read(value(context(4), octetString(Buffer.from('cn')), sequence(value(0x85)))), BerError);
});
