/**
 * The parts of commands about sites: with an open store, and without one, for the day on which no
 * gateway can open it.
 */
import type { Sites } from '../cluster/sites.ts';
import type { Config } from '../config/schema.ts';
import type { Clock } from '../domain/effects.ts';
import { iso } from '../domain/units.ts';
import { Alone } from './alone.ts';
import type { GatewayEffects } from './effects.ts';
import type { OpenedStore } from './opened-store.ts';

/** Undefined for an engine on one machine, which has no sites. */
export const aloneOf = (config: Config, { clock, log }: Pick<GatewayEffects, 'clock' | 'log'>): Alone | undefined =>
  config.store.engine === 'postgres' ? new Alone({ folder: config.data.folder, clock, log }) : undefined;

export function sitesOf({ servers }: Pick<OpenedStore, 'servers'>, alone: Alone | undefined): Sites | undefined {
  if (servers === undefined || alone === undefined) return undefined;
  return {
    look: () => servers.look(),
    warnings: () => [
      ...(alone.until === undefined
        ? []
        : [
            `one place alone may acknowledge until ${iso(alone.until)}, and what it acknowledges is lost when it is lost: bring a standby back, then "sluis site alone --end"`,
          ]),
      ...servers.warnings(),
    ],
    aloneUntil: () => alone.until,
    alone: async (until, actor) => {
      alone.set(until, actor);
      await servers.judgeAgain();
    },
  };
}

/**
 * For a command, if no store can be opened. What it allows holds from the next start of the gateway
 * on, and that start writes the row of the trail.
 */
export function sitesWithoutStore(config: Config, clock: Clock): Sites {
  const log = { warn: () => undefined, error: () => undefined };
  const alone = new Alone({ folder: config.data.folder, clock, log });
  return {
    look: async () => await (await import('./postgres-sites.ts')).lookAtSites(config, clock),
    warnings: () => [],
    aloneUntil: () => alone.until,
    alone: async (until, actor) => {
      alone.set(until, actor);
      await Promise.resolve();
    },
  };
}
