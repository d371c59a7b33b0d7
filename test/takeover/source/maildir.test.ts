/** Maildirs as Dovecot, Courier and others leave them. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type MaildirOptions, openMaildir } from '../../../src/takeover/source/maildir.ts';
import { SourceError } from '../../../src/takeover/source/source.ts';
import { uidlFormat } from '../../../src/takeover/source/uidl-format.ts';

function maildir(t: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-maildir-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const part of ['cur', 'new', 'tmp']) mkdirSync(join(folder, part));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

const uidls = (folder: string, options?: MaildirOptions): string[] =>
  openMaildir(folder, options).messages.map(({ uidl }) => uidl);

const refused = (pattern: RegExp) => (error: unknown) => {
  assert(error instanceof SourceError);
  assert.match(error.message, pattern);
  return true;
};

test('Dovecot: number and UIDVALIDITY, what it kept of an older server, its order, and numbers for what is new', (t) => {
  const folder = maildir(t, {
    'cur/1764158401.M1P1.old,S=2,W=3:2,S': 'a\n',
    'cur/1764158402.M2P1.old:2,': 'b\n',
    'cur/1764158403.M3P1.old:2,FS': 'c\n',
    'new/1764158405.M5P1.old': 'e\n',
    'new/1764158404.M4P1.old': 'd\n',
    'cur/.hidden': 'x',
    'dovecot-uidlist': [
      '3 V1764158400 N27 G0123456789abcdef',
      '10 W3 :1764158401.M1P1.old,S=2,W=3:2,',
      '25 P<old-1>:x :1764158402.M2P1.old',
      '26 O1 Gabc :1764158403.M3P1.old:2,S',
      '',
    ].join('\n'),
  });
  const source = openMaildir(folder);
  assert.equal(
    source.rule,
    'UIDLs by dovecot-uidlist (UIDVALIDITY 1764158400): 2 as %08Xu%08Xv, 1 that it kept of an older server, 2 that it had not numbered yet',
  );
  assert.deepEqual(
    source.messages.map(({ uidl, at, fetched, octets }) => [uidl, (at ?? 0) / 1000, fetched, octets]),
    [
      ['0000001a6926ebc0', 1764158403, true, undefined],
      ['0000000a6926ebc0', 1764158401, true, 3],
      ['<old-1>:x', 1764158402, false, undefined],
      ['0000001b6926ebc0', 1764158404, false, undefined],
      ['0000001c6926ebc0', 1764158405, false, undefined],
    ],
  );
  assert.deepEqual(uidls(folder, { format: '%v-%u' }).slice(0, 2), ['1764158400-26', '1764158400-10']);
  assert.deepEqual(uidls(folder, { format: '%g' }).slice(0, 2), ['abc', '1764158401.M1P1.old,S=2,W=3']);
  assert.deepEqual(uidls(folder, { rule: 'names' })[0], '1764158401.M1P1.old,S=2,W=3');
});

test("Dovecot's formats of old and new mean the same", () => {
  const facts = { uid: 26, uidvalidity: 255, filename: 'f', guid: 'g' };
  for (const [format, uidl] of [
    ['%08Xu%08Xv', '0000001a000000ff'],
    ['%{uid | hex(8)}%{uidvalidity | hex(8)}', '0000001a000000ff'],
    ['%{uidvalidity}.%{uid}', '255.26'],
    ['UID%u-%v', 'UID26-255'],
    ['%f', 'f'],
    ['%{guid}', 'g'],
    ['%Xu %5u', '1a    26'],
  ])
    assert.equal(uidlFormat(format!)(facts), uidl);
  for (const format of ['%m', 'always', '%{uid | sha1}'])
    assert.throws(() => uidlFormat(format), refused(/expected a pop3_uidl_format/));
});

test('Courier: number and UIDVALIDITY, number alone, name where it has no number', (t) => {
  const folder = maildir(t, {
    'cur/1764158401.a:2,S': 'a\n',
    'cur/1764158402.b:2,': 'b\n',
    "cur/1764158403.c'+d:2,": 'c\n',
    'new/1764158404.d': 'd\n',
    courierpop3dsizelist: [
      '/3 12 1764158400',
      '1764158401.a:2, 3 7:1764158400:0',
      '1764158402.b:2, 3 8:0:0',
      "1764158403.c'+d 3 0:0",
      '',
    ].join('\n'),
  });
  assert.deepEqual(uidls(folder), ['UID7-1764158400', 'UID8', '1764158403.c+27+2Bd', 'UID12-1764158400']);
  assert.match(openMaildir(folder).rule, /3 from there, 1 that Courier had not numbered yet/);
});

test('without a list the names of the files are the UIDLs, and a table wins over every rule', (t) => {
  const folder = maildir(t, { 'cur/10.b:2,S': 'b\n', 'new/9.a': 'a\n' });
  assert.deepEqual(uidls(folder), ['9.a', '10.b']);
  const table = new Map([
    ['9.a', 'nine'],
    ['10.b', 'ten'],
  ]);
  assert.deepEqual(uidls(folder, { uidls: table }), ['nine', 'ten']);
  table.delete('9.a');
  assert.throws(() => uidls(folder, { uidls: table }), refused(/no line for "9\.a"; add one/));
});

test('what cannot be read is told of with what to do', async (t) => {
  const folder = maildir(t, { 'cur/1.a': 'a', 'dovecot-uidlist': '3 V1 N2\n1 :1.a\nnonsense\n' });
  assert.throws(() => uidls(folder), refused(/dovecot-uidlist", line 3: expected a number.*--rule/));
  assert.throws(() => uidls(join(folder, 'cur')), refused(/it has no folder "cur"; name the folder in which/));
  assert.throws(() => uidls(folder, { rule: 'courier' }), refused(/courierpop3dsizelist": ENOENT/));
  const source = openMaildir(folder, { rule: 'names' });
  rmSync(join(folder, 'cur/1.a'));
  const read = async (): Promise<void> => {
    for await (const _ of source.messages[0]!.read()) continue;
  };
  await assert.rejects(read(), refused(/renamed or deleted since the folder was listed; stop the old server first/));
});
