/** What `sluis check` asks each server of PostgreSQL, and how it judges the answers. */
import type { Config } from '../config/schema.ts';
import type { Clock } from '../domain/effects.ts';
import { type Server, placeOf } from '../store/postgres/access.ts';
import { ConnectProblem } from '../store/postgres/connect-problem.ts';
import { Guard } from '../store/postgres/guard.ts';
import type { Judgement } from '../store/postgres/judgement.ts';
import { FIRST_CONNECT, Session } from '../store/postgres/session.ts';
import { Alone } from './alone.ts';
import { accessOf, nameOf } from './postgres.ts';
import { backupWarningsOf, sourceOf } from './postgres-backups.ts';

/** One server, as far as it could be asked. */
export interface ServerReport {
  /** `db1.example.nl:5432`. */
  readonly server: string;
  readonly name?: string;
  readonly site?: string;
  readonly role?: 'primary' | 'old primary' | 'standby' | 'unknown';
  /** Such as 17.6. */
  readonly version?: string;
  /**
   * Such as TLSv1.3; absent if the server is on this machine and the connection is not encrypted.
   */
  readonly tls?: string;
  /** Of a standby: octets that it does not hold yet. */
  readonly lag?: number;
  readonly problem?: string;
}

export interface ServersReport {
  readonly servers: readonly ServerReport[];
  /** Why nothing would be acknowledged now. */
  readonly not?: string;
  readonly warnings: readonly string[];
}

/** Newest version that was tested; 16 is the oldest that is accepted (first-look.ts). */
const NEWEST = 18;

/**
 * Asks for the version, and for rights of the role beyond those on its tables, with which a stolen
 * password could harm the service.
 */
const LOOK = `
  SELECT current_setting('server_version'), current_setting('server_version_num'), current_setting('data_checksums'),
         r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls,
         pg_has_role(current_user, 'pg_read_all_stats', 'USAGE'),
         pg_get_userbyid(d.datdba) = current_user,
         (SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()),
         has_schema_privilege('public', 'CREATE'), to_regclass('migration') IS NOT NULL,
         has_function_privilege('pg_catalog.pg_ls_waldir()', 'EXECUTE')
    FROM pg_roles r, pg_database d WHERE r.rolname = current_user AND d.datname = current_database()`;

export async function checkServers(config: Config, clock: Clock): Promise<ServersReport> {
  const { hosts, places, user = 'sluis' } = config.store;
  const others = [sourceOf(config)?.server].flatMap((one) =>
    one === undefined || hosts.some((host) => placeOf(host) === placeOf(one)) ? [] : [one],
  );
  const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const alone = new Alone({ folder: config.data.folder, clock, log: silent });
  const guard = new Guard({
    servers: hosts,
    access: accessOf(config),
    name: nameOf(config, 'check'),
    clock,
    log: silent,
    aloneUntil: () => alone.until,
    ...(places === undefined ? {} : { places: Object.fromEntries(places) }),
  });
  try {
    const [looks, besides] = await Promise.all([
      Promise.all(hosts.map((server) => lookAt(config, server))),
      Promise.all(others.map((server) => lookAt(config, server))),
      guard.start(),
    ]);
    const views = guard.servers();
    const servers = looks.map(({ report }) => {
      const view = views.find(({ server }) => server !== undefined && placeOf(server) === report.server);
      if (view === undefined || view.role === 'unknown') return report;
      const { name, site, role, lag, problem } = view;
      return {
        ...report,
        ...(name === '' ? {} : { name, site }),
        role,
        ...(lag === undefined ? {} : { lag }),
        ...(problem === undefined ? {} : { problem }),
      };
    });
    const { judgement } = guard;
    return {
      servers,
      ...(judgement.not === undefined ? {} : { not: `${judgement.not.why}; ${judgement.not.remedy}` }),
      warnings: [
        ...new Set([...looks, ...besides].flatMap(({ warnings }) => warnings)),
        ...besides.flatMap(({ report: { server, problem } }) =>
          problem === undefined ? [] : [`PostgreSQL at ${server} (backup.server): ${problem}`],
        ),
        ...servers.flatMap(({ server, problem, role }) =>
          problem === undefined
            ? []
            : [`${role === undefined ? 'PostgreSQL' : `the ${role} of PostgreSQL`} at ${server}: ${problem}`],
        ),
        ...ofJudgement(judgement, user),
      ],
    };
  } finally {
    await guard.close();
  }
}

function ofJudgement({ pairOnly, alone, warnings, primary }: Judgement, user: string): readonly string[] {
  return [
    ...warnings.map(({ why, remedy }) => `${why}; ${remedy}`),
    ...(alone ? ['one place alone holds what is acknowledged, as an operator allowed: bring a standby back'] : []),
    ...(pairOnly
      ? [
          `synchronous_standby_names of ${primary?.name ?? 'the primary'} names one server only: after the loss of either place the other accepts no mail until a second server is back, or "sluis site alone" allows it; a third server, at the backup place, lets it carry on`,
        ]
      : []),
    ...(user === 'postgres'
      ? [
          'the gateway runs as "postgres", who may do everything: make a role of its own ("sluis init --postgres" prints how)',
        ]
      : []),
  ];
}

interface Look {
  readonly report: ServerReport;
  readonly warnings: readonly string[];
}

async function lookAt(config: Config, server: Server): Promise<Look> {
  const report = { server: placeOf(server) };
  let session: Session | undefined;
  try {
    session = await Session.open(server, accessOf(config), {
      name: nameOf(config, 'check'),
      standby: true,
      connectWithin: FIRST_CONNECT,
    });
    const { rows } = await session.query({ text: LOOK });
    const look = judged(report, rows[0] ?? [], config.store.user ?? 'sluis');
    return { ...look, warnings: [...look.warnings, ...(await backupWarningsOf(config, server, session))] };
  } catch (error) {
    const problem =
      error instanceof ConnectProblem
        ? `${error.why}; ${error.remedy}`
        : error instanceof Error
          ? error.message
          : String(error);
    return { report: { ...report, problem }, warnings: [] };
  } finally {
    session?.destroy('it was looked at');
  }
}

/** What the answers to LOOK mean. */
export function judged(report: Pick<ServerReport, 'server'>, row: readonly unknown[], user: string): Look {
  const [version, number, checksums, powers, stats, owns, tls, creates, there, lists] = row;
  const major = Math.floor(Number(number) / 10_000);
  const at = `PostgreSQL at ${report.server}`;
  const warnings = [
    ...(major > NEWEST
      ? [`${at} has version ${major}, newer than ${NEWEST}, up to which this program was tested`]
      : []),
    ...(checksums === 'off'
      ? [
          `${at} has no checksums of its pages, so a damaged one is not noticed: "pg_checksums --enable" makes them while it is stopped`,
        ]
      : []),
    ...(powers === true
      ? [
          `the role "${user}" may more than it needs (superuser, roles, databases or replication): "sluis init --postgres" prints what it should have`,
        ]
      : []),
    ...(owns === true || creates === true
      ? [`the role "${user}" may make and drop tables: let another role own them ("sluis init --postgres" prints how)`]
      : []),
    ...(stats === true
      ? []
      : [
          `the role "${user}" may not see the standbys, so nothing is acknowledged: GRANT pg_read_all_stats TO "${user}"`,
        ]),
    ...(lists === true
      ? []
      : [
          `the role "${user}" may not list the files of the log, so after two losses nobody may be able to say which standby is to be promoted: GRANT EXECUTE ON FUNCTION pg_catalog.pg_ls_waldir() TO "${user}" in the database of the store`,
        ]),
    ...(there === true
      ? []
      : [`there is no store in the database at ${report.server}: "sluis init --postgres" makes it`]),
  ];
  return {
    report: { ...report, version: String(version).split(' ')[0] ?? '', ...(typeof tls === 'string' ? { tls } : {}) },
    warnings,
  };
}
