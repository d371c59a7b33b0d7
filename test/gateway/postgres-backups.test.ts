import assert from 'node:assert/strict';
import test from 'node:test';
import { MiB, minutes } from '../../src/domain/units.ts';
import { slotWarnings } from '../../src/gateway/postgres-backups.ts';
import { SLOT, type SlotSeen, type Slots } from '../../src/store/postgres/slots.ts';

const WELL: SlotSeen = { name: SLOT, active: false, kept: 20 * MiB, lost: false, idle: minutes(1) };
const LIMIT = 65_536 * MiB;

const of = (slot: Partial<SlotSeen>, more: Partial<Slots> = {}, from: Parameters<typeof slotWarnings>[2] = 'here') =>
  slotWarnings('db3', { slots: [{ ...WELL, ...slot }], standby: false, limit: LIMIT, ...more }, from).join('\n');

test('slotWarnings() finds nothing to say of slots that are received by, nor of a standby that waits for its promotion', () => {
  assert.equal(of({}), '');
  assert.equal(of({ name: 'zuid_1', active: true }), '');
  assert.equal(of({ name: 'zuid_1', idle: minutes(600) }, { standby: true }), '');
  assert.deepEqual(slotWarnings('db1', { slots: [], standby: false }, 'elsewhere'), []);
});

test('slotWarnings() names a server that keeps the log without end, where anybody has a slot or will have one', () => {
  const unlimited =
    /^db1 keeps the log for its slots without end \(max_slot_wal_keep_size\).*set it to some tens of GB/;
  assert.match(slotWarnings('db1', { slots: [WELL], standby: false }, 'here')[0] ?? '', unlimited);
  assert.match(slotWarnings('db1', { slots: [], standby: true }, 'here')[0] ?? '', unlimited);
  assert.match(
    slotWarnings('db1', { slots: [{ ...WELL, name: 'zuid_1' }], standby: false }, 'unsaid')[0] ?? '',
    unlimited,
  );
});

test('slotWarnings() tells of what is cut off, far behind, idle or for nobody, with what to do', () => {
  assert.match(of({ lost: true }), /the slot sluis_backup of db3 was cut off.*another log with a base backup/);
  assert.match(
    of({ name: 'zuid_1', lost: true }),
    /the slot zuid_1 of db3 was cut off.*again with a full copy, or drop it/,
  );
  assert.match(
    of({ kept: 40_000 * MiB }),
    /keeps 40000 MiB of the log, of 65536 MiB at most: .*"backup\.failed" in its log/,
  );
  assert.match(of({ kept: 60 * MiB }, { limit: 100 * MiB }), /keeps 60 MiB of the log, of 100 MiB at most/);
  assert.match(
    of({ name: 'zuid_1', kept: 3000 * MiB, active: true }),
    /the slot zuid_1 of db3 keeps 3000 MiB.*start whoever it is for/,
  );
  assert.match(
    of({ idle: minutes(16) }),
    /nobody has received by the slot sluis_backup of db3 for 16 minutes: the running gateway/,
  );
  assert.match(of({ idle: minutes(16) }, { standby: true }), /nobody has received by the slot sluis_backup/);
  assert.match(
    of({ name: 'zuid_1', idle: minutes(90) }),
    /nobody has received by the slot zuid_1 of db3 for 90 minutes: start whoever/,
  );
  assert.match(
    of({}, {}, 'elsewhere'),
    /keeps 20 MiB of the log for nobody.*pg_drop_replication_slot\('sluis_backup'\)/,
  );
  assert.equal(of({}, {}, 'unsaid'), '');
});
