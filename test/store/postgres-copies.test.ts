import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { lastFileOf } from '../../src/store/postgres/copy-source.ts';

test('a base backup is whole in the file of its end, on the newest timeline that its server came to meanwhile', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-manifest-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'backup_manifest');
  const of = async (ranges: readonly object[]): Promise<string> => {
    writeFileSync(file, JSON.stringify({ 'WAL-Ranges': ranges }));
    return await lastFileOf(file, 16 * 1024 * 1024);
  };
  const old = { Timeline: 1, 'Start-LSN': '0/3000028', 'End-LSN': '0/5000148' };
  assert.equal(await of([old]), '000000010000000000000005');
  // As the server writes them: the newest first.
  const ranges = [{ Timeline: 2, 'Start-LSN': '0/5000148', 'End-LSN': '1/2A000060' }, old];
  assert.equal(await of(ranges), '00000002000000010000002A');
  await assert.rejects(of([]), /does not say where its log ends/);
});
