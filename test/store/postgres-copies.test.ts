import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { logEndOf, logRanges, refuseShortLog } from '../../src/store/postgres/base-log.ts';

test('a base backup is whole in the file of its end, on the newest timeline that its server came to meanwhile', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-manifest-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'backup_manifest');
  const of = async (ranges: readonly object[]): Promise<object> => {
    writeFileSync(file, JSON.stringify({ 'WAL-Ranges': ranges }));
    return logEndOf(await logRanges(file), 16 * 1024 * 1024);
  };
  const old = { Timeline: 1, 'Start-LSN': '0/3000028', 'End-LSN': '0/5000148' };
  assert.deepEqual(await of([old]), { start: '000000010000000000000005', startOctets: 0x148 });
  // As the server writes them: the newest first.
  const ranges = [{ Timeline: 2, 'Start-LSN': '0/5000148', 'End-LSN': '1/2A000060' }, old];
  assert.deepEqual(await of(ranges), { start: '00000002000000010000002A', startOctets: 0x60 });
  await assert.rejects(of([]), /does not say where its log ends/);
  await assert.rejects(of([{ ...old, 'End-LSN': 'soon' }]), /does not say where its log ends/);
  // It is whole with the last octet of a file: what comes next is the whole of the next one.
  const edge = { ...old, 'End-LSN': '0/6000000' };
  assert.deepEqual(await of([edge]), { start: '000000010000000000000006', startOctets: 0 });
  writeFileSync(file, JSON.stringify({ 'WAL-Ranges': [{ ...old, 'End-LSN': '1/30008' }] }));
  const small = logEndOf(await logRanges(file), 64 * 1024);
  assert.deepEqual(small, { start: '000000010000000100000003', startOctets: 8 }, 'files of 64 KiB');
});

test('a base backup counts only when its archive of the log has every file from its checkpoint, and the page in which it ends', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-base-log-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [manifest, tar] = [join(folder, 'backup_manifest'), join(folder, 'pg_wal.tar')];
  const [file, page] = [64 * 1024, 8192];
  /** A file of the log of which `pages` were written. */
  const segment = (number: number, pages = file / page): Buffer => {
    const octets = Buffer.alloc(file);
    for (let n = 0; n < pages; n += 1) octets.writeBigUInt64LE(BigInt(number * file + n * page), n * page + 8);
    octets.writeUInt32LE(file, 32);
    octets.writeUInt32LE(page, 36);
    return octets;
  };
  const entry = (name: string, content: Buffer): Buffer => {
    const header = Buffer.alloc(512);
    header.write(name, 0, 'latin1');
    header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
    return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
  };
  const name = (number: number): string => `0000000100000000${number.toString(16).toUpperCase().padStart(8, '0')}`;
  const end = 5 * file + 3 * page;
  const position = (at: number): string => `0/${at.toString(16).toUpperCase()}`;
  writeFileSync(
    manifest,
    JSON.stringify({ 'WAL-Ranges': [{ Timeline: 1, 'Start-LSN': position(3 * file + 40), 'End-LSN': position(end) }] }),
  );
  const proved = async (...entries: readonly Buffer[]): Promise<void> => {
    writeFileSync(tar, Buffer.concat([...entries, Buffer.alloc(1024)]));
    await refuseShortLog(tar, await logRanges(manifest), file);
  };
  const [status, third, fourth] = [
    entry('00000002.history', Buffer.from('1\t0/0')),
    entry(name(3), segment(3)),
    entry(name(4), segment(4)),
  ];
  await proved(third, status, fourth, entry(name(5), segment(5, 3)));
  const lacks = (number: number): RegExp =>
    new RegExp(`does not reach the end of the backup at ${position(end)}: ${name(number)} is not whole in it`);
  await assert.rejects(proved(third, fourth, entry(name(5), segment(5, 2))), lacks(5));
  await assert.rejects(proved(third, fourth), lacks(5));
  await assert.rejects(proved(fourth, entry(name(5), segment(5, 3))), lacks(3));
  await assert.rejects(proved(third, entry(name(5), segment(5, 3))), lacks(4));
  await assert.rejects(proved(third, fourth, entry(name(5), segment(5, 3).subarray(0, page * 4))), lacks(5));
  await assert.rejects(proved(third, fourth, entry(name(5), Buffer.alloc(file))), lacks(5));
  await assert.rejects(proved(third, fourth, entry(name(5), segment(5, 3)).subarray(0, 9000)), lacks(5));
  // The archive is cut off behind the page in which the backup ends.
  writeFileSync(tar, Buffer.concat([third, fourth, entry(name(5), segment(5, 3)).subarray(0, 512 + 5 * page)]));
  await assert.rejects(refuseShortLog(tar, await logRanges(manifest), file), lacks(5));
});
