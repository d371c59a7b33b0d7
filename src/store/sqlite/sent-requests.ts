/**
 * Requests that sent a message under a key of their sender's: kept in the transaction that files it, so that after any end of the process the same
 * request finds what became of the first one.
 *
 * The row is written before anything is looked at: of the usual message it costs this one statement, and a message whose own first copy filled the
 * mailbox since is known all the same.
 */
import { instant } from '../../domain/units.ts';
import type { AcceptWork } from '../changes/accept-work.ts';
import { firstIdAt } from '../message-ids.ts';
import { REQUESTS_FOR } from '../store.ts';
import type { Db } from './database.ts';
import type { Unfiled } from './filing.ts';
import { type Sql, sqlOf } from './statements.ts';

interface Kept {
  readonly digest: Buffer;
  readonly message: bigint;
  readonly answer: string;
}

export class SentRequests {
  readonly #sql: Sql;

  constructor(db: Db) {
    this.#sql = sqlOf(db);
  }

  /** Keeps the request of a message that is about to be filed; or says what was kept under its key. */
  keep({ id, submitter, request, receivedAt }: AcceptWork): Extract<Unfiled, { kind: 'answered' }> | undefined {
    if (request === null) return undefined;
    const { key, digest, answer } = request;
    const kept = this.#sql.run`INSERT INTO sent_request (account, key, digest, message, answer)
      VALUES (${submitter}, ${key}, ${digest}, ${id}, ${answer}) ON CONFLICT DO NOTHING`;
    if (kept > 0) return undefined;
    const before = this.#sql.big
      .first<Kept>`SELECT digest, message, answer FROM sent_request WHERE account = ${submitter} AND key = ${key}`;
    if (before !== undefined && before.message >= firstIdAt(instant(Math.max(0, receivedAt - REQUESTS_FOR))))
      return { kind: 'answered', ...before };
    // The sweep has not come to it yet.
    this.#sql.run`UPDATE sent_request SET digest = ${digest}, message = ${id}, answer = ${answer}
      WHERE account = ${submitter} AND key = ${key}`;
    return undefined;
  }

  /** It was not filed: the key is free again. What repeats a message that stands is answered with that one. */
  unfiled({ submitter, request }: AcceptWork, why: Unfiled): void {
    if (request === null) return;
    const { key } = request;
    if (why.kind === 'duplicate')
      this.#sql.run`UPDATE sent_request SET message = ${why.of} WHERE account = ${submitter} AND key = ${key}`;
    else this.#sql.run`DELETE FROM sent_request WHERE account = ${submitter} AND key = ${key}`;
  }
}
