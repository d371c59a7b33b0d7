/** How much of the reserve lies on the disk, and who decides it. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { MiB } from '../../src/domain/units.ts';
import { Reserve, type Reserved, reservedFor } from '../../src/store/sqlite/reserve.ts';
import { Space } from '../../src/store/sqlite/space.ts';

test('the reserve is given back by half only where free pages stand in for it, and nothing swings', () => {
  for (const [now, reserve, disk, free, wanted] of [
    // As ever where nothing is free in the file.
    ['whole', 64, 0, 63, 'whole'],
    ['out', 64, 71, 63, 'out'],
    ['out', 64, 72, 0, 'whole'],
    // Free pages, and a disk that is nearly full.
    ['whole', 64, 11, 64, 'whole'],
    ['whole', 64, 10, 64, 'half'],
    ['out', 64, 39, 64, 'out'],
    ['out', 64, 40, 64, 'half'],
    ['out', 64, 79, 64, 'half'],
    ['out', 64, 80, 64, 'whole'],
    // What mail has used is no reason to change; what came on the disk is.
    ['half', 64, 0, 0, 'half'],
    ['half', 64, 47, 64, 'half'],
    ['half', 64, 48, 64, 'whole'],
    ['half', 64, 39, 63, 'half'],
    ['half', 64, 40, 63, 'whole'],
    // None is whole or out.
    ['whole', 0, 0, 100, 'whole'],
    ['out', 0, 7, 100, 'out'],
    ['out', 0, 8, 0, 'whole'],
  ] as const) {
    const room = { reserve: reserve * MiB, disk: disk * MiB, free: free * MiB };
    assert.equal(reservedFor(now, room), wanted, `${now}, ${reserve} MiB, disk ${disk}, free ${free}`);
  }
  // Whatever is decided stands when the disk has what it brought or took.
  const kept = { whole: 1, half: 0.5, out: 0 };
  for (let reserve = 1; reserve <= 64; reserve *= 2)
    for (let all = reserve; all < 3 * reserve + 40; all += 1)
      for (const free of [0, reserve - 1, reserve, 2 * reserve])
        for (const from of ['whole', 'half', 'out'] as const) {
          const room = (now: Reserved) => ({
            ...{ reserve: reserve * MiB, free: free * MiB, disk: (all - kept[now] * reserve) * MiB },
          });
          const wanted = reservedFor(from, room(from));
          assert.equal(reservedFor(wanted, room(wanted)), wanted, `${from} to ${wanted}: ${reserve}, ${all}, ${free}`);
        }
});

test('each amount of the reserve is real octets, whatever it was before, and a cut write is made good', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-reserve-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const reserve = new Reserve(folder, 3_000_001);
  const path = join(folder, 'reserve');
  const is = (kept: Reserved, octets: number): void => {
    assert.equal(reserve.kept, kept);
    const { size, blocks } = statSync(path);
    assert.equal(size, octets);
    assert(blocks * 512 >= octets);
    assert.deepEqual(readdirSync(folder), ['reserve']);
  };
  assert.equal(reserve.kept, 'out');
  assert(reserve.keep('half'));
  is('half', 1_500_001);
  assert(reserve.keep('whole'));
  is('whole', 3_000_001);
  assert(reserve.keep('half'));
  is('half', 1_500_001);
  // A process that was killed in the middle of it, and a hole.
  truncateSync(path, 2_900_000);
  assert.equal(reserve.kept, 'half');
  assert(reserve.keep('whole'));
  is('whole', 3_000_001);
  reserve.release();
  assert.equal(reserve.kept, 'out');
  assert(reserve.keep('whole'));
  is('whole', 3_000_001);

  const nowhere = new Reserve(join(folder, 'missing'), 1);
  assert.equal(nowhere.keep('whole'), false, 'what cannot be written is told');
  assert.equal(nowhere.kept, 'out');

  const none = new Reserve(folder, 0);
  assert.equal(none.kept, 'whole');
  assert(none.keep('whole'));
});

test('free pages of a file that shrinks stand in for nothing: the disk has them soon', () => {
  const parts = { logOctets: () => 0, lost: () => undefined, monotonic: () => 0, maxPages: undefined, reserve: MiB };
  const wanted = [false, true].map((shrinks) => {
    const space = new Space({ ...parts, freeOctets: () => MiB });
    space.opened({ pageOctets: 4096, pages: 1000, freePages: 500, shrinks, reserved: 'whole' });
    return space.wanted;
  });
  assert.deepEqual(wanted, ['half', 'whole']);
});

test('a gateway that filled its own disk has room to go on once mail was deleted, however small the reserve', () => {
  const SIZE = 300_000;
  const DATABASE = 256 * MiB;
  for (let reserve = 1; reserve <= 128; reserve += 1) {
    let disk = 0;
    let free = 0;
    const space = new Space({
      ...{ reserve: reserve * MiB, freeOctets: () => disk, logOctets: () => 0, lost: () => undefined },
      ...{ monotonic: () => 0, maxPages: undefined },
    });
    const open = (reserved: Reserved): void => {
      space.opened({ pageOctets: 4096, pages: DATABASE / 4096, freePages: free / 4096, shrinks: false, reserved });
      space.forget();
    };
    // Full: the least that lies free when a message is still taken, and what that one takes.
    open('whole');
    for (disk = 64 * MiB; space.fits(SIZE); disk -= MiB / 16) space.forget();
    // All mail is deleted, and the reserve was given back meanwhile.
    [disk, free] = [disk - 1.25 * SIZE + reserve * MiB, DATABASE];
    open('out');
    const { wanted } = space;
    assert.notEqual(wanted, 'out', `${reserve} MiB`);
    if (wanted === 'half') disk -= (reserve * MiB) / 2;
    else disk -= reserve * MiB;
    open(wanted);
    if (space.wanted === 'half' && wanted === 'whole') open('half');
    assert(space.fits(SIZE), `a reserve of ${reserve} MiB: ${wanted}, and no mail is accepted`);
  }
});

test('a disk that cannot be asked has no room, is told once, and the reserve stays as it is until it answers', () => {
  let there = true;
  let now = 0;
  const lost: unknown[] = [];
  const space = new Space({
    reserve: MiB,
    freeOctets: () => (there ? 64 * MiB : assert.fail('ENOENT')),
    logOctets: () => 0,
    monotonic: () => (now += 1000),
    maxPages: undefined,
    lost: (error) => void lost.push(error),
  });
  space.opened({ pageOctets: 4096, pages: 1000, freePages: 500, shrinks: false, reserved: 'whole' });
  assert(space.available > 0);
  there = false;
  assert.deepEqual([space.available, space.wanted, space.fits(1), lost.length], [0, 'whole', false, 1]);
  there = true;
  assert(space.available > 0);
  there = false;
  assert.deepEqual([space.available, lost.length], [0, 2]);
});
