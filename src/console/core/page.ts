/**
 * How a page of the console is declared; `console/table.ts` has all of them.
 *
 * A page that does something asks the command table for it (`asked.operate`), with the rights of
 * whoever is logged in: no page judges rights by itself, and none speaks to the store about
 * anything but logins.
 */
import type { Call } from '../../admin/call.ts';
import type { Input } from '../../admin/input.ts';
import type { OperationName, OperationResult } from '../../admin/operations.ts';
import type { Right } from '../../domain/roles.ts';
import type { HeldSession } from '../../store/console.ts';
import type { AskedBy, PageFor, Someone } from '../../web/core/page.ts';
import type { ConsoleServices } from './services.ts';

/**
 * `nobody`: every visitor. `session`: every operator who is logged in. Otherwise: operators with
 * the right.
 */
export type Access = 'nobody' | 'session' | Right;

export type Page = PageFor<Asked, ConsoleServices, Access>;

/** Who is logged in to the console. */
export interface Visitor extends Someone {
  readonly session: HeldSession;
}

export interface Asked extends AskedBy<Visitor> {
  /** Runs an operation of the command table as the visitor. Throws AdminError. */
  readonly operate: <N extends OperationName>(
    name: N,
    input: Input,
    reason?: string,
    along?: Along,
  ) => Promise<OperationResult<N>>;
  /** True if the visitor has this right. */
  readonly may: (right: Right) => boolean;
}

/**
 * What goes along with a call: a request that two operators have signed, a file there or back, and
 * how it is known who called.
 */
export type Along = Partial<Pick<Call, 'approval' | 'upload' | 'send' | 'caller' | 'gone' | 'progress'>>;
