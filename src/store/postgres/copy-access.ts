/**
 * The server that base backups and log come from, and the role for it: it may replicate, which the
 * gateway's own role may not.
 */
import { type Milliseconds, minutes } from '../../domain/units.ts';
import { type Change } from '../sql/sql.ts';
import { CopyFailed } from '../copies.ts';
import { type Access, type Server, placeOf } from './access.ts';
import { PostgresRunner } from './runner.ts';
import { Session } from './session.ts';

/** Paths of files: PostgreSQL's own programs read them. */
export interface Replicator {
  readonly user: string;
  readonly password?: () => string;
  readonly ca?: string;
  readonly certificate?: string;
  readonly key?: string;
}

export interface CopyingOptions {
  /** Absent: no role is configured, and the operator's own program does both, or nothing does. */
  readonly replicator: Replicator;
  readonly server: Server;
  /** The gateway's own access, for questions. */
  readonly access: Access;
  /** As servers show it: `sluis/gw1`. */
  readonly name: string;
  /** Folder of PostgreSQL's programs. */
  readonly programs?: string;
  /** Whether the log is kept behind base backups. */
  readonly log: boolean;
  /** The operator's own programs, which replace base backup and log. */
  readonly commands?: CopyCommands;
}

/** Programs with their first words; more words are added. */
export interface CopyCommands {
  /** Takes a backup; its last line is the name that it has there. */
  readonly take: readonly string[];
  /** Gets the name; fails if that backup is not whole. */
  readonly check: readonly string[];
  /**
   * Gets the name, `latest` or a moment, and a folder; puts a data folder there, with the settings
   * that bring it to that moment.
   */
  readonly restore: readonly string[];
}

/** Environment variables for libpq. */
export function environmentOf({ server, replicator, name }: CopyingOptions): Readonly<Record<string, string>> {
  const { user, password, ca, certificate, key } = replicator;
  return {
    PGHOST: server.host,
    PGPORT: String(server.port),
    PGUSER: user,
    PGAPPNAME: `${name} backup`,
    PGCONNECT_TIMEOUT: '10',
    ...(password === undefined ? {} : { PGPASSWORD: password() }),
    ...(ca === undefined ? { PGSSLMODE: 'disable' } : { PGSSLMODE: 'verify-full', PGSSLROOTCERT: ca }),
    ...(certificate === undefined || key === undefined ? {} : { PGSSLCERT: certificate, PGSSLKEY: key }),
  };
}

/** Counting a large table takes its time. */
const ANSWER_WITHIN: Milliseconds = minutes(10);

/**
 * A connection of its own to the server, also where that is a standby. Rejects with
 * StoreUnavailable.
 */
export async function withServer<T>(
  { server, access, name }: CopyingOptions,
  work: (run: <A>(change: Change<A>) => Promise<A>) => Promise<T>,
): Promise<T> {
  const session = await Session.open(server, access, {
    name: `${name} backup`,
    standby: true,
    answerWithin: ANSWER_WITHIN,
  });
  const runner = new PostgresRunner(session);
  try {
    return await work((change) => runner.run(change));
  } finally {
    await session.close();
  }
}

const LOOK_EVERY = 100;

/**
 * Waits until the server has what the primary had: acknowledged mail may stand at another place
 * only. Rejects with CopyFailed.
 */
export async function caughtUp(
  { server }: CopyingOptions,
  position: () => Promise<bigint>,
  { end, within }: { readonly end: bigint; readonly within: number },
): Promise<void> {
  for (const until = performance.now() + within; ;) {
    const behind = end - (await position());
    if (behind <= 0n) return;
    if (performance.now() > until)
      throw new CopyFailed(
        `the server ${placeOf(server)} is ${behind} bytes of the log behind the primary; see to its replication, or name another one in backup.server`,
      );
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
  }
}
