/** Reads of the networks that accounts are known from. */
import type { AccountId } from '../../domain/ids.ts';
import type { Instant } from '../../domain/units.ts';
import type { KnownNetwork } from '../registry.ts';
import { as, int, text, time } from '../sql/columns.ts';
import { type Change, type Now, sql } from '../sql/sql.ts';

export class NetworkReads {
  /**
   * Networks that accounts which have not ended logged in from since `since`, by account and
   * network; at most `limit` behind `after`.
   */
  *knownNetworks(
    _now: Now,
    {
      since,
      after,
      limit,
    }: {
      readonly since: Instant;
      readonly after?: Pick<KnownNetwork, 'account' | 'network'>;
      readonly limit: number;
    },
  ): Change<readonly KnownNetwork[]> {
    // In the order of the primary key, so that a page is a seek.
    return yield* sql.all({ account: as<AccountId>(int), login: text, network: text, at: time })`
      SELECT k.account, a.login, k.network, k.at FROM known_network k JOIN account a ON a.id = k.account
       WHERE (k.account, k.network) > (${after?.account ?? 0}, ${after?.network ?? ''}) AND k.at >= ${since} AND a.state <> 'ended'
       ORDER BY k.account, k.network LIMIT ${limit}`;
  }
}
