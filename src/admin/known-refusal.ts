/**
 * Turns expected errors of operations into words for the caller. The control socket can carry only
 * a kind and a text.
 */
import { BackupRefused } from '../backup/refused.ts';
import { SealBroken } from '../crypto/keys/sealing.ts';
import { Unusable } from '../domain/unusable.ts';
import { systemProblem } from '../platform/system-problem.ts';
import { RegistryError } from '../store/registry.ts';
import { ContentDamaged, StoreFailed, StoreFull, StoreUnavailable } from '../store/store.ts';
import { AdminError } from './error.ts';

/**
 * True for errors of the machine, the store or a key. The caller did nothing wrong, so the gateway
 * logs them too. Backups write log lines of their own.
 */
export const isOfMachine = ({ cause }: AdminError): boolean =>
  cause instanceof Error && !(cause instanceof RegistryError || cause instanceof BackupRefused);

/** The error for the caller; undefined if the error is unexpected. */
export function knownRefusal(error: unknown): AdminError | undefined {
  if (error instanceof AdminError) return error;
  if (!(error instanceof Error)) return undefined;
  const as = (kind: AdminError['kind'], text = error.message): AdminError =>
    new AdminError(kind, text, { cause: error });
  if (error instanceof RegistryError || error instanceof BackupRefused) return as(error.kind);
  if (error instanceof Unusable || error instanceof SealBroken || error instanceof ContentDamaged)
    return as('unusable');
  if (error instanceof StoreFull || error instanceof StoreFailed) return as('store');
  if (error instanceof StoreUnavailable) return as('unavailable');
  const system = systemProblem(error);
  return system === undefined ? undefined : as('unavailable', system);
}
