/**
 * Keeps the list of standbys that the primary has where it is found when that primary has gone: a
 * row in the database. In the log it stands in front of what is acknowledged under that list, so
 * each server that holds such a commit holds the row.
 */
import type { Log } from '../../domain/effects.ts';
import { words } from '../sql/parts.ts';
import { sql } from '../sql/sql.ts';
import type { Connected } from './connected.ts';
import type { ServerSeen } from './judgement.ts';
import { DATABASE_NOW, LOCAL } from './lease-rows.ts';
import { TIMELINE } from './first-look.ts';
import { PostgresRunner } from './runner.ts';
import { SERVER_NAME } from './watched.ts';

/**
 * From now on, at each change that the guard sees. One write at a time; one that fails is made
 * again after the next look.
 */
export function rememberList({ guard, pool }: Pick<Connected, 'guard' | 'pool'>, log: Pick<Log, 'warn'>): void {
  let written: string | undefined;
  let writing = false;
  let failed = false;
  guard.onPrimary((primary) => {
    const now = keyOf(primary);
    if (now === written || writing) return;
    writing = true;
    pool
      .withSession('watching', (session) => new PostgresRunner(session).run(write()))
      .then(() => {
        written = now;
        failed = false;
      })
      .catch((error: unknown) => {
        if (!failed) log.warn('store.list-not-kept', { primary: primary.name, why: String(error) });
        failed = true;
      })
      .finally(() => (writing = false));
  });
}

const keyOf = ({ name, timeline, synchronousNames }: ServerSeen): string =>
  JSON.stringify([name, timeline, synchronousNames]);

const NAME = words('', SERVER_NAME);
const WRITES_ON = words('', TIMELINE);

/**
 * What the server itself has at this moment, whoever saw what before: two gateways that come
 * together write the same.
 */
const write = () => sql.run`
  INSERT INTO standby_list AS l (id, names, server, timeline, position, at)
  SELECT 1, current_setting('synchronous_standby_names'), ${NAME},
         ${WRITES_ON}, (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint, ${DATABASE_NOW}
    FROM (SELECT ${LOCAL}) t
      ON CONFLICT (id) DO UPDATE
     SET names = excluded.names, server = excluded.server, timeline = excluded.timeline, position = excluded.position, at = excluded.at
   WHERE (l.names, l.server, l.timeline) IS DISTINCT FROM (excluded.names, excluded.server, excluded.timeline)`;
