/**
 * How the pages are declared on which accounts help themselves; `self-service/table.ts` has all of
 * them.
 */
import type { Input } from '../../admin/input.ts';
import type { OperationName, OperationResult } from '../../admin/operations.ts';
import type { Directory, DirectoryCounts } from '../../admin/directory.ts';
import type { Authenticator, Peer } from '../../auth/authenticator.ts';
import type { AskedBy, PageFor, Someone } from '../../web/core/page.ts';
import type { Helpdesk } from '../../domain/helpdesk.ts';
import type { Log } from '../../domain/effects.ts';
import type { Store } from '../../store/port/store.ts';
import type { LoginRecord } from '../../store/registry.ts';
import type { SelfServiceSession } from '../../store/self-service.ts';
import type { CodeServices } from '../codes/pages.ts';
import type { SelfServiceLogIn } from '../login/log-in.ts';
import type { MailSetup } from '../setup/answers.ts';

/** The account that is logged in. */
export interface Visitor extends Someone {
  readonly session: SelfServiceSession;
  readonly record: LoginRecord;
  /** It reads the mail of the contact of its organisation: it sees who else is in it. */
  readonly isContact: boolean;
}

export interface Asked extends AskedBy<Visitor> {
  readonly peer: Peer;
  /** A cookie of ours, beside those of the login. */
  readonly cookie: (name: string) => string | undefined;
  /**
   * Runs an operation of the command table as the account that is logged in, with what is its own.
   * Throws AdminError.
   */
  readonly operate: <N extends OperationName>(name: N, input: Input) => Promise<OperationResult<N>>;
}

export interface Services extends CodeServices {
  readonly store: Pick<Store, 'selfService' | 'registry' | 'deliveries' | 'audit'>;
  readonly logIn: SelfServiceLogIn;
  readonly authenticator: Authenticator;
  /** Name by which the readers know the gateway. */
  readonly gateway: string;
  readonly helpdesk: Helpdesk;
  readonly directory: DirectoryCounts & { readonly directory: Pick<Directory, 'current' | 'page'> };
  /** Answers mail programs that look for their settings. */
  readonly setup: Pick<MailSetup, 'answer'>;
  /** Signs a profile for Apple's devices, by the certificate of the listener as it is now. */
  readonly signed: (profile: string) => AsyncIterable<Uint8Array>;
  readonly log: Log;
}

/**
 * `nobody`: every visitor. `session`: every account that is logged in. `contact`: of those, the
 * ones that read for their organisation.
 */
export type Access = 'nobody' | 'session' | 'contact';

export type Page = PageFor<Asked, Services, Access>;
