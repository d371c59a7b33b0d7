/**
 * Every octet of an export counts: each one changed, each row missing, doubled or moved is found,
 * and the row is named.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { checkExport } from '../../src/cli/audit-files.ts';
import { CommandError } from '../../src/cli/exit.ts';
import { ExportSeal } from '../../src/cli/export-lines.ts';
import { EXPORT_FORMAT, exportLine } from '../../src/crypto/trail/audit-export.ts';
import type { AccountId } from '../../src/domain/ids.ts';
import { effort } from '../support/effort.ts';
import { openTestStore } from '../support/store.ts';

/** Between the octets that are changed, besides all ends of lines. */
const STEP = effort(5, 1);

async function exported(
  t: TestContext,
  personal: boolean,
): Promise<{ lines: string[]; check: (octets: Buffer) => Promise<string> }> {
  const { store } = await openTestStore(t);
  for (let i = 0; i < 4; i += 1)
    store.audit.note({
      event: 'login.granted',
      outcome: 'success',
      account: 3 as AccountId,
      facts: { n: i },
      personal: { login: 'anna', network: '192.0.2.1' },
    });
  const rows = await store.audit.chain({ fromSeq: 1, limit: 100 });
  const header = {
    format: EXPORT_FORMAT,
    hostname: 'mail.test',
    made: '2026-11-26T12:00:00.000Z',
    after: { seq: 0, hash: '00'.repeat(32) },
    sealed: true,
  };
  const body = [JSON.stringify(header), ...rows.map((row) => exportLine(row, { personal }))];
  const seal = new ExportSeal();
  seal.take(`${body.join('\n')}\n`);
  const folder = mkdtempSync(join(tmpdir(), 'sluis-octets-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'export.jsonl');
  return {
    lines: [...body, seal.end().trimEnd()],
    check: async (octets) => {
      writeFileSync(file, octets);
      try {
        const { broken } = await checkExport(file, []);
        return broken === undefined ? 'good' : `row ${broken.seq}`;
      } catch (error) {
        if (error instanceof CommandError) return 'refused';
        throw error;
      }
    },
  };
}

for (const personal of [true, false])
  test(`${STEP > 1 ? 'every fifth' : 'each'} changed octet of an export ${personal ? 'with' : 'without'} personal fields is found, in its row`, async (t) => {
    const { lines, check } = await exported(t, personal);
    const whole = Buffer.from(`${lines.join('\n')}\n`);
    assert.equal(await check(whole), 'good');
    let line = 0;
    let column = 0;
    // A changed number says that another row stands there, or is missing.
    const number = '{"seq":1'.length;
    for (let i = 0; i < whole.length; i += 1) {
      // One bit of each octet, ever another; and what a reader might take for the end of a line.
      for (const value of new Set([whole[i]! ^ (1 << (i % 8)), whole[i] === 0x0a ? 0x0d : 0x20])) {
        if (value === whole[i] || (i % STEP > 0 && whole[i] !== 0x0a)) continue;
        const changed = Buffer.from(whole);
        changed[i] = value;
        const found = await check(changed);
        assert.notEqual(found, 'good', `octet ${i} of line ${line}: ${whole[i]} to ${value}`);
        // The end of a line belongs to two; the first line and the last one are no rows.
        if (line > 0 && line < lines.length - 1 && whole[i] !== 0x0a && column >= number)
          assert.match(found, new RegExp(`^(row ${line}|refused)$`), `octet ${i}`);
      }
      column += 1;
      if (whole[i] !== 0x0a) continue;
      line += 1;
      column = 0;
    }
  });

test('a row that is missing, doubled or moved is found and named, also where the export was written anew', async (t) => {
  const { lines, check } = await exported(t, true);
  const body = lines.slice(0, -1);
  const told = (rows: readonly string[]): Promise<string> => {
    const seal = new ExportSeal();
    seal.take(`${rows.join('\n')}\n`);
    return check(Buffer.from(`${rows.join('\n')}\n${seal.end()}`));
  };
  assert.equal(await told(body), 'good');
  for (let n = 1; n < body.length; n += 1) {
    assert.equal(await told([...body.slice(0, n + 1), body[n]!, ...body.slice(n + 1)]), `row ${n}`);
    if (n === body.length - 1) continue;
    assert.equal(await told(body.filter((_, i) => i !== n)), `row ${n}`);
    assert.equal(await told([...body.slice(0, n), body[n + 1]!, body[n]!, ...body.slice(n + 2)]), `row ${n}`);
  }
  assert.equal(await check(Buffer.from(`${body.join('\n')}\n`)), 'refused');
  assert.equal(await check(Buffer.from(`${lines.join('\n')}\n${lines.at(-1)}\n`)), 'refused');
});
