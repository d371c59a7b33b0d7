/**
 * Effects of changes on what others remember or wait for: collected while a change runs, reported
 * after its commit.
 */

/**
 * `password`, `certificate`, `settings`: only these of these accounts; `registry`: anything else.
 */
export type ChangeScope = 'password' | 'certificate' | 'settings' | 'registry';

/** What a change makes untrue in memories of earlier reads. Reported after the commit. */
export interface Invalidation {
  readonly accounts: readonly number[] | 'many';
  readonly scope: ChangeScope;
  /** Addresses, folded, for which other certificates or keys are valid now. */
  readonly mail: readonly string[];
  /** Authorities have changed, or which certificates are revoked. */
  readonly trust: boolean;
}

/**
 * account, octets, messages, next uid, changes: five numbers for each mailbox that a commit
 * touched.
 */
export type MailboxNumbers = readonly number[];
export const MAILBOX_NUMBERS = 5;

/** What a commit changed that others remember or wait for. */
export interface Effects {
  /** What caches have to forget. */
  readonly told?: Invalidation;
  readonly mailboxes?: MailboxNumbers;
  /** Partners that something is due for now. */
  readonly due?: readonly number[];
  /** Notices that were filed. */
  readonly filed?: readonly bigint[];
  /** Accounts that have more deleted mail than they may. */
  readonly crowded?: readonly number[];
}

export class ChangeEffects {
  readonly mailboxes: number[] = [];
  readonly due = new Set<number>();
  readonly filed: bigint[] = [];
  readonly crowded: number[] = [];

  /** All effects so far; undefined: none. */
  get effects(): Effects | undefined {
    const { mailboxes, due, filed, crowded } = this;
    if (mailboxes.length + due.size + filed.length + crowded.length === 0) return undefined;
    return {
      ...(mailboxes.length === 0 ? {} : { mailboxes }),
      ...(due.size === 0 ? {} : { due: [...due] }),
      ...(filed.length === 0 ? {} : { filed }),
      ...(crowded.length === 0 ? {} : { crowded }),
    };
  }
}
