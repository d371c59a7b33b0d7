/** Who restores: one person, or two if the configuration demands it. */
import { join } from 'node:path';
import { DATABASE, MANIFEST, OPERATORS, readManifest } from '../../backup/manifest.ts';
import { factsOfFile } from '../../backup/files.ts';
import { actorOfDeed } from '../../cli/approved-here.ts';
import type { SharedOptions } from '../../cli/options.ts';
import type { Config } from '../../config/schema.ts';
import { operatorsIn } from '../../gateway/stopped-store.ts';
import { systemClock } from '../../platform/clock.ts';
import type { Actor } from '../../store/actor.ts';

interface Wanted {
  /** An absolute path. */
  readonly backup: string;
  /** An absolute path. */
  readonly into: string;
  readonly until?: number;
  readonly withoutLog: boolean;
  readonly all: boolean;
  readonly push: boolean;
  readonly unsigned: boolean;
}

export const actorOf = (
  options: SharedOptions,
  config: Config,
  { backup, withoutLog, ...wanted }: Wanted,
): Promise<Actor> =>
  actorOfDeed(options, config, {
    verb: 'restore',
    what: 'restore',
    whose: 'in the backup',
    asked: async () => {
      const { manifest } = await readManifest(backup);
      const { sha256 } = await factsOfFile(join(backup, MANIFEST));
      return {
        gateway: manifest.hostname,
        operation: 'restore',
        // The input has `withoutLog` only if it is set, so that requests from before that option
        // existed still match.
        input: { backup: manifest.id, manifest: sha256, ...wanted, ...(withoutLog ? { withoutLog } : {}) },
      };
    },
    operators: async () => {
      const { manifest } = await readManifest(backup);
      const file = manifest.store.postgres === undefined ? DATABASE : OPERATORS;
      return await operatorsIn(join(backup, file), systemClock.now());
    },
  });
