/**
 * Measures what a backup costs the mail that runs meanwhile:
 *
 *   npm run bench:backup -- [--megabytes 600] [--folder DIR]
 *
 * 64 writers file messages of 10 KB through the store's interface, alone and while the database is
 * copied, in one run. The aim is 0.3 of the rate. The delay is that of the event loop which, in a
 * gateway, serves the protocols.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { MemoryLog } from '../test/support/log.ts';
import { acceptanceOf, addAccount, sealBody } from '../test/support/store.ts';
import { octets } from '../src/domain/units.ts';
import { systemClock } from '../src/platform/clock.ts';
import { createSqliteStore, openSqliteStore } from '../src/store/sqlite/open.ts';

const { values: flags } = parseArgs({
  options: { folder: { type: 'string', default: tmpdir() }, megabytes: { type: 'string', default: '600' } },
});
const MB = 1_000_000;
const WRITERS = 64;

const folder = mkdtempSync(join(flags.folder, 'sluis-bench-backup-'));
try {
  const options = {
    ...{ dataFolder: join(folder, 'data'), keyFolder: join(folder, 'keys'), masterKey: randomBytes(32) },
    ...{ hostname: 'mail.test', clock: systemClock, log: new MemoryLog(), reserve: octets(0) },
  };
  await createSqliteStore(options);
  const store = await openSqliteStore(options);
  await addAccount(store, 'anna', { quota: 1e12 });
  let filed = 0;
  let stopped = false;
  const write = async (size: number): Promise<void> => {
    while (!stopped) {
      const body = await sealBody(store, randomBytes(size));
      await store.accept(await acceptanceOf(store, body, ['anna@group.test']));
      filed += 1;
    }
  };
  const writing = (size: number): Promise<unknown> => {
    stopped = false;
    return Promise.all(Array.from({ length: WRITERS }, () => write(size)));
  };
  const rateDuring = async (run: () => Promise<unknown>): Promise<number> => {
    const [before, began] = [filed, performance.now()];
    await run();
    return ((filed - before) * 1000) / (performance.now() - began);
  };
  const seconds = (n: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, n * 1000));

  const filling = writing(200_000);
  while (store.health().used < Number(flags.megabytes) * MB) await seconds(0.2);
  stopped = true;
  await filling;

  const going = writing(10_000);
  const loop = monitorEventLoopDelay({ resolution: 1 });
  loop.enable();
  const alone = await rateDuring(() => seconds(5));
  const quiet = { p99: loop.percentile(99), max: loop.max };
  loop.reset();
  let copy: Awaited<ReturnType<typeof store.copyTo>> | undefined;
  const began = performance.now();
  const beside = await rateDuring(async () => (copy = await store.copyTo(folder)));
  const took = (performance.now() - began) / 1000;
  loop.disable();
  const after = await rateDuring(() => seconds(5));
  stopped = true;
  await going;
  await store.close();
  const ms = (nanoseconds: number): string => (nanoseconds / 1e6).toFixed(1);
  console.log(
    [
      `copy: ${(store.health().used / MB).toFixed(0)} MB in ${took.toFixed(1)} s (copied, synced, checked, hashed); log up to ${((copy?.logOctets ?? 0) / MB).toFixed(0)} MB`,
      `10 KB, ${WRITERS} writers: ${alone.toFixed(0)}/s alone, ${beside.toFixed(0)}/s beside it (${(beside / alone).toFixed(2)}), ${after.toFixed(0)}/s after`,
      `loop: p99 ${ms(quiet.p99)} ms, longest ${ms(quiet.max)} ms alone; p99 ${ms(loop.percentile(99))} ms, longest ${ms(loop.max)} ms beside it`,
    ].join('\n'),
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
