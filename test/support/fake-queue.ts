/**
 * The store's part for the queue, in memory, for tests of the dispatcher. It keeps the contract of
 * leases and fences, and does nothing else.
 */
import type { Address } from '../../src/domain/address.ts';
import type { Clock } from '../../src/domain/effects.ts';
import type { DeliveryId, MessageId, PartnerId } from '../../src/domain/ids.ts';
import { type Instant, instant, octets } from '../../src/domain/units.ts';
import type { PushParts } from '../../src/push/parts.ts';
import type { Claim, Delivery, Settlement } from '../../src/store/deliveries.ts';
import type { Acceptance } from '../../src/store/acceptance.ts';

type Row = { -readonly [K in keyof Claim]: Claim[K] };
type Queue = PushParts['deliveries'];

export class FakeQueue implements Queue {
  readonly #clock: Clock;
  readonly #rows = new Map<DeliveryId, Row>();
  #tell: (partners: readonly PartnerId[]) => void = () => undefined;
  readonly notices: Acceptance[] = [];
  readonly settlements: Settlement[] = [];
  claims = 0;
  /** Most deliveries that were under a lease at the same time. */
  mostClaimed = 0;
  /** While it is set, `settle` throws it. */
  failure: Error | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Queues one delivery. `quiet`: without the hint that there is something new. */
  add(
    partner: number,
    more: { sender?: string; recipient?: string; receivedAt?: Instant; quiet?: true } = {},
  ): DeliveryId {
    const id = (this.#rows.size + 1) as DeliveryId;
    const receivedAt = more.receivedAt ?? this.#clock.now();
    this.#rows.set(id, {
      id,
      message: {
        id: `m${id}` as MessageId,
        receivedAt,
        submitter: 1 as never,
        sender: (more.sender ?? `s${id}@group.test`) as Address,
        messageIdField: `${id}@group.test`,
        octets: octets(10),
        sha256: '',
        envelope: { body: '7BIT', smtpUtf8: false },
        recipients: [],
      },
      partner: partner as PartnerId,
      recipient: (more.recipient ?? 'ward@partner.test') as Address,
      state: 'waiting',
      attempts: 0,
      dueAt: receivedAt,
      fence: 0,
    });
    if (more.quiet === undefined) this.#tell([partner as PartnerId]);
    return id;
  }

  row(id: DeliveryId): Delivery {
    return this.#rows.get(id)!;
  }

  count(state: Delivery['state'], partner?: number): number {
    return [...this.#rows.values()].filter((r) => r.state === state && (partner ?? r.partner) === r.partner).length;
  }

  claim(partner: PartnerId, max: number, lease: number): Promise<readonly Claim[]> {
    this.claims++;
    const now = this.#clock.now();
    const due = [...this.#rows.values()]
      .filter((r) => r.partner === partner && r.state === 'waiting' && r.dueAt <= now)
      .sort((a, b) => a.dueAt - b.dueAt || a.id - b.id)
      .slice(0, max);
    const claimed = due.map((row) => this.#take(row, lease));
    const leased = [...this.#rows.values()].filter(
      (r) => r.state === 'waiting' && r.fence > 0 && r.dueAt > now && r.lastReply === undefined,
    );
    this.mostClaimed = Math.max(this.mostClaimed, leased.length);
    return Promise.resolve(claimed);
  }

  #take(row: Row, lease: number): Claim {
    row.fence++;
    row.attempts++;
    row.dueAt = instant(this.#clock.now() + lease);
    delete row.lastReply;
    return { ...row };
  }

  claimOne(id: DeliveryId, lease: number): Promise<Claim | 'settled' | 'unknown'> {
    const row = this.#rows.get(id);
    if (row === undefined) return Promise.resolve('unknown');
    return Promise.resolve(row.state === 'waiting' ? this.#take(row, lease) : 'settled');
  }

  settle(settlement: Settlement): Promise<'settled' | 'lost'> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    const row = this.#rows.get(settlement.claim.id)!;
    const { outcome, notice } = settlement;
    if (row.fence !== settlement.claim.fence || row.state !== 'waiting') return Promise.resolve('lost');
    this.settlements.push(settlement);
    if (notice !== undefined) this.notices.push(notice);
    row.lastReply = outcome.reply;
    if (outcome.kind === 'retry') {
      row.dueAt = outcome.at;
      if (outcome.delayed) row.delayedAt = this.#clock.now();
    } else row.state = outcome.kind;
    return Promise.resolve('settled');
  }

  queues(): ReturnType<Queue['queues']> {
    const rows = [...this.#rows.values()].filter((r) => r.state === 'waiting');
    return Promise.resolve(
      [...new Set(rows.flatMap((r) => r.partner ?? []))].map((partner) => {
        const mine = rows.filter((r) => r.partner === partner);
        return {
          partner,
          waiting: mine.length,
          held: 0,
          dueAt: instant(mine.reduce((least, r) => Math.min(least, r.dueAt), Infinity)),
          oldest: instant(mine.reduce((least, r) => Math.min(least, r.message.receivedAt), Infinity)),
        };
      }),
    );
  }

  onDue(listener: (partners: readonly PartnerId[]) => void): void {
    this.#tell = listener;
  }

  list(query: Parameters<Queue['list']>[0]): Promise<readonly Delivery[]> {
    return Promise.resolve(
      [...this.#rows.values()]
        .filter((r) => r.partner === query.partner && r.state === 'waiting' && r.id > (query.after ?? 0))
        .slice(0, query.limit)
        .map((r) => ({ ...r })),
    );
  }

  openMessage(id: MessageId): ReturnType<Queue['openMessage']> {
    return Promise.resolve({ id, octets: octets(10), slices: () => slices() });
  }

  findMessage(): ReturnType<Queue['findMessage']> {
    return Promise.resolve(undefined);
  }
}

async function* slices(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('12345678\r\n');
}
