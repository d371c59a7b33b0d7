/** Moves a store from SQLite to PostgreSQL. The gateway is stopped meanwhile. */
import { actorOfDeed } from '../../cli/approved-here.ts';
import { confirm } from '../../cli/confirm.ts';
import { CommandError } from '../../cli/exit.ts';
import { showProgress } from '../../cli/progress.ts';
import { loadConfig } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import { tellsWait } from '../../cli/folder-wait.ts';
import { type MovedStore, checkMove, moveToPostgres, operatorsIn } from '../../gateway/stopped-store.ts';
import { systemClock } from '../../platform/clock.ts';
import type { Here } from '../core/row.ts';
import { DATABASE, ownerOf } from '../init/postgres.ts';

export interface Wanted {
  readonly owner: string | undefined;
  readonly ownerPasswordFile: string | undefined;
  readonly yes: boolean;
}

export async function moveHere(
  here: Here,
  { yes, ...owner }: Wanted,
): Promise<MovedStore & { readonly config: string }> {
  const { options, terminal } = here;
  const config = loadConfig(options.config, { files: false });
  if (config.store.engine !== 'postgres')
    throw new CommandError(
      'usage',
      `Cannot move the store: "${config.file}" keeps it in SQLite; give --config with one that has engine = "postgres" in [store] and the folders of now ("sluis init --postgres --sql" prints what PostgreSQL needs beforehand)`,
    );
  const as = ownerOf(owner);
  if ((await here.running(() => Promise.resolve(true))) === true)
    throw new CommandError(
      'unavailable',
      'Cannot move the store while its gateway runs; stop it, run this again, and start it with the configuration of PostgreSQL',
    );
  // This comes first, so that nobody signs for a move that cannot be done.
  const database = await checkMove(config, tellsWait);
  const { hosts } = config.store;
  const to = hosts.map(({ host, port }) => `${host}:${port}`);
  const actor = await actorOfDeed(options, config, {
    verb: 'store-move',
    what: 'move the store',
    whose: 'in the store',
    asked: () => Promise.resolve({ gateway: config.hostname, operation: 'store.move', input: inputOf(config, to) }),
    operators: () => operatorsIn(database, systemClock.now()),
  });
  const question = `The store in "${config.data.folder}" goes to ${to.join(', ')}, and nothing serves from that folder afterwards.`;
  await confirm(terminal, question, yes);
  const progress = showProgress('Carrying over', 'rows');
  const done = await moveToPostgres(config, {
    as,
    actor,
    clock: systemClock,
    told: (what, rows, of) => progress.show(rows, of, what === 'carried' ? 'Carrying over' : 'Comparing'),
  }).finally(() => progress.end());
  return { ...done, config: config.file };
}

const inputOf = ({ data, store }: Config, to: readonly string[]): Readonly<Record<string, unknown>> => ({
  from: data.folder,
  to,
  database: store.database ?? DATABASE,
});
