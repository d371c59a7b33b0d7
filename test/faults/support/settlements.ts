/**
 * Power cuts between the settlement of a delivery and its notice, on either engine: what was
 * settled, and what was told of it (settlement-power.test.ts).
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { DeliveryId } from '../../../src/domain/ids.ts';
import type { Delivery } from '../../../src/store/deliveries.ts';
import type { Store } from '../../../src/store/port/store.ts';
import { addPartner } from '../../store/partner-contract.ts';
import { between } from '../../support/chance.ts';
import { filed } from '../../support/filed.ts';
import { addAccount, readAll } from '../../support/store.ts';
import { pause } from './traffic.ts';

/** Settlements that a round tells of at least. */
const LEAST = 20;
const SETTLER = fileURLToPath(new URL('store-settler.ts', import.meta.url));

export interface Tally {
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

/** Where it is tried. */
export interface SettlementContext {
  /** An empty store is there. */
  open(): Promise<Store>;
  /** What a process that settles is started with; from now on the power may fail. */
  begin(): Promise<{ readonly arguments: readonly string[]; readonly env?: Readonly<Record<string, string>> }>;
  /** It fails: `kill` ends that process. Resolves when there is power again. */
  cut(kill: () => Promise<void>): Promise<void>;
}

export class Settlements {
  readonly #engine: SettlementContext;
  readonly #told = new Map<DeliveryId, string>();

  constructor(engine: SettlementContext) {
    this.#engine = engine;
  }

  async create(): Promise<void> {
    const store = await this.#engine.open();
    await addAccount(store, 'anna');
    await addPartner(store);
    await store.registry.setPartnerDomain('hospital', 'hospital.test', 'add', { name: 'test' });
    await store.close();
  }

  /**
   * One power cut in the middle of settlements. The queue of the rounds before goes on in the next.
   */
  async round(tampering: string): Promise<void> {
    const { arguments: given, env } = await this.#engine.begin();
    const child = spawn(process.execPath, [SETTLER, ...given], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...env, TAMPER: tampering },
    });
    const enough = this.#told.size + LEAST;
    let begin: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (text + chunk).split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) {
        const [done, id, state = ''] = line.split(' ');
        if (done === 'settled') this.#told.set(Number(id) as DeliveryId, state);
      }
      if (this.#told.size >= enough) begin();
    });
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
    await Promise.race([begun, ended, pause(30_000)]);
    await pause(between(30, 300));
    await this.#engine.cut(async () => {
      child.kill('SIGKILL');
      await ended;
    });
  }

  async compare(): Promise<Tally> {
    const store = await this.#engine.open();
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

/** `rounds` cuts; with a tampering only until it is seen. */
export async function settledThrough(engine: SettlementContext, rounds: number, tampering = ''): Promise<Tally> {
  const trial = new Settlements(engine);
  await trial.create();
  for (let n = 0; n < rounds; n += 1) {
    await trial.round(tampering);
    if (tampering !== '' && (await trial.compare()).silent > 0) break;
  }
  return await trial.compare();
}

export const toldOf = (t: Tally): string =>
  `${t.settled} settlements told of, ${t.failed} failed, ${t.silent} of them silently`;
