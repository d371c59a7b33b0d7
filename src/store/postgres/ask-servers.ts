/**
 * Asks every server of PostgreSQL again, primary or standby, what it is and how far it has come,
 * and for the rows by which gateways tell of themselves. It needs no primary and no open store: on
 * the day on which it matters there may be neither.
 */
import type { Milliseconds } from '../../domain/units.ts';
import { type Access, type Server, placeOf } from './access.ts';
import { ConnectProblem } from './connect-problem.ts';
import { TIMELINE } from './first-look.ts';
import { FIRST_CONNECT, Session } from './session.ts';
import { SERVER_NAME } from './watched.ts';

export interface Asking {
  readonly servers: readonly Server[];
  readonly access: Access;
  /** As servers show it, such as `sluis/gw1 sites`. */
  readonly name: string;
  /** Longest time to connect, and for each answer. */
  readonly within?: Milliseconds;
}

/** A list of standbys as a primary had it. */
export interface ListSeen {
  /** The list, as in `synchronous_standby_names`. */
  readonly names: string;
  /** The name of that primary. */
  readonly server: string;
  readonly timeline: number;
  /** End of the primary's log when it had that list, in octets. */
  readonly position: bigint;
  /** Milliseconds since 1970, by the clock of the database. */
  readonly at: number;
}

export interface GatewayRow {
  readonly id: number;
  readonly name: string;
  readonly site: string;
  readonly version: string;
  readonly schema: number;
  /** Milliseconds, by the clock of the server that was asked; null: it has stopped. */
  readonly silentFor: number | null;
  /** Milliseconds that its clock is ahead of the database's. */
  readonly ahead: number;
  readonly acknowledges: boolean;
  /** Time of the last acknowledged commit; 0: never. */
  readonly acknowledgedAt: number;
  readonly aloneUntil: number;
}

export interface JobRow {
  readonly job: string;
  readonly node: number;
}

/** Rows of the database about the gateways that share it. */
export interface Rows {
  readonly gateways: readonly GatewayRow[];
  readonly jobs: readonly JobRow[];
  readonly list?: ListSeen;
}

export interface ServerAnswer {
  readonly server: Server;
  /** Its `sluis.name` or `cluster_name`; empty: it has none. */
  readonly name: string;
  readonly role: 'primary' | 'standby';
  /** Of a standby the highest that it has anything of. */
  readonly timeline: number;
  /** What a primary has flushed; for a standby the greater of received and replayed; in octets. */
  readonly position: bigint;
  /** For a standby: the address of the server that it has heard from in the last ten seconds. */
  readonly follows?: string;
  readonly names: string;
  /** Milliseconds since 1970, by its own clock. */
  readonly at: number;
  /** Absent: there is no store in its database. */
  readonly rows?: Rows;
}
export type Answer = ServerAnswer | { readonly server: Server; readonly problem: string };

export const hasAnswered = (answer: Answer): answer is ServerAnswer => 'role' in answer;

/** Asks all servers at once; one that is silent costs the others nothing. Never rejects. */
export const askServers = (asking: Asking): Promise<readonly Answer[]> =>
  Promise.all(asking.servers.map((server) => ask(server, asking)));

async function ask(server: Server, { access, name, within = FIRST_CONNECT }: Asking): Promise<Answer> {
  let session: Session | undefined;
  try {
    session = await Session.open(server, access, { name, standby: true, connectWithin: within, answerWithin: within });
    const [row = []] = (await session.query({ text: ITSELF })).rows;
    const [role, called, names, position, timeline, follows, at, mayList, hasStore] = row;
    const listed = role === 'standby' && mayList === true ? (await session.query({ text: IN_LOG })).rows[0]?.[0] : 0;
    const rows = hasStore === true ? (await session.query({ text: ROWS })).rows[0]?.[0] : undefined;
    return {
      server,
      name: String(called),
      role: role === 'primary' ? 'primary' : 'standby',
      timeline: Math.max(Number(timeline), Number(listed ?? 0)),
      position: BigInt(String(position)),
      names: String(names),
      at: Number(at),
      ...(typeof follows === 'string' ? { follows } : {}),
      ...(typeof rows === 'string' ? { rows: readRows(rows) } : {}),
    };
  } catch (error) {
    const problem = error instanceof ConnectProblem ? `${error.why} (${error.remedy})` : String(error);
    return { server, problem: problem.replace(`${placeOf(server)}: `, '') };
  } finally {
    session?.destroy('it was for one question');
  }
}

/**
 * No single source knows the timeline of a standby for certain while nothing is received: the
 * control file follows at the next restart point, the receiver goes with its primary. The highest
 * of them counts, with that of the files of the log where the role may list them.
 */
const ITSELF = `
  SELECT CASE WHEN pg_is_in_recovery() THEN 'standby' ELSE 'primary' END, ${SERVER_NAME}, current_setting('synchronous_standby_names'),
         (CASE WHEN pg_is_in_recovery() THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
               ELSE pg_current_wal_flush_lsn() END - '0/0'::pg_lsn)::text,
         CASE WHEN pg_is_in_recovery()
              THEN greatest((SELECT timeline_id FROM pg_control_checkpoint()), (SELECT min_recovery_end_timeline FROM pg_control_recovery()),
                            (SELECT received_tli FROM pg_stat_wal_receiver))
              ELSE ${TIMELINE} END,
         (SELECT sender_host || ':' || sender_port FROM pg_stat_wal_receiver
           WHERE status = 'streaming' AND clock_timestamp() - last_msg_receipt_time < interval '10 seconds'),
         (extract(epoch FROM clock_timestamp()) * 1000)::bigint,
         has_function_privilege('pg_catalog.pg_ls_waldir()', 'EXECUTE'), to_regclass('standby_list') IS NOT NULL`;
const IN_LOG = `
  SELECT max(('x' || substr(name, 1, 8))::bit(32)::int) FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$'`;
const ROWS = `
  SELECT json_build_object(
    'gateways', (SELECT coalesce(json_agg(json_build_object('id', id, 'name', name, 'site', site, 'version', version, 'schema', schema_version, 'ahead', ahead,
       'silentFor', CASE WHEN heard_at > 0 THEN (extract(epoch FROM clock_timestamp()) * 1000)::bigint - heard_at END,
       'acknowledges', acknowledges, 'acknowledgedAt', acknowledged_at, 'aloneUntil', alone_until) ORDER BY id), '[]') FROM node),
    'jobs', (SELECT coalesce(json_agg(json_build_object('job', name, 'node', node) ORDER BY name), '[]') FROM job_lease
       WHERE until > (extract(epoch FROM clock_timestamp()) * 1000)::bigint),
    'list', (SELECT json_build_object('names', names, 'server', server, 'timeline', timeline, 'position', position::text, 'at', at) FROM standby_list)
  )::text`;

function readRows(text: string): Rows {
  const { list, ...rows } = JSON.parse(text) as Omit<Rows, 'list'> & {
    readonly list: (Omit<ListSeen, 'position'> & { readonly position: string }) | null;
  };
  return list === null ? rows : { ...rows, list: { ...list, position: BigInt(list.position) } };
}
