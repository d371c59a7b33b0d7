/** Which anchors a proved restore explains, where a trail has several chains. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { lostWith, restorationOf, restoreProof } from '../../src/crypto/trail/restoration.ts';

const RESTORED = { backup: 'b1', taken: '2026-12-01T00:00:00.000Z' };
const AT = '2026-12-02T00:00:00.000Z';
const EARLIER = '2026-12-01T12:00:00.000Z';
const keys = generateKeyPairSync('ed25519');
const back = { heads: [{ lane: 7, place: 20, hash: 'ab'.repeat(32) }], lanes: 8 };
const rowWith = (facts: object) => ({ seq: 3000, lane: 1009, at: Date.parse(AT), facts: JSON.stringify(facts) });
const proved = { ...RESTORED, ...restoreProof(RESTORED, { ...back, at: AT }, keys) };

test('rows behind those that came back, and chains that began since, are explained until the restore and no others', () => {
  const restorations = [restorationOf(rowWith(proved), [keys.publicKey])];
  const isLost = (lane: number, seq: number, at = EARLIER): boolean =>
    lostWith({ lane, seq, at }, restorations) !== undefined;
  assert.deepEqual(restorations[0]?.proved, back);
  for (const [lane, seq, expected] of [
    [7, 21, true],
    [7, 20, false],
    // It had ended before the backup: no row of it can have been lost.
    [8, 1, false],
    [9, 1, true],
    [1008, 5, true],
    // The chain of the restore itself, and those after it.
    [1009, 1, false],
    [1010, 1, false],
  ] as const)
    assert.equal(isLost(lane, seq), expected, `${lane} ${seq}`);
  assert.equal(isLost(7, 21, AT), true);
  for (const late of ['2026-12-02T00:00:00.001Z', 'soon', '']) assert.equal(isLost(7, 21, late), false, late);
});

test('without the signature of a given key nothing is proved, whatever was changed', () => {
  const other = generateKeyPairSync('ed25519');
  assert.equal(restorationOf(rowWith(proved), [other.publicKey]).proved, undefined);
  assert.equal(restorationOf(rowWith(RESTORED), [keys.publicKey]).proved, undefined);
  for (const change of [
    ...[{ backup: 'b2' }, { taken: AT }, { moment: AT }, { at: EARLIER }, { lanes: 9 }, { proof: '' }],
    { heads: `7 19 ${'ab'.repeat(32)}` },
  ])
    assert.equal(
      restorationOf(rowWith({ ...proved, ...change }), [keys.publicKey]).proved,
      undefined,
      JSON.stringify(change),
    );
});
