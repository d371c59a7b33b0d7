/**
 * Makes the store of a gateway that has run for a while, through the store's own interface and with
 * a clock that is set. Mail arrives day by day. Most of it is collected and deleted the same day,
 * some after days, some after a month. Each night a sweep removes what is due, and the keys of days
 * that hold nothing any longer.
 */
import { randomBytes } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { loadConfig } from '../../src/config/load.ts';
import type { Address } from '../../src/domain/address.ts';
import type { AccountId } from '../../src/domain/ids.ts';
import { days } from '../../src/domain/units.ts';
import { createStore, openStore } from '../../src/gateway/store.ts';
import type { Store } from '../../src/store/port/store.ts';
import { FakeClock } from '../../test/support/clock.ts';
import { type Instance, addressOf } from '../../test/support/instance.ts';
import { MemoryLog } from '../../test/support/log.ts';
import { seeded } from '../../test/support/seeded.ts';
import { acceptanceOf, sealBody } from '../../test/support/store.ts';

export interface Life {
  /** The beginning, in milliseconds since 1970. */
  readonly begin: number;
  readonly days: number;
  readonly messagesPerDay: number;
  /**
   * The accounts that get mail, in turn. Of every ten, those at places 7 and 8 collect after three
   * days, the one at place 9 after thirty.
   */
  readonly names: readonly string[];
  /** True if everybody collects on the same day. */
  readonly prompt: boolean;
  /** An account that gets `kept` messages over the last `keptDays`, and collects none. */
  readonly hoarder: string;
  readonly kept: number;
  readonly keptDays: number;
}

const DAY = days(1);
/** Messages that are filed at the same time: as many share one commit. */
const WORKERS = 64;
/** Messages in a row for one account on one day. */
const EACH = 4;
const LATER = [0, 0, 0, 0, 0, 0, 0, 3, 3, 30];
const POOL = randomBytes(1024 * 1024);
const actor = { name: 'bench' };

interface Making {
  readonly store: Store;
  readonly clock: FakeClock;
  readonly log: MemoryLog;
  readonly chance: ReturnType<typeof seeded>;
}

/**
 * Replaces the store that `sluis init` made, which is younger. `hash`: of everybody's password.
 * Resolves to the number of days that were erased.
 */
export async function makeStore(
  instance: Instance,
  accounts: readonly string[],
  hash: string,
  life: Life,
  say: (text: string) => void,
): Promise<number> {
  const config = loadConfig(instance.config);
  rmSync(config.data.folder, { recursive: true });
  rmSync(config.keys.folder, { recursive: true });
  const making = { clock: new FakeClock(life.begin), log: new MemoryLog(), chance: seeded(17) };
  await createStore(config, making);
  const store = await openStore(config, making);
  try {
    await store.registry.addOrganisation({ name: 'ledger', title: 'Ledger', language: 'en' }, actor);
    await store.registry.importAccounts(
      accounts.map((name) => ({
        ...{ login: name, organisation: 'ledger', kind: 'edi', addresses: [addressOf(name) as Address] },
        password: { name: 'first', hash },
      })),
      actor,
    );
    say(`${accounts.length} accounts`);
    await live({ ...making, store }, life, say);
  } finally {
    await store.close();
  }
  return readdirSync(config.keys.folder).filter((name) => name.endsWith('.erased')).length;
}

/** Adds today's mail to an existing store; nobody collects it. No gateway may run. */
export async function fillStore(
  instance: Instance,
  names: readonly string[],
  messages: number,
  say: (text: string) => void,
): Promise<void> {
  const making = { clock: new FakeClock(Date.now()), log: new MemoryLog(), chance: seeded(18) };
  const store = await openStore(loadConfig(instance.config), making);
  try {
    const turns = Array.from({ length: Math.ceil(messages / EACH) }, (_, n) => names[n % names.length] ?? '');
    await inParallel(turns, async (name) => await receive({ ...making, store }, name, EACH));
    say(`${messages} messages more`);
  } finally {
    await store.close();
  }
}

async function live(making: Making, life: Life, say: (text: string) => void): Promise<void> {
  const due = new Map<number, string[]>();
  let next = 0;
  for (let day = 0; day < life.days; day += 1) {
    making.clock.setWall(life.begin + day * DAY);
    const receivers: string[] = [];
    for (let n = 0; n < life.messagesPerDay; n += EACH) {
      const name = life.names[next % life.names.length] ?? '';
      const when = day + (life.prompt ? 0 : (LATER[next % LATER.length] ?? 0));
      due.set(when, [...(due.get(when) ?? []), name]);
      receivers.push(name);
      next += 1;
    }
    // An account has several turns if there are more turns than accounts.
    await inParallel(receivers, async (name) => await receive(making, name, EACH));
    const kept = day >= life.days - life.keptDays ? Math.ceil(life.kept / life.keptDays) : 0;
    await inParallel(Array.from({ length: kept }), async () => await receive(making, life.hoarder, 1));
    making.clock.setWall(life.begin + (day + 0.8) * DAY);
    await inParallel([...new Set(due.get(day))], async (name) => await collect(making, name));
    due.delete(day);
    making.clock.setWall(life.begin + (day + 0.9) * DAY);
    if (life.days > 1) await making.store.sweep();
    say(`day ${day + 1} of ${life.days}, ${(day + 1) * life.messagesPerDay} messages`);
  }
}

async function inParallel<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const left = all.values();
  const worker = async (): Promise<void> => {
    for (const one of left) await work(one);
  };
  await Promise.all(Array.from({ length: WORKERS }, worker));
}

/** Files messages. Most have 2 to 10 KB, one in fifty has 100 KB. */
async function receive({ store, clock, chance }: Making, name: string, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    const size = chance.below(50) === 0 ? 100_000 : 2000 + chance.below(8000);
    const at = chance.below(POOL.length - size);
    const body = await sealBody(store, POOL.subarray(at, at + size));
    const message = await acceptanceOf(store, body, [addressOf(name)], {
      ...{ receivedAt: clock.now(), messageIdField: `${body.id}@bench.test` },
    });
    const row = { event: 'message.accepted', outcome: 'success', message: body.id, facts: { octets: size } } as const;
    const outcome = await store.accept({ ...message, audit: [{ ...row, personal: { sender: 'bench' } }] });
    if (outcome.kind !== 'filed') throw new Error(`not filed for ${name}: ${outcome.kind}`);
  }
}

async function collect({ store }: Making, name: string): Promise<void> {
  const account = await idOf(store, name);
  const lock = await store.lockMaildrop(account, { session: name, network: '127.0.0.0' });
  if (lock === 'in-use') throw new Error(`the maildrop of ${name} is in use`);
  const listing = await store.listMaildrop(lock);
  const all = Array.from({ length: listing.count }, (_, i) => listing.uidOf(i));
  // An account that got mail again before a late turn has collected everything with that.
  if (all.length === 0) return await store.releaseMaildrop(lock);
  await store.commitMaildrop(lock, all, all, [
    { event: 'maildrop.committed', outcome: 'success', account, facts: { protocol: 'pop3', deleted: all.length } },
  ]);
}

async function idOf(store: Store, name: string): Promise<AccountId> {
  const login = await store.registry.findLogin(name);
  if (login === undefined) throw new Error(`there is no account ${name}`);
  return login.account.id;
}
