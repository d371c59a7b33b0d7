/** Which settings changed since the last start, without a value of them. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { compareConfiguration, named } from '../../src/trail/configuration.ts';

test('compareConfiguration() names what changed since the last start, and keeps no value', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-configuration-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'sluis.toml');
  writeFileSync(file, 'hostname = "mail.test"');
  const places = { file, dataFolder: folder };
  const config = { file, hostname: 'mail.test', smtp: { limit: 1 }, audit: { 'anchor-command': ['put', 'hunter2'] } };
  const first = await compareConfiguration(config, places);
  assert.deepEqual(first, {
    changed: 'first start',
    sha256: createHash('sha256').update('hostname = "mail.test"').digest('hex'),
  });
  assert.equal((await compareConfiguration(config, places)).changed, '');
  const other = { ...config, smtp: { limit: 2, more: 'x' }, audit: { 'anchor-command': ['put', 'hunter3'] } };
  const changed = 'audit.anchor-command, smtp.limit, smtp.more';
  assert.equal((await compareConfiguration(other, places)).changed, changed);
  assert.equal((await compareConfiguration(other, places)).changed, '');
  assert.equal((await compareConfiguration(config, places)).changed, changed);
  assert.doesNotMatch(readFileSync(join(folder, 'settings-seen.json'), 'utf8'), /hunter|mail\.test/);
  // A damaged file costs the names of one change.
  writeFileSync(join(folder, 'settings-seen.json'), '{');
  assert.equal((await compareConfiguration(other, places)).changed, 'first start');
  rmSync(file);
  assert.equal((await compareConfiguration(other, places)).sha256, '');
});

test('named() lists at most fifty', () => {
  const many = Array.from({ length: 53 }, (_, n) => `s.${n}`);
  assert.match(named(many), /s\.49, and 3 more$/);
});
