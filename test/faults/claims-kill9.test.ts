/**
 * kill -9 while workers claim, fetch and acknowledge over HTTPS: each message is acknowledged once,
 * and none that was comes again.
 */
// @release: a mailbox emptied over twenty kills; `kill9` kills around QUIT and `api-kill9` around POST at every merge.
// @beside
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Work, claimKillTest, emptied, filled } from './support/claim-kills.ts';
import { sqliteFaults } from './support/engine.ts';

const EARLY = fileURLToPath(new URL('./support/early-acknowledgement.ts', import.meta.url));

claimKillTest(sqliteFaults);

test(
  'control: where answers come before the commit, acknowledged messages come again',
  { timeout: 110_000 },
  async (t) => {
    const scene = await filled(t, sqliteFaults);
    const work = new Work();
    await emptied(scene, work, { script: EARLY });
    t.diagnostic(`${work.again.length} came again`);
    assert.ok(work.again.length > 0, 'the test would not see it');
  },
);
