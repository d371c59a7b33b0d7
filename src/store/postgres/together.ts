/**
 * What this node knows of the others while it runs: which jobs are its own, whether what it
 * remembers of the registry is true, and who waits for what another one did.
 */
import type { ClusterSecrets } from '../../crypto/keys/cluster-secrets.ts';
import type { Clock, Log, RandomBytes } from '../../domain/effects.ts';
import type { Instant } from '../../domain/units.ts';
import type { Effects } from '../changes/changed.ts';
import { MAILBOX_NUMBERS } from '../changes/changed.ts';
import type { EngineEvents, EngineNodes } from '../core/engine.ts';
import type { Change } from '../sql/sql.ts';
import { Hints, heard, said } from './hints.ts';
import { LeasedJobs } from './jobs.ts';
import type { LeaseOwner } from './lease-rows.ts';
import { RegistryVersion } from './registry-version.ts';
import { NotifiedCounts } from './notified-counts.ts';

export interface TogetherParts {
  readonly owner: LeaseOwner;
  /** Runs on a session that waits behind no mail. */
  readonly run: <T>(change: Change<T>) => Promise<T>;
  readonly clock: Clock;
  readonly log: Log;
  readonly secrets: ClusterSecrets;
  readonly random: RandomBytes;
  readonly events: Pick<EngineEvents, 'elsewhere' | 'registryChanged'>;
  /** Hears notifications from now on; absent: nobody is told at once. */
  readonly listen?: ((told: (payload: string) => void) => Listening) | undefined;
  /** The time of the database, where a test decides it. */
  readonly now?: () => Instant;
}

export interface Listening {
  stop(): Promise<void>;
}

export class Together implements EngineNodes {
  readonly node: number;
  readonly jobs: LeasedJobs;
  readonly version: RegistryVersion;
  readonly hints: Hints;
  readonly shared: NotifiedCounts;
  readonly #p: TogetherParts;
  #listening: Listening | undefined;

  constructor(parts: TogetherParts) {
    this.#p = parts;
    const { owner, run, clock, log, events, now } = parts;
    this.node = owner.node;
    this.jobs = new LeasedJobs({ owner, run, clock, log, ...(now === undefined ? {} : { now }) });
    this.version = new RegistryVersion({ run, clock, log, changed: () => events.registryChanged() });
    this.hints = new Hints({ run, clock, log, node: owner.node });
    const notify = (payload: string): Promise<void> => run(said(payload));
    this.shared = new NotifiedCounts({ notify, owner, clock, log, secrets: parts.secrets, random: parts.random });
  }

  /** Rejects if the database does not answer. */
  async start(): Promise<void> {
    await Promise.all([this.jobs.start(), this.version.start()]);
    this.#listening = this.#p.listen?.((payload) => this.#hear(payload));
  }

  get registry(): number {
    return this.version.version;
  }

  async caughtUp(): Promise<void> {
    await this.version.caughtUp();
  }

  checkRegistry(): void {
    this.version.check();
  }

  /** Takes the effects of this node's commits. */
  committed(all: readonly Effects[]): void {
    for (const { mailboxes = [], due = [], told } of all)
      this.hints.tell({
        mailboxes: mailboxes.filter((_, i) => i % MAILBOX_NUMBERS === 0),
        due,
        registry: told !== undefined,
      });
  }

  #hear(payload: string): void {
    const hint = heard(payload, this.node);
    if (hint === undefined) return;
    if (hint.registry) this.version.hint();
    if (hint.counts !== undefined) this.shared.hear(hint.counts);
    this.#p.events.elsewhere(hint);
  }

  /** Never rejects. */
  async stop(): Promise<void> {
    await this.#listening?.stop().catch(() => undefined);
    await this.version.stop();
    await Promise.all([this.hints.settled(), this.shared.settled()]);
    await this.jobs.stop();
  }
}
