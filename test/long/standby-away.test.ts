/**
 * A standby under Patroni is away while mail goes on: its slot keeps the log on the primary, up to
 * `max_slot_wal_keep_size` and no further. Within the bound it comes back by itself; beyond it it
 * is copied again, by the command of docs/two-sites.md.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startPatroni, withoutPatroni } from '../support/patroni.ts';
import type { PgClient } from '../support/postgres-server.ts';
import { until } from '../support/until.ts';

const MiB = 1024 * 1024;
/** What one round writes, and the bound for the second. */
const WRITTEN = 256;
const BOUND = 64;
/** What the servers keep for themselves: `max_wal_size` and some files that were begun. */
const OWN = 128;

interface Slot {
  readonly status: string;
  readonly active: boolean;
}

async function slotOf(leader: PgClient, server: string): Promise<Slot | undefined> {
  const { rows } = await leader.query(
    `SELECT wal_status AS status, active FROM pg_replication_slots WHERE slot_name = '${server.replaceAll('-', '_')}'`,
  );
  return rows[0] as Slot | undefined;
}

const kept = async (leader: PgClient): Promise<number> =>
  Number((await leader.query('SELECT sum(size) AS octets FROM pg_ls_waldir()')).rows[0]?.octets) / MiB;

/**
 * Log of so many MiB, each part confirmed by another place as mail is; then what is not needed
 * goes.
 */
async function write(leader: PgClient, mebibytes: number): Promise<void> {
  for (let written = 0; written < mebibytes; written += 8)
    await leader.query(`SELECT pg_logical_emit_message(true, 'mail', repeat('x', ${8 * MiB}))`);
  for (let n = 0; n < 2; n += 1) {
    await leader.query('SELECT pg_switch_wal()');
    await leader.query('CHECKPOINT');
  }
}

test(
  'the log for a standby that is away is kept up to its bound; within it the standby comes back by itself, beyond it by reinit',
  { skip: withoutPatroni() },
  async (t) => {
    const patroni = await startPatroni(t);
    const at = await patroni.leader();
    const away = patroni.places.find((place) => place !== at)!;
    const set = async (...parameters: readonly string[]): Promise<void> => {
      const words = parameters.flatMap((one) => ['-p', one]);
      await patroni.patronictl(at, 'edit-config', '--force', '--quiet', ...words);
    };
    const leader = await at.open();
    t.after(() => leader.end());
    const shown = async (name: string): Promise<string> => String((await leader.query(`SHOW ${name}`)).rows[0]?.[name]);
    assert.equal(await shown('max_slot_wal_keep_size'), '64GB', 'as the example has it');
    await set('max_wal_size=64MB', 'min_wal_size=32MB', 'wal_keep_size=0');
    await until('the servers have read that', async () => (await shown('max_wal_size')) === '64MB', 30_000, 50);
    await until('the slot is used', async () => (await slotOf(leader, away.server))?.active === true, 30_000, 50);

    await away.kill();
    await write(leader, WRITTEN);
    const within = await kept(leader);
    assert.ok(within >= WRITTEN, `all that was written is kept: ${within} MiB`);
    assert.match(String((await slotOf(leader, away.server))?.status), /^(?:reserved|extended)$/);
    const began = Date.now();
    away.start();
    await patroni.untilWhole();
    const back = Date.now() - began;
    await write(leader, 8);
    await until(
      'what was kept has gone',
      async () => (await write(leader, 0), (await kept(leader)) < WRITTEN),
      60_000,
      500,
    );

    await set(`max_slot_wal_keep_size=${BOUND}MB`);
    await until('the bound holds', async () => (await shown('max_slot_wal_keep_size')) === `${BOUND}MB`, 30_000, 50);
    await away.kill();
    await write(leader, WRITTEN);
    const beyond = await kept(leader);
    const slot = await slotOf(leader, away.server);
    assert.ok(beyond <= BOUND + OWN, `the bound holds: ${beyond} MiB`);
    assert.equal(slot?.status, 'lost');
    away.start();
    const state = async (): Promise<string> =>
      (await patroni.members()).find(({ name }) => name === away.server)?.state ?? 'away';
    await until(
      'its server runs and gets no log',
      async () => /^(?:running|starting)$/.test(await state()),
      90_000,
      50,
    );
    const again = Date.now();
    await patroni.patronictl(at, 'reinit', '--force', '--wait', 'sluis', away.server);
    await patroni.untilWhole();
    t.diagnostic(
      `${WRITTEN} MiB were written while ${away.server} was away: ${Math.round(within)} MiB kept for it, back after ${(back / 1000).toFixed(1)} s; with a bound of ${BOUND} MiB ` +
        `${Math.round(beyond)} MiB kept, its slot lost, and copied anew in ${((Date.now() - again) / 1000).toFixed(1)} s`,
    );
  },
);
