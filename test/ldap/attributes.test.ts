/** Names of entries are read as clients write them, and written so that they are read again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DirectoryEntry } from '../../src/domain/directory.ts';
import { attributesOf, entryName, namedBelow, placeOf, selected } from '../../src/ldap/attributes.ts';

test('a base is the root, the directory, or one of its entries; spaces, case and escapes do not count', () => {
  assert.deepEqual(placeOf(' '), { kind: 'root' });
  assert.deepEqual(placeOf('O = Directory'), { kind: 'suffix' });
  const entry = { kind: 'entry', key: 'anna@group.test' };
  for (const name of ['mail=Anna@Group.test,o=directory', String.raw`MAIL = anna\40group\2Etest , O=Directory`])
    assert.deepEqual(placeOf(name), entry, name);
  for (const name of [
    'dc=example',
    'cn=x,o=directory',
    'mail=a@x,ou=y,o=directory',
    `mail=${'a'.repeat(2000)},o=directory`,
  ])
    assert.deepEqual(placeOf(name), { kind: 'unknown' }, name.slice(0, 40));
  for (const address of [`o'b+c=d#e;f<g>@x.test`, '#a@x.test', 'ü@x.test'])
    assert.deepEqual(placeOf(entryName(address)), { kind: 'entry', key: address });
  assert.deepEqual(namedBelow('uid=anna,o=directory'), { type: 'uid', value: 'anna' });
  assert.equal(namedBelow('anna'), undefined);
});

test('a name of nothing but spaces or commas is read in a moment', () => {
  const since = performance.now();
  for (const part of [' ', ',', '\\', '= ', '\\2'])
    for (const name of [`mail=${part.repeat(500)}o=directory`, part.repeat(30_000)]) placeOf(name);
  assert.ok(performance.now() - since < 1000);
});

test('an entry has its certificate as it was registered, under each name that programs ask by, and none where there is none', () => {
  const certificate = Buffer.from([0x30, 3, 2, 1, 7]);
  const entry = { address: 'bert@group.test', organisation: { title: 'Group' }, edi: [] } as unknown as DirectoryEntry;
  for (const asked of [[], ['userCertificate'], ['userCertificate;binary'], ['2.5.4.36;binary']])
    assert.deepEqual(selected(attributesOf({ ...entry, certificate }), asked).get('usercertificate'), [certificate]);
  assert.equal(attributesOf(entry).has('usercertificate'), false);
});
