/** What filings remember of mailboxes and of the registry stays true: nothing writes it beside those who forget it. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { MAIL_CHANGES } from '../../src/store/objects.ts';

const STORE = join(import.meta.dirname, '../../../src/store');

/** The files that change mail, with all that they import from their own folder. */
function filesOfMail(): ReadonlySet<string> {
  const folder = join(STORE, 'changes');
  const sources = readdirSync(folder).map((name) => join(folder, name));
  const classes = new Set(Object.values(MAIL_CHANGES).map((object) => object.constructor.name));
  const files = new Set(
    sources.filter((path) => {
      const [, name = ''] = /^export class (\w+)/m.exec(readFileSync(path, 'utf8')) ?? [];
      return classes.has(name);
    }),
  );
  assert.equal(files.size, classes.size, 'each has a file of its own');
  for (const path of files)
    for (const [, name = ''] of readFileSync(path, 'utf8').matchAll(/from '\.\/([\w-]+\.ts)'/g))
      files.add(join(dirname(path), name));
  return files;
}

/** The tables that the statements of a source write to. */
const writtenIn = (source: string): string[] =>
  [...source.matchAll(/\b(?:INSERT INTO|UPDATE|DELETE FROM) (\w+)\b(?! OF)/g)].map(([, table = '']) => table);

test("SQLite's own code writes the counters of mailboxes in one place, and where all is forgotten behind it", () => {
  const own = join(STORE, 'sqlite');
  const writing = readdirSync(own)
    .filter((name) => name.endsWith('.ts'))
    .filter((name) => /\b(UPDATE|DELETE FROM) mailbox\b/.test(readFileSync(join(own, name), 'utf8')));
  assert.deepEqual(writing, [
    // A backup is put in place.
    'copy-settle.ts',
    // All is forgotten before a sweep and after it.
    'deleted-mail.ts',
    'mailbox-counters.ts',
  ]);
});

test('changes of mail write nothing of the registry that filings remember', () => {
  const remembered = new Set(['account', 'address', 'organisation', 'mailbox', 'partner', 'partner_domain']);
  const files = filesOfMail();
  assert.ok(files.size > 8);
  const wrong = [...files].flatMap((path) =>
    writtenIn(readFileSync(path, 'utf8'))
      .filter((table) => remembered.has(table))
      .map((table) => `${path}: ${table}`),
  );
  // What a ground offers to all changes raises the version of an account, and a change of mail has no use for it.
  assert.deepEqual(
    wrong.filter((one) => !one.endsWith('changes/ground.ts: account')),
    [],
  );
});
