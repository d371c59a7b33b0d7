/** The look at where a program stores. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { lookFor } from '../../src/sandbox/stored.ts';

const MiB = 1024 * 1024;

test('a message is found in any file, also across slices; copies are counted by their header', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-stored-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'mail', 'new'), { recursive: true });
  const mark = 'sandbox.0123456789';
  assert.deepEqual(await lookFor(folder, mark, 0), { found: false, copies: 0 });
  assert.deepEqual(await lookFor(join(folder, 'nowhere'), mark, 0), { found: false, copies: 0 });
  const header = `Message-ID: <${mark}@sandbox.test>\r\n`;
  // The header lies over the end of a slice at each possible place.
  for (let n = 1; n < header.length; n += 7) {
    const file = join(folder, 'mail', 'new', 'one');
    writeFileSync(file, Buffer.concat([Buffer.alloc(MiB - n, 'x'), Buffer.from(header), Buffer.alloc(MiB, 'y')]));
    assert.deepEqual(await lookFor(folder, mark, 0), { found: true, copies: 1 }, `${n}`);
  }
  writeFileSync(join(folder, 'two'), header);
  assert.equal((await lookFor(folder, mark, 0)).copies, 2);
  // Somebody's old mail is not read.
  for (const name of ['two', join('mail', 'new', 'one')]) utimesSync(join(folder, name), 1, 1);
  assert.equal((await lookFor(folder, mark, Date.now())).found, false);
});

test('octets that must be unchanged are looked for as they came and with line feeds alone', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-stored-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const exact = Buffer.from('\u00b5mol/l\r\n\u00b0C\r\n', 'latin1');
  const file = join(folder, 'edi');
  for (const [octets, same] of [
    [exact, true],
    [Buffer.from('\u00b5mol/l\n\u00b0C\n', 'latin1'), true],
    [Buffer.from('\u00b5mol/l\n\u00b0C\n', 'utf8'), false],
  ] as const) {
    writeFileSync(file, octets);
    assert.equal((await lookFor(file, 'mark', 0, exact)).exact, same);
  }
});
