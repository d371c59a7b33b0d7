/**
 * Some rows of a trail without the others: the chain is followed past what is not told, and every
 * change is found.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { checkLines } from '../../src/cli/audit-files.ts';
import {
  BEFORE_ALL,
  chainHash,
  commitmentOf,
  followOn,
  isBroken,
  isLinked,
} from '../../src/crypto/trail/audit-chain.ts';
import { EXPORT_FORMAT, MAX_LINKS, exportLine, linksLine } from '../../src/crypto/trail/audit-export.ts';
import type { ChainHead, ChainRow } from '../../src/domain/audit-row.ts';

const SECRET = 'not-to-be-told';

function trail(count: number): ChainRow[] {
  const rows: ChainRow[] = [];
  let before: Uint8Array = BEFORE_ALL.hash;
  for (let seq = 1; seq <= count; seq += 1) {
    const salt = Buffer.alloc(16, seq);
    const personal = JSON.stringify({ sender: `${SECRET}-${seq}` });
    const row = {
      ...{ seq, at: 1_790_000_000_000 + seq, event: 'message.accepted', outcome: 'success', salt, personal },
      ...{ message: BigInt(seq), account: 1, facts: `{"n":${seq}}`, commitment: commitmentOf(salt, personal) },
    };
    before = chainHash(before, row);
    rows.push({ ...row, hash: before });
  }
  return rows;
}

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');
const header = (after: ChainHead, piece?: readonly [number, number]): string =>
  JSON.stringify({
    ...{ format: EXPORT_FORMAT, hostname: 'mx.test', made: '2026-11-26T00:00:00.000Z' },
    after: { seq: after.seq, hash: hex(after.hash) },
    ...(piece === undefined ? {} : { piece }),
  });

const rows = trail(20);
const anchorAt = (seq: number) => ({ seq, hash: hex(rows[seq - 1]!.hash), at: '' });
const told = (row: ChainRow): string => exportLine(row, { personal: true });
// Row 3 led on to an anchor at row 6, row 12 to one at row 13.
const pieces = [
  header(rows[1]!, [1, 2]),
  told(rows[2]!),
  linksLine(rows.slice(3, 6)),
  header(rows[10]!, [2, 2]),
  told(rows[11]!),
  linksLine(rows.slice(12, 13)),
];
const anchors = [anchorAt(6), anchorAt(13), anchorAt(20)];

test('pieces lead from each row that is told to an anchor, and tell nothing of the others', async () => {
  assert.deepEqual(await checkLines('pieces', pieces, anchors), {
    ...{ hostname: 'mx.test', rows: 2, anchors: 2 },
    pieces: { count: 2, hidden: 4, loose: 0 },
  });
  const text = pieces.join('\n');
  assert(text.includes(`${SECRET}-3`) && text.includes(`${SECRET}-12`));
  for (const hidden of [4, 5, 6, 13]) assert(!text.includes(`${SECRET}-${hidden}`) && !text.includes(`"n":${hidden}`));
  assert.equal((await checkLines('pieces', pieces, [anchorAt(6)])).pieces?.loose, 1);
});

test('what is changed, left out or put in another order is found', async () => {
  const broken = async (lines: readonly string[], why: RegExp): Promise<void> => {
    const { broken: found } = await checkLines('pieces', lines, anchors);
    assert.match(found?.why ?? 'nothing was found', why);
  };
  await broken(
    [...pieces.slice(0, 1), pieces[1]!.replace(`${SECRET}-3`, `${SECRET}-4`), ...pieces.slice(2)],
    /personal/,
  );
  await broken([...pieces.slice(0, 1), pieces[1]!.replace('success', 'failure'), ...pieces.slice(2)], /does not match/);
  const other = linksLine([rows[3]!, rows[3]!, rows[5]!]);
  await broken([...pieces.slice(0, 2), other, ...pieces.slice(3)], /not the one that its anchor tells of/);
  await broken([...pieces.slice(0, 2), linksLine(rows.slice(4, 6)), ...pieces.slice(3)], /links from row 5/);
  await broken(pieces.slice(0, 3), /piece 2 of 2 is missing/);
  await broken([...pieces.slice(0, 3), ...pieces.slice(0, 3)], /piece 2 of 2 is missing/);
  await assert.rejects(checkLines('pieces', pieces.slice(3), anchors), /middle of its pieces/);
  await assert.rejects(checkLines('pieces', [], anchors), /is empty/);
  // In an export that says it is whole nothing may be left out.
  const whole = [header(BEFORE_ALL), ...rows.map(told)];
  assert.equal((await checkLines('whole', whole, anchors)).broken, undefined);
  await broken([...whole.slice(0, 4), linksLine(rows.slice(3, 5)), ...whole.slice(6)], /the next 2 rows are not told/);
  const many = linksLine(Array.from({ length: MAX_LINKS + 1 }, () => rows[3]!));
  await broken([...pieces.slice(0, 2), many, ...pieces.slice(3)], /is not a row of/);
});

test('a row of the first form is followed, and only whoever reads it can', () => {
  const { hash: _, ...row } = rows[0]!;
  const text = JSON.stringify([1, row.at, row.event, row.outcome, '1', 1, row.facts, hex(row.commitment!)]);
  const hash = createHash('sha256').update(BEFORE_ALL.hash).update(text).digest();
  const first: ChainRow = { ...row, hash };
  assert(!isBroken(followOn(BEFORE_ALL, first)));
  assert(!isLinked(BEFORE_ALL.hash, first) && isLinked(BEFORE_ALL.hash, rows[0]!));
});
