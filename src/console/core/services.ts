/** The parts that pages of the console work with. */
import type { AdminContext } from '../../admin/context.ts';
import type { Helpdesk } from '../../domain/helpdesk.ts';
import type { Clock, Log, RandomBytes } from '../../domain/effects.ts';
import type { SessionTimes } from '../../store/console.ts';
import type { Store } from '../../store/port/store.ts';
import type { Challenges } from '../../crypto/keys/console-secrets.ts';
import type { BreakGlassLogIn } from '../login/break-glass.ts';
import type { FederatedLogIns } from '../login/federated.ts';
import type { LogIns } from '../login/log-ins.ts';
import type { PasskeyApprovals } from '../login/passkey-approvals.ts';
import type { HeldImports } from '../parts/held-imports.ts';

export interface ConsoleServices {
  readonly store: Pick<Store, 'console'>;
  /** Undefined in the first moments of a start. */
  readonly admin: () => AdminContext | undefined;
  readonly challenges: Challenges;
  readonly logIns: LogIns;
  readonly approvals: PasskeyApprovals;
  readonly breakGlass: BreakGlassLogIn;
  /** Absent if no OpenID provider is configured. */
  readonly federated?: FederatedLogIns;
  readonly imports: HeldImports;
  readonly times: SessionTimes;
  /**
   * The address of the console as browsers write it: scheme, host and port, without a slash at the
   * end.
   */
  readonly origin: string;
  /** Name by which the readers know the gateway. */
  readonly gateway: string;
  readonly helpdesk: Helpdesk;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: RandomBytes;
}
