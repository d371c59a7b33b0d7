/**
 * Makes a proved copy one that may be served, in one transaction of the owner of its tables: what
 * every engine does (changes/restored.ts), and what only several gateways have. No number that the
 * lost store may have given is given again, and no right of one of its gateways holds.
 */
import { KeyFolder } from '../../crypto/keys/key-folder.ts';
import { firstIdAt } from '../message-ids.ts';
import { settleRestored } from '../changes/restored.ts';
import { factOf, setFact } from '../changes/facts.ts';
import type { SettleRequest, SettledCopy } from '../copies.ts';
import { long, text } from '../sql/columns.ts';
import { type Change, sql } from '../sql/sql.ts';
import type { ChangingConnection } from './connection.ts';
import { Lane } from './lane.ts';
import { knownMigrations, migrate } from './migrate.ts';
import { PostgresRunner } from './runner.ts';

/** Larger than the number of starts, changes of hands and registry versions between two backups. */
const LEAP = 1_000_000;

export async function settleDraft(session: ChangingConnection, request: SettleRequest): Promise<SettledCopy> {
  await migrate(session, knownMigrations(), request.at);
  const lane = new Lane({ node: 0, epoch: request.at }, () => request.at);
  const runner = new PostgresRunner(session, { append: (item) => lane.append(item), flush: () => lane.flush() });
  await session.begin('SERIALIZABLE');
  try {
    // Runs before the first row of the trail, so that this row has a number that none had.
    await runner.run(leap(request), 'FOR UPDATE');
    const settled = await runner.run(
      settleRestored(request, new KeyFolder(request.keyFolder, request.masterKey)),
      'FOR UPDATE',
    );
    await runner.run(lane.flush());
    await runner.run(endLane(lane.number, request.at));
    await session.commit();
    return settled;
  } catch (error) {
    await session.rollback();
    throw error;
  }
}

function* leap({ at }: SettleRequest): Change<void> {
  const sequences = yield* sql.all({ name: text })`
    SELECT quote_ident(schemaname) || '.' || quote_ident(sequencename) AS name FROM pg_sequences WHERE schemaname = 'public'`;
  for (const { name } of sequences)
    yield* sql.one({ value: long })`
      SELECT setval(CAST(${name} AS regclass), coalesce(pg_sequence_last_value(CAST(${name} AS regclass)), 0) + ${LEAP}) AS value`;
  // Ids begin with the time of their making, so none made now is as low as an earlier one.
  yield* sql.run`
    UPDATE node SET epoch = epoch + ${LEAP}, latest = greatest(latest, ${at}), heard_at = 0, instance = ''`;
  yield* sql.run`UPDATE registry_version SET version = version + ${LEAP}`;
  yield* sql.run`UPDATE maildrop_lease SET until = 0, held = false, fence = fence + ${LEAP}`;
  yield* sql.run`UPDATE job_lease SET until = 0, fence = fence + ${LEAP}`;
  yield* sql.run`
    UPDATE delivery SET lease_until = NULL, claimed_by = NULL, fence = fence + ${LEAP} WHERE settled_at IS NULL`;
  yield* sql.run`UPDATE lane SET ended_at = ${at} WHERE ended_at IS NULL`;
  const [last, now] = [BigInt((yield* factOf('last_id')) ?? 0), firstIdAt(at)];
  yield* setFact('last_id', String(last > now ? last : now));
}

const endLane = (id: number, at: number) => sql.run`UPDATE lane SET ended_at = ${at} WHERE id = ${id}`;
