/** PostgreSQL as the configuration names it: how the gateway and its commands come to it. */
import { readServerMaterial } from '../config/store.ts';
import type { Config } from '../config/schema.ts';
import { defined } from '../domain/defined.ts';
import type { Access } from '../store/postgres/access.ts';
import { type Connected, connectPostgres } from '../store/postgres/connected.ts';
import type { GatewayEffects } from './effects.ts';

/** Another one than the role that the gateway runs as: the owner of the tables. */
export interface As {
  readonly user: string;
  readonly password: string;
}

/** Files are read when a connection is made: a password or certificate may be exchanged while the gateway runs. */
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
            // The certificate says who comes: the running role.
            return { ca: authorities, ...(as === undefined ? defined({ certificate, key }) : {}) };
          },
        }),
  };
}

/** `what`: as the servers show it behind the name of the gateway, such as `check`; empty: the gateway itself. */
export const connectionOf = (
  config: Config,
  { clock, log }: Pick<GatewayEffects, 'clock' | 'log'>,
  what = '',
  as?: As,
): Promise<Connected> =>
  connectPostgres({
    servers: config.store.hosts,
    access: accessOf(config, as),
    name: nameOf(config, what),
    clock,
    log,
    ...(config.store.places === undefined ? {} : { places: Object.fromEntries(config.store.places) }),
  });

/** `sluis/gw1`, `sluis/gw1 check`. */
export const nameOf = ({ cluster, hostname }: Config, what: string): string =>
  `sluis/${cluster.node ?? hostname}${what === '' ? '' : ` ${what}`}`;

/** Opens one connection that writes, which commits something before it is handed over. Rejects with StoreUnavailable. */
export async function lookAtOwner(config: Config, effects: GatewayEffects, owner: As): Promise<void> {
  const connected = await connectionOf(config, effects, 'init', owner);
  try {
    await connected.withSession('changing', (session) => session.query({ text: 'SELECT 1' }));
  } finally {
    await connected.close();
  }
}
