/**
 * Whether the gateway would accept mail now, for `status` and `check`. The running gateway tells
 * it; without one, the disk itself.
 */
import { statfsSync } from 'node:fs';
import type { GatewayStatus, ReadyReason } from '../admin/running-gateway.ts';
import type { Here } from '../commands/core/row.ts';
import type { ReasonName } from '../domain/readiness.ts';
import { type ExitCode, exitCodes } from './exit.ts';

/**
 * Octets of free space. A gateway that starts with less accepts no mail, because the log of the
 * database needs it.
 */
const LEAST_FREE = 10 * 1024 * 1024;

/** Reasons that lie in the store, for both engines. */
const OF_STORE: ReadonlySet<string> = new Set<ReasonName>([
  'disk-full',
  'store-failed',
  'store-away',
  'not-acknowledging',
]);

export const readyText = (reasons: readonly ReadyReason[]): string =>
  reasons.length === 0 ? 'yes' : `no (${reasons.map(({ name }) => name.replaceAll('-', ' ')).join(', ')})`;

/**
 * The exit code's name: `store` if the store accepts nothing, otherwise that of a gateway that
 * cannot be used now. Undefined if it is ready.
 */
export function readyName(reasons: readonly ReadyReason[]): 'store' | 'unavailable' | undefined {
  if (reasons.length === 0) return undefined;
  return reasons.some(({ name }) => OF_STORE.has(name)) ? 'store' : 'unavailable';
}

export const readyCode = (reasons: readonly ReadyReason[]): ExitCode => exitCodes[readyName(reasons) ?? 'done'];

/**
 * Reasons in the store why no mail is accepted. Never rejects: a store that cannot be asked is
 * reported elsewhere.
 */
export async function storeReasons(here: Here): Promise<readonly ReadyReason[]> {
  const running = await statusOf(here);
  return (running?.reasons ?? ofDisk(here.config().data.folder)).filter(({ name }) => OF_STORE.has(name));
}

/** The ports of its listeners by name; empty if no gateway can be asked. */
export async function portsOfGateway(here: Here): Promise<ReadonlyMap<string, number>> {
  const running = await statusOf(here);
  return new Map((running?.listeners ?? []).map(({ name, port }) => [name, port]));
}

const statusOf = (here: Here): Promise<GatewayStatus | undefined> =>
  here.running((gateway) => gateway.callNamed<GatewayStatus>('gateway.status', {})).catch(() => undefined);

export function ofDisk(folder: string, statfs: typeof statfsSync = statfsSync): readonly ReadyReason[] {
  try {
    const { bavail, bsize } = statfs(folder);
    return bavail * bsize >= LEAST_FREE
      ? []
      : [{ name: 'disk-full', text: `the disk of ${folder} has ${bavail * bsize} bytes left; free space on it` }];
  } catch {
    // Before the first start, the folder does not exist.
    return [];
  }
}
