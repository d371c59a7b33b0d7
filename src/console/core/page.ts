/**
 * How a page of the console is declared. `console/table.ts` lists all pages.
 *
 * A page that does something calls an operation of the command table (`asked.operate`), with the
 * rights of the operator who is logged in. No page judges rights by itself, and pages use the store
 * directly for logins alone.
 */
import type { Call } from '../../admin/call.ts';
import type { Input } from '../../admin/input.ts';
import type { OperationName, OperationResult } from '../../admin/operations.ts';
import type { Right } from '../../domain/roles.ts';
import type { HeldSession } from '../../store/console.ts';
import type { AskedBy, PageFor, Someone } from '../../web/core/page.ts';
import type { ConsoleServices } from './services.ts';

/**
 * Who may open a page. `nobody`: every visitor, logged in or not. `session`: every operator who is
 * logged in. A right: operators who have it.
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
 * What a page may add to a call: a request that other operators have signed, a file to read or to
 * write, and how the operator knows who called.
 */
export type Along = Partial<Pick<Call, 'approval' | 'upload' | 'send' | 'caller' | 'gone' | 'progress'>>;
