/**
 * Who does something that no running gateway can be asked about: one person, or two if the
 * configuration demands it.
 */
import { existsSync } from 'node:fs';
import type { Config } from '../config/schema.ts';
import type { ChosenVerb, Operator } from '../domain/second-person.ts';
import { systemClock } from '../platform/clock.ts';
import type { Actor } from '../store/actor.ts';
import { type AskedByFile, approvedByFile, askByFile } from './approval-file.ts';
import { CommandError } from './exit.ts';
import { type SharedOptions, callerOf } from './options.ts';

export interface Deed {
  readonly verb: ChosenVerb;
  /** The deed as an infinitive, such as `restore`. */
  readonly what: string;
  asked(): Promise<Omit<AskedByFile, 'verb'>>;
  /** Who may sign. `whose`: where they are registered, such as `in the backup`. */
  operators(): Promise<readonly Operator[]>;
  readonly whose: string;
}

/**
 * The person or persons behind the deed. With a second person, request and signatures stand in the
 * file of `--approval`. Throws CommandError if they are not there yet.
 */
export async function actorOfDeed(options: SharedOptions, config: Config, deed: Deed): Promise<Actor> {
  const { verb, what } = deed;
  const { name } = callerOf(options);
  const { approval } = options;
  if (!config.operators['second-person'].includes(verb)) return { name, reason: reasonIn(options, what) };
  if (approval?.endsWith('.json') !== true)
    throw new CommandError(
      'approval',
      `Cannot ${what} alone: the configuration asks for a second person (operators.second-person has "${verb}"); add --approval FILE.json, a new file for the request`,
    );
  const asked = { ...(await deed.asked()), verb };
  if (!existsSync(approval)) return askByFile(approval, asked, name, reasonIn(options, what));
  const by = approvedByFile(approval, asked, await deed.operators(), systemClock.now(), deed.whose);
  return { name: `${by.first.name}, approved by ${by.second.name}`, reason: by.reason };
}

/**
 * The reason. With `--approval` it may stand in the request, so it is asked for only without that
 * option.
 */
function reasonIn({ reason }: SharedOptions, what: string): string {
  if (reason === undefined)
    throw new CommandError('usage', `Cannot ${what} without --reason TEXT: the audit trail records it`);
  return reason;
}
