/**
 * What filings remember of mailboxes and of the registry stays true: nothing writes it beside those
 * behind whom it is forgotten.
 */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { MAIL_CHANGES } from '../../src/store/changes/table.ts';
import { mannerOf } from '../../src/store/sqlite/manners.ts';

const STORE = join(import.meta.dirname, '../../src/store');
const sourceOf = (folder: string, name: string): string => readFileSync(join(STORE, folder, name), 'utf8');

/** The file of a class of changes, with all that it imports from its own folder. */
function filesOf(object: object): ReadonlySet<string> {
  const { name } = object.constructor;
  const files = new Set(
    readdirSync(join(STORE, 'changes')).filter((file) => sourceOf('changes', file).includes(`export class ${name} `)),
  );
  assert.equal(files.size, 1, name);
  for (const file of files)
    for (const [, imported = ''] of sourceOf('changes', file).matchAll(/from '\.\/([\w-]+\.ts)'/g)) files.add(imported);
  return files;
}

/** The tables that the statements of a source write to. */
const writtenIn = (source: string): string[] =>
  [...source.matchAll(/\b(?:INSERT INTO|UPDATE|DELETE FROM) (\w+)\b/g)].map(([, table = '']) => table);

test("SQLite's own code writes the counters of mailboxes in one place", () => {
  const writing = readdirSync(join(STORE, 'sqlite'))
    .filter((name) => name.endsWith('.ts'))
    .filter((name) => /\b(UPDATE|DELETE FROM) mailbox\b/.test(sourceOf('sqlite', name)));
  assert.deepEqual(writing, ['mailbox-counters.ts']);
});

test('changes of mail write neither the counters of mailboxes nor what filings remember of the registry', () => {
  const remembered = new Set(['account', 'address', 'organisation', 'mailbox', 'partner', 'partner_domain']);
  const wrong = Object.entries<object>(MAIL_CHANGES).flatMap(([object, its]) =>
    [...filesOf(its)]
      // What a context offers to all changes raises the version of an account; a change of mail has
      // no use for it.
      .filter((file) => file !== 'change-context.ts')
      .flatMap((file) => writtenIn(sourceOf('changes', file)).map((table) => [object, table] as const))
      .filter(([, table]) => remembered.has(table)),
  );
  assert.deepEqual(
    wrong.filter(([object, table]) => object !== 'sweeps' || table !== 'mailbox'),
    [],
  );
  // A sweep writes down when to look again, and all is forgotten before it and after it.
  for (const method of ['step', 'trim']) assert.equal(mannerOf('sweeps', method).reach, 'mailboxes', method);
});
