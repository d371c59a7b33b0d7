/** How the gateway and its commands connect to the PostgreSQL that the configuration names. */
import { nodeOf, readReplicatorPassword, readServerMaterial } from '../config/store.ts';
import type { Config } from '../config/schema.ts';
import { defined } from '../domain/defined.ts';
import type { Access } from '../store/postgres/access.ts';
import type { Copies } from '../store/copies.ts';
import { type Connected, type ConnectedOptions, connectPostgres } from '../store/postgres/connected.ts';
import { postgresCopies } from '../store/postgres/copies.ts';
import type { CopyingOptions } from '../store/postgres/copy-access.ts';
import type { StoreEffects } from './effects.ts';

/**
 * The owner of the tables, as which some commands connect; the gateway itself runs as another role.
 */
export interface As {
  readonly user: string;
  readonly password: string;
}

/**
 * Files are read when a connection is made: a password or certificate may be exchanged while the
 * gateway runs.
 */
export function accessOf(config: Config, as?: As): Access {
  const { database = 'sluis', user = 'sluis', ca, 'password-file': file } = config.store;
  const password = as === undefined ? () => readServerMaterial(config).password ?? '' : () => as.password;
  return {
    database,
    user: as?.user ?? user,
    ...(as === undefined && file === undefined ? {} : { password }),
    ...(ca === undefined
      ? {}
      : {
          tls: () => {
            const { ca: authorities, certificate, key } = readServerMaterial(config);
            // The client certificate names the running role, so the owner does not show it.
            return { ca: authorities, ...(as === undefined ? defined({ certificate, key }) : {}) };
          },
        }),
  };
}

/**
 * `what`: what the servers show behind the name of the gateway, such as `check`; empty: the gateway
 * itself.
 */
export const connectionOf = (
  config: Config,
  { clock, log, aloneUntil, patience }: Omit<StoreEffects, 'random' | 'mayMakeKey'>,
  what = '',
  as?: As,
  more: Pick<ConnectedOptions, 'counts' | 'session'> = {},
): Promise<Connected> =>
  connectPostgres({
    ...more,
    servers: config.store.hosts,
    access: accessOf(config, as),
    name: nameOf(config, what),
    clock,
    log,
    ...(config.store.places === undefined ? {} : { places: Object.fromEntries(config.store.places) }),
    ...defined({ aloneUntil, patience }),
  });

/** How base backups are taken; undefined: no role is configured for it. */
export function copyingOf(config: Config): CopyingOptions | undefined {
  const { server = config.store.hosts.at(-1), user = 'sluis_backup', certificate, key, programs, log } = config.backup;
  const {
    'password-file': file,
    'take-command': take,
    'check-command': check,
    'restore-command': restore,
  } = config.backup;
  if (server === undefined || (file === undefined && certificate === undefined && take === undefined)) return undefined;
  const { ca } = config.store;
  return {
    server,
    access: accessOf(config),
    name: nameOf(config, ''),
    log: log === 'yes',
    replicator: {
      user,
      ...(file === undefined ? {} : { password: () => readReplicatorPassword(config) ?? '' }),
      ...defined({ ca, certificate, key }),
    },
    ...defined({ programs }),
    ...(take === undefined || check === undefined || restore === undefined
      ? {}
      : { commands: { take, check, restore } }),
  };
}

/** The part that restores base backups. */
export function copiesOf(config: Config): Copies {
  const { database = 'sluis', user = 'sluis' } = config.store;
  const { programs, 'restore-command': restore } = config.backup;
  const commands = restore === undefined ? undefined : { restore };
  return postgresCopies({ database, user, ...defined({ programs, commands }) });
}

/** `sluis/gw1`, `sluis/gw1 check`. */
export const nameOf = (config: Config, what: string): string =>
  `sluis/${nodeOf(config).node}${what === '' ? '' : ` ${what}`}`;

/**
 * Opens one connection that writes, which commits something before it is handed over. Rejects with
 * StoreUnavailable.
 */
export async function lookAtOwner(config: Config, effects: StoreEffects, owner: As): Promise<void> {
  const connected = await connectionOf(config, effects, 'init', owner);
  try {
    await connected.withSession('changing', (session) => session.query({ text: 'SELECT 1' }));
  } finally {
    await connected.close();
  }
}
