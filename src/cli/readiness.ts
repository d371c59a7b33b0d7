/** Whether mail would be taken now, for `status` and `check`: from the running gateway where there is one, else from the disk itself. */
import { statfsSync } from 'node:fs';
import type { GatewayStatus, ReadyReason } from '../admin/context.ts';
import { connectControl } from '../admin/client.ts';
import { controlSocketOf } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { type ExitCode, exitCodes } from './exit.ts';
import { type CommonOptions, callerOf } from './options.ts';

/** A gateway that starts with less takes no mail: the log of the database needs it. */
const LEAST_FREE = 10 * 1024 * 1024;

export const readyText = (reasons: readonly ReadyReason[]): string =>
  reasons.length === 0 ? 'yes' : `no (${reasons.map(({ name }) => name.replaceAll('-', ' ')).join(', ')})`;

/** The store's own code where the store takes nothing; else that of a gateway that cannot be used now. */
export function readyCode(reasons: readonly ReadyReason[]): ExitCode {
  if (reasons.length === 0) return exitCodes.done;
  return reasons.some(({ name }) => name === 'disk-full' || name === 'store-failed')
    ? exitCodes.store
    : exitCodes.unavailable;
}

/** What keeps mail out at the store. Never rejects: who cannot be asked is told of elsewhere. */
export async function storeReasons(config: Config, options: CommonOptions): Promise<readonly ReadyReason[]> {
  const running = await ofGateway(config, options).catch(() => undefined);
  return (running?.reasons ?? ofDisk(config.data.folder)).filter(
    ({ name }) => name === 'disk-full' || name === 'store-failed',
  );
}

/** The ports of its listeners by name; none where no gateway can be asked. */
export async function portsOfGateway(config: Config, options: CommonOptions): Promise<ReadonlyMap<string, number>> {
  const running = await ofGateway(config, options).catch(() => undefined);
  return new Map((running?.listeners ?? []).map(({ name, port }) => [name, port]));
}

async function ofGateway(config: Config, options: CommonOptions): Promise<GatewayStatus | undefined> {
  const client = await connectControl(controlSocketOf(config), callerOf(options));
  if (client === undefined) return undefined;
  try {
    return await client.call('gateway.status', {});
  } finally {
    await client.close();
  }
}

export function ofDisk(folder: string, statfs: typeof statfsSync = statfsSync): readonly ReadyReason[] {
  try {
    const { bavail, bsize } = statfs(folder);
    return bavail * bsize >= LEAST_FREE
      ? []
      : [{ name: 'disk-full', text: `the disk of ${folder} has ${bavail * bsize} octets left; free space on it` }];
  } catch {
    // The folder is not there before the first start.
    return [];
  }
}
