/**
 * Metrics of the store, its queues and its mailboxes. A figure that takes a query is looked up now
 * and then, in bounded steps, and remembered, however often somebody scrapes.
 */
import type { Counts } from '../domain/counts.ts';
import { defined } from '../domain/defined.ts';
import type { AccountId } from '../domain/ids.ts';
import { type Instant, type Milliseconds, instant, minutes, seconds } from '../domain/units.ts';
import { type Metric, type Sample, counter, distribution, gauge, single } from '../http/metric.ts';
import { remembered } from '../platform/remembered.ts';
import type { PartnerQueue } from '../store/deliveries.ts';
import { type CertificateMetricParts, certificateMetrics } from './certificate-metrics.ts';
import { type TrailCounts, trailMetrics } from './trail-metrics.ts';
import type { Store } from '../store/port/store.ts';

export interface StoreMetricParts extends CertificateMetricParts {
  readonly trail: TrailCounts;
  /** Held deliveries that the daily round ended since the start. */
  readonly ended: { readonly held: number };
  /** Notices that were sent to nobody. */
  readonly unsent: Pick<Counts<'why'>, 'read'>;
}

export const storeMetrics = (parts: StoreMetricParts): readonly Metric[] => [
  ...storeItself(parts),
  counter(
    'sluis_notices_unsent_total',
    'Notices that were sent to nobody: nowhere (nobody can be told), not-protected (the addressee requires encryption, and there is no key).',
    ['why'],
    () => parts.unsent.read(),
  ),
  ...trailMetrics(parts),
  removals(parts),
  ...queues(parts),
  ...mailboxes(parts),
  ...certificateMetrics(parts),
];

const storeItself = ({ store }: StoreMetricParts): Metric[] => [
  single('gauge', 'sluis_store_failed', '1: the store accepts nothing more.', () => (store.health().failed ? 1 : 0)),
  single('gauge', 'sluis_store_unread', '1: not every page of the database was read since the last crash.', () =>
    store.health().unread ? 1 : 0,
  ),
  single('gauge', 'sluis_store_used_octets', 'Size of the database, in bytes.', () => store.health().used),
  single(
    'gauge',
    'sluis_store_free_octets',
    'Bytes that can still be written, without the reserve and what open messages were promised; 0: no new messages.',
    () => store.health().free,
  ),
  single('gauge', 'sluis_store_waiting', 'Pieces of work that wait for a commit.', () => store.health().waiting),
  distribution('sluis_store_commit_seconds', 'How long a commit took, with its sync.', () => store.counts.commits),
  distribution('sluis_store_group_size', 'Pieces of work that shared a commit.', () => store.counts.groups),
  counter('sluis_notices_total', 'Notices that were filed, by kind.', ['kind'], () => store.counts.notices.read()),
];

/**
 * Counts what was removed because its time was over: content, unfinished uploads, traces, held
 * deliveries, and who and where in the trail.
 */
const removals = ({ store, trail, ended }: StoreMetricParts): Metric =>
  counter(
    'sluis_retention_removed_total',
    'What was removed because its time was over: messages (contents that nobody needs), uploads, traces, held, audit (rows that lost who and where).',
    ['kind'],
    () => {
      const { messages, uploads, traces } = store.counts.swept;
      const audit = Object.values(trail.erased).reduce((sum, rows) => sum + rows, 0);
      return Object.entries({ messages, uploads, traces, held: ended.held, audit }).map(([kind, value]) => ({
        labels: { kind },
        value,
      }));
    },
  );

const age = (now: Instant, since: Instant | undefined): number =>
  since === undefined ? 0 : Math.max(0, (now - since) / 1000);

/** Partners that have rows of their own; later ones, by name, share one row. */
export const MOST_PARTNERS = 200;
const OTHERS = 'other';

function queues({ store, clock }: StoreMetricParts): Metric[] {
  const ask = remembered(clock, seconds(10), () => queuesByName(store));
  const samples = async (valueOf: (queue: NamedQueue) => number): Promise<readonly Sample[]> =>
    (await ask()).map((queue) => ({ labels: { partner: queue.name }, value: valueOf(queue) }));
  return [
    gauge('sluis_queue_waiting', 'Deliveries that wait to be pushed.', ['partner'], () => samples((q) => q.waiting)),
    gauge('sluis_queue_held', 'Deliveries that an operator holds.', ['partner'], () => samples((q) => q.held)),
    gauge(
      'sluis_queue_oldest_age_seconds',
      'Since when the oldest delivery that waits was accepted; 0: none waits.',
      ['partner'],
      () => samples((q) => age(clock.now(), q.oldest)),
    ),
  ];
}

interface NamedQueue extends Pick<PartnerQueue, 'waiting' | 'held' | 'oldest'> {
  readonly name: string;
}

/**
 * Every partner has a row, even if nothing waits for it: an alarm on a row that disappears would
 * end.
 */
async function queuesByName({ deliveries, registry }: Store): Promise<readonly NamedQueue[]> {
  const partners = await registry.listPartners({ limit: MOST_PARTNERS });
  const queues = await deliveries.queues();
  const nothing = { waiting: 0, held: 0 };
  const named = partners.map(({ id, name }) => ({ ...(queues.find((q) => q.partner === id) ?? nothing), name }));
  const others = queues.filter(({ partner }) => !partners.some(({ id }) => id === partner));
  return others.length === 0 ? named : [...named, { ...together(others), name: OTHERS }];
}

function together(queues: readonly PartnerQueue[]): Omit<NamedQueue, 'name'> {
  const since = queues.flatMap(({ oldest }) => oldest ?? []);
  return {
    waiting: queues.reduce((sum, q) => sum + q.waiting, 0),
    held: queues.reduce((sum, q) => sum + q.held, 0),
    ...(since.length === 0 ? {} : { oldest: instant(Math.min(...since)) }),
  };
}

/**
 * How long the figures of mailboxes are remembered. They take a walk over all mailboxes, with some
 * milliseconds of the reader for each 500.
 */
const MAILBOXES_FRESH: Milliseconds = minutes(5);
const PAGE = 500;

interface Uncollected {
  readonly mailboxes: number;
  readonly messages: number;
  readonly oldest?: Instant;
}

function mailboxes({ store, clock }: StoreMetricParts): Metric[] {
  const ask = remembered(clock, MAILBOXES_FRESH, () => uncollected(store, clock.now()));
  return [
    single('gauge', 'sluis_mailboxes_uncollected', 'Mailboxes with messages that nobody collected.', async () =>
      ask().then((found) => found.mailboxes),
    ),
    single('gauge', 'sluis_uncollected_messages', 'Messages in mailboxes that nobody collected.', async () =>
      ask().then((found) => found.messages),
    ),
    single('gauge', 'sluis_mailbox_oldest_age_seconds', 'Age of the oldest message that nobody collected.', async () =>
      ask().then((found) => age(clock.now(), found.oldest)),
    ),
  ];
}

async function uncollected({ deliveries }: Store, before: Instant): Promise<Uncollected> {
  let [boxes, messages, oldest] = [0, 0, Number.POSITIVE_INFINITY];
  let after: AccountId | undefined;
  for (;;) {
    const page = await deliveries.uncollected({ before, limit: PAGE, ...defined({ after }) });
    for (const row of page) {
      boxes += 1;
      messages += row.messages;
      oldest = Math.min(oldest, row.oldest);
    }
    after = page.at(-1)?.account;
    if (after === undefined || page.length < PAGE) break;
  }
  return { mailboxes: boxes, messages, ...(boxes === 0 ? {} : { oldest: instant(oldest) }) };
}
