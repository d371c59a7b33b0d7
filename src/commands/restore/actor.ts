/** Who restores: one person, or two where the configuration asks for them. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DATABASE, MANIFEST, OPERATORS, readManifest } from '../../backup/manifest.ts';
import { factsOfFile } from '../../backup/files.ts';
import { approvedByFile, askByFile } from '../../cli/approval-file.ts';
import { CommandError } from '../../cli/exit.ts';
import { type SharedOptions, callerOf } from '../../cli/options.ts';
import type { Config } from '../../config/schema.ts';
import { operatorsIn } from '../../gateway/stopped-store.ts';
import { systemClock } from '../../platform/clock.ts';
import type { Actor } from '../../store/actor.ts';

interface Wanted {
  /** Absolute. */
  readonly backup: string;
  /** Absolute. */
  readonly into: string;
  readonly until?: number;
  readonly withoutLog: boolean;
  readonly all: boolean;
  readonly push: boolean;
  readonly unsigned: boolean;
}

/** Nobody restores alone where the configuration says so: request and signatures lie in the file of `--approval`. */
export async function actorOf(
  options: SharedOptions,
  config: Config,
  { backup, withoutLog, ...wanted }: Wanted,
): Promise<Actor> {
  const { name } = callerOf(options);
  const { approval } = options;
  if (!config.operators['second-person'].includes('restore')) return { name, reason: reasonIn(options) };
  if (approval?.endsWith('.json') !== true)
    throw new CommandError(
      'approval',
      'Cannot restore alone: the configuration asks for a second person (operators.second-person has "restore"); add --approval FILE.json, a new file for the request',
    );
  const { manifest } = await readManifest(backup);
  const asked = {
    gateway: manifest.hostname,
    operation: 'restore',
    verb: 'restore' as const,
    input: {
      backup: manifest.id,
      manifest: (await factsOfFile(join(backup, MANIFEST))).sha256,
      ...wanted,
      // A request of before the log knows nothing of it.
      ...(withoutLog ? { withoutLog } : {}),
    },
  };
  if (!existsSync(approval)) return askByFile(approval, asked, name, reasonIn(options));
  const now = systemClock.now();
  const by = approvedByFile(
    approval,
    asked,
    await operatorsIn(join(backup, manifest.store.postgres === undefined ? DATABASE : OPERATORS), now),
    now,
  );
  return { name: `${by.first.name}, approved by ${by.second.name}`, reason: by.reason };
}

/** With `--approval` the row does not ask for it: it may stand in the request. */
function reasonIn({ reason }: SharedOptions): string {
  if (reason === undefined)
    throw new CommandError('usage', 'Cannot restore without --reason TEXT: it stands in the audit trail');
  return reason;
}
