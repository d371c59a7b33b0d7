/** What people read of a time, and where it is written. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { localTime, readableDay, readableTime } from '../../src/cli/output.ts';

test('a time is that of the wall clock in Amsterdam, with its zone', () => {
  assert.equal(readableTime('2026-11-27T23:30:00.000Z'), '2026-11-28 00:30 CET');
  assert.equal(readableTime('2026-07-01T12:00:00Z'), '2026-07-01 14:00 CEST');
  assert.equal(readableTime(undefined), undefined);
  assert.equal(readableDay('2026-11-27T23:30:00.000Z'), '2026-11-28');
  assert.equal(localTime('2026-11-27T23:30:00.000Z'), '2026-11-28 00:30 CET (2026-11-27 23:30Z)');
});

test('the hour that comes twice in autumn is told apart, and the one that spring leaves out is never shown', () => {
  const shown = ['2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z', '2027-03-28T00:59:00Z', '2027-03-28T01:00:00Z'];
  assert.deepEqual(
    shown.map((iso) => readableTime(iso)),
    ['2026-10-25 02:30 CEST', '2026-10-25 02:30 CET', '2027-03-28 01:59 CET', '2027-03-28 03:00 CEST'],
  );
});

test('no command cuts a time out of RFC 3339 for people', () => {
  const src = fileURLToPath(new URL('../../src', import.meta.url));
  const files = ['cli', 'commands'].flatMap((folder) =>
    readdirSync(join(src, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(folder, name)),
  );
  assert(files.length > 50);
  const cut = files.filter((file) =>
    /slice\(0, 1[069]\)\}?Z|[a-z](?:\?)?\.slice\(0, 10\)/.test(readFileSync(join(src, file), 'utf8')),
  );
  // output.ts gives UTC beside local time, the day of a count by days stands as the store has it,
  // and signed statements are in UTC.
  const known = [
    ...['cli/output.ts', 'commands/account-quirks.ts', 'commands/organisation/erase-statement.ts'],
    'commands/statement/claim.ts',
  ];
  assert.deepEqual(cut.sort(), known);
});
