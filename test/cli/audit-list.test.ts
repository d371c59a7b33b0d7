/** `sluis audit list` of a trail that is longer than what is read or sent at a time. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { runOperation } from '../../src/admin/operations.ts';
import type { AuditRowView } from '../../src/commands/audit/list.ts';
import { OWNER_SAID } from '../../src/domain/roles.ts';
import { sluisHere } from '../support/command-line.ts';
import { type TestGateway, startTestGateway } from '../support/gateway.ts';

let gateway: TestGateway;
/** Of the one row that is far back. */
let rare = 0;

before(async () => {
  gateway = await startTestGateway({ accounts: ['anna'] });
  const note = (event: 'login.granted' | 'login.busy'): void =>
    gateway.store.audit.note({ event, outcome: 'success', facts: {} });
  note('login.busy');
  rare = (await gateway.store.audit.head()).seq;
  for (let n = 0; n < 2300; n += 1) note('login.granted');
  await gateway.store.audit.head();
});
after(() => gateway.remove());

async function list(...args: string[]): Promise<readonly AuditRowView[]> {
  const ran = await sluisHere(['audit', 'list', ...args, '--json', '--config', gateway.config.file]);
  assert.equal(ran.code, 0, ran.stderr);
  return JSON.parse(ran.stdout) as AuditRowView[];
}
const looks = async (): Promise<number> => (await list('--event', 'audit.read', '--limit', '1000')).length;

test('the newest rows are listed, none twice and none left out, and it is one look', async () => {
  const before = await looks();
  const { seq } = await gateway.store.audit.head();
  for (const limit of [499, 500, 501, 1700]) {
    const rows = await list('--limit', String(limit));
    const newest = rows.at(-1)?.seq ?? 0;
    assert.deepEqual(
      rows.map((row) => row.seq),
      Array.from({ length: limit }, (_, n) => newest - limit + 1 + n),
    );
    assert(newest >= seq);
  }
  assert.equal(await looks(), before + 5);
});

test('a row that is far back is found, by event and by its own time', async () => {
  assert.deepEqual(
    (await list('--event', 'login.busy')).map(({ seq }) => seq),
    [rare],
  );
  assert.equal((await list('--limit', '1000000')).at(0)?.seq, 1);
  assert.deepEqual(await list('--event', 'login', '--until', '2020-01-01'), []);
});

test('a page begins behind a row, and behind nothing else', async () => {
  const asked = (more: object) =>
    runOperation(
      'audit.list',
      gateway.admin,
      { event: 'login', limit: 2, ...more },
      { actor: { name: 'jan' }, who: OWNER_SAID, progress: () => undefined },
      gateway.log,
    );
  const rows = await asked({ after: String(rare + 3) });
  assert.deepEqual(
    rows.map(({ seq }) => seq),
    [rare + 2, rare + 1],
  );
  for (const wrong of ['x', '0', '-1', '1.5'])
    await assert.rejects(asked({ after: wrong }), { kind: 'invalid', message: /expected the number of a row/ });
});
