/**
 * The services that routes of the API use. A route asks for those it needs:
 * `run(asked, { store }: Pick<ApiServices, 'store'>)`.
 */
import type { AdminContext } from '../../admin/context.ts';
import type { Directory, DirectoryCounts } from '../../admin/directory.ts';
import type { Clock, Log, RandomBytes } from '../../domain/effects.ts';
import type { Arrivals } from '../../pickup/arrivals.ts';
import type { ClientNetworks } from '../../pickup/client-networks.ts';
import type { Receipts } from '../../pickup/receipts.ts';
import type { SharedMaildrops } from '../../pickup/shared.ts';
import type { Store } from '../../store/port/store.ts';
import type { SubmissionServices } from '../../submission/transaction.ts';
import type { BodyLimits } from './body.ts';
import type { JsonSchema } from './schemas.ts';

export interface ApiServices {
  readonly store: Store;
  /**
   * The context of operations. Throws Problem (503) in the first moments of a start, before there
   * is one.
   */
  readonly admin: AdminContext;
  /** The same objects as for SMTP: each account has one count, over all protocols. */
  readonly submission: SubmissionServices;
  readonly pickup: {
    /** Counts from which networks mailboxes are fetched. */
    readonly clientNetworks: Pick<ClientNetworks, 'note'>;
    /** Tells senders that asked for it what was collected. */
    readonly receipts: Receipts;
    /** Claims of workers, and the one lease that those of an account share. */
    readonly shared: SharedMaildrops;
    /** Clients that wait for new mail in a mailbox. */
    readonly arrivals: Arrivals;
  };
  /** The OpenAPI document; made when somebody asks for it first. */
  readonly document: () => Promise<JsonSchema>;
  readonly directory: DirectoryCounts & { readonly directory: Directory };
  readonly limits: BodyLimits;
  /** The gateway's own name. */
  readonly hostname: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: RandomBytes;
}
