/**
 * `sluis init --postgres`: what an administrator of PostgreSQL makes first, and what the
 * configuration says about the database. There are two roles. One owns the tables; only `init` and
 * `store move` use it. The other is the gateway's: it can read and write rows, but it can make,
 * change or drop no table.
 */
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { CommandError } from '../../cli/exit.ts';
import { defined } from '../../domain/defined.ts';
import type { TemplateValues } from '../../config/template.ts';

export interface PostgresWanted {
  readonly host: readonly string[];
  readonly database: string | undefined;
  readonly user: string | undefined;
  readonly owner: string | undefined;
  readonly ownerPasswordFile: string | undefined;
  readonly passwordFile: string | undefined;
  readonly ca: string | undefined;
  readonly node: string | undefined;
  readonly site: string | undefined;
  readonly clusterListen: string | undefined;
  readonly peer: readonly string[];
  readonly clusterCa: string | undefined;
  readonly clusterCertificate: string | undefined;
  readonly clusterKey: string | undefined;
}

/** Default names, if the options give none. */
export const DATABASE = 'sluis';
export const RUNNING = 'sluis';
const OWNER = 'sluis_owner';
const REPLICATOR = 'sluis_backup';

const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/**
 * A script for psql, run as a superuser on the primary. It asks for the passwords, so that none
 * stands in a file or a list of processes.
 */
export function administratorSql(wanted: Pick<PostgresWanted, 'database' | 'user' | 'owner'>): string {
  const database = identifier(wanted.database ?? DATABASE);
  const user = identifier(wanted.user ?? RUNNING);
  const owner = identifier(wanted.owner ?? OWNER);
  return `-- In psql, as a superuser, on the primary.
CREATE ROLE ${owner} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION;
CREATE ROLE ${user} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION;
\\password ${owner}
\\password ${user}
-- Base backups and their log (section backup): it may replicate, and read nothing by itself. In pg_hba.conf: hostssl replication ${REPLICATOR} ...
CREATE ROLE ${REPLICATOR} LOGIN REPLICATION NOSUPERUSER NOCREATEDB NOCREATEROLE;
\\password ${REPLICATOR}
-- Both must see the standbys: without that nothing is acknowledged.
GRANT pg_read_all_stats TO ${owner}, ${user};
CREATE DATABASE ${database} OWNER ${owner} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C';
REVOKE ALL ON DATABASE ${database} FROM PUBLIC;
GRANT CONNECT ON DATABASE ${database} TO ${user};
\\connect ${database}
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO ${owner};
GRANT USAGE ON SCHEMA public TO ${user};
-- Of every table that ${owner} makes, also at an upgrade.
ALTER DEFAULT PRIVILEGES FOR ROLE ${owner} IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ${user};
ALTER DEFAULT PRIVILEGES FOR ROLE ${owner} IN SCHEMA public GRANT SELECT, USAGE ON SEQUENCES TO ${user};
-- Names of files of the log: after two losses they alone tell for certain on which timeline a standby is.
GRANT EXECUTE ON FUNCTION pg_catalog.pg_ls_waldir() TO ${user};`;
}

/** The part of the configuration about PostgreSQL. Paths of the command line are made absolute. */
export function postgresValues(wanted: PostgresWanted): TemplateValues {
  const { host, database, user, node, site, clusterListen, peer } = wanted;
  const at = (path: string | undefined): string | undefined => path && resolve(path);
  const given = {
    'store.database': database,
    'store.user': user,
    'store.ca': at(wanted.ca),
    'store.password-file': at(wanted.passwordFile),
    'cluster.node': node,
    'cluster.site': site,
    'cluster.listen': clusterListen,
    'cluster.peers': peer.length === 0 ? undefined : [...peer],
    'cluster.ca': at(wanted.clusterCa),
    'cluster.certificate': at(wanted.clusterCertificate),
    'cluster.key': at(wanted.clusterKey),
  };
  return { 'store.engine': 'postgres', 'store.hosts': [...host], ...defined(given) };
}

/** User name and password of the role that owns the tables. */
export function ownerOf({
  owner = OWNER,
  ownerPasswordFile: file,
}: Pick<PostgresWanted, 'owner' | 'ownerPasswordFile'>): {
  readonly user: string;
  readonly password: string;
} {
  if (file === undefined)
    throw new CommandError(
      'usage',
      `Cannot come to the database as "${owner}": give its password with --owner-password-file FILE, mode 0600`,
    );
  try {
    if ((statSync(file).mode & 0o077) !== 0)
      throw new CommandError('usage', `Cannot use "${file}": others may read it; run "chmod 600 ${file}"`);
    return { user: owner, password: readFileSync(file, 'utf8').replace(/\r?\n$/, '') };
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(
      'usage',
      `Cannot read "${file}" (${(error as NodeJS.ErrnoException).code ?? 'no code'}); correct --owner-password-file`,
    );
  }
}
