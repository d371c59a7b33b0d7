/**
 * What `check` asks a server about backups: whether the role for backups may take them, whether
 * slots may fill the disk, and through which slots nobody receives.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { LOG } from '../backup/log-files.ts';
import type { Config } from '../config/schema.ts';
import { MiB, milliseconds, minutes } from '../domain/units.ts';
import { type Server, placeOf } from '../store/postgres/access.ts';
import type { CopyingOptions } from '../store/postgres/copy-access.ts';
import { PostgresRunner } from '../store/postgres/runner.ts';
import type { Session } from '../store/postgres/session.ts';
import { SLOT, type SlotSeen, type Slots, slotsOf } from '../store/postgres/slots.ts';
import { copyingOf } from './postgres.ts';

/** How backups are taken; undefined: this gateway takes none. */
export const sourceOf = (config: Config): CopyingOptions | undefined =>
  config.backup.folder === undefined ? undefined : copyingOf(config);

export async function backupWarningsOf(config: Config, server: Server, session: Session): Promise<readonly string[]> {
  const copying = sourceOf(config);
  const own = copying !== undefined && copying.commands === undefined && placeOf(copying.server) === placeOf(server);
  const from: LogFrom = copying === undefined ? 'unsaid' : own && copying.log ? 'here' : 'elsewhere';
  const slots = await new PostgresRunner(session).run(slotsOf());
  const role = own ? await roleProblem(session, copying.replicator.user) : undefined;
  const at = `PostgreSQL at ${placeOf(server)}`;
  const kept = slots.slots.some(({ name }) => name === SLOT);
  return [
    ...(role === undefined ? [] : [role]),
    // The first round of the log makes the slot, so before that it is not missed.
    ...(from === 'here' && !kept && existsSync(join(config.backup.folder ?? '', LOG)) ? [notKept(at)] : []),
    ...slotWarnings(at, slots, from),
  ];
}

const notKept = (at: string): string =>
  `there is no slot ${SLOT} on ${at}, so the log that the next round is to receive may be gone by then: the running gateway makes it again each time; if Patroni drops it, name it in ignore_slots ("patronictl edit-config")`;

async function roleProblem(session: Session, user: string): Promise<string | undefined> {
  const { rows } = await session.query({
    text: 'SELECT rolcanlogin, rolreplication OR rolsuper FROM pg_roles WHERE rolname = $1',
    values: [user],
  });
  const [logsIn, replicates] = rows[0] ?? [];
  if (logsIn === true && replicates === true) return undefined;
  const lacks = rows.length === 0 ? 'is not there' : logsIn === true ? 'may not replicate' : 'may not log in';
  return `no backup can be taken: the role "${user}" (backup.user) ${lacks}; "sluis init --postgres --sql" prints how it is made`;
}

/** Longer than any round of the log takes, except the first one after days. */
const IDLE = minutes(15);
/** More octets of log than much mail makes in a quarter of an hour. */
const MUCH = 2e9;

const size = (octets: number): string => `${Math.ceil(octets / MiB)} MiB`;

/**
 * Where the log behind base backups is received from, seen from the server that is looked at.
 * `unsaid`: this gateway has no backups, others may have.
 */
export type LogFrom = 'here' | 'elsewhere' | 'unsaid';

/** `at`: the server, in words. */
export function slotWarnings(at: string, { slots, standby, limit }: Slots, from: LogFrom): readonly string[] {
  return [
    ...(limit === undefined && (from === 'here' || slots.length > 0)
      ? [
          `${at} keeps the log for its slots without end (max_slot_wal_keep_size), so whoever has one and stays away fills its disk, and mail stops: set it to some tens of GB, less than is free there`,
        ]
      : []),
    ...slots.flatMap((slot) => ofSlot(at, slot, { from, standby, limit })),
  ];
}

interface Where {
  readonly from: LogFrom;
  readonly standby: boolean;
  readonly limit: number | undefined;
}

const OWN = 'the running gateway receives by it each minute, and "backup.failed" in its log says why not';
const OTHERS = 'start whoever it is for, or drop it';

function ofSlot(
  at: string,
  { name, active, kept, lost, idle = milliseconds(0) }: SlotSeen,
  where: Where,
): readonly string[] {
  const { from, standby, limit } = where;
  const own = name === SLOT;
  const [slot, keeps, remedy] = [`the slot ${name} of ${at}`, `keeps ${size(kept)} of the log`, own ? OWN : OTHERS];
  if (own && from === 'elsewhere')
    return [
      `${slot} ${keeps} for nobody, as backups are not taken from there (backup.server): SELECT pg_drop_replication_slot('${name}') in psql on it`,
    ];
  if (lost)
    return [
      `${slot} was cut off by max_slot_wal_keep_size: ${own ? 'the gateway begins another log with a base backup, and moments in between are lost; find out why nobody received' : 'make whoever it is for again with a full copy, or drop it'}`,
    ];
  if (kept > MUCH || (limit !== undefined && kept > limit / 2))
    return [`${slot} ${keeps}${limit === undefined ? '' : `, of ${size(limit)} at most`}: ${remedy}`];
  // On a standby the slots of others wait for its promotion, and Patroni moves them forward.
  if (active || idle <= IDLE || (!own && standby)) return [];
  return [`nobody has received by ${slot} for ${Math.floor(idle / minutes(1))} minutes: ${remedy}`];
}
