/** After an unexpected error, says whether the running gateway has another version. */
import type { Command } from 'commander';
import { connectControl } from '../admin/client.ts';
import { notUnderstood } from '../admin/control-protocol.ts';
import { controlSocketOf, loadConfig } from '../config/load.ts';
import { buildVersion } from '../platform/version.ts';
import { CommandError } from './exit.ts';
import { type SharedOptions, callerOf } from './options.ts';

/**
 * Returns an error that names the other version, if the running gateway has one. Versions that do
 * not fit should be refused by the number in admin/control-protocol.ts. But people raise that
 * number by hand, and may forget it. Returns `error` itself if no gateway of another version runs,
 * or if none can be asked.
 */
export async function perhapsOtherVersion(command: Command, error: Error): Promise<Error> {
  const options = command.opts<Partial<SharedOptions>>();
  if (options.config === undefined) return error;
  let other: string | undefined;
  try {
    const client = await connectControl(controlSocketOf(loadConfig(options.config)), callerOf(options));
    if (client === undefined) return error;
    await client.call('gateway.status', {}).finally(() => client.close());
    other = client.otherVersion?.();
  } catch {
    return error;
  }
  if (other === undefined) return error;
  const words = [command.parent?.name(), command.name()].filter((word) => word !== undefined && word !== 'sluis');
  const { message } = notUnderstood(words.join(' '), other, buildVersion());
  return new CommandError('unavailable', `${message} (what it came to: ${error.message})`);
}
