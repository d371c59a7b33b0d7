/**
 * Power cuts between the settlement of a delivery and its notice. A sender must hear of each failure, once: a failed delivery has exactly
 * one notice in the sender's mailbox, and a delivery that has not failed has none, whatever the moment.
 */
// @beside
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { DeliveryId } from '../../src/domain/ids.ts';
import { octets } from '../../src/domain/units.ts';
import { systemClock } from '../../src/platform/clock.ts';
import type { Delivery } from '../../src/store/deliveries.ts';
import { createSqliteStore, openSqliteStore } from '../../src/store/sqlite/open.ts';
import type { Store } from '../../src/store/port/store.ts';
import { addPartner } from '../store/partner-contract.ts';
import { filed } from '../support/filed.ts';
import { MemoryLog } from '../support/log.ts';
import { addAccount, readAll } from '../support/store.ts';
import { PowerDisk } from './support/power-disk.ts';
import { withoutCompiler } from './support/shims.ts';
import { pause } from './support/traffic.ts';
import { between } from '../support/chance.ts';
import { effort } from '../support/effort.ts';

const skip = withoutCompiler();
const CUTS = effort(4, 10);
const SETTLER = fileURLToPath(new URL('support/store-settler.js', import.meta.url));

interface Tally {
  /** Settlements that were told of, and deliveries that failed. */
  readonly settled: number;
  readonly failed: number;
  /** Failures without a notice, with more than one, notices without a failure. */
  readonly silent: number;
  readonly doubled: number;
  readonly false: number;
  /** Settlements that were told of and are not there. */
  readonly lost: number;
}

class SettlementTrial {
  readonly #root = realpathSync(mkdtempSync(join(tmpdir(), 'sluis-settle-power-')));
  readonly #folders = { dataFolder: join(this.#root, 'disk', 'data'), keyFolder: join(this.#root, 'disk', 'keys') };
  readonly #disk = new PowerDisk(join(this.#root, 'disk'), join(this.#root, 'shadow'));
  readonly #masterKey = randomBytes(32);
  readonly #told = new Map<DeliveryId, string>();

  get #options(): Parameters<typeof openSqliteStore>[0] {
    return {
      ...{ ...this.#folders, masterKey: this.#masterKey, hostname: 'mail.test' },
      ...{ clock: systemClock, log: new MemoryLog(), reserve: octets(0) },
    };
  }

  async create(): Promise<void> {
    await createSqliteStore(this.#options);
    const store = await openSqliteStore(this.#options);
    await addAccount(store, 'anna');
    await addPartner(store);
    await store.registry.setPartnerDomain('hospital', 'hospital.test', 'add', { name: 'test' });
    await store.close();
  }

  /** One power cut in the middle of settlements. The queue of the rounds before goes on in the next. */
  async round(unsynced: 'none' | 'some', tampering: string): Promise<void> {
    this.#disk.arm();
    const { dataFolder, keyFolder } = this.#folders;
    const child = spawn(process.execPath, [SETTLER, dataFolder, keyFolder, this.#masterKey.toString('hex')], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...this.#disk.environment, TAMPER: tampering },
    });
    const begun = new Promise<void>((resolve) => child.stdout.once('data', () => resolve()));
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (text + chunk).split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) {
        const [done, id, state = ''] = line.split(' ');
        if (done === 'settled') this.#told.set(Number(id) as DeliveryId, state);
      }
    });
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
    await Promise.race([begun, ended, pause(30_000)]);
    await pause(between(30, 300));
    child.kill('SIGKILL');
    await ended;
    this.#disk.cut(unsynced);
  }

  async compare(): Promise<Tally> {
    const store = await openSqliteStore(this.#options);
    const states = new Map((await allDeliveries(store)).map((delivery) => [delivery.id, delivery]));
    const notices = new Map<number, number>();
    for (const message of await filed(store, 'anna')) {
      const id = Number(/^failed (\d+)/.exec(message)?.[1]);
      notices.set(id, (notices.get(id) ?? 0) + 1);
    }
    const failed = [...states.values()].filter(({ state }) => state === 'failed');
    const waiting = [...states.values()].filter(({ state }) => state === 'waiting');
    // What waits can still be sent.
    for (const { message } of waiting.slice(0, 20)) {
      const content = await store.deliveries.openMessage(message.id);
      assert.equal((await readAll(content!)).length, 2000);
    }
    assert.equal((await store.audit.verify()).kind, 'intact');
    await store.close();
    return {
      settled: this.#told.size,
      failed: failed.length,
      silent: failed.filter(({ id }) => !notices.has(id)).length,
      doubled: [...notices.values()].filter((n) => n > 1).length,
      false: [...notices.keys()].filter((id) => states.get(id as DeliveryId)?.state !== 'failed').length,
      lost: [...this.#told].filter(([id, state]) => states.get(id)?.state !== state).length,
    };
  }

  remove(): void {
    rmSync(this.#root, { recursive: true, force: true });
  }
}

async function allDeliveries(store: Store): Promise<Delivery[]> {
  const found: Delivery[] = [];
  for (;;) {
    const after = found.at(-1)?.id;
    const page = await store.deliveries.list({
      ...{ limit: 1000, states: ['waiting', 'held', 'relayed', 'failed', 'withdrawn'] },
      ...(after === undefined ? {} : { after }),
    });
    if (page.length === 0) return found;
    found.push(...page);
  }
}

async function lightsOut(rounds: number, unsynced: 'none' | 'some', tampering = ''): Promise<Tally> {
  const trial = new SettlementTrial();
  try {
    await trial.create();
    for (let n = 0; n < rounds; n += 1) {
      await trial.round(unsynced, tampering);
      if (tampering !== '' && (await trial.compare()).silent > 0) break;
    }
    return await trial.compare();
  } finally {
    trial.remove();
  }
}

const told = (t: Tally): string => `${t.settled} settlements told of, ${t.failed} failed, ${t.silent} of them silently`;

for (const unsynced of ['none', 'some'] as const)
  test(
    `${CUTS} power cuts between settlements, ${unsynced} of the unsynced octets arrived: each failure has one notice`,
    { skip },
    async (t) => {
      const tally = await lightsOut(CUTS, unsynced);
      t.diagnostic(told(tally));
      assert.ok(tally.settled > CUTS * 20, 'too few settlements to prove anything');
      assert.deepEqual([tally.silent, tally.doubled, tally.false, tally.lost], [0, 0, 0, 0]);
    },
  );

test('control: notices that are filed behind the settlement do get lost', { skip }, async (t) => {
  const tally = await lightsOut(30, 'none', 'notice-apart');
  t.diagnostic(told(tally));
  assert.ok(tally.silent > 0, 'the control lost no notice: this test cannot see a lost one');
});
